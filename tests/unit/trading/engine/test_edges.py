from hypothesis import given
from hypothesis import strategies as st

from markets.terms.fees import KALSHI, POLYMARKET, trade_fee
from markets.terms.ids import MarketId, RelationId, VenueId
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.packages import packages
from markets.terms.relations import TailRisk, pair
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, micros_from_text, times
from trading.engine.book import Book, Levels, binary_book
from trading.engine.edges import Edge, Terms, find_edge

A, B = MarketId("kalshi:A"), MarketId("polymarket:B")
DAY = 86_400 * 10**9
NOW = Ns(1_000 * DAY)
FEES_A = FeeSchedule(KALSHI, 70_000)
FEES_B = FeeSchedule(POLYMARKET, 50_000, precision=Usd(10))
MARKETS = {
    A: Market(A, VenueId("kalshi"), "A", "A", ("Yes", "No"), even_ladder(Px(10_000)), FEES_A),
    B: Market(B, VenueId("polymarket"), "B", "B", ("Yes", "No"), even_ladder(Px(1_000)), FEES_B),
}
PAIR = pair(RelationId("r"), A, B, title="r", payout_at=Ns(NOW + 10 * DAY))
CROSS, CROSS_BACK, WITHIN_A, _ = packages(PAIR)


def levels(text: str) -> Levels:
    pairs = [part.split("x") for part in text.split()]
    return tuple((Px(micros_from_text(px)), Qty(micros_from_text(qty))) for px, qty in pairs)


def books(a_asks: str, b_bids: str) -> dict[MarketId, Book]:
    """Books in which A's YES can be bought and B's NO (from B's YES bids)."""
    return {
        A: binary_book(A, levels("0.01x10"), levels(a_asks), NOW),
        B: binary_book(B, levels(b_bids), levels("0.99x10"), NOW),
    }


def terms(min_net: int = 0, leg_cost: int = 10**12, friction: int = 0) -> Terms:
    return Terms(Px(friction), Px(min_net), Usd(leg_cost), NOW)


def edge(a_asks: str, b_bids: str, asked: Terms) -> Edge:
    found = find_edge(PAIR, CROSS, books(a_asks, b_bids), MARKETS, asked)
    assert found is not None
    return found


def test_the_edge_is_a_dollar_less_both_asks_and_both_fees() -> None:
    found = edge("0.42x100", "0.47x100", terms())

    # 1 - 0.42 - 0.53 - 0.07*0.42*0.58 - 0.05*0.53*0.47
    assert (found.top_cost, found.top_fees) == (950_000, 17_052 + 12_455)
    assert found.size == 100 * MICRO
    assert found.cost == 95_000_000
    assert found.fees == 1_705_200 + 1_245_500
    assert found.profit == 100_000_000 - found.cost - found.fees
    assert found.net == found.profit * MICRO // found.size


def test_depth_is_walked_until_one_more_package_no_longer_pays() -> None:
    found = edge("0.42x310 0.43x240 0.48x900", "0.475x500 0.47x400", terms())

    assert found.size == 550 * MICRO
    assert [leg.limit for leg in found.legs] == [430_000, 530_000]
    assert [leg.best for leg in found.legs] == [420_000, 525_000]
    assert {leg.qty for leg in found.legs} == {550 * MICRO}


def test_the_walk_stops_at_the_least_edge_asked_for() -> None:
    found = edge("0.42x310 0.43x240", "0.475x500 0.47x400", terms(min_net=20_000))

    assert found.size == 310 * MICRO
    assert found.net >= 20_000


def test_a_near_miss_shows_what_the_top_of_the_books_would_give() -> None:
    found = edge("0.42x310 0.43x240", "0.475x500", terms(min_net=80_000))

    assert found.size == 310 * MICRO
    assert 0 < found.net < 80_000


def test_without_gain_there_is_no_size_but_the_loss_is_said() -> None:
    found = edge("0.55x310", "0.47x400", terms())

    assert (found.size, found.profit, found.cost, found.fees) == (0, 0, 0, 0)
    assert found.net == found.top_net < 0
    assert found.apy_ppm is None


def test_an_empty_side_is_no_edge_at_all() -> None:
    assert find_edge(PAIR, CROSS, books("", "0.47x1"), MARKETS, terms()) is None
    assert find_edge(PAIR, CROSS, {A: books("0.4x1", "")[A]}, MARKETS, terms()) is None


def test_a_leg_never_costs_more_than_allowed() -> None:
    found = edge("0.42x310 0.43x240", "0.475x500 0.47x400", terms(leg_cost=100_000_000))

    assert max(leg.cost for leg in found.legs) <= 100_000_000
    assert found.size == 190_470_000


def test_a_size_is_whole_lots_on_every_leg() -> None:
    assert edge("0.42x10.756", "0.47x400", terms()).size == 10_750_000
    assert edge("0.42x0.755", "0.47x400", terms()).size == 750_000
    assert edge("0.42x0.009", "0.47x400", terms()).size == 0


