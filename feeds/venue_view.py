"""What the venues' page shows of each venue, in ready-made words: how far to trust it, and why.

Built from what the worker says of its feeds, the engine's picture, and the configuration. A number
is underlined only where it costs its venue something; a venue that may not be traded opens itself.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from feeds.books import minutes
from feeds.venue_cells import (
    Cell,
    Cost,
    Note,
    Seen,
    Spark,
    State,
    level_of,
    percent,
    term_level,
    time_cell,
)
from feeds.venue_detail import cost, feed, held, rejects_of
from markets.selectors import VenueRow
from markets.terms import formats
from markets.terms.ids import VenueId
from markets.terms.units import DAY, SECOND, Ns
from trading.engine.pictures import (
    VenuePicture,
    VenueTruth,
)

OLD = 3 * SECOND
SILENT_S = 5
CALM = 80
NOTES = 8
SOON = 7 * DAY


class Line(msgspec.Struct, frozen=True):
    """One venue's row and what stands under it."""

    slug: VenueId
    short: str
    name: str
    mode: str
    state: State
    score: int | None
    grade: str
    cells: tuple[Cell, ...]
    spark: Spark
    day: tuple[str, ...]
    day_words: str
    to_fill: Cell
    clock: Cell
    is_old: bool
    is_open: bool
    halted: bool
    may_halt: bool
    toggle: str
    costs: tuple[Cost, ...] = ()
    needed: int = 0
    held: tuple[Cell, ...] = ()
    feed: tuple[Cell, ...] = ()
    rejects: tuple[Cell, ...] = ()
    notes: tuple[Note, ...] = ()


def venue_lines(rows: Iterable[VenueRow], seen: Seen, opened: str) -> tuple[Line, ...]:
    """One line per configured venue, in their order. `opened` names a venue, or `none` for none."""
    pictures = {p.venue: p for p in seen.engine.venues} if seen.engine else {}
    return tuple(
        _line(row, seen.truths.get(row.slug), pictures.get(row.slug), seen, opened) for row in rows
    )


def _line(
    row: VenueRow,
    truth: VenueTruth | None,
    picture: VenuePicture | None,
    seen: Seen,
    opened: str,
) -> Line:
    state = _state(row, truth, picture, seen)
    day = seen.days.get(row.slug, [])
    sick = row.enabled and bool(state.lead)
    is_open = opened == row.slug or (sick and opened != "none")
    line = Line(
        slug=row.slug,
        short=row.short,
        name=row.name,
        mode=row.mode,
        state=state,
        score=truth.score if truth else None,
        grade=_grade(truth, seen.needed),
        cells=_cells(truth),
        spark=_spark(minutes.ages(day, Ns(seen.now))),
        day=minutes.hours(day, Ns(seen.now), seen.needed, CALM),
        day_words=_day_words(minutes.hours(day, Ns(seen.now), seen.needed, CALM)),
        to_fill=_to_fill(seen.fill_times.get(row.slug)),
        clock=_clock(truth),
        is_old=_is_old(truth, seen.now),
        is_open=is_open,
        halted=bool(picture and picture.halted),
        may_halt=picture is not None,
        toggle=f"?open={'none' if is_open else row.slug}",
    )
    if truth is None or not is_open:
        return line
    return msgspec.structs.replace(
        line,
        costs=tuple(cost(term) for term in truth.terms if term.lost),
        needed=seen.needed,
        held=held(row, seen),
        feed=feed(truth, picture, seen),
        rejects=rejects_of(truth),
        notes=tuple(Note(at, text) for at, text in reversed(truth.notes[-NOTES:])),
    )


# --- may it be traded -----------------------------------------------------------------------------


def _state(
    row: VenueRow, truth: VenueTruth | None, picture: VenuePicture | None, seen: Seen
) -> State:
    if not row.enabled:
        return State("outline", "off")
    if truth is None or _is_old(truth, seen.now):
        return _unheard(truth)
    trouble = _trouble(row, truth, picture, seen)
    if trouble is not None:
        return trouble
    if truth.silent_s >= SILENT_S:
        silent = formats.age(truth.silent_s * SECOND)
        return State("waiting", f"silent {silent}", "clock")
    if row.mode == "detect":
        return State("outline", "detect only")
    return State("outline", "ready", "check")


def _unheard(truth: VenueTruth | None) -> State:
    """The worker says nothing of the venue, or nothing any more."""
    if truth is None:
        return State("waiting", "not seen", "clock")
    return State("waiting", "not heard", "clock")


