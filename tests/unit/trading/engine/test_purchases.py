from markets.terms.fees import KALSHI, NONE, UNKNOWN
from markets.terms.fees_other import NET_WINNINGS, PROFIT_SHARE
from markets.terms.ids import MarketId, RelationId, venue_of
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.relations import TailRisk, pair
from markets.terms.units import MICRO, Px, Qty, Usd
from trading.engine.purchases import Fill, charges_later, filled, holdings, paid_in, worth

A, B = MarketId("k:A"), MarketId("p:B")
PAIR = pair(RelationId("r"), A, B, title="r", tails=(TailRisk("apart", 10_000, Px(0), Px(MICRO)),))
FREE = FeeSchedule(NONE, 0)
TENTH = FeeSchedule(PROFIT_SHARE, 0, precision=Usd(1), settle_ppm=100_000)
NETTED = FeeSchedule(NET_WINNINGS, 0, precision=Usd(1), settle_ppm=100_000)


def markets(fees: FeeSchedule) -> dict[MarketId, Market]:
    return {
        m: Market(m, venue_of(m), m, m, ("Yes", "No"), even_ladder(Px(10_000)), fees)
        for m in (A, B)
    }


def fill(claim: int, cents: int, contracts: int = 10) -> Fill:
    return filled(FREE, (claim, Px(cents * 10_000), Qty(contracts * MICRO)))


def test_a_fill_is_rounded_up_with_the_venues_own_fee() -> None:
    found = filled(FeeSchedule(KALSHI, 70_000), (0, Px(425_000), Qty(10_000)))

    assert (found.cost, found.qty) == (4_250, 10_000)
    assert found.fee >= 171
    assert found.formula <= (found.cost + found.fee) * MICRO


def test_the_least_world_and_the_expected_tail_are_counted() -> None:
    bought = [fill(0, 42), fill(3, 53)]

    # Settled apart, both legs lose 9.50 with a chance of one in a hundred.
    assert worth(PAIR, bought, 9_500_000, markets(FREE)) == (10 * MICRO, 95_000)
    assert worth(PAIR, bought[:1], 4_200_000, markets(FREE))[0] == 0


def test_a_share_of_profit_is_taken_in_the_world_that_wins() -> None:
    held = holdings([fill(0, 40), fill(3, 50)])

    assert paid_in(PAIR, held, 0, markets(TENTH)) == 10 * MICRO - 600_000
    assert paid_in(PAIR, held, 1, markets(TENTH)) == 10 * MICRO - 500_000


def test_a_venue_that_nets_a_market_takes_its_share_of_the_market() -> None:
    held = holdings([fill(0, 40), fill(1, 55)])

    assert paid_in(PAIR, held, 0, markets(TENTH)) == 10 * MICRO - 600_000
    assert paid_in(PAIR, held, 0, markets(NETTED)) == 10 * MICRO - 50_000


def test_an_unheard_of_schedule_charges_later_too() -> None:
    assert charges_later(FeeSchedule(UNKNOWN, 0))
    assert charges_later(TENTH)
    assert not charges_later(FREE)
