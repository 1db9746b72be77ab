"""The parts that the venues' page is made of, and how a number becomes one of them."""

from __future__ import annotations

import msgspec

from feeds.books.minutes import Minute
from markets.terms import formats
from markets.terms.ids import VenueId
from markets.terms.units import MS, Ns
from trading.engine.pictures import EnginePicture, RelationPicture, ScoreTerm, VenueTruth


class Seen(msgspec.Struct, frozen=True):
    """Everything there is to say about venues at one moment."""

    now: int
    engine: EnginePicture | None
    truths: dict[VenueId, VenueTruth]
    relations: tuple[RelationPicture, ...]
    needed: int
    orders: dict[VenueId, int]
    windows: dict[VenueId, tuple[tuple[Ns, Ns, str], ...]]
    days: dict[VenueId, list[Minute]] = {}
    fill_times: dict[VenueId, Ns] = {}


class Cell(msgspec.Struct, frozen=True):
    """A number with its unit; `level` is empty, `warn` or `stop`."""

    text: str
    unit: str = ""
    level: str = ""
    name: str = ""


class State(msgspec.Struct, frozen=True):
    """Whether a venue may be traded: a chip, and the sentence under the row when it may not."""

    kind: str
    text: str
    icon: str = ""
    lead: str = ""
    rest: str = ""


class Cost(msgspec.Struct, frozen=True):
    """One term of the score: what was measured against what is wanted, and the points it cost."""

    text: str
    points: str


class Note(msgspec.Struct, frozen=True):
    """Something that happened to the feed."""

    at: Ns
    text: str


class Spark(msgspec.Struct, frozen=True):
    """Half an hour of message ages (p95 of each minute) as points of a 100 by 20 drawing.

    Several lines where minutes are missing; `words` says the same for who does not see it.
    """

    lines: tuple[str, ...]
    words: str


def term_level(term: ScoreTerm) -> str:
    """How bad it is: nothing, `warn` where it costs something, `stop` where it costs all it can."""
    if not term.lost:
        return ""
    return "stop" if term.lost >= term.points else "warn"


def time_cell(ms: int | None, name: str, level: str = "") -> Cell:
    """Milliseconds as `82 ms`, from a second on as an age."""
    if ms is None:
        return Cell(formats.NOTHING, name=name)
    if ms < 1000:
        return Cell(f"{ms:,}", "ms", level, name)
    return Cell(formats.age(ms * MS), "", level, name)


def percent(ppm: int) -> str:
    """`99.8`, cut: agreement is never shown better than it is."""
    return f"{ppm // 10_000}.{ppm // 1000 % 10}"


def level_of(truth: VenueTruth, key: str) -> str:
    """How bad the term of that key is; empty where there is none."""
    return next((term_level(term) for term in truth.terms if term.key == key), "")
