"""A venue that goes away under the running worker: halted, nothing begun, back by itself."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import msgspec
import pytest

from arbsite import local
from markets.terms.units import SECOND, Ns
from tests.site import Site, demo_site, eventually
from trading.engine.intents import Halt, Intent, PlaceOrder
from trading.engine.orders import Purpose
from trading.engine.pictures import VenueTruth
from trading.replay.records import IntentsRecord
from trading.runtime.clock import SystemClock
from trading.runtime.segments import Position, follow

DROP_S = 10


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("drop")
    for path in (folder, *folder.parents[:3]):
        path.chmod(path.stat().st_mode | 0o755)
    with demo_site(folder) as made:
        made.spawn("runfeeds", "--mode", "paper")
        eventually(lambda: all_live(made), "every book is live", 90)
        yield made


def all_live(site: Site) -> bool:
    engine = site.engine()
    venues = engine.venues if engine else ()
    return bool(venues) and all(v.up and v.live_books == v.books > 0 for v in venues)


def truths(site: Site) -> dict[str, VenueTruth]:
    body: bytes | None = site.redis.get("arbsite:venues")  # type: ignore[assignment]
    found = msgspec.msgpack.decode(body, type=list[VenueTruth]) if body else []
    return {truth.venue: truth for truth in found}


def fault(site: Site, venue: str, kind: str, seconds: int = 0) -> None:
    """Ask a fake venue to misbehave."""
    port = local.kept_port(site.folder, venue)
    body = json.dumps({"kind": kind, "seconds": seconds}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/_faults", body, method="POST")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


class Told:
    """What the journal says since a moment: halts of a venue, and orders that begin a deal."""

    def __init__(self, site: Site, venue: str, since: Ns) -> None:
        self.halts: list[tuple[bool, Ns]] = []
        self.opened: list[Ns] = []
        for intent in intents(site):
            if intent.at < since:
                continue
            if isinstance(intent, Halt) and intent.scope == venue:
                self.halts.append((intent.on, intent.at))
            if isinstance(intent, PlaceOrder) and intent.request.purpose is Purpose.OPEN:
                self.opened.append(intent.at)


def intents(site: Site) -> Iterator[Intent]:
    for _, record in follow(site.folder / "journal", Position(), 10_000_000):
        if isinstance(record, IntentsRecord):
            yield from record.intents


@pytest.mark.parametrize("venue", ["kalshi", "polymarket"])
def test_a_ten_second_drop_halts_the_venue_begins_nothing_and_passes_by_itself(
    site: Site, venue: str
) -> None:
    eventually(lambda: Told(site, venue, Ns(0)).opened, "deals are begun", 90)
    since = SystemClock().now()
    fault(site, venue, "refuse", DROP_S)
    fault(site, venue, "disconnect")

    eventually(lambda: venue in truths(site), "the venue is told of", 15)
    eventually(lambda: not truths(site)[venue].up, "the venue is seen to be away", 15)
    eventually(lambda: len(Told(site, venue, since).halts) >= 2, "it goes on by itself", 60)

    told = Told(site, venue, since)
    (halted, stopped_at), (still, resumed_at) = told.halts[:2]
    assert halted
    assert not still
    assert resumed_at - stopped_at >= (DROP_S - 1) * SECOND
    assert not [at for at in told.opened if stopped_at <= at < resumed_at]
    eventually(lambda: all_live(site), "every book is live again", 60)
    eventually(
        lambda: any(at > resumed_at for at in Told(site, venue, since).opened), "deals go on", 90
    )
    assert any(text.startswith("Does not deliver") for text in notes(site, venue))
    polling = "Polling over REST: its socket is away."
    eventually(lambda: notes(site, venue)[-1] != polling, "polling is over", 15)


def test_books_are_polled_and_not_traded_while_only_the_sockets_are_away(site: Site) -> None:
    eventually(lambda: all_live(site), "every book is live", 60)
    eventually(lambda: "polymarket" in truths(site), "the venue is told of", 15)
    since = SystemClock().now()
    fault(site, "polymarket", "disconnect", DROP_S)

    eventually(lambda: truths(site)["polymarket"].polled, "its books are polled", 15)
    polled_at = SystemClock().now()
    eventually(lambda: live_books(site, "polymarket"), "polled books are shown", 10)
    eventually(lambda: all_live(site), "the stream is back", 60)

    eventually(lambda: len(Told(site, "polymarket", since).halts) >= 2, "it goes on", 30)
    told = Told(site, "polymarket", since)
    resumed_at = next(at for halted, at in told.halts if not halted)
    assert resumed_at > polled_at
    assert not [at for at in told.opened if polled_at <= at < resumed_at]
    eventually(lambda: not truths(site)["polymarket"].polled, "polling is over", 10)
    assert truths(site)["polymarket"].disagreed == 0


def notes(site: Site, venue: str) -> list[str]:
    return [text for _, text in truths(site)[venue].notes]


def live_books(site: Site, venue: str) -> int:
    engine = site.engine()
    return sum(v.live_books for v in engine.venues if v.venue == venue) if engine else 0


def test_the_venues_page_is_told_every_second_what_each_feed_is_worth(site: Site) -> None:
    def is_whole() -> bool:
        found = truths(site)
        return len(found) == 2 and all(
            is_narrow(t) and t.compared and t.age_p95_ms is not None for t in found.values()
        )

    def is_narrow(truth: VenueTruth) -> bool:
        low, high = truth.clock_low_ms, truth.clock_high_ms
        return low is not None and high is not None and high - low < 400

    eventually(is_whole, "clock, agreement and ages are measured", 120)
    for truth in truths(site).values():
        assert truth.disagreed == 0
        assert truth.clock_high_ms is not None
        assert truth.clock_low_ms is not None
        assert truth.clock_low_ms <= 0 <= truth.clock_high_ms
        assert truth.score == 100 - sum(term.lost for term in truth.terms)
        assert truth.url.startswith("ws://127.0.0.1:")
