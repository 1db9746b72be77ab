from hypothesis import example, given, settings
from hypothesis import strategies as st

from markets.terms.fees import KALSHI, NONE, POLYMARKET
from markets.terms.ids import MarketId, RelationId, venue_of
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.packages import Package, packages
from markets.terms.relations import Relation, pair
from markets.terms.tables import Certificate, Runner, Subject, field
from markets.terms.units import MICRO, Ns, Px, Qty, Usd, micros_from_text
from trading.engine.book import Book, Ladders, Levels
from trading.engine.sizing import (
    Search,
    best_size,
    is_legal,
    ladder,
    money_unit,
    orders_of,
    search_of,
    tried,
)

FREE = FeeSchedule(NONE, 0)
A, B, C = MarketId("k:A"), MarketId("p:B"), MarketId("q:C")
NOW = Ns(1)
WIDE, MUCH = Qty(10**12), Usd(10**13)


def levels(text: str) -> Levels:
    pairs = [part.split("x") for part in text.split()]
    return tuple((Px(micros_from_text(px)), Qty(micros_from_text(qty))) for px, qty in pairs)


def market(name: MarketId, fees: FeeSchedule = FREE, *, step: int = 10_000, **terms: int) -> Market:
    venue = venue_of(name)
    made = Market(name, venue, name, name, ("Yes", "No"), even_ladder(Px(step)), fees)
    return Market(**{**{f: getattr(made, f) for f in made.__struct_fields__}, **terms})


def book(name: MarketId, yes: str = "", no: str = "") -> Book:
    return Book(name, (Ladders((), levels(yes)), Ladders((), levels(no))), NOW)


def cross(first: Market, second: Market, yes: str, no: str) -> Search:
    relation = pair(RelationId("r"), first.id, second.id, title="r")
    books = {first.id: book(first.id, yes=yes), second.id: book(second.id, no=no)}
    markets = {first.id: first, second.id: second}
    return search_of(relation, packages(relation)[0], books, markets, Px(0))


def size_of(search: Search, floor: int = 0, most: Qty = WIDE, leg_cost: Usd = MUCH) -> int:
    trial, _ = best_size(search, floor, most, leg_cost)
    return 0 if trial is None else trial.size


def test_whole_cents_are_kept_where_a_venue_asks_for_them() -> None:
    cents = market(B, step=1_000, money_step=10_000)

    # 0.531 a contract: only tens of contracts cost whole cents.
    assert size_of(cross(market(A), cents, "0.40x100", "0.531x37.5")) == 30 * MICRO
    assert size_of(cross(market(A), cents, "0.40x100", "0.525x37.5")) == 37_200_000
    assert size_of(cross(market(A), market(B, step=1_000), "0.40x100", "0.531x37.5")) == 37_500_000


def test_the_last_level_is_left_alone_where_its_price_allows_no_size() -> None:
    cents = market(B, step=1_000, money_step=10_000)

    assert size_of(cross(market(A), cents, "0.40x100", "0.53x5 0.531x3")) == 5 * MICRO


def test_money_units_are_the_smallest_sizes_of_whole_cents() -> None:
    cents = market(B, money_step=10_000)

    assert money_unit(cents, Px(530_000)) == MICRO
    assert money_unit(cents, Px(500_000)) == 20_000
    assert money_unit(cents, Px(531_000)) == 10 * MICRO
    assert money_unit(market(B), Px(531_000)) == 1


def test_orders_below_the_smallest_size_or_money_are_no_size() -> None:
    picky = market(B, min_size=5 * MICRO)
    dollar = market(B, min_notional=MICRO)

    assert size_of(cross(market(A), picky, "0.40x4.99", "0.50x100")) == 0
    assert size_of(cross(market(A), picky, "0.40x5", "0.50x100")) == 5 * MICRO
    assert size_of(cross(market(A), dollar, "0.40x1.99", "0.50x100")) == 0
    assert size_of(cross(market(A), dollar, "0.40x2", "0.50x100")) == 2 * MICRO


def test_lots_of_both_venues_must_come_out_even() -> None:
    assert (
        size_of(cross(market(A, lot=30_000), market(B, lot=20_000), "0.40x1", "0.50x1")) == 960_000
    )


def test_an_ask_off_the_ladder_is_bought_at_the_next_legal_price_above() -> None:
    search = cross(market(A), market(B), "0.401x10", "0.50x10")
    trial = tried(search, Qty(10 * MICRO))

    assert is_legal(search, trial)
    assert orders_of(trial)[0] == (10 * MICRO, 401_000, 401_000)
    assert trial.cost == 9_010_000


