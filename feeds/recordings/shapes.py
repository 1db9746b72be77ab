"""Recordings that are not lines of frames, made into such lines.

A JSON document is a list of frames, or of objects that hold one. A table of level changes, and
lines of books or trades of one token each, are written as the frames that would have said the same.
A token recorded in a file of its own is named by the file: `x_books_up` and `x_books_down` are the
two outcomes of market `x`, at the venue's own time. Errors: `BadShape` when it is none of these. No
file is opened here.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from feeds.recordings.lines import BadLine, Header, Line, Terms, decode_line
from markets.terms.units import MS, Ns

Entry = Header | Terms | Line | BadLine

COLUMNS = frozenset(("asset_id", "market", "timestamp", "changes"))
KINDS = ("_books_", "_trades_")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_json = msgspec.json.Encoder()


class BadShape(ValueError):
    """Not a recording in any shape we read; the text says why."""


class _Sample(msgspec.Struct):
    timestamp: str
    local_timestamp: str
    bids: list[msgspec.Raw] | None = None
    asks: list[msgspec.Raw] | None = None
    price: str | None = None
    size: str | None = None
    side: str | None = None


_samples = msgspec.json.Decoder(_Sample)


def document(text: bytes) -> Iterator[Entry]:
    """The frames of a JSON document. Errors: `BadShape`."""
    try:
        whole = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as problem:
        raise BadShape(f"not JSON: {problem}") from problem
    lists = [one for one in whole.values() if isinstance(one, list)] if _is_map(whole) else [whole]
    if len(lists) != 1 or not isinstance(lists[0], list):
        raise BadShape("a JSON document with frames holds one list of them")
    for number, one in enumerate(lists[0], start=1):
        frame = one["payload"] if _is_map(one) and "payload" in one else one
        if _is_map(frame) and "cmd" in frame:
            yield Line(Ns(number), "out", _json.encode(frame).decode(), stamped=False)
            continue
        said = decode_line(_json.encode(frame), number)
        if said is not None:
            yield said


def table(rows: Iterable[str]) -> Iterator[Entry]:
    """The changes of a table, one message a row. Errors: `BadShape` without the columns for it."""
    reader = csv.DictReader(rows)
    if not set(reader.fieldnames or ()) >= COLUMNS:
        raise BadShape("a table of changes has the columns " + ", ".join(sorted(COLUMNS)))
    for number, row in enumerate(reader, start=2):
        at = _ns(row["timestamp"])
        try:
            changes = msgspec.Raw(_json.encode(msgspec.json.decode(row["changes"] or "")))
        except msgspec.DecodeError:
            changes = None
        if at is None or changes is None:
            yield BadLine(number, "no time or no changes")
            continue
        frame = {
            "event_type": "price_change",
            "market": row["market"],
            "asset_id": row["asset_id"],
            "timestamp": str(at // MS),
            "hash": row.get("hash") or "",
            "changes": changes,
        }
        yield Line(at, "in", _json.encode(frame).decode())


def is_sample(raw: bytes, name: str) -> bool:
    """Whether a line is a book or trade of the token its file is named after."""
    return any(kind in name for kind in KINDS) and _sample(raw) is not None


def sampled(raw: bytes, name: str, number: int) -> Line | BadLine:
    """One such line as the frame that says the same."""
    sample = _sample(raw)
    kind = next(kind for kind in KINDS if kind in name)
    market, _, outcome = name.partition(kind)
    if sample is None or not sample.timestamp.isdigit():
        return BadLine(number, "neither a book nor a trade with its time")
    frame: dict[str, object] = {
        "market": market,
        "asset_id": f"{market}_{outcome.partition('.')[0]}",
        "timestamp": sample.timestamp,
    }
    if sample.bids is not None and sample.asks is not None:
        frame |= {"event_type": "book", "bids": sample.bids, "asks": sample.asks}
    else:
        frame |= {
            "event_type": "last_trade_price",
            "price": sample.price,
            "size": sample.size,
            "side": (sample.side or "").upper(),
        }
    return Line(Ns(int(sample.timestamp) * MS), "in", _json.encode(frame).decode())


def _sample(raw: bytes) -> _Sample | None:
    try:
        return _samples.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def _is_map(one: object) -> bool:
    return isinstance(one, dict)


def _ns(text: str) -> Ns | None:
    """Nanoseconds of a time such as `2025-01-25 18:15:47.925 +0100`."""
    try:
        moment = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return Ns((moment - _EPOCH) // timedelta(microseconds=1) * 1_000)
