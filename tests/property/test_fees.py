"""What every fee keeps to, whatever the schedule, price, size and side."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from markets.terms import fees_kalshi, fees_other, fees_polymarket
from markets.terms.fees import (
    KALSHI,
    POLYMARKET,
    UNKNOWN,
    WORST,
    as_maker,
    fee_each,
    formula_fee,
    revision_of,
    settlement_fee,
    trade_fee,
)
from markets.terms.instruments import FeeSchedule
from markets.terms.packages import packages
from markets.terms.published import VENUES, Question, published
from markets.terms.units import MICRO, Px, Qty, Usd
from tests.builders import FIRST, SECOND_MARKET, START, book, market, relation
from trading.engine.edges import Edge, Terms, find_edge

KALSHIS = tuple(
    fees_kalshi.schedule(kind, multiplier, regime=regime, precision=precision)
    for kind in fees_kalshi.MAKER_PPM
    for multiplier in (0, MICRO // 2, MICRO)
    for regime in fees_kalshi.REGIMES
    for precision in (fees_kalshi.DIRECT, fees_kalshi.CENT)
)
POLYMARKETS = tuple(fees_polymarket.schedule(x.rate_ppm) for x in fees_polymarket.CATEGORIES)
OTHERS = tuple(x.schedule for x in fees_other.VENUES)
POOL_SEEN = next(x.schedule for x in fees_other.VENUES if x.venue == "myriad")
KNOWN = (*KALSHIS, *POLYMARKETS, *OTHERS)

schedules = st.sampled_from(KNOWN)
prices = st.integers(1, 9_999).map(lambda n: Px(n * 100))
sizes = st.integers(1, 500_000).map(lambda n: Qty(n * 10_000))
flags = st.booleans()


@example(POOL_SEEN, Px(999_900), Qty(100 * MICRO), False, False)
@given(schedules, prices, sizes, flags, flags)
def test_no_published_schedule_is_dearer_than_the_worst_case(
    schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool
) -> None:
    fee = trade_fee(schedule, px, qty, maker=maker, selling=selling)

    assert 0 <= fee <= trade_fee(WORST, px, qty, maker=maker, selling=selling)
    assert 0 <= fee_each(schedule, px) <= fee_each(WORST, px)


@given(schedules, st.integers(0, 10**9), st.integers(0, 10**9))
def test_no_published_settlement_is_dearer_than_the_worst_case(
    schedule: FeeSchedule, pays: int, cost: int
) -> None:
    fee = settlement_fee(schedule, Usd(pays), Usd(cost))

    assert 0 <= fee <= settlement_fee(WORST, Usd(pays), Usd(cost)) <= pays


@given(prices, sizes, st.text(max_size=12), st.integers(0, MICRO))
def test_an_unknown_schedule_costs_the_worst_case_and_never_nothing(
    px: Px, qty: Qty, kind: str, rate: int
) -> None:
    unheard = FeeSchedule(f"?{kind}", rate, rate, multiplier_ppm=0)

    assert trade_fee(unheard, px, qty) == trade_fee(WORST, px, qty) > 0
    assert fee_each(unheard, px) == fee_each(WORST, px) > 0
    assert settlement_fee(unheard, Usd(MICRO), Usd(px)) > 0


@given(st.sampled_from((*KALSHIS, *POLYMARKETS)), prices, sizes, flags, flags)
def test_a_fee_is_never_below_its_formula(
    schedule: FeeSchedule, px: Px, qty: Qty, maker: bool, selling: bool
) -> None:
    rate = schedule.maker_rate_ppm if maker else schedule.rate_ppm
    model = rate * schedule.multiplier_ppm * qty * px * (MICRO - px)
    fee = trade_fee(schedule, px, qty, maker=maker, selling=selling)

    assert fee * MICRO**4 >= model
    assert abs(formula_fee(schedule, px, qty, maker=maker) * MICRO**4 - model) * 2 <= MICRO**4


@given(schedules, prices)
def test_the_fee_of_one_contract_is_never_below_its_share_of_a_large_fill(
    schedule: FeeSchedule, px: Px
) -> None:
    count = 10_000_000
    fee = trade_fee(schedule, px, Qty(count * MICRO))

    assert fee_each(schedule, px) * count + 20_000 >= fee


@given(schedules, st.lists(st.tuples(prices, sizes), min_size=2, max_size=6))
def test_no_fee_depends_on_what_was_charged_before(
    schedule: FeeSchedule, fills: list[tuple[Px, Qty]]
) -> None:
    onwards = [trade_fee(schedule, px, qty) for px, qty in fills]
    backwards = [trade_fee(schedule, px, qty) for px, qty in reversed(fills)]

    assert onwards == backwards[::-1]


@given(st.sampled_from((*KALSHIS, *POLYMARKETS)), prices, sizes, st.integers(0, 70_000))
def test_a_higher_rate_is_never_cheaper(schedule: FeeSchedule, px: Px, qty: Qty, more: int) -> None:
    dearer = FeeSchedule(
        schedule.kind,
        schedule.rate_ppm + more,
        multiplier_ppm=schedule.multiplier_ppm,
        precision=schedule.precision,
        step=schedule.step,
    )

    assert trade_fee(dearer, px, qty) >= trade_fee(schedule, px, qty)
    assert fee_each(dearer, px) >= fee_each(schedule, px)


@given(st.integers(0, 70_000), st.integers(0, 70_000), st.integers(30, 50), st.integers(45, 70))
def test_more_fees_never_help_an_edge(rate: int, more: int, ask: int, bid: int) -> None:
    table = relation()
    package = packages(table)[0]
    shown = {
        FIRST: book(FIRST, asks=f"0.{ask}x100"),
        SECOND_MARKET: book(SECOND_MARKET, bids=f"0.{bid}x100"),
    }

    def best(rate: int) -> Edge:
        listed = {
            FIRST: market(FIRST, fees=FeeSchedule(KALSHI, rate)),
            SECOND_MARKET: market(
                SECOND_MARKET, fees=FeeSchedule(POLYMARKET, rate, precision=Usd(10))
            ),
        }
        found = find_edge(table, package, shown, listed, Terms(Px(0), Px(0), Usd(10**12), START))
        assert found is not None
        return found

    cheap, dear = best(rate), best(rate + more)
    assert dear.top_net <= cheap.top_net
    assert dear.profit <= cheap.profit


@given(schedules, schedules)
def test_two_schedules_share_a_name_only_when_they_are_the_same(
    one: FeeSchedule, other: FeeSchedule
) -> None:
    assert (revision_of(one) == revision_of(other)) == (one == other)


@pytest.mark.parametrize("venue", VENUES)
def test_what_no_table_knows_is_the_worst_case(venue: str) -> None:
    early = date(2000, 1, 1)
    found = published(Question(venue, day=early))

    is_priced = venue == "kalshi"
    assert (found.schedule.kind == UNKNOWN) != is_priced
    assert ("worst case" in found.regime) != is_priced


@given(schedules, prices, sizes)
def test_a_schedule_as_a_maker_sees_it_asks_what_a_maker_pays_and_never_less(
    schedule: FeeSchedule, px: Px, qty: Qty
) -> None:
    planned = trade_fee(as_maker(schedule), px, qty)
    paid = trade_fee(schedule, px, qty, maker=True)

    assert planned >= paid
    assert planned == paid or schedule.multiplier_ppm < MICRO
    assert as_maker(WORST) == WORST