def test_friction_and_tail_are_charged_per_package() -> None:
    risky = pair(
        RelationId("r"), A, B, title="r", tails=(TailRisk("apart", 2_000, Px(0), Px(MICRO)),)
    )
    package = packages(risky)[0]
    found = find_edge(risky, package, books("0.42x100", "0.47x100"), MARKETS, terms(friction=500))

    assert found is not None
    assert (found.friction, found.tail) == (500, 1_900)
    assert found.profit == 100_000_000 - found.cost - found.fees - 240_000


def test_the_yearly_return_is_on_the_money_locked_until_the_payout() -> None:
    found = edge("0.42x100", "0.47x100", terms())

    capital = found.cost + found.fees
    assert found.apy_ppm == found.profit * MICRO * 365 // (capital * 10)


def test_one_venue_alone_never_shows_an_edge_in_a_sound_book() -> None:
    book = binary_book(A, levels("0.41x10"), levels("0.42x10"), NOW)
    found = find_edge(PAIR, WITHIN_A, {A: book}, MARKETS, terms())

    assert found is not None
    assert found.top_cost == 1_010_000
    assert found.size == 0


asks = st.lists(
    st.tuples(st.integers(1, 98), st.integers(1, 30)),
    min_size=1,
    max_size=4,
    unique_by=lambda x: x[0],
).map(sorted)


def as_levels(pairs: list[tuple[int, int]]) -> Levels:
    return tuple((Px(px * 10_000), Qty(qty * MICRO)) for px, qty in pairs)


def books_from(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> dict[MarketId, Book]:
    """`b` are asks of B's NO; the book holds them as YES bids."""
    bids = tuple((Px(MICRO - px), qty) for px, qty in as_levels(b))
    return {A: binary_book(A, (), as_levels(a), NOW), B: binary_book(B, bids, (), NOW)}


def counted(a: Levels, b: Levels, size: int) -> int:
    """What buying this many packages keeps in millionths of a dollar, level by level."""
    money = 0
    for ladder, schedule in ((a, FEES_A), (b, FEES_B)):
        left = size
        for px, depth in ladder:
            take = Qty(min(left, depth))
            if take:
                money += times(px, take, Rounding.UP) + trade_fee(schedule, px, take)
            left -= take
        assert left == 0
    return size - money


small = st.lists(
    st.tuples(st.integers(20, 60), st.integers(1, 60)),
    min_size=1,
    max_size=3,
    unique_by=lambda x: x[0],
).map(sorted)


@given(small, small, st.sampled_from([0, 5_000, 25_000]))
def test_the_size_is_what_trying_every_lot_gives(
    a: list[tuple[int, int]], b: list[tuple[int, int]], min_net: int
) -> None:
    first, second = (
        tuple((Px(px * 10_000), Qty(lots * 10_000)) for px, lots in side) for side in (a, b)
    )
    bids = tuple((Px(MICRO - px), qty) for px, qty in second)
    seen = {A: binary_book(A, (), first, NOW), B: binary_book(B, bids, (), NOW)}
    found = find_edge(PAIR, CROSS, seen, MARKETS, terms(min_net=min_net))

    most = min(sum(qty for _, qty in side) for side in (first, second))
    beyond = {
        size: MICRO * counted(first, second, size) - min_net * size
        for size in range(10_000, most + 1, 10_000)
    }
    best = max(beyond, key=lambda size: (beyond[size], size))
    assert found is not None
    if beyond[best] >= 0 and found.top_net >= min_net and counted(first, second, best) > 0:
        assert beyond[found.size] // MICRO == beyond[best] // MICRO
        assert found.profit == counted(first, second, found.size)


@given(asks, asks)
def test_what_the_edge_claims_is_what_the_worst_decisive_world_leaves(
    a: list[tuple[int, int]], b: list[tuple[int, int]]
) -> None:
    found = find_edge(PAIR, CROSS, books_from(a, b), MARKETS, terms())

    assert found is not None
    money = 0
    for leg, ladder in zip(found.legs, (a, b), strict=True):
        left = leg.qty
        for px, qty in as_levels(ladder):
            take = min(left, qty)
            if take:
                schedule = MARKETS[leg.market].fees
                money += times(px, Qty(take), Rounding.UP) + trade_fee(schedule, px, Qty(take))
            left = Qty(left - take)
        assert left == 0
    assert found.profit <= found.size - money


@given(asks, asks, st.integers(0, 3), st.integers(1, 5))
def test_a_worse_book_never_gives_a_better_edge(
    a: list[tuple[int, int]], b: list[tuple[int, int]], place: int, worse: int
) -> None:
    best = find_edge(PAIR, CROSS, books_from(a, b), MARKETS, terms())
    dearer = [(px + (worse if i >= place else 0), q) for i, (px, q) in enumerate(a)]
    after = find_edge(PAIR, CROSS, books_from(dearer, b), MARKETS, terms())

    assert best is not None
    assert after is not None
    assert after.profit <= best.profit
    assert after.top_net <= best.top_net


@given(st.integers(1, 99))
def test_equal_prices_on_both_venues_never_net_anything(px: int) -> None:
    found = find_edge(PAIR, CROSS, books_from([(px, 5)], [(100 - px, 5)]), MARKETS, terms())

    assert found is not None
    assert found.net <= 0
