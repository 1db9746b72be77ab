"""What the adapter declares."""

from feeds.venues import ADAPTERS, FAKES, find
from feeds.venues.polymarket.adapter import PolymarketAdapter
from feeds.venues.polymarket.fake import PolymarketFake
from tests.unit.feeds.venues.polymarket.scene import START


def test_the_registry_finds_both_sides_of_the_venue() -> None:
    assert find(ADAPTERS, "polymarket") is PolymarketAdapter
    assert find(FAKES, "polymarket") is PolymarketFake


def test_a_market_is_named_after_its_condition() -> None:
    assert PolymarketAdapter().market_of("0xab") == "polymarket:0xab"


def test_the_handshake_names_a_user_agent_of_our_own() -> None:
    assert PolymarketAdapter().handshake(START) == (("User-Agent", "arbsite/0.1"),)


def test_two_tokens_a_market_keep_a_socket_within_four_hundred() -> None:
    assert PolymarketAdapter().capabilities.max_markets_per_socket == 200
