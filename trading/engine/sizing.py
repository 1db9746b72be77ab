"""The size at which a package keeps the most, found on the books in the venues' own steps.

A size is a number of packages; every leg then buys its whole share, walking its ladder from the
cheapest claim net of fee on. Fees are the venue's own at the very amounts, so they round and the
profit is not smooth: the search starts where the profit by the fee formula is largest and goes
both ways until even that cannot beat the best size found. Among equals the larger size is taken.
An ask is never rounded down: a limit is the worst level touched, moved up to a legal price, and
where a venue wants whole cents for an order, its size is one at which they are whole (polymarket
sheet 3.4, November 2026). Not here: which package, ages, gates, balances.
"""

from bisect import bisect_left
from math import gcd, lcm

import msgspec

from markets.terms.fees import fee_each
from markets.terms.instruments import Market
from markets.terms.packages import Package, PackageLeg
from markets.terms.relations import Relation
from markets.terms.units import MICRO, ONE_CONTRACT, Px, Qty, Rounding, Usd, divide, times
from trading.engine.purchases import Books, Fill, Markets, charges_later, filled, worth

# Sizes tried one by one in each direction. Small books are searched whole; beyond this nothing but
# the rounding of a few fees can be at stake.
REACH = 256


class Ask(msgspec.Struct, frozen=True, gc=False):
    """A level at which a leg can be bought."""

    px: Px
    qty: Qty
    claim: int


Ladder = tuple[Ask, ...]


class Trial(msgspec.Struct, frozen=True, gc=False):
    """One size and what it comes to, everything rounded against us.

    `smooth` is the profit by the fee formula, before venues round the fees of their fills; `slack`
    is the most by which the formula itself was rounded up.
    """

    size: Qty
    fills: tuple[tuple[Fill, ...], ...]
    payout: Usd
    cost: Usd
    fees: Usd
    friction: Usd
    tail: Usd
    profit: Usd
    smooth: int
    slack: int


class Search(msgspec.Struct, frozen=True, gc=False):
    """What is being sized: a package, its ladders, the depth of each ladder added up, and the
    whole levels that were priced already.
    """

    relation: Relation
    package: Package
    markets: Markets
    friction: Px
    ladders: tuple[Ladder, ...]
    depths: tuple[tuple[int, ...], ...]
    whole: tuple[list[Fill], ...]
    outright: bool


def search_of(
    relation: Relation, package: Package, books: Books, markets: Markets, friction: Px
) -> Search:
    """The package on these books; every leg must have an ask."""
    ladders = tuple(ladder(relation, leg, books, markets) for leg in package.legs)
    depths = []
    for asks in ladders:
        total = 0
        depth = []
        for ask in asks:
            total += ask.qty
            depth.append(total)
        depths.append(tuple(depth))
    whole: tuple[list[Fill], ...] = tuple([] for _ in ladders)
    outright = package.outright and not any(
        charges_later(markets[relation.claims[leg.claim].market].fees) for leg in package.legs
    )
    return Search(relation, package, markets, friction, ladders, tuple(depths), whole, outright)


