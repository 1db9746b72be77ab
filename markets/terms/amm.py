"""Pools that quote by a curve: what an amount buys, what a sale returns, where to stop.

The fixed product market maker (`buy`, `sell`, `proceeds`, `most_worth_paying`) works in a token's
own base units with the fee in 10**18ths, and rounds as the contracts do: always for the pool. The
weighted curve of play money (`Curve`) has fractional powers and no fee; it works in decimals of 28
digits and is a signal, not money.
Not here: gas prices, minimum-shares bounds of a transaction, other traders between quote and
inclusion.
Source: amm sheet 2 to 5, read 2026-11-20.
"""

from decimal import Context, Decimal
from math import isqrt, prod

import msgspec

WAD = 10**18
Reserves = tuple[int, ...]

_EXACT = Context(prec=40)
_ONE = Decimal(1)


class Swap(msgspec.Struct, frozen=True, gc=False):
    """One trade with a pool: money paid or received by us, contracts, the fee within, and what the
    pool holds after it (fees are kept outside the reserves).
    """

    money: int
    shares: int
    fee: int
    reserves: Reserves


def prices(reserves: Reserves) -> tuple[int, ...]:
    """Each outcome's price in 10**18ths of the collateral, rounded down."""
    parts = [prod(reserves) // held for held in reserves]
    return tuple(part * WAD // sum(parts) for part in parts)


def buy(reserves: Reserves, outcome: int, money: int, fee: int) -> Swap:
    """What `money` buys. The fee is rounded down as in the contract, the contracts down.

    Errors: `ValueError` for money that is none.
    """
    if money <= 0:
        raise ValueError(f"a buy needs money, not {money}")
    taken = money * fee // WAD
    paid_in = money - taken
    kept = reserves[outcome] * WAD
    for other, held in enumerate(reserves):
        if other != outcome:
            kept = _up(kept * held, held + paid_in)
    shares = reserves[outcome] + paid_in - _up(kept, WAD)
    after = [held + paid_in for held in reserves]
    after[outcome] -= shares
    return Swap(money, shares, taken, tuple(after))


def sell(reserves: Reserves, outcome: int, money: int, fee: int) -> Swap:
    """What must be given to receive `money`: contracts and fee rounded up.

    Errors: `ValueError` when the pool does not hold that much.
    """
    gross = _up(money * WAD, WAD - fee)
    needed = reserves[outcome] * WAD
    for other, held in enumerate(reserves):
        if other != outcome:
            if held <= gross:
                raise ValueError(f"the pool holds {held}, a sale for {gross} needs more")
            needed = _up(needed * held, held - gross)
    shares = gross + _up(needed, WAD) - reserves[outcome]
    after = [held - gross for held in reserves]
    after[outcome] += shares
    return Swap(money, shares, gross - money, tuple(after))


def proceeds(reserves: tuple[int, int], outcome: int, shares: int, fee: int) -> int:
    """The money a sale of exactly `shares` returns, rounded down; pools of two outcomes."""
    total = sum(reserves) + shares
    root = isqrt(total * total - 4 * shares * reserves[1 - outcome] - 1) + 1
    return (total - root) // 2 * (WAD - fee) // WAD


def most_worth_paying(reserves: tuple[int, int], outcome: int, worth: int, fee: int) -> int:
    """The money after which one more contract costs `worth` (in 10**18ths), fee included.

    Rounded down, 0 when the first one costs that much already; pools of two outcomes.
    """
    stop = worth * (WAD - fee) // WAD
    if not 0 < stop < WAD:
        raise ValueError(f"a contract is worth more than nothing and less than one, not {worth}")
    other = reserves[1 - outcome]
    reached = isqrt(reserves[0] * reserves[1] * stop // (WAD - stop))
    return max(0, reached - other) * WAD // (WAD - fee)


def all_in_price(money: int, gas: int, shares: int) -> int:
    """What one contract cost with gas, in 10**18ths of the collateral, rounded up."""
    return _up((money + gas) * WAD, shares)


class Curve(msgspec.Struct, frozen=True, gc=False):
    """A weighted pool `yes**weight * no**(1 - weight)`. Source: amm sheet 5 (Manifold)."""

    yes: Decimal
    no: Decimal
    weight: Decimal

    @property
    def chance(self) -> Decimal:
        """The probability of YES it quotes."""
        top = self.weight * self.no
        return _EXACT.divide(top, (_ONE - self.weight) * self.yes + top)

    def buy(self, is_yes: bool, money: Decimal) -> tuple[Decimal, "Curve"]:
        """Contracts for `money`, and the pool after it."""
        seen = self if is_yes else self._turned()
        share = _EXACT.divide(_ONE - seen.weight, seen.weight)
        ratio = _EXACT.divide(seen.no, seen.no + money)
        left = seen.yes * _EXACT.power(ratio, share)
        after = Curve(left, seen.no + money, seen.weight)
        return seen.yes + money - left, after if is_yes else after._turned()

    def money_to(self, is_yes: bool, chance: Decimal) -> Decimal:
        """The money that moves the probability of YES to `chance`; below 0 the other side does."""
        seen, goal = (self, chance) if is_yes else (self._turned(), _ONE - chance)
        wanted = _EXACT.divide(goal * (_ONE - seen.weight), (_ONE - goal) * seen.weight)
        invariant = _EXACT.power(seen.yes, seen.weight) * _EXACT.power(seen.no, _ONE - seen.weight)
        return invariant * _EXACT.power(wanted, seen.weight) - seen.no

    def sale(self, is_yes: bool, shares: Decimal) -> tuple[Decimal, "Curve"]:
        """What `shares` return, and the pool after it: the other side is bought until as many of it
        are held, and each pair is worth one.
        """
        low, high = Decimal(0), shares
        for _ in range(120):
            middle = (low + high) * Decimal("0.5")
            if self.buy(not is_yes, middle)[0] < shares:
                low = middle
            else:
                high = middle
        return shares - high, self.buy(not is_yes, high)[1]

    def _turned(self) -> "Curve":
        return Curve(self.no, self.yes, _ONE - self.weight)


def _up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
