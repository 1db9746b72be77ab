"""Ten thousand real markets at each venue, matched: time and memory of the whole job.

Not collected by default: `python -m pytest -s tests/bench/catalogue_real.py`. The listings are the
venues' own texts from `../shared/data` (labelled pairs, then market files); where there are fewer
than wanted, copies stand with every year moved on. `ARBSITE_BENCH_MARKETS` takes another number.
Prints one line a stage; skips, and says so, where the data is not there.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from markets import bundles, matcher, services
from markets.discovery.catalog import Details, Listing
from markets.matching.sides import Side, kalshi_side, polymarket_side
from markets.models import MatchCandidate, Relation
from markets.terms.ids import VenueId, market_id
from markets.terms.instruments import FeeSchedule, Market, MarketState, even_ladder
from markets.terms.units import Ns, Px
from tests import listings

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
WANTED = int(os.environ.get("ARBSITE_BENCH_MARKETS", "10000"))
PAGE = 1_000
YEAR = re.compile(r"\b20[2-3]\d\b")
pytestmark = pytest.mark.django_db(transaction=True)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    opened: Any = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _kalshi() -> Iterator[Side]:
    for record in _lines(SHARED / "pairs" / "labelled.jsonl"):
        yield kalshi_side(record["kalshi"])
    for name in ("kalshi_markets_2026-03", "kalshi_sports_markets_raw_2026-07"):
        for record in _lines(SHARED / "metadata" / f"{name}.jsonl.gz"):
            yield kalshi_side(record)
    for event in _lines(SHARED / "metadata" / "kalshi_events_2026-02-26.jsonl.gz"):
        for record in event["markets"]:
            yield kalshi_side({**record, "event_title": event["title"]})


def _polymarket() -> Iterator[Side]:
    for record in _lines(SHARED / "pairs" / "labelled.jsonl"):
        side = polymarket_side(record["polymarket"])
        yield msgspec.structs.replace(side, venue="polymarket")
    for record in _lines(SHARED / "metadata" / "polymarket_gamma_markets_2026-03-11.jsonl.gz"):
        yield _gamma(record, (record.get("events") or [{}])[0])
    for event in _lines(SHARED / "metadata" / "polymarket_gamma_events_nba_2026-01.jsonl.gz"):
        for record in event["markets"]:
            yield _gamma(record, event)
    for event in _lines(SHARED / "metadata" / "polymarket_events_2026-02-26.jsonl.gz"):
        for record in event["markets"]:
            described = {"description": event["description"], **record}
            yield polymarket_side({**described, "event_title": event["title"]})


def _gamma(record: dict[str, Any], event: dict[str, Any]) -> Side:
    return polymarket_side(
        {
            "condition_id": record["conditionId"],
            "slug": record["slug"],
            "question": record["question"],
            "description": record.get("description", ""),
            "outcomes": record.get("outcomes"),
            "end_date": record.get("endDate", ""),
            "resolution_source": record.get("resolutionSource", ""),
            "group_item_title": record.get("groupItemTitle", ""),
            "event_title": event.get("title", ""),
            "event_slug": event.get("slug", ""),
            "neg_risk": record.get("negRisk", False),
        }
    )


def wanted(read: Callable[[], Iterator[Side]], count: int) -> list[Side]:
    """So many different markets: the real ones first, then their copies of later years."""
    real: dict[str, Side] = {}
    for side in read():
        if side.id:
            real.setdefault(side.id, side)
    found = list(real.values())[:count]
    shift = 1
    while len(found) < count:
        found += [_later(side, shift) for side in real.values()][: count - len(found)]
        shift += 1
    return found


def _later(side: Side, years: int) -> Side:
    moved = {
        name: YEAR.sub(lambda m: str(int(m.group(0)) + years), getattr(side, name))
        for name in ("title", "event_title", "label", "rules", "more_rules")
    }
    return msgspec.structs.replace(
        side, id=f"{side.id}-Y{years}", event=f"{side.event}-Y{years}", **moved
    )


def _listing(venue: str, side: Side) -> Listing:
    slug, outcomes = VenueId(venue), side.outcomes if len(side.outcomes) == 2 else ("Yes", "No")
    rules = side.rules + ("\n" + side.more_rules if side.more_rules else "")
    return Listing(
        market=Market(
            id=market_id(slug, side.id), venue=slug, native=side.id, title=side.title[:500],
            outcomes=outcomes, ticks=even_ladder(Px(10_000)),
            fees=FeeSchedule(kind="kalshi", rate_ppm=70_000), state=MarketState.OPEN,
            close_at=Ns(1_900_000_000_000_000_000), payout_at=Ns(1_900_086_400_000_000_000),
            category="Bench", neg_risk=side.neg_risk,
        ),
        event=side.event[:200] or "none", event_title=side.event_title, rules=rules,
        resolution_source=side.source,
        details=Details(
            label=side.label, slug=side.slug, main_rules=len(side.rules) if side.more_rules else 0
        ),
    )  # fmt: skip


def peak_mb() -> int:
    """The most memory this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


class _Stage:
    """A stage's time: on the clock, and of this process on a processor."""

    def __init__(self) -> None:
        self._clock, self._own = time.monotonic(), time.process_time()

    def say(self, what: str) -> None:
        """One line, with the most memory this process ever held and the load of the machine."""
        took, own = time.monotonic() - self._clock, time.process_time() - self._own
        load = os.getloadavg()[0]
        print(  # noqa: T201  it is what this file is for
            f"{what}: {took:.1f} s, {own:.1f} s of a processor, peak {peak_mb()} MB, "
            f"load {load:.1f}"
        )


def _store(venue: str, read: Callable[[], Iterator[Side]]) -> None:
    stage = _Stage()
    found = [_listing(venue, side) for side in wanted(read, WANTED)]
    for start in range(0, len(found), PAGE):
        services.apply_catalogue(venue, found[start : start + PAGE])
    stage.say(f"\n{venue}: {len(found)} stored")


def test_ten_thousand_real_markets_at_each_venue() -> None:
    if not (SHARED / "pairs" / "labelled.jsonl").exists():
        pytest.skip(f"no market files under {SHARED}")
    listings.two_venues()
    for venue, read in (("kalshi", _kalshi), ("polymarket", _polymarket)):
        _store(venue, read)
    for name in ("match", "match again"):
        stage = _Stage()
        figures = matcher.run()
        stage.say(
            f"{name}: {figures.sides} sides, {figures.candidates} candidates, {figures.judged} "
            f"judged, {figures.proposed} proposed, {figures.auto} auto, {figures.rejected} refused"
        )
    stage = _Stage()
    stage.say(f"bundles: {bundles.find_bundles()}")
    assert Relation.objects.filter(kind="pair").exists()
    assert MatchCandidate.objects.exists()
