"""Money, prices, sizes and times as integers.

`Px` is millionths of a dollar per $1 contract (420_000 is 42 cents), `Qty` millionths of a
contract, `Usd`
millionths of a dollar, `Ns` UTC nanoseconds. Every division names its direction; what we pay is
rounded up,
what we receive down. There is no float and no `Decimal` here, and no formatting for people (see
`formats`).
"""

from enum import Enum
from functools import lru_cache
from typing import NewType

Px = NewType("Px", int)
Qty = NewType("Qty", int)
Usd = NewType("Usd", int)
Ns = NewType("Ns", int)

MICRO = 1_000_000
ONE = Px(MICRO)
ONE_CONTRACT = Qty(MICRO)
MS = 1_000_000
SECOND = 1_000_000_000
DAY = 86_400 * SECOND

_PLACES = 6


class Rounding(Enum):
    """Direction of a division that does not come out even."""

    UP = "up"
    DOWN = "down"


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """Quotient of integers rounded towards plus (UP) or minus (DOWN) infinity; the denominator
    is positive.
    """
    if rounding is Rounding.UP:
        return -(-numerator // denominator)
    return numerator // denominator


def times(px: Px, qty: Qty, rounding: Rounding) -> Usd:
    """Money for `qty` contracts at `px` each, in millionths of a dollar."""
    return Usd(divide(px * qty, MICRO, rounding))


def round_to(value: int, step: int, rounding: Rounding) -> int:
    """`value` moved to a multiple of `step` in the named direction."""
    return divide(value, step, rounding) * step


@lru_cache(maxsize=65_536)
def micros_from_text(text: str) -> int:
    """Millionths from a plain decimal text such as `0.4200`, `-9.12` or `100`.

    Errors: `ValueError` naming the text when it is not a plain decimal (exponents, NaN, signs other
    than a
    leading minus, spaces) or has more than six significant decimals.
    """
    body = text[1:] if text.startswith("-") else text
    whole, dot, part = body.partition(".")
    if not (whole or part) or (dot and not part and not whole):
        raise ValueError(f"not a decimal number: {text!r}")
    digits = whole + part
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"not a decimal number: {text!r}")
    if len(part) > _PLACES:
        if part[_PLACES:].strip("0"):
            raise ValueError(f"more than six decimals: {text!r}")
        part = part[:_PLACES]
    value = int(whole or "0") * MICRO + int(part.ljust(_PLACES, "0") or "0")
    return -value if text.startswith("-") else value


def text_from_micros(value: int, places: int = _PLACES) -> str:
    """Plain decimal text of millionths with at least `places` decimals, exact (never rounded)."""
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), MICRO)
    digits = f"{part:06d}"
    keep = max(places, len(digits.rstrip("0")))
    return f"{sign}{whole}.{digits[:keep]}" if keep else f"{sign}{whole}"
