"""What is held by world: sums by hand, tails apart, one market in one holding only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from markets.terms.ids import MarketId, RelationId
from markets.terms.relations import Relation, TailRisk, WorldKind, pair
from markets.terms.units import MICRO, Ns, Px, Qty, Usd
from tests.builders import market
from trading.holdings import Holding, holdings, of_venues
from trading.selectors import PositionRow

KALSHI, POLY = MarketId("kalshi:A"), MarketId("polymarket:B")
MARKETS = (market(KALSHI), market(POLY))
APART = TailRisk("settle apart", 1_000, Px(0), Px(MICRO))


def same(name: str = "a-b", *tails: TailRisk, second: MarketId = POLY) -> Relation:
    return pair(RelationId(name), KALSHI, second, title="Rain", tails=tails, category="Weather")


def row(
    name: MarketId,
    yes: int = 0,
    no: int = 0,
    yes_cost: int = 0,
    no_cost: int = 0,
    fees: int = 0,
    realised: int = 0,
) -> PositionRow:
    return PositionRow(
        name,
        "paper",
        Qty(yes * MICRO),
        Qty(no * MICRO),
        Usd(yes_cost * 10_000),
        Usd(no_cost * 10_000),
        Usd(fees * 10_000),
        Usd(realised * 10_000),
        Ns(0),
    )


def results(holding: Holding) -> dict[str, int]:
    return {world.name: world.result // 10_000 for world in holding.worlds}


def test_matched_legs_leave_the_same_in_every_decisive_world() -> None:
    rows = [row(KALSHI, yes=100, yes_cost=4_120, fees=50), row(POLY, no=100, no_cost=5_410)]
    (found,) = holdings(rows, [same("a-b", APART)], MARKETS)
    assert results(found) == {"yes": 420, "no": 420, "settle apart": 420 - 10_000}
    assert (found.open, found.cost // 10_000, found.pays // 10_000) == (0, 9_580, 10_000)
    assert found.worst // 10_000 == 420
    assert found.worst_tail // 10_000 == -9_580
    assert [(leg.market, leg.outcome, leg.px) for leg in found.legs] == [
        (KALSHI, 0, 412_000),
        (POLY, 1, 541_000),
    ]


def test_a_leg_that_is_larger_is_an_exposure_of_the_difference() -> None:
    rows = [row(KALSHI, yes=480, yes_cost=19_776), row(POLY, no=360, no_cost=19_476)]
    (found,) = holdings(rows, [same()], MARKETS)
    assert results(found) == {"yes": 8_748, "no": -3_252}
    assert found.open // 10_000 == 12_000
    assert found.worst // 10_000 == -3_252


def test_what_sales_gained_or_lost_belongs_to_the_result() -> None:
    (found,) = holdings([row(KALSHI, yes=10, yes_cost=400, fees=7, realised=-30)], [], MARKETS)
    assert results(found) == {"Yes": 1_000 - 400 - 7 - 30, "No": -437}
    assert found.cost // 10_000 == 437


def test_a_market_stands_in_the_relation_that_covers_most_and_in_no_other() -> None:
    other = MarketId("polymarket:C")
    rows = [row(KALSHI, yes=1, yes_cost=40), row(POLY, no=1, no_cost=50)]
    relations = [same("a-c", second=other), same("a-b")]
    (found,) = holdings(rows, relations, MARKETS)
    assert found.relation == "a-b"
    assert len(found.legs) == 2


def test_a_market_no_relation_speaks_of_stands_alone_and_nothing_held_is_nothing() -> None:
    found = holdings([row(POLY, no=3, no_cost=90), row(KALSHI)], [], MARKETS)
    assert [(one.relation, results(one)) for one in found] == [("", {"Yes": -90, "No": 210})]
    assert holdings([], [same()], MARKETS) == ()


def test_the_worst_holding_comes_first_and_money_lies_at_its_venues() -> None:
    rows = [row(KALSHI, yes=1, yes_cost=40), row(POLY, yes=1, yes_cost=60)]
    found = holdings(rows, [], MARKETS)
    assert [one.worst // 10_000 for one in found] == [-60, -40]
    known = {one.id: one for one in MARKETS}
    assert [of_venues(one, known) for one in found] == [
        {"polymarket": 600_000},
        {"kalshi": 400_000},
    ]


COUNT = st.integers(0, 1_000)


@given(COUNT, COUNT, COUNT, COUNT)
def test_every_contract_and_cent_is_in_exactly_one_holding(a: int, b: int, c: int, d: int) -> None:
    rows = [row(KALSHI, a, b, a * 7, b * 9), row(POLY, c, d, c * 3, d * 5)]
    found = holdings(rows, [same("a-b", APART), same("z")], MARKETS)
    assert sum(leg.qty for one in found for leg in one.legs) == (a + b + c + d) * MICRO
    assert sum(one.cost for one in found) == (a * 7 + b * 9 + c * 3 + d * 5) * 10_000
    for one in found:
        regular = [w.result for w in one.worlds if w.kind is WorldKind.DECISIVE]
        assert one.worst == min(regular)
        assert one.open == max(regular) - min(regular)
