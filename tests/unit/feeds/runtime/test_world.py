"""The demonstration's world and where its venues lie."""

import pytest

from feeds.runtime.world import LAYOUTS, ROUND, world
from feeds.venues import FAKES
from markets.terms.units import SECOND, Ns

NOON = Ns(1_795_176_000 * SECOND // ROUND * ROUND)


def test_a_restart_within_six_hours_lists_the_same_markets() -> None:
    first = world(NOON, pairs=3)

    assert world(Ns(NOON + ROUND - 1), pairs=3).listed == first.listed
    assert world(Ns(NOON + ROUND), pairs=3).listed != first.listed


def test_every_market_is_open_long_after_the_round_hour() -> None:
    latest = NOON + ROUND

    assert all(one.open_at < NOON and one.close_at > latest for one in world(NOON).listed)


def test_every_fake_has_its_layout() -> None:
    assert sorted(LAYOUTS) == sorted(FAKES)


@pytest.mark.parametrize("venue", sorted(LAYOUTS))
def test_hosts_that_share_a_port_are_told_apart_by_their_prefix(venue: str) -> None:
    layout = LAYOUTS[venue]

    assert layout.ws_url(7).startswith("ws://127.0.0.1:7/")
    if len(layout.paths) > 1:
        assert {f"/{prefix}": host for prefix, host in layout.prefixes.items()} == {
            path: name for name, path in layout.paths.items()
        }
