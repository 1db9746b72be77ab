"""Settings as people write them: cents, dollars, percent and counts, exactly to and from base
units.

No floats: the texts are plain decimals, and a text with more decimals than the base unit holds is
refused.
"""

from __future__ import annotations

from markets.terms.units import MICRO, micros_from_text, text_from_micros
from trading.engine.limits import PER_SHOWN, Unit

SWITCH = {"on": 1, "off": 0, "1": 1, "0": 0, "yes": 1, "no": 0, "true": 1, "false": 0}


def text_of(value: int, unit: Unit | str) -> str:
    """The plain number a person would type for a value in base units, exact."""
    unit = Unit(unit)
    if unit is Unit.FLAG:
        return "on" if value else "off"
    scale = PER_SHOWN.get(unit)
    return str(value) if scale is None else text_from_micros(value * (MICRO // scale), 0)


def shown(value: int, unit: Unit | str) -> str:
    """As `text_of`, with its unit: `2.5 ¢`, `$100`, `15 %`, `2000 ms`, `8`."""
    unit, text = Unit(unit), text_of(value, unit)
    if unit is Unit.USD:
        return f"-${text[1:]}" if text.startswith("-") else f"${text}"
    return text if unit in (Unit.FLAG, Unit.COUNT) else f"{text} {unit.value}"


def value_of(text: str, unit: Unit | str) -> int:
    """Base units of what a person typed, exact.

    Errors: `ValueError` with a sentence when it is no number of this unit or has too many decimals.
    """
    unit = Unit(unit)
    word = text.strip().removeprefix("$").strip()
    if unit is Unit.FLAG:
        if word.lower() not in SWITCH:
            raise ValueError(f"{text!r} is neither on nor off.")
        return SWITCH[word.lower()]
    scale = PER_SHOWN.get(unit, 1)
    word = word.removesuffix(unit.value).strip()
    try:
        micros = micros_from_text(word)
    except ValueError:
        raise ValueError(f"{text!r} is not a plain number; write for example 2.5.") from None
    value, rest = divmod(micros, MICRO // scale)
    if rest:
        raise ValueError(f"{text!r} has more decimals than {unit.value} can keep.")
    return value
