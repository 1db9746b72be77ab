"""Mid prices of markets out of the journal, for what is measured over the last minutes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from markets.terms.ids import MarketId
from markets.terms.units import Ns
from trading.engine.events import BookChanged
from trading.replay.records import Checkpoint, EventRecord
from trading.runtime.segments import read_segment, segments


def mids_since(
    directory: Path, since: Ns, wanted: Iterable[MarketId]
) -> tuple[dict[MarketId, list[tuple[Ns, int]]], Ns]:
    """Mids of the first outcome of these markets, oldest first, twice the price so that a half
    stays whole; and the time of the journal's last event, 0 without one.

    Errors: `CorruptJournal`.
    """
    found: dict[MarketId, list[tuple[Ns, int]]] = {market: [] for market in wanted}
    last = Ns(0)
    for path in _from(segments(directory) if directory.is_dir() else [], since):
        for _, record in read_segment(path):
            if not isinstance(record, EventRecord):
                continue
            last = record.event.at
            if isinstance(record.event, BookChanged) and record.event.book.market in found:
                sides = record.event.book.ladders[0]
                if sides.bids and sides.asks:
                    mid = sides.bids[0][0] + sides.asks[0][0]
                    found[record.event.book.market].append((last, mid))
    return found, last


def _from(paths: list[Path], since: Ns) -> list[Path]:
    """The segments that reach to `since` or beyond: a segment ends where the next begins."""
    begins = [_begin(path) for path in paths]
    first = max((n for n, at in enumerate(begins) if at <= since), default=0)
    return paths[first:]


def _begin(path: Path) -> Ns:
    for _, record in read_segment(path):
        if isinstance(record, Checkpoint):
            return record.at
    return Ns(0)