def test_caps_of_size_and_money_are_met_to_the_lot() -> None:
    search = cross(market(A), market(B), "0.40x50 0.42x50", "0.50x100")

    assert size_of(search, most=Qty(33_337_000)) == 33_330_000
    assert size_of(search, leg_cost=Usd(25_000_000)) == 50 * MICRO
    assert size_of(search, leg_cost=Usd(30_000_000)) == 60 * MICRO


def test_among_equal_sizes_the_larger_is_taken() -> None:
    search = cross(market(A), market(B), "0.40x10 0.45x10", "0.50x20")

    assert size_of(search, floor=50_000) == 20 * MICRO
    assert size_of(search, floor=50_001) == 10 * MICRO


def test_what_rounding_costs_is_the_distance_to_the_smooth_best() -> None:
    cents = market(B, step=1_000, money_step=10_000)
    trial, ideal = best_size(cross(market(A), cents, "0.40x100", "0.531x37.5"), 0, WIDE, MUCH)

    assert trial is not None
    assert (trial.profit, ideal) == (2_070_000, 2_587_500)


def merged() -> tuple[Relation, Package, dict[MarketId, Market]]:
    runners = [Runner("A", (A, B)), Runner("B", (C,))]
    relation = field(Subject(RelationId("r"), "r"), runners, Certificate("one of two"))
    package = next(p for p in packages(relation) if p.legs[0].also)
    dear = FeeSchedule(POLYMARKET, 70_000, precision=Usd(10))
    return relation, package, {A: market(A, dear), B: market(B), C: market(C)}


def test_of_several_claims_the_cheapest_net_of_fee_is_walked_first() -> None:
    relation, package, markets = merged()
    books = {A: book(A, yes="0.40x10"), B: book(B, yes="0.41x5 0.43x5"), C: book(C, yes="0.5x20")}
    asks = ladder(relation, package.legs[0], books, markets)

    # The fee of 1.68 cents makes 0.40 dearer than 0.41 and cheaper than 0.43.
    shown = [(relation.claims[a.claim].market, a.px) for a in asks if a.px < 500_000]
    assert shown == [(B, 410_000), (A, 400_000), (B, 430_000)]


def test_one_leg_may_be_bought_at_several_venues() -> None:
    relation, package, markets = merged()
    books = {A: book(A, yes="0.40x10"), B: book(B, yes="0.41x5"), C: book(C, yes="0.50x12")}
    trial, _ = best_size(search_of(relation, package, books, markets, Px(0)), 0, WIDE, MUCH)

    assert trial is not None
    bought = {relation.claims[claim].market: qty for claim, (qty, _, _) in orders_of(trial).items()}
    assert bought == {B: 5 * MICRO, A: 7 * MICRO, C: 12 * MICRO}


sides = st.lists(
    st.tuples(st.integers(30, 55), st.integers(1, 40)),
    min_size=1,
    max_size=3,
    unique_by=lambda x: x[0],
).map(sorted)


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.sampled_from([100, 10_000]), st.sampled_from([0, 10_000]))
@example([(42, 9), (43, 16)], [(40, 17), (52, 39)], 10_000, 10_000)  # a step as wide as the peak
def test_the_best_size_is_the_best_of_all_legal_lots(
    yes: list[tuple[int, int]], no: list[tuple[int, int]], precision: int, money_step: int
) -> None:
    first = market(A, FeeSchedule(KALSHI, 70_000, precision=Usd(precision)))
    second = market(
        B,
        FeeSchedule(POLYMARKET, 50_000, precision=Usd(10)),
        money_step=money_step,
        min_size=50_000,
    )
    texts = [
        " ".join(f"{px / 100:.2f}x{lots / 100:.2f}" for px, lots in side) for side in (yes, no)
    ]
    search = cross(first, second, *texts)
    most = min(sum(lots for _, lots in side) for side in (yes, no)) * 10_000
    trials = [tried(search, Qty(size)) for size in range(10_000, most + 1, 10_000)]
    legal = [t for t in trials if is_legal(search, t)]
    trial, _ = best_size(search, 0, WIDE, MUCH)

    if not legal:
        assert trial is None
    else:
        best = max(legal, key=lambda t: (t.profit, t.size))
        assert trial is not None
        assert (trial.profit, trial.size) == (best.profit, best.size)
