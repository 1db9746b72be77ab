from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from markets.terms.fees import KALSHI, NONE, POLYMARKET
from markets.terms.fees_other import PROFIT_SHARE
from markets.terms.ids import MarketId, RelationId, venue_of
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.relations import Relation
from markets.terms.tables import Certificate, Runner, Subject, field
from markets.terms.units import MICRO, Ns, Px, Qty, Usd
from trading.engine.book import Book, Ladders, Levels
from trading.engine.proposals import priced
from trading.solver.propose import Ask, propose

FREE = FeeSchedule(NONE, 0)
FEES = (
    FREE,
    FeeSchedule(KALSHI, 70_000),
    FeeSchedule(POLYMARKET, 50_000, precision=Usd(10)),
)


def field_of(count: int, *, sure: bool = True) -> Relation:
    runners = [Runner(str(i), (MarketId(f"v{i % 3}:{i}"),)) for i in range(count)]
    subject = Subject(RelationId("r"), "r")
    return field(subject, runners, Certificate("one wins") if sure else None)


def markets_of(
    relation: Relation, *, lot: int = 10_000, fees: bool = True
) -> dict[MarketId, Market]:
    names = list(dict.fromkeys(c.market for c in relation.claims))
    return {
        name: Market(
            name, venue_of(name), name, name, ("Yes", "No"), even_ladder(Px(10_000)),
            FEES[i % 3] if fees else FREE, lot=Qty(lot), min_size=Qty(lot),
        )
        for i, name in enumerate(names)
    }  # fmt: skip


def books_of(relation: Relation, asks: list[Levels]) -> dict[MarketId, Book]:
    names = list(dict.fromkeys(c.market for c in relation.claims))
    return {
        name: Book(name, (Ladders((), asks[2 * i]), Ladders((), asks[2 * i + 1])), Ns(1))
        for i, name in enumerate(names)
    }


def one(px: int, contracts: int) -> Levels:
    return ((Px(px * 10_000), Qty(contracts * MICRO)),)


def test_three_noes_at_64_cents_are_proposed_and_the_shortest_leg_limits() -> None:
    relation = field_of(3)
    asks = [one(99, 10), one(64, 50), one(99, 10), one(64, 20), one(99, 10), one(64, 50)]
    markets = markets_of(relation, fees=False)
    found = propose(relation, books_of(relation, asks), markets)

    assert found is not None
    assert found.amounts == ((1, 20 * MICRO), (3, 20 * MICRO), (5, 20 * MICRO))
    assert found.exact.profit == 1_600_000
    assert found.value == pytest.approx(1.6, abs=1e-6)
    assert found.limiting == 3


def test_every_yes_of_a_certified_field_is_proposed_and_of_an_open_one_not() -> None:
    asks = [one(20, 10), one(85, 10)] * 4

    for sure in (True, False):
        relation = field_of(4, sure=sure)
        found = propose(relation, books_of(relation, asks), markets_of(relation, fees=False))
        assert (found is not None) is sure
        if found is not None:
            assert [claim for claim, _ in found.amounts] == [0, 2, 4, 6]
            assert found.exact.profit == 2_000_000


def test_a_field_too_large_to_enumerate_is_solved() -> None:
    relation = field_of(40)
    asks = [one(2, 30) if i % 2 == 0 else one(99, 30) for i in range(80)]
    found = propose(relation, books_of(relation, asks), markets_of(relation, fees=False))

    assert found is not None
    assert len(found.amounts) == 40
    assert found.exact.profit == 30 * MICRO * 20 // 100


def test_nothing_is_proposed_where_nothing_is_kept() -> None:
    relation = field_of(3)

    assert propose(relation, {}, markets_of(relation)) is None
    fair = [one(34, 10), one(67, 10)] * 3
    assert propose(relation, books_of(relation, fair), markets_of(relation)) is None


def test_caps_and_whole_lots_are_kept() -> None:
    relation = field_of(3)
    asks = [one(99, 10), one(60, 50), one(99, 10), one(60, 50), one(99, 10), one(60, 50)]
    markets = markets_of(relation, lot=MICRO, fees=False)
    asked = Ask(leg_cost=Usd(10 * MICRO))
    found = propose(relation, books_of(relation, asks), markets, asked)

    assert found is not None
    assert {qty for _, qty in found.amounts} == {16 * MICRO}


cents = st.integers(20, 80)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(cents, st.integers(1, 3)), min_size=6, max_size=6))
def test_the_solver_agrees_with_trying_everything_and_with_the_exact_price(
    tops: list[tuple[int, int]],
) -> None:
    relation = field_of(3)
    markets = markets_of(relation, lot=MICRO)
    books = books_of(relation, [one(px, qty) for px, qty in tops])
    found = propose(relation, books, markets)

    best = 0
    for counts in product(*(range(qty + 1) for _, qty in tops)):
        amounts = {i: Qty(n * MICRO) for i, n in enumerate(counts) if n}
        if amounts:
            tried = priced(relation, amounts, books, markets, Px(0))
            assert tried is not None
            best = max(best, tried.smooth)
    value = 0.0 if found is None else found.value
    assert value == pytest.approx(best / MICRO, abs=2e-6)
    if found is not None:
        assert found.exact.smooth / MICRO == pytest.approx(found.value, abs=1e-6)
        assert found.exact.profit <= found.exact.smooth


def test_a_fee_at_settlement_is_counted_in_the_world_it_falls_in() -> None:
    relation = field_of(3)
    asks = [one(31, 10), one(99, 10)] * 3
    books = books_of(relation, asks)
    share = FeeSchedule(PROFIT_SHARE, 0, precision=Usd(1), settle_ppm=100_000)
    markets = {n: replace(m, fees=share) for n, m in markets_of(relation).items()}

    # 93 cents for a dollar, of which a tenth of 69 cents is kept: a little is left.
    found = propose(relation, books, markets)
    assert found is not None
    assert found.exact.profit == 10_000
    dearer = {n: replace(m, fees=replace(share, settle_ppm=110_000)) for n, m in markets.items()}
    assert propose(relation, books, dearer) is None
