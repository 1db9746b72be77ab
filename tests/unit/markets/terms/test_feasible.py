"""Equal shares that two venues both take."""

from hypothesis import given
from hypothesis import strategies as st

from markets.terms.feasible import FeasiblePair, Room, feasible_pair, limits, step_at
from markets.terms.fees_polymarket import schedule
from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import Market, even_ladder
from markets.terms.units import MICRO, Px, Qty, Usd

CENT = 10_000


def market(
    *, tick: int = CENT, lot: int = CENT, least: int = CENT, dollar: int = 0, step: int = 0
) -> Market:
    return Market(
        id=MarketId("x:A"),
        venue=VenueId("x"),
        native="A",
        title="",
        outcomes=("Yes", "No"),
        ticks=even_ladder(Px(tick)),
        fees=schedule(0),
        lot=Qty(lot),
        min_size=Qty(least),
        min_notional=Usd(dollar),
        money_step=Usd(step),
    )


def room(listed: Market, low: int, high: int | None = None) -> Room:
    return Room(listed, Px(low), Px(low if high is None else high))


def test_lots_of_both_venues_are_kept_and_what_is_lost_is_counted() -> None:
    whole = market(lot=MICRO)
    found = feasible_pair(room(whole, 440_000), room(market(), 510_000), Qty(10_370_000))

    assert found == FeasiblePair(Qty(10 * MICRO), (Px(440_000), Px(510_000)), Qty(370_000))


def test_a_limit_a_step_higher_may_allow_shares_that_the_lower_one_does_not() -> None:
    # At 43 cents whole cents need whole shares; at 44 a quarter of a share will do.
    cents = market(step=CENT)
    assert step_at(cents, Px(430_000)) == MICRO
    assert step_at(cents, Px(440_000)) == 250_000
    tight = feasible_pair(room(cents, 430_000), room(market(), 500_000), Qty(7_800_000))
    loose = feasible_pair(room(cents, 430_000, 440_000), room(market(), 500_000), Qty(7_800_000))

    assert tight is not None
    assert tight.lost == 800_000
    assert loose == FeasiblePair(Qty(7_750_000), (Px(440_000), Px(500_000)), Qty(50_000))


def test_of_equal_sizes_the_cheaper_limits_are_taken() -> None:
    found = feasible_pair(
        room(market(), 400_000, 450_000), room(market(), 500_000, 520_000), Qty(MICRO)
    )

    assert found is not None
    assert found.limits == (400_000, 500_000)


def test_the_smallest_orders_of_both_venues_are_kept() -> None:
    five = market(least=5 * MICRO, dollar=MICRO)

    assert feasible_pair(room(five, 440_000), room(market(), 500_000), Qty(4 * MICRO)) is None
    assert feasible_pair(room(five, 100_000), room(market(), 500_000), Qty(9 * MICRO)) is None
    assert feasible_pair(room(market(), 500_000), room(five, 440_000), Qty(4 * MICRO)) is None
    assert feasible_pair(room(five, 440_000), room(market(), 500_000), Qty(0)) is None


def test_limits_are_legal_within_the_room_and_not_too_many() -> None:
    assert limits(room(market(), 425_000, 450_000)) == [430_000, 440_000, 450_000]
    assert limits(room(market(), 991_000, 999_000)) == []
    assert len(limits(room(market(tick=100), 100_000, 900_000))) == 32


@given(
    wanted=st.integers(0, 20 * MICRO),
    steps=st.tuples(st.sampled_from((0, CENT)), st.sampled_from((0, CENT))),
    lots=st.tuples(st.sampled_from((CENT, MICRO)), st.sampled_from((CENT, MICRO))),
    low=st.tuples(st.integers(30, 60), st.integers(30, 60)),
)
def test_nothing_that_both_venues_take_is_larger(
    wanted: int, steps: tuple[int, int], lots: tuple[int, int], low: tuple[int, int]
) -> None:
    both = [
        room(market(lot=lot, step=step), px * CENT, (px + 2) * CENT)
        for lot, step, px in zip(lots, steps, low, strict=True)
    ]
    found = feasible_pair(both[0], both[1], Qty(wanted))

    def takes(size: int) -> bool:
        return all(
            size % r.market.lot == 0
            and any(
                not r.market.money_step or px * size % (r.market.money_step * MICRO) == 0
                for px in limits(r)
            )
            for r in both
        )

    size = found.size if found else 0
    assert takes(size)
    larger = range(wanted // CENT * CENT, size, -CENT)
    assert not any(takes(candidate) for candidate in larger)
