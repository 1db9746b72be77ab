"""Price and size of an order as the two amounts that are signed, and back.

Amounts are millionths of a share or of a dollar. Invariants: shares and spending are rounded down
to hundredths; the other amount is first rounded up to four decimals more than the tick allows, then
down; the price that a buy implies never reaches the limit plus 0.0001, where a finer ask could be
lifted. Not here: minimum sizes, balances, signatures.
Source: polymarket sheet 3.4 (the table and the two formulas), read 2026-11-20.
"""

import msgspec

from markets.terms.units import MICRO, Px, Qty, Rounding, Usd, divide, round_to
from trading.engine.orders import Side

HUNDREDTH = 10_000
SLACK = 10_000
# Decimals of an amount by tick: two of the size and those of the price.
DECIMALS = {
    Px(100_000): 3,
    Px(10_000): 4,
    Px(5_000): 5,
    Px(2_500): 6,
    Px(1_000): 5,
    Px(100): 6,
}
# What the venue accepts in orders that must trade at once.
MARKET_MONEY_STEP = 10_000
MARKET_SHARES_STEP = 100


class Amounts(msgspec.Struct, frozen=True):
    """What the maker of the order gives and wants, in millionths."""

    maker: int
    taker: int


def limit_amounts(side: Side, tick: Px, px: Px, shares: Qty) -> Amounts:
    """The amounts of an order for `shares` at `px`.

    Errors: `ValueError` when the tick is unknown, the price is off it, or nothing is left.
    """
    _check(tick, px)
    size = round_to(shares, HUNDREDTH, Rounding.DOWN)
    money = _cut(size * px, MICRO, DECIMALS[tick])
    return _filled(Amounts(money, size) if side is Side.BUY else Amounts(size, money))


def buy_amounts(tick: Px, px: Px, money: Usd) -> Amounts:
    """The amounts of an order that spends `money` at once, at no worse than `px`.

    Errors: `ValueError` as above, and when the implied price would reach the limit plus 0.0001.
    """
    _check(tick, px)
    spent = round_to(money, HUNDREDTH, Rounding.DOWN)
    amounts = _filled(Amounts(spent, _cut(spent * MICRO, px, DECIMALS[tick])))
    if not is_within(amounts, px):
        raise ValueError(f"{money} millionths at {px} imply too high a price; spend more.")
    return amounts


def sell_amounts(tick: Px, px: Px, shares: Qty) -> Amounts:
    """The amounts of an order that sells at once, at no worse than `px`."""
    return limit_amounts(Side.SELL, tick, px, shares)


def is_within(amounts: Amounts, px: Px) -> bool:
    """Whether a buy's implied price stays below `px` plus 0.0001."""
    return amounts.maker * SLACK * MICRO < amounts.taker * (px * SLACK + MICRO)


def implied_price(side: Side, amounts: Amounts, tick: Px) -> Px | None:
    """The limit a venue reads from the amounts; None when it is on no step of the grid.

    A buy may be up to 0.0001 dearer than its step, a sale cheaper by less than a millionth a share.
    """
    money, shares = _sides(side, amounts)
    if shares <= 0 or money <= 0:
        return None
    if side is Side.BUY:
        px = Px(divide(money * MICRO, shares * tick, Rounding.DOWN) * tick)
        exact = money * MICRO == px * shares
        return px if exact or (px and is_within(amounts, px)) else None
    px = Px(divide(money * MICRO, shares * tick, Rounding.UP) * tick)
    return px if px * shares - money * MICRO < MICRO else None


def is_coarse(side: Side, amounts: Amounts) -> bool:
    """Whether amounts are round enough for an order that must trade at once: two decimals in what
    is given, four in what is wanted. Source: polymarket sheet 3.4, server rules.
    """
    return not amounts.maker % MARKET_MONEY_STEP and not amounts.taker % MARKET_SHARES_STEP


def _sides(side: Side, amounts: Amounts) -> tuple[int, int]:
    both = (amounts.maker, amounts.taker)
    return both if side is Side.BUY else both[::-1]


def _cut(numerator: int, denominator: int, decimals: int) -> int:
    """A fraction of millionths to `decimals`: up to four more, then down; exact ones stay."""
    fine = 10 ** (decimals + 4)
    up = divide(numerator * fine, denominator * MICRO, Rounding.UP)
    step: int = 10 ** (6 - decimals)
    return divide(up, 10**4, Rounding.DOWN) * step


def _check(tick: Px, px: Px) -> None:
    if tick not in DECIMALS:
        raise ValueError(f"tick {tick} is unknown; known are {', '.join(map(str, DECIMALS))}.")
    if px % tick or not tick <= px <= MICRO - tick:
        raise ValueError(f"price {px} is not a step of {tick} between {tick} and {MICRO - tick}.")


def _filled(amounts: Amounts) -> Amounts:
    if not amounts.maker or not amounts.taker:
        raise ValueError("the order is too small: one of its amounts rounds to nothing.")
    return amounts
