"""What can be done about a naked leg, in numbers: wait, hedge at a price, cross now, unwind now.

Each choice has its result if it succeeds, the chance of that, what it is expected to keep, and the
result that only one case in twenty is worse than. Results are of the naked part alone: money still
to come less money already paid for it, every fee counted, purchases rounded up and sales down.
Chances come from fill tables: an offer that was seen some time ago is still there with probability
one half per half-life, never below a floor; a resting order is reached with its level's prior.
Several legs that must all fill move together (they are the same facts), so that their joint chance
is the least of theirs, not the product. Pure arithmetic in integers; which choice is taken is for
`policy`.
"""

from enum import StrEnum

import msgspec

from markets.terms.fees import trade_fee
from markets.terms.instruments import FeeSchedule
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Rounding, Usd, divide, times
from trading.engine.book import Levels

TAIL = 50_000


class Choice(StrEnum):
    """The four choices; the operator's words for them are the same."""

    WAIT = "wait"
    HEDGE = "hedge"
    CROSS = "cross"
    UNWIND = "unwind"


class Tables(msgspec.Struct, frozen=True, gc=False):
    """Fill tables: half-life of an offer, the floor of its chance, priors by level of a queue."""

    half_life_ms: int = 500
    floor_ppm: int = 100_000
    queue_ppm: tuple[int, ...] = (300_000, 500_000, 650_000, 750_000)


class Part(msgspec.Struct, frozen=True, gc=False):
    """One leg to buy or to sell: how much, at which levels of a book of which age, within `bound`.

    `level` is where in the queue an order at the bound would rest: 1 is the best.
    """

    qty: Qty
    levels: Levels
    age: Ns
    bound: Px
    fees: FeeSchedule
    level: int = 1


class Situation(msgspec.Struct, frozen=True, gc=False):
    """A naked deal: what must be bought to complete it, and what could be sold instead.

    `payout` is the least the completed packages pay, `spent` money paid for what is naked, with
    fees. `left` is the time until the policy acts by itself, `drift` what prices may move against
    us in `drift_for`.
    """

    buys: tuple[Part, ...]
    sales: tuple[Part, ...]
    payout: Usd
    spent: Usd
    left: Ns
    drift: Px
    drift_for: Ns
    tables: Tables = Tables()


class Option(msgspec.Struct, frozen=True, gc=False):
    """One choice in numbers. `px` is the worst price it needs or the price it rests at, `result`
    what success keeps; `allowed` says that its price stays within the deal's bound.
    """

    choice: Choice
    px: Px | None
    qty: Qty
    result: Usd
    expected: Usd
    worst: Usd
    chance_ppm: int
    left: Ns
    allowed: bool


class _Walk(msgspec.Struct, frozen=True):
    px: Px | None
    qty: Qty
    money: Usd


def options(now: Situation) -> tuple[Option, ...]:
    """All four, in the order of `Choice`; what cannot be done at all is not allowed."""
    cross, unwind = _cross(now), _unwind(now)
    return (_wait(now, cross, unwind), _hedge(now, cross, unwind), cross, unwind)


