"""What stands under a venue's row: what its score costs, what is held there, how its feed does."""

from __future__ import annotations

from feeds.venue_cells import Cell, Cost, Seen, level_of, percent, time_cell
from markets.selectors import VenueRow
from markets.terms import formats
from markets.terms.units import DAY, MS, SECOND, Ns, Usd
from trading.engine.pictures import RelationPicture, ScoreTerm, VenuePicture, VenueTruth
from trading.rows import best_package, blocker

HEALTH_GATES = ("venue_health", "sharp_freshness")
SOON = 7 * DAY
TERM_NAMES = {
    "age_p95_ms": "Message age p95",
    "gaps_hour": "Gaps in an hour",
    "rejects_hour": "Rejects in an hour",
    "agreement_ppm": "Stream against REST",
    "silent_s": "Silent",
    "clock_ms": "Clock offset",
    "reconnects_hour": "Reconnects in an hour",
}


def cost(term: ScoreTerm) -> Cost:
    """A term of the score in words."""
    name = TERM_NAMES.get(term.key, term.name)
    measured = f"{_measure(term, term.actual)} against {_measure(term, term.good)}"
    return Cost(f"{name}, {measured}", f"−{term.lost}")


def _measure(term: ScoreTerm, value: int | None) -> str:
    if value is None:
        return formats.NOTHING
    if term.unit == "%":
        return f"{percent(value)}%"
    if term.unit == "ms":
        cell = time_cell(abs(value), "")
        return f"{cell.text}{cell.unit}"
    return formats.age(value * SECOND) if term.unit == "s" else f"{value:,}"


def held(row: VenueRow, seen: Seen) -> tuple[Cell, ...]:
    """What relies on the venue."""
    using = [r for r in seen.relations if any(q.venue == row.slug for q in r.quotes)]
    waiting = [r for r in using if _waits_for(r, row)]
    nets = [best.profit for r in waiting if (best := best_package(r)) is not None]
    profit = sum(max(0, usd) for usd in nets)
    return (
        Cell(f"{len(using):,}", name="Relations that use it"),
        Cell(f"{len(waiting):,}", name="Of them held back by it"),
        Cell(formats.money(Usd(profit)), name="Profit they show"),
        Cell(f"{seen.orders.get(row.slug, 0):,}", name="Open orders here"),
    )


def _waits_for(relation: RelationPicture, row: VenueRow) -> bool:
    """Whether this venue's state is what stops the relation's best package."""
    stop = blocker(best_package(relation))
    if stop is None:
        return any(q.venue == row.slug and q.state != "live" for q in relation.quotes)
    if stop.gate == "kill_switch":
        return row.name in stop.text
    return stop.gate in HEALTH_GATES and (not stop.text or row.name in stop.text)


def _raced(truth: VenueTruth) -> tuple[Cell, ...]:
    """How far raced lines agree; nothing where there is one line."""
    if truth.lines == 1:
        return ()
    second = truth.lines_agreed + truth.lines_differed
    text = f"{truth.lines_agreed:,} of {second:,}"
    return (Cell(text, name=f"Second of {truth.lines} lines, agree"),)


def feed(truth: VenueTruth, picture: VenuePicture | None, seen: Seen) -> tuple[Cell, ...]:
    """How its feed does, in numbers."""
    told = truth.compared - truth.moved
    found = [
        Cell(truth.url or formats.NOTHING, name="Host in use"),
        Cell(f"{truth.live_books:,} of {truth.markets:,}", name="Books live"),
        Cell(f"{truth.sockets:,}", name="Sockets"),
        _reconnects(truth),
        *_raced(truth),
        Cell(f"{truth.frames:,}", name="Messages"),
        Cell(f"{max(0, told) - truth.disagreed:,} of {max(0, told):,}", name="REST reads, agree"),
        Cell(f"{truth.rest_failures:,}", name="REST failures"),
        Cell(formats.age(truth.silent_total_s * SECOND), name="Silent in all"),
        Cell(formats.latency(Ns(truth.waited_ms * MS)), name="Waited for the rate limit"),
    ]
    if truth.clock_low_ms is not None and truth.clock_high_ms is not None:
        between = f"{_signed(truth.clock_low_ms)} to {_signed(truth.clock_high_ms)} ms"
        found.append(Cell(between, name="Clock ahead of ours"))
    if picture is not None and picture.cash is not None:
        found.append(Cell(formats.money(picture.cash), name="Cash"))
    coming = [w for w in seen.windows.get(truth.venue, ()) if seen.now < w[1] < seen.now + SOON]
    if coming:
        found.append(Cell(f"in {formats.until(coming[0][0] - seen.now)}", name="Next maintenance"))
    return tuple(found)


def _reconnects(truth: VenueTruth) -> Cell:
    level = level_of(truth, "reconnects_hour")
    return Cell(f"{truth.reconnects_hour:,}", "", level, "Reconnects in an hour")


def _signed(ms: int) -> str:
    return f"+{ms}" if ms > 0 else f"−{-ms}" if ms < 0 else "0"


def rejects_of(truth: VenueTruth) -> tuple[Cell, ...]:
    """Every reason for which something was not taken as it came, the most frequent first."""
    ordered = sorted(truth.rejects.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Cell(f"{count:,}", name=reason_words(reason)) for reason, count in ordered)


def reason_words(reason: str) -> str:
    """A reason as the operator reads it: `unknown market`."""
    return reason.replace("_", " ")
