"""Discovery over loopback from the fake venues: the same command twice, a venue that is away."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from arbsite.management.commands.seed_demo import address
from feeds import discovery
from feeds import services as feeds
from feeds.runtime.fakeserver import FakeServer, fault_asked
from feeds.runtime.world import LAYOUTS, ROUND
from feeds.sim.scenario import Scenario
from feeds.tasks import sync_catalogue
from feeds.venues import FAKES, find
from feeds.venues.polymarket import catalogue as polymarket
from markets import runs, selectors, services
from markets.models import Market, RuleText, SyncRun
from markets.terms.units import Ns
from risk import services as risk
from tests.listings import listing
from trading.runtime.clock import SystemClock

pytestmark = pytest.mark.django_db(transaction=True)
SCENARIO = Scenario(7, 4, Ns(SystemClock().now() // ROUND * ROUND))


class Venues:
    """Both fakes, served by a thread of their own."""

    def __init__(self) -> None:
        self.servers: dict[str, FakeServer] = {}
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.do(self._start())

    def do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    async def _start(self) -> None:
        for venue, layout in LAYOUTS.items():
            fake = find(FAKES, venue)(SCENARIO.listed)
            server = FakeServer(fake, SystemClock(), prefixes=layout.prefixes)
            await server.start()
            self.servers[venue] = server

    async def _stop(self) -> None:
        for server in self.servers.values():
            await server.stop()

    def stop(self) -> None:
        self.do(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        self.loop.close()


@pytest.fixture
def venues() -> Iterator[Venues]:
    feeds.seed()
    running = Venues()
    for venue, server in running.servers.items():
        where = address(venue, f"http://127.0.0.1:{server.port}")
        services.set_venue(
            venue, "alice", "the fakes", enabled=True, ws_url=where.ws_url, **where.columns
        )
    yield running
    running.stop()


def discover(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("discover", "--json", *words, stdout=out, stderr=StringIO())
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


@pytest.mark.usefixtures("venues")
def test_every_listed_market_is_stored_with_its_rules_and_a_second_run_changes_nothing() -> None:
    first = discover()
    again = discover("--whole")

    listed = {v: sum(m.venue == v for m in SCENARIO.listed) for v in LAYOUTS}
    assert {v: c["added"] for v, c in first.items()} == listed
    assert {v: (c["added"], c["changed"], c["unchanged"]) for v, c in again.items()} == {
        v: (0, 0, count) for v, count in listed.items()
    }
    assert Market.objects.count() == RuleText.objects.count() == len(SCENARIO.listed)
    assert not Market.objects.filter(rules="").exists()


@pytest.mark.usefixtures("venues")
def test_one_venue_can_be_named() -> None:
    assert list(discover("kalshi")) == ["kalshi"]
    assert set(Market.objects.values_list("venue_id", flat=True)) == {"kalshi"}


@pytest.mark.usefixtures("venues")
def test_the_periodic_job_does_the_same_and_passes_over_a_disabled_venue() -> None:
    assert sync_catalogue("kalshi")["added"] > 0
    assert sync_catalogue("kalshi") == {}, "it is younger than discovery_ttl_ms"
    assert sync_catalogue("kalshi", at_once=True)["added"] == 0
    risk.set_limits({"discovery_ttl_ms": 60_000}, "ann", "often")
    SyncRun.objects.update(started_at=timezone.now() - timedelta(seconds=61))
    assert sync_catalogue("kalshi")["added"] == 0
    services.set_venue("polymarket", "alice", "away", enabled=False)
    assert sync_catalogue("polymarket") == {}


def test_a_venue_that_is_away_is_a_sentence_and_exit_code_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discovery, "WAIT_S", 0.0)
    feeds.seed()
    services.set_venue("kalshi", "alice", "try", enabled=True, rest_url="http://127.0.0.1:1")
    err = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("discover", stdout=StringIO(), stderr=err)
    assert ended.value.code == 1
    assert "kalshi: kalshi cannot be reached" in err.getvalue()
    assert selectors.pairs_waiting() == 0


def test_without_an_enabled_venue_there_is_nothing_to_do() -> None:
    feeds.seed()
    with pytest.raises(SystemExit) as ended:
        call_command("discover", stdout=StringIO(), stderr=StringIO())
    assert ended.value.code == 3


def test_an_unknown_venue_is_bad_input() -> None:
    feeds.seed()
    with pytest.raises(CommandError, match="no venue 'nowhere'; there are kalshi, polymarket"):
        call_command("discover", "nowhere", stdout=StringIO(), stderr=StringIO())


def ended(run_of: str) -> SyncRun:
    return SyncRun.objects.filter(venue_id=run_of).latest("pk")


@pytest.mark.usefixtures("venues")
def test_a_killed_walk_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(run: runs.RunRow) -> None:
        if run.pages == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(polymarket, "PAGE", 3)
    with pytest.raises(KeyboardInterrupt):
        discovery.sync_catalogue("polymarket", told=killed)
    SyncRun.objects.update(beat_at=timezone.now() - runs.SILENT)
    met = Market.objects.count()
    assert 0 < met < sum(m.venue == "polymarket" for m in SCENARIO.listed)

    found = discovery.sync_catalogue("polymarket")

    run = ended("polymarket")
    assert (run.state, run.resumed, run.cursor) == ("done", 1, None)
    assert found.listed == found.added == Market.objects.count()
    assert found.listed == sum(m.venue == "polymarket" for m in SCENARIO.listed)
    assert found.gone == 0


@pytest.mark.usefixtures("venues")
def test_two_processes_never_walk_one_venue_at_once() -> None:
    runs.begin("kalshi", whole=True, whole_every=timedelta(hours=1))
    with pytest.raises(ValidationError, match="is being read already"):
        discovery.sync_catalogue("kalshi")


def test_after_a_whole_walk_kalshi_is_asked_only_for_what_changed(venues: Venues) -> None:
    discover("kalshi")
    native = next(m.native for m in SCENARIO.listed if m.venue == "kalshi" and m.starts_at)
    venues.servers["kalshi"].fault(
        fault_asked({"kind": "reword", "market": native, "text": "Overtime counts."})
    )
    diff = discovery.sync_catalogue("kalshi")

    assert ended("kalshi").since is not None
    assert (diff.listed < len(SCENARIO.listed) // 2, diff.changed, diff.rules_changed) == (
        True,
        1,
        1,
    )
    assert Market.objects.get(native=native).rules.endswith("Overtime counts.")


def test_a_game_that_is_put_off_is_counted_and_its_confirmed_pair_suspended(
    venues: Venues,
) -> None:
    discover()
    listed = next(m for m in SCENARIO.listed if m.venue == "kalshi" and m.starts_at and m.twin)
    pair = services.propose_pair(
        services.PairFacts(f"kalshi:{listed.native}", f"polymarket:{listed.twin}"), "alice"
    )
    services.confirm_pair(pair.slug, [0, 1], "alice", "the same game", ["all"])
    venues.servers["kalshi"].fault(
        fault_asked({"kind": "postpone", "market": listed.native, "hours": 26})
    )
    diff = discovery.sync_catalogue("kalshi")

    assert diff.postponed == 1
    pair.refresh_from_db()
    assert (pair.status, "put off" in pair.status_reason) == ("suspended", True)


@pytest.mark.usefixtures("venues")
def test_what_a_whole_walk_no_longer_meets_is_gone_and_comes_back_when_listed_again() -> None:
    discover("kalshi")
    services.apply_catalogue("kalshi", [listing("kalshi", "GONE")])
    diff = discovery.sync_catalogue("kalshi", whole=True)

    assert (diff.gone, diff.added) == (1, 0)
    gone = Market.objects.get(market_id="kalshi:GONE")
    assert (gone.state, gone.terms["state"], gone.gone_at is not None) == ("paused", "paused", True)

    assert services.apply_catalogue("kalshi", [listing("kalshi", "GONE")]).changed == 1
    again = Market.objects.get(market_id="kalshi:GONE")
    assert (again.state, again.gone_at) == ("open", None)