def ladder(relation: Relation, leg: PackageLeg, books: Books, markets: Markets) -> Ladder:
    """The levels of a leg, cheapest net of fee first, then by the order of its claims.

    Of several claims only whole lots are counted, so that each can be an order.
    """
    if not leg.also:
        claim = relation.claims[leg.claim]
        asks = books[claim.market].asks(claim.outcome)
        return tuple([Ask(px, qty, leg.claim) for px, qty in asks])
    ranked = []
    for number in leg.claims:
        claim = relation.claims[number]
        book, market = books.get(claim.market), markets.get(claim.market)
        if book is None or market is None:
            continue
        for px, qty in book.asks(claim.outcome):
            whole = Qty(qty // market.lot * market.lot)
            if whole:
                ranked.append((px + fee_each(market.fees, px), Ask(px, whole, number)))
    ranked.sort(key=lambda pair: pair[0])
    return tuple([ask for _, ask in ranked])


def best_size(search: Search, floor: int, most: Qty, leg_cost: Usd) -> tuple[Trial | None, int]:
    """The legal size that keeps the most beyond `floor` for each dollar covered, and the profit at
    the best size were there no steps and no rounding.

    Shape: no trial where no size is legal. Units: `floor` in millionths per dollar, sizes in
    packages.
    """
    marks = _marks(search, min(most, affordable(search, leg_cost)))
    if not marks:
        return None, 0
    floor *= search.package.scale
    peak, ideal = _peak(search, marks, floor)
    hunt = _Hunt(search, marks, floor)
    hunt.down(peak)
    hunt.up(peak)
    return hunt.best, ideal


def affordable(search: Search, leg_cost: Usd) -> Qty:
    """The most packages of which no leg costs more than `leg_cost` before fees."""
    size: int | None = None
    for leg, asks in zip(search.package.legs, search.ladders, strict=True):
        left = leg_cost * MICRO
        qty = 0
        for ask in asks:
            take = min(ask.qty, left // ask.px)
            qty += take
            left -= take * ask.px
            if take < ask.qty:
                break
        most = divide(qty * MICRO, leg.weight, Rounding.DOWN)
        size = most if size is None else min(size, most)
    return Qty(size or 0)


def first_mark(search: Search) -> Qty:
    """The packages that the best levels alone hold."""
    return Qty(
        min(
            divide(depth[0] * MICRO, leg.weight, Rounding.DOWN)
            for depth, leg in zip(search.depths, search.package.legs, strict=True)
        )
    )


def _marks(search: Search, most: int) -> list[int]:
    """The sizes at which some leg comes to the end of a level, in order, and `most` itself."""
    ends: dict[int, None] = {}
    for depth, leg in zip(search.depths, search.package.legs, strict=True):
        if depth:
            most = min(most, divide(depth[-1] * MICRO, leg.weight, Rounding.DOWN))
    for depth, leg in zip(search.depths, search.package.legs, strict=True):
        for total in depth:
            end = total if leg.weight == ONE_CONTRACT else total * MICRO // leg.weight
            if end >= most:
                break
            ends[end] = None
    marks = sorted(ends)
    return [*(m for m in marks if m > 0), most] if most > 0 else []


def _peak(search: Search, marks: list[int], floor: int) -> tuple[int, int]:
    """Which mark keeps the most by the fee formula, and how much; the profit only falls beyond."""
    best = 0
    value: int | None = None
    ideal = 0
    for place, mark in enumerate(marks):
        trial = tried(search, Qty(mark))
        now = trial.smooth - floor * mark // MICRO
        if value is not None and now < value:
            break
        best, value, ideal = place, now, trial.smooth
    return best, ideal


class _Hunt:
    """The search for the best legal size, outwards from the peak."""

    def __init__(self, search: Search, marks: list[int], floor: int) -> None:
        self.search = search
        self.marks = marks
        self.floor = floor
        self.best: Trial | None = None
        self.score = 0
        self.steps: dict[int, int | None] = {}
        self.least = _least_size(search)

    def down(self, place: int) -> None:
        size = self.marks[place]
        for _ in range(REACH):
            if size < self.least:
                return
            low = self.marks[place - 1] if place else 0
            step = self._step(place)
            size = size // step * step if step else low
            if size <= low:
                if place == 0:
                    return
                place -= 1
                size = low
                continue
            if not self._try(size):
                return
            # A wide step must not jump over the stretches below this one.
            size = max(low, size - (step or 1))

    def up(self, place: int) -> None:
        size = self.marks[place] + 1
        place += 1
        for _ in range(REACH):
            if place >= len(self.marks):
                return
            step = self._step(place)
            size = -(-size // step) * step if step else self.marks[place] + 1
            if size > self.marks[place]:
                size = self.marks[place] + 1
                place += 1
                continue
            if not self._try(size):
                return
            size += step or 1

    def _try(self, size: int) -> bool:
        """Look at one size; False when neither it nor any beyond it can be better."""
        trial = tried(self.search, Qty(size))
        owed = -(-self.floor * size // MICRO)
        if self.best is not None and trial.smooth + trial.slack - owed < self.score:
            return False
        score = trial.profit - owed
        if not is_legal(self.search, trial):
            return True
        if self.best is None or (score, size) > (self.score, self.best.size):
            self.best, self.score = trial, score
        return True

    def _step(self, place: int) -> int | None:
        """The step of sizes that end within a stretch; None where no legal price is left."""
        if place not in self.steps:
            self.steps[place] = _step_at(self.search, self.marks[place])
        return self.steps[place]


def _step_at(search: Search, mark: int) -> int | None:
    step = 1
    for leg, asks, depth in zip(search.package.legs, search.ladders, search.depths, strict=True):
        ask = asks[bisect_left(depth, divide(mark * leg.weight, MICRO, Rounding.DOWN))]
        market = search.markets[search.relation.claims[ask.claim].market]
        limit = market.ticks.to_legal(ask.px, Rounding.UP)
        if limit is None:
            return None
        unit = lcm(market.lot, money_unit(market, limit)) if not leg.also else market.lot
        step = lcm(step, unit * MICRO // gcd(unit * MICRO, leg.weight))
    return step


def _least_size(search: Search) -> int:
    """A size below which some leg's order is smaller than its venue takes."""
    least = 0
    for leg, asks in zip(search.package.legs, search.ladders, strict=True):
        if leg.also:
            continue
        market = search.markets[search.relation.claims[leg.claim].market]
        smallest = max(market.min_size, market.min_notional * MICRO // asks[0].px)
        least = max(least, smallest * MICRO // leg.weight)
    return least


def money_unit(market: Market, limit: Px) -> int:
    """The smallest size (millionths) of which every multiple costs whole money steps at `limit`."""
    if market.money_step <= 0:
        return 1
    whole = market.money_step * MICRO
    return whole // gcd(whole, limit)


def tried(search: Search, size: Qty) -> Trial:
    """What this many packages come to; the ladders must hold them."""
    package = search.package
    fills: list[tuple[Fill, ...]] = []
    cost = fees = formula = contracts = 0
    for i, leg in enumerate(package.legs):
        qty = size if leg.weight == ONE_CONTRACT else -(-size * leg.weight // MICRO)
        mine = _walked(search, i, qty)
        for fill in mine:
            cost += fill.cost
            fees += fill.fee
            formula += fill.formula
        contracts += qty
        fills.append(mine)
    if search.outright:
        payout, tail = _outright(package, size, cost)
    else:
        bought = [fill for leg in fills for fill in leg]
        payout, tail = worth(search.relation, bought, cost, search.markets)
    friction = Usd(-(-search.friction * package.scale * size // MICRO))
    kept = payout - friction - tail
    return Trial(
        size=size,
        fills=tuple(fills),
        payout=payout,
        cost=Usd(cost),
        fees=Usd(fees),
        friction=friction,
        tail=tail,
        profit=Usd(kept - cost - fees),
        smooth=kept - -(-formula // MICRO),
        slack=contracts // MICRO + len(search.relation.worlds) + 2 * len(package.legs) + 2,
    )


def _walked(search: Search, index: int, qty: int) -> tuple[Fill, ...]:
    """The fills of one leg; whole levels are priced once."""
    fills: list[Fill] = []
    whole = search.whole[index]
    for place, ask in enumerate(search.ladders[index]):
        if qty < ask.qty:
            fills.append(_filled(search, ask, Qty(qty)))
            break
        if place == len(whole):
            whole.append(_filled(search, ask, ask.qty))
        fills.append(whole[place])
        qty -= ask.qty
        if qty <= 0:
            break
    return tuple(fills)


def _filled(search: Search, ask: Ask, qty: Qty) -> Fill:
    schedule = search.markets[search.relation.claims[ask.claim].market].fees
    return filled(schedule, (ask.claim, ask.px, qty))


def _outright(package: Package, size: int, spent: int) -> tuple[Usd, Usd]:
    weighted = 0
    for ppm, pays in package.tails:
        weighted += ppm * max(0, spent - pays * size // MICRO)
    return Usd(package.payout * size // MICRO), Usd(-(-weighted // MICRO))


def is_legal(search: Search, trial: Trial) -> bool:
    """Whether every order of this size can be sent: whole lots, legal price, smallest order,
    whole money.
    """
    for claim, (qty, best, worst) in orders_of(trial).items():
        market = search.markets[search.relation.claims[claim].market]
        limit = market.ticks.to_legal(worst, Rounding.UP)
        if limit is None or qty % market.lot or qty < market.min_size:
            return False
        if times(best, qty, Rounding.DOWN) < market.min_notional:
            return False
        if market.money_step and limit * qty % (market.money_step * MICRO):
            return False
    return True


def orders_of(trial: Trial) -> dict[int, tuple[Qty, Px, Px]]:
    """Size, best and worst price of each claim that is bought, in the order of the legs."""
    found: dict[int, tuple[Qty, Px, Px]] = {}
    for leg in trial.fills:
        for fill in leg:
            qty, best, worst = found.get(fill.claim, (Qty(0), fill.px, fill.px))
            total = Qty(qty + fill.qty)
            found[fill.claim] = (total, min(best, fill.px), max(worst, fill.px))
    return found
