"""Odds in the field's notations to probability prices and back. The only floats of `markets.terms`
live here.

Decimal odds pay `odds` per unit staked, so a price of `1/odds` dollars buys one dollar. What we
would pay is
rounded up. American odds: +150 wins 150 on 100, -150 stakes 150 to win 100. Overround is what the
prices of all
outcomes add up to beyond one.
"""

from math import ceil, isfinite

from markets.terms.units import MICRO, Px


def px_from_decimal(odds: float) -> Px:
    """The price per $1 payout of decimal odds, rounded up.

    Errors: `ValueError` unless odds are above 1.
    """
    if not isfinite(odds) or odds <= 1:
        raise ValueError(f"decimal odds must be above 1, not {odds!r}")
    return Px(ceil(MICRO / odds - 1e-9))


def decimal_from_px(px: Px) -> float:
    """Decimal odds of a price per $1 payout.

    Errors: `ValueError` unless the price is between 0 and 1 dollar.
    """
    if not 0 < px < MICRO:
        raise ValueError(f"a price must be between 0 and 1 dollar, not {px} millionths")
    return MICRO / px


def decimal_from_american(odds: int) -> float:
    """Decimal odds of American odds. Errors: `ValueError` between -100 and +100 exclusive."""
    if -100 < odds < 100:
        raise ValueError(f"American odds are at most -100 or at least +100, not {odds}")
    return 1 + (odds / 100 if odds > 0 else 100 / -odds)


def american_from_decimal(odds: float) -> int:
    """American odds nearest to decimal odds. Errors: `ValueError` unless odds are above 1."""
    if not isfinite(odds) or odds <= 1:
        raise ValueError(f"decimal odds must be above 1, not {odds!r}")
    return round((odds - 1) * 100) if odds >= 2 else -round(100 / (odds - 1))


def overround(prices: tuple[Px, ...]) -> Px:
    """How much the prices of all outcomes exceed one dollar; negative is an edge before fees."""
    return Px(sum(prices) - MICRO)
