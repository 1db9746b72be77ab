"""Ten thousand markets at each venue, read over loopback and matched: time and memory.

Not collected by default: `python -m pytest -s tests/bench/catalogue_scale.py`. The fakes run in a
process of their own; what is measured is ours: walking, storing, finding candidates, judging,
keeping. Prints one line a stage.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from arbsite.management.commands.seed_demo import address
from feeds import discovery
from feeds import services as feeds
from markets import matcher, services
from markets.models import Market, Relation

PAIRS = 10_000
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ports() -> Iterator[dict[str, int]]:
    command = [sys.executable, "-m", "tests.bench.catalogue_server", str(PAIRS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())
        server.stdin.close()


def peak_mb() -> int:
    """The most memory this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def test_ten_thousand_markets_at_each_venue(ports: dict[str, int]) -> None:
    feeds.seed()
    for venue, port in ports.items():
        where = address(venue, f"http://127.0.0.1:{port}")
        services.set_venue(
            venue, "bench", "scale", enabled=True, ws_url=where.ws_url, **where.columns
        )
    print(f"\nbefore: peak {peak_mb()} MB")  # noqa: T201  it is what this file is for
    for name, whole in (("first", True), ("again, whole", True), ("again, changes", False)):
        for venue in ports:
            began = time.monotonic()
            diff = discovery.sync_catalogue(venue, whole=whole)
            took = time.monotonic() - began
            print(  # noqa: T201
                f"{name} {venue}: {diff.listed} listed, {diff.added} added, {diff.changed} "
                f"changed, {took:.1f} s, peak {peak_mb()} MB"
            )
    for name in ("match", "match again"):
        began = time.monotonic()
        figures = matcher.run()
        took = time.monotonic() - began
        print(  # noqa: T201
            f"{name}: {figures.sides} sides, {figures.candidates} candidates, {figures.judged} "
            f"judged, {figures.proposed} proposed, {took:.1f} s, peak {peak_mb()} MB"
        )
    assert Market.objects.count() >= 2 * PAIRS
    assert Relation.objects.exists()
