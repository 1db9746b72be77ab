"""What a person types into a calculator: fields with units and bounds, read exactly.

A field that cannot be read has an error sentence with its bounds and, where shifting the decimal
point would help, a guess; what depends on it is then blank. No float touches a number on its way.
"""

from collections.abc import Mapping

import msgspec

from markets.terms.units import MICRO, micros_from_text, text_from_micros


class Field(msgspec.Struct, frozen=True):
    """One input. `low` and `high` bound the value in millionths of its unit, both included."""

    name: str
    label: str
    unit: str
    default: str
    low: int
    high: int
    choices: tuple[tuple[str, str], ...] = ()


class Typed(msgspec.Struct, frozen=True):
    """A field with what was typed. `value` is in millionths of the unit; None when it has an error.

    A choice has no value: its text is the choice.
    """

    field: Field
    text: str
    value: int | None
    error: str = ""

    @property
    def hint(self) -> str:
        """The bounds in words, or the error."""
        if self.error or self.field.choices:
            return self.error
        return _bounds(self.field)


def read(fields: tuple[Field, ...], typed: Mapping[str, str]) -> dict[str, Typed]:
    """Every field by name, with what was typed or its default."""
    return {field.name: _read(field, typed.get(field.name, field.default)) for field in fields}


def values(typed: Mapping[str, Typed], *names: str) -> tuple[int, ...] | None:
    """The values of these fields, or None when one of them has an error."""
    found = [typed[name].value for name in names]
    return tuple(v for v in found if v is not None) if None not in found else None


def _read(field: Field, text: str) -> Typed:
    text = text.strip()
    if field.choices:
        known = [name for name, _ in field.choices]
        return Typed(field, text if text in known else field.default, None)
    plain = text.replace(",", "").removeprefix("+").replace("−", "-")
    try:
        value = micros_from_text(plain)
    except ValueError:
        return Typed(field, text, None, f"A plain number, {_bounds(field)}.")
    if field.low <= value <= field.high:
        return Typed(field, text, value)
    return Typed(field, text, None, f"{_bounds(field)}.{_guess(field, value)}")


def _bounds(field: Field) -> str:
    low, high = (text_from_micros(v, 0) for v in (field.low, field.high))
    return f"{low} to {high}"


def _guess(field: Field, value: int) -> str:
    for shift in (10, 100, 1000):
        for guess in (value // shift, value * shift):
            if value % shift == 0 and field.low <= guess <= field.high and guess:
                return f" Did you mean {text_from_micros(guess, 0)}?"
    return ""


def cents(name: str, label: str, default: str) -> Field:
    """A price of a $1 share, in cents."""
    return Field(name, label, "¢", default, MICRO // 100, 100 * MICRO - MICRO // 100)


def shares(name: str, label: str, default: str) -> Field:
    """A number of shares."""
    return Field(name, label, "sh", default, MICRO // 100, 10_000_000 * MICRO)


def days(name: str, label: str, default: str) -> Field:
    """Days until money comes back."""
    return Field(name, label, "days", default, MICRO // 100, 3_650 * MICRO)


def yearly(name: str, label: str, default: str) -> Field:
    """A yearly rate in percent."""
    return Field(name, label, "% a year", default, 0, 100 * MICRO)
