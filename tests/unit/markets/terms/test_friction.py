from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from markets.terms.friction import (
    FrictionPack,
    VenueFriction,
    at_venue,
    friction_each,
    hash_of,
    revision,
)
from markets.terms.ids import VenueId
from markets.terms.units import Px, Usd

CHAIN = VenueId("polymarket")
BROKER = VenueId("kalshi")
PACK = FrictionPack("chain", CHAIN, 1, Usd(20_000), bridge=Px(300), withdrawal=Px(200))
EVERYWHERE = FrictionPack("money", VenueId(""), 1, fx=Px(1_000))
amounts = st.integers(0, 100_000)


def test_a_venue_has_its_own_packs_and_those_for_every_venue() -> None:
    both = (PACK, EVERYWHERE)

    assert at_venue(both, CHAIN) == VenueFriction(Px(1_500), Usd(20_000))
    assert at_venue(both, BROKER) == VenueFriction(Px(1_000), Usd(0))
    assert at_venue((), CHAIN) == VenueFriction()


def test_a_dollar_passes_through_the_dearest_venue_only() -> None:
    legs = (VenueFriction(Px(1_500)), VenueFriction(Px(1_000)))

    assert friction_each(legs, Usd(5_000_000), Px(500)) == 1_500


def test_the_general_setting_is_the_floor() -> None:
    assert friction_each((VenueFriction(Px(100)),), Usd(5_000_000), Px(500)) == 500
    assert friction_each((), Usd(5_000_000), Px(500)) == 500


def test_gas_is_spread_over_the_smallest_deal_and_rounded_up() -> None:
    legs = (VenueFriction(gas=Usd(20_000)), VenueFriction(gas=Usd(1)))

    assert friction_each(legs, Usd(5_000_000), Px(500)) == 4_001
    assert friction_each(legs, Usd(0), Px(500)) == 20_001


def test_any_change_of_a_pack_or_of_the_floor_is_another_revision() -> None:
    before = revision((PACK, EVERYWHERE), Px(500))

    assert before == revision((EVERYWHERE, PACK), Px(500))
    for after in (replace(PACK, fx=Px(1)), replace(PACK, version=2), replace(PACK, venue=BROKER)):
        assert hash_of(after) != hash_of(PACK)
        assert revision((after, EVERYWHERE), Px(500)) != before
    assert revision((PACK, EVERYWHERE), Px(501)) != before
    assert revision((PACK,), Px(500)) != before


@given(amounts, amounts, amounts, st.integers(0, 10**7))
def test_more_friction_never_costs_less(each: int, gas: int, more: int, least: int) -> None:
    def cost(each: int, gas: int) -> int:
        return friction_each((VenueFriction(Px(each), Usd(gas)),), Usd(least), Px(500))

    assert cost(each, gas) >= max(500, each)
    assert cost(each + more, gas) >= cost(each, gas)
    assert cost(each, gas + more) >= cost(each, gas)
