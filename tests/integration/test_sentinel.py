"""The sentinel with real processes: what changes at the venue stops its pair in the worker."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from arbsite import local
from markets.terms.units import SECOND
from tests.site import Site, demo_site, eventually
from trading.engine.config import Snapshot
from trading.engine.events import ConfigChanged
from trading.replay.records import EventRecord
from trading.runtime.segments import Position, follow

TEXT = "A tie counts as a win."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("sentinel")
    for path in (folder, *folder.parents[:3]):
        path.chmod(path.stat().st_mode | 0o755)
    with demo_site(folder) as made:
        made.spawn("runfeeds", "--mode", "paper")
        eventually(lambda: len(made.edges()) > 3, "the worker shows edges", 90)
        yield made


def fault(site: Site, market: str, **words: Any) -> None:
    venue, _, native = market.partition(":")
    body = json.dumps({**words, "market": native}).encode()
    port = local.kept_port(site.folder, venue)
    request = urllib.request.Request(f"http://127.0.0.1:{port}/_faults", body, method="POST")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def told(site: Site, expression: str) -> Any:
    """A JSON value that a line of Django prints."""
    query = (
        f"import json; from markets.models import Relation as R; print(json.dumps({expression}))"
    )
    return json.loads(site.manage("shell", "--no-imports", "-v0", "-c", query).splitlines()[-1])


def taken(site: Site) -> list[tuple[int, Snapshot]]:
    """The configurations the engine took, with the time it did."""
    return [
        (record.event.at, record.event.snapshot)
        for _, record in follow(site.folder / "journal", Position(), 10_000_000)
        if isinstance(record, EventRecord) and isinstance(record.event, ConfigChanged)
    ]


def test_another_text_or_another_game_at_the_venue_takes_its_pair_out_of_the_running_worker(
    site: Site,
) -> None:
    shown = set(site.edges())
    game, other = sorted(s for s in shown if "-game-on-" in s)[:2]
    text = min(s for s in shown if "-game-on-" not in s)
    sides = "{r.slug: sorted({c.market_id for c in r.claims.all()}) for r in R.objects.all()}"
    markets = told(site, sides)
    fault(site, markets[text][0], kind="reword", text=TEXT)
    fault(site, markets[other][1], kind="reword", text=TEXT)
    fault(site, markets[game][0], kind="postpone", hours=30)

    said = json.loads(site.manage("discover", "--watched", "--json").splitlines()[-1])

    assert said["kalshi"]["suspended"] == sorted((text, game))
    assert said["polymarket"]["suspended"] == [other]
    gone = {text, game, other}
    eventually(lambda: not gone & set(site.edges()), "the pairs leave the worker", 10)
    assert set(site.edges()) == shown - gone
    states = told(site, "{r.slug: [r.status, r.status_reason] for r in R.objects.all()}")
    assert {states[slug][0] for slug in gone} == {"suspended"}
    assert "changed after the confirmation" in states[text][1]
    assert "put off" in states[game][1]
    assert_taken_within_two_seconds(site, gone)


def assert_taken_within_two_seconds(site: Site, gone: set[str]) -> None:
    """By the journal: the engine's own time of taking a revision, against when it was saved."""
    revisions = [
        (at, snapshot)
        for at, snapshot in taken(site)
        if "rest on" in snapshot.reason and not gone & {r.relation.id for r in snapshot.relations}
    ]
    assert revisions
    at, snapshot = revisions[0]
    assert at - snapshot.at <= 2 * SECOND
