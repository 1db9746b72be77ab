from markets.terms.fees import NONE
from markets.terms.ids import MarketId, RelationId, VenueId, venue_of
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.relations import pair
from markets.terms.units import DAY, MICRO, Ns, Px, Qty, Usd
from trading.engine.lockup import Bought, is_enough, locked, yearly

A, B = MarketId("k:A"), MarketId("p:B")
PAIR = pair(RelationId("r"), A, B, title="r")
MARKETS = {
    m: Market(m, venue_of(m), m, m, ("Yes", "No"), even_ladder(Px(10_000)), FeeSchedule(NONE, 0))
    for m in (A, B)
}
K = VenueId("k")


def bought(claim: int, cents: int, fee: int = 0) -> Bought:
    return Bought(claim, Qty(100 * MICRO), Usd(cents * MICRO), Usd(fee))


def test_across_venues_all_that_is_paid_is_locked() -> None:
    parts = [bought(0, 42, 1_000_000), bought(3, 53)]

    assert locked(PAIR, parts, MARKETS) == 96 * MICRO
    assert locked(PAIR, parts, MARKETS, netting=(K,)) == 96 * MICRO


def test_a_venue_that_nets_gives_back_what_its_claims_pay_in_any_case() -> None:
    parts = [bought(0, 42, 1_000_000), bought(1, 60)]

    assert locked(PAIR, parts, MARKETS) == 103 * MICRO
    assert locked(PAIR, parts, MARKETS, netting=(K,)) == 3 * MICRO
    assert locked(PAIR, [bought(0, 42), bought(1, 50)], MARKETS, netting=(K,)) == 0


def test_the_yearly_return_is_simple_and_rounded_down() -> None:
    now = Ns(0)

    assert yearly(1, 100, Ns(73 * DAY), now) == 50_000
    assert yearly(10, 300, Ns(365 * DAY), now) == 33_333
    assert yearly(0, 100, Ns(DAY), now) is None
    assert yearly(1, 0, Ns(DAY), now) is None
    assert yearly(1, 100, None, now) is None
    assert yearly(1, 100, now, now) is None


def test_an_edge_is_enough_by_its_net_or_by_its_yearly_return() -> None:
    assert is_enough(25_000, None, 25_000, 0)
    assert not is_enough(24_999, 10**9, 25_000, 0)
    assert is_enough(24_999, 500_000, 25_000, 500_000)
    assert not is_enough(24_999, 499_999, 25_000, 500_000)
    assert not is_enough(0, 500_000, 25_000, 500_000)