def _trouble(
    row: VenueRow, truth: VenueTruth, picture: VenuePicture | None, seen: Seen
) -> State | None:
    """Why nothing is traded against the venue, the strongest reason first."""
    lead = f"No trades against {row.name}."
    if picture is not None and picture.halted:
        return State("bad", "halted", "octagon", lead, f"Halted: {_sentence(picture.halted)}")
    planned = _planned(row, seen)
    if planned:
        return State("waiting", "maintenance", "wrench", lead, planned)
    if not truth.up:
        why = _sentence(truth.down_reason) if truth.down_reason else "Its feed is down."
        return State("bad", "down", "x", lead, why)
    if truth.refused:
        return State("bad", "not trusted", "ban", lead, _sentence(truth.refused))
    if truth.polled:
        rest = f"Polled over REST: {_sentence(truth.polled)}"
        return State("waiting", "polled", "refresh-cw", lead, rest)
    if truth.score < seen.needed:
        worst = max(truth.terms, key=lambda term: term.lost)
        rest = f"Its score is {truth.score}, trading needs {seen.needed}. Most for {worst.name}."
        return State("waiting", "low score", "triangle-alert", lead, rest)
    return None


def _planned(row: VenueRow, seen: Seen) -> str:
    for starts, ends, what in seen.windows.get(row.slug, ()):
        if starts <= seen.now < ends:
            return f"Maintenance for {formats.until(ends - seen.now)} more: {_sentence(what)}"
    return ""


def _is_old(truth: VenueTruth | None, now: int) -> bool:
    return truth is not None and now - truth.at > OLD


def _sentence(text: str) -> str:
    plain = text.strip().rstrip(".")
    return f"{plain[:1].upper()}{plain[1:]}."


# --- the row --------------------------------------------------------------------------------------


def _grade(truth: VenueTruth | None, needed: int) -> str:
    if truth is None or truth.score >= CALM:
        return ""
    return "warn" if truth.score >= needed else "stop"


def _cells(truth: VenueTruth | None) -> tuple[Cell, ...]:
    if truth is None:
        return tuple(Cell(formats.NOTHING, name=name) for name in NAMES)
    level = {term.key: term_level(term) for term in truth.terms}
    agreement = truth.agreement_ppm
    return (
        time_cell(truth.age_p50_ms, NAMES[0]),
        time_cell(truth.age_p95_ms, NAMES[1], level.get("age_p95_ms", "")),
        Cell(
            formats.NOTHING if agreement is None else percent(agreement),
            "" if agreement is None else "%",
            level.get("agreement_ppm", ""),
            NAMES[2],
        ),
        Cell(formats.age(truth.silent_s * SECOND), "", level.get("silent_s", ""), NAMES[3])
        if truth.silent_s
        else Cell("0", "s", "", NAMES[3]),
        Cell(f"{truth.gaps_hour:,}", "", level.get("gaps_hour", ""), NAMES[4]),
        Cell(f"{truth.resyncs_hour:,}", "", "", NAMES[5]),
        Cell(f"{truth.rejects_hour:,}", "", level.get("rejects_hour", ""), NAMES[6]),
    )


NAMES = (
    "age p50",
    "age p95",
    "agree",
    "silent",
    "gaps/h",
    "resyncs/h",
    "rejects/h",
)
CLOCK, TO_FILL = "clock", "order to fill"


def _clock(truth: VenueTruth | None) -> Cell:
    """How far the venue's clock is certainly ahead of ours, in ms."""
    if truth is None or truth.clock_ms is None:
        return Cell(formats.NOTHING, name=CLOCK)
    level = level_of(truth, "clock_ms")
    level = {"warn": "warn", "critical": "stop", "halt": "stop"}.get(truth.clock_worry, level)
    sign = "+" if truth.clock_ms > 0 else "−" if truth.clock_ms < 0 else ""
    return Cell(f"{sign}{abs(truth.clock_ms):,}", "ms", level, CLOCK)


def _to_fill(took: Ns | None) -> Cell:
    """Half of the last day's orders were filled sooner."""
    return Cell(formats.NOTHING if took is None else formats.latency(took), name=TO_FILL)


def _day_words(marks: tuple[str, ...]) -> str:
    known, stopped = sum(map(bool, marks)), marks.count("stop")
    return f"{known} of 24 hours known, trading stopped in {stopped}, weak in {marks.count('warn')}"


def _spark(found: tuple[int | None, ...]) -> Spark:
    known = [age for age in found if age is not None]
    if not known:
        return Spark((), "no message ages in the last half hour")
    top = max(*known, 1)
    lines: list[list[str]] = [[]]
    for place, age in enumerate(found):
        if age is None:
            lines.append([])
        else:
            x, y = place * 100 // (len(found) - 1), 18 - age * 16 // top
            lines[-1].append(f"{x},{y}")
    drawn = (points * 2 if len(points) == 1 else points for points in lines if points)
    low, high = time_cell(min(known), ""), time_cell(top, "")
    words = f"message age p95 between {low.text} {low.unit} and {high.text} {high.unit}"
    return Spark(tuple(" ".join(points) for points in drawn), f"{words} in the last half hour")