def offered_ppm(tables: Tables, age: Ns) -> int:
    """The chance that what was seen `age` ago is still offered; between half-lives on a line."""
    life = max(1, tables.half_life_ms) * MS
    halvings, rest = divmod(max(0, age), life)
    chance = MICRO >> min(halvings, 20)
    return max(tables.floor_ppm, chance - chance * rest // (2 * life))


def reached_ppm(tables: Tables, level: int, left: Ns) -> int:
    """The chance that an order resting at a level is filled in the time left."""
    prior = tables.queue_ppm[min(max(level, 1), len(tables.queue_ppm)) - 1]
    life = max(1, tables.half_life_ms) * MS
    return prior * left // (left + life) if left > 0 else 0


def depth_within(levels: Levels, bound: Px, *, buying: bool) -> Qty:
    """Contracts on offer at the bound or better."""
    return Qty(sum(q for px, q in levels if (px <= bound if buying else px >= bound)))


def _walk(part: Part, *, buying: bool) -> _Walk:
    """The part taken from its levels, as far as they go: worst price, contracts, money with fees
    (paid when buying, received when selling).
    """
    left: int = part.qty
    money = 0
    worst: Px | None = None
    for px, shown in part.levels:
        if left <= 0:
            break
        take = Qty(min(left, shown))
        fee = trade_fee(part.fees, px, take, selling=not buying)
        rounding = Rounding.UP if buying else Rounding.DOWN
        money += times(px, take, rounding) + (fee if buying else -fee)
        left -= take
        worst = px
    return _Walk(worst, Qty(part.qty - left), Usd(money))


def _cross(now: Situation) -> Option:
    walks = [_walk(part, buying=True) for part in now.buys]
    whole = all(w.qty >= part.qty for w, part in zip(walks, now.buys, strict=True))
    result = Usd(now.payout - now.spent - sum(w.money for w in walks))
    chance = min((_taken_ppm(now, part, w) for part, w in zip(now.buys, walks, strict=True)),
                 default=0)  # fmt: skip
    allowed = whole and all(
        w.px is not None and w.px <= part.bound for w, part in zip(walks, now.buys, strict=True)
    )
    if not whole:
        result = Usd(-now.spent)
    return _option(now, Choice.CROSS, _dearest(walks), result, chance, Ns(0), allowed=allowed)


def _unwind(now: Situation) -> Option:
    walks = [_walk(part, buying=False) for part in now.sales]
    whole = all(w.qty >= part.qty for w, part in zip(walks, now.sales, strict=True))
    result = Usd(sum(w.money for w in walks) - now.spent)
    chance = min((_taken_ppm(now, part, w) for part, w in zip(now.sales, walks, strict=True)),
                 default=0)  # fmt: skip
    allowed = whole and all(
        w.px is not None and w.px >= part.bound for w, part in zip(walks, now.sales, strict=True)
    )
    prices = [w.px for w in walks if w.px is not None]
    px = min(prices, default=None)
    return _option(now, Choice.UNWIND, px, result, chance, Ns(0), allowed=allowed)


def _hedge(now: Situation, cross: Option, unwind: Option) -> Option:
    """Rest where the loss stays within its bound; what is not reached is crossed or sold later."""
    paid = sum(
        times(part.bound, part.qty, Rounding.UP) + trade_fee(part.fees, part.bound, part.qty)
        for part in now.buys
    )
    result = Usd(now.payout - now.spent - paid)
    chance = min((reached_ppm(now.tables, p.level, now.left) for p in now.buys), default=0)
    fails = Usd(_fallback(cross, unwind) - _moved(now, now.left))
    expected = _mixed(chance, result, fails)
    px = max((part.bound for part in now.buys), default=None)
    worst = _tail(chance, result, fails)
    allowed = bool(now.buys) and now.left > 0
    qty = _size(now)
    return Option(Choice.HEDGE, px, qty, result, expected, worst, chance, now.left, allowed)


def _wait(now: Situation, cross: Option, unwind: Option) -> Option:
    """Send nothing: the best of what can be done now, less what prices may move meanwhile."""
    result = _fallback(cross, unwind)
    half = Usd(divide(_moved(now, now.left), 2, Rounding.UP))
    worst = Usd(result - _moved(now, now.left))
    expected = Usd(result - half)
    allowed = now.left > 0
    return Option(Choice.WAIT, None, _size(now), result, expected, worst, 0, now.left, allowed)


def _option(
    now: Situation,
    choice: Choice,
    px: Px | None,
    result: Usd,
    chance: int,
    left: Ns,
    *,
    allowed: bool,
) -> Option:
    """An immediate choice: where it fails, the naked part is sold later at a price that moved."""
    sold = sum(_walk(part, buying=False).money for part in now.sales)
    fails = Usd(min(result, sold - now.spent) - _moved(now, now.drift_for))
    worst = _tail(chance, result, fails)
    expected = _mixed(chance, result, fails)
    return Option(choice, px, _size(now), result, expected, worst, chance, left, allowed)


def _taken_ppm(now: Situation, part: Part, walk: _Walk) -> int:
    """The chance that all of a part is still there: less where less is shown than is needed."""
    return offered_ppm(now.tables, part.age) * walk.qty // max(1, part.qty)


def _fallback(cross: Option, unwind: Option) -> Usd:
    return max(cross.result if cross.allowed else unwind.result, unwind.result)


def _moved(now: Situation, span: Ns) -> Usd:
    """What the naked part may lose while prices drift for a span."""
    move = now.drift * min(span, now.drift_for) // max(1, now.drift_for)
    return times(Px(move), _size(now), Rounding.UP)


def _mixed(chance: int, wins: Usd, fails: Usd) -> Usd:
    return Usd(divide(chance * wins + (MICRO - chance) * fails, MICRO, Rounding.DOWN))


def _tail(chance: int, wins: Usd, fails: Usd) -> Usd:
    """What only one case in twenty is worse than, of two."""
    likely = chance if wins < fails else MICRO - chance
    return min(wins, fails) if likely > TAIL else max(wins, fails)


def _size(now: Situation) -> Qty:
    return Qty(max((part.qty for part in now.sales), default=0))


def _dearest(walks: list[_Walk]) -> Px | None:
    return max((w.px for w in walks if w.px is not None), default=None)
