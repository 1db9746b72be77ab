"""What must hold of edges whatever the books say."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from markets.terms.fees import KALSHI, NONE, POLYMARKET, trade_fee
from markets.terms.ids import MarketId, RelationId, venue_of
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.packages import Package, packages, payout_in
from markets.terms.relations import Relation, TailRisk, pair
from markets.terms.tables import Certificate, Runner, Subject, field
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, times
from trading.engine.book import Book, Ladders, Levels
from trading.engine.edges import Edge, Terms, find_edge

NOW = Ns(1)
A, B = MarketId("k:A"), MarketId("p:B")
SCHEDULES = (
    FeeSchedule(NONE, 0),
    FeeSchedule(KALSHI, 70_000),
    FeeSchedule(POLYMARKET, 50_000, precision=Usd(10)),
    FeeSchedule("never heard of", 0),
)
FIELD = field(
    Subject(RelationId("f"), "f"),
    [Runner(n, (MarketId(f"k:{n}"), MarketId(f"p:{n}"))) for n in "ABC"],
    Certificate("one wins"),
)
FIELD_PACKAGES = packages(FIELD)
side = st.lists(
    st.tuples(st.integers(1, 98), st.integers(1, 3_000)),
    min_size=1,
    max_size=3,
    unique_by=lambda level: level[0],
).map(sorted)
schedules = st.sampled_from(SCHEDULES)


@dataclass
class Scene:
    """A relation with books and fees: `asks[i]` is the ladder of claim `i`."""

    relation: Relation
    books: dict[MarketId, Book]
    markets: dict[MarketId, Market]

    def edge(self, package: Package, friction: int = 0, min_net: int = 0) -> Edge:
        terms = Terms(Px(friction), Px(min_net), Usd(10**12), NOW)
        found = find_edge(self.relation, package, self.books, self.markets, terms)
        assert found is not None
        return found


Side = list[tuple[int, int]]


def scene(relation: Relation, asks: list[Side], fees: list[FeeSchedule]) -> Scene:
    names = list(dict.fromkeys(claim.market for claim in relation.claims))
    books, markets = {}, {}
    for i, name in enumerate(names):
        ladders = tuple(Ladders((), levels(asks[2 * i + n])) for n in (0, 1))
        books[name] = Book(name, ladders, NOW)
        markets[name] = Market(
            name, venue_of(name), name, name, ("Yes", "No"), even_ladder(Px(10_000)),
            fees[i % len(fees)],
        )  # fmt: skip
    return Scene(relation, books, markets)


def levels(asks: Side) -> Levels:
    return tuple((Px(px * 10_000), Qty(lots * 10_000)) for px, lots in asks)


PAIR = pair(RelationId("r"), A, B, title="r")
four = st.lists(side, min_size=4, max_size=4)
twelve = st.lists(side, min_size=12, max_size=12)
two_fees = st.lists(schedules, min_size=2, max_size=2)


@given(st.integers(1, 99), two_fees)
def test_equal_prices_on_both_venues_never_net_anything(px: int, fees: list[FeeSchedule]) -> None:
    yes, no = [(px, 500)], [(100 - px, 500)]
    same = scene(PAIR, [yes, no, yes, no], fees)

    for package in packages(PAIR):
        assert same.edge(package).net <= 0


@settings(deadline=None, max_examples=40)
@given(twelve, st.lists(schedules, min_size=6, max_size=6))
def test_filled_at_the_quotes_the_least_payout_is_what_was_claimed(
    asks: list[Side], fees: list[FeeSchedule]
) -> None:
    found = scene(FIELD, asks, fees)
    for package in FIELD_PACKAGES:
        edge = found.edge(package)
        if not edge.size:
            continue
        spent = sum(leg.cost + leg.fee for leg in edge.legs)
        for world in range(len(FIELD.worlds)):
            paid = sum(
                FIELD.claims[leg.claim].pays[world].fixed * leg.qty // MICRO for leg in edge.legs
            )
            assert paid - spent >= edge.profit
            assert paid >= edge.size * edge.used.scale
        held = [leg.qty * MICRO == edge.size * leg.weight for leg in edge.legs]
        assert all(held)


@settings(deadline=None, max_examples=40)
@given(four, two_fees, st.integers(0, 3), st.integers(0, 2), st.integers(1, 5))
def test_a_worse_book_never_gives_a_better_edge(
    asks: list[Side], fees: list[FeeSchedule], which: int, place: int, worse: int
) -> None:
    before = scene(PAIR, asks, fees)
    dearer = [list(one) for one in asks]
    dearer[which] = [
        (min(99, px + worse), lots) if i >= place else (px, lots)
        for i, (px, lots) in enumerate(dearer[which])
    ]
    thinner = [list(one) for one in asks]
    thinner[which] = [(px, max(1, lots - 1)) for px, lots in thinner[which]]
    for package in packages(PAIR):
        best = before.edge(package)
        assert scene(PAIR, dearer, fees).edge(package).top_net <= best.top_net
        assert scene(PAIR, thinner, fees).edge(package).profit <= max(0, best.profit)


@settings(deadline=None, max_examples=40)
@given(four, two_fees)
def test_the_order_of_legs_does_not_matter(asks: list[Side], fees: list[FeeSchedule]) -> None:
    found = scene(PAIR, asks, fees)
    for package in packages(PAIR):
        turned = replace(package, legs=package.legs[::-1])
        one, other = found.edge(package), found.edge(turned)
        assert (one.size, one.profit, one.net) == (other.size, other.profit, other.net)
        assert one.legs == other.legs[::-1]


@settings(deadline=None, max_examples=40)
@given(four, st.integers(0, 70_000), st.integers(0, 70_000), st.integers(0, 20_000))
def test_more_fees_or_friction_never_help(
    asks: list[Side], rate: int, more: int, friction: int
) -> None:
    def with_rate(ppm: int) -> Scene:
        return scene(PAIR, asks, [FeeSchedule(KALSHI, ppm), SCHEDULES[2]])

    for package in packages(PAIR):
        cheap, dear = with_rate(rate).edge(package), with_rate(rate + more).edge(package)
        assert dear.top_net <= cheap.top_net
        assert dear.profit <= cheap.profit
        assert with_rate(rate).edge(package, friction=friction).profit <= cheap.profit


@given(st.integers(0, 10_000), st.integers(0, 10_000), side, side)
def test_a_likelier_tail_costs_more_and_never_helps(
    ppm: int, more: int, yes: Side, no: Side
) -> None:
    def at_risk(chance: int) -> Edge:
        tails = (TailRisk("apart", chance, Px(0), Px(MICRO)),)
        relation = pair(RelationId("r"), A, B, title="r", tails=tails)
        found = scene(relation, [yes, no, yes, no], [SCHEDULES[1], SCHEDULES[2]])
        return found.edge(packages(relation)[0])

    safe, risky = at_risk(ppm), at_risk(ppm + more)
    assert risky.profit <= safe.profit
    assert risky.top_net <= safe.top_net
    if safe.size == risky.size:
        assert risky.tail >= safe.tail


@given(st.sampled_from(SCHEDULES), st.integers(1, 99), st.integers(1, 10**6))
def test_buying_and_selling_back_at_one_price_never_favours_us(
    schedule: FeeSchedule, px: int, lots: int
) -> None:
    price, qty = Px(px * 10_000), Qty(lots * 10_000)
    paid = times(price, qty, Rounding.UP) + trade_fee(schedule, price, qty)
    got = times(price, qty, Rounding.DOWN) - trade_fee(schedule, price, qty, selling=True)

    assert got <= paid


@given(st.integers(1, 99), st.integers(1, 99))
def test_what_a_world_pays_is_never_rounded_up(first: int, second: int) -> None:
    prices = (Px(first * 10_000), Px(second * 10_000))
    for package in packages(PAIR):
        for world in (0, 1):
            assert payout_in(PAIR, package, world, prices) <= MICRO
