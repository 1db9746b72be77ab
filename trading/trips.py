"""When breakers stopped trading, why, and how it ended: reads of the rows the scribe keeps."""

from __future__ import annotations

import msgspec

from markets.cursors import Page, page
from markets.moments import ns, ns_or_none
from markets.terms.units import Ns
from trading.models import BreakerTrip


class TripRow(msgspec.Struct, frozen=True):
    """One trip. `limit` and `actual` are in `unit`; `until` is null where a person must reset it.

    `released_by` is a person, or `itself`; empty while it still holds.
    """

    id: int
    book: str
    breaker: str
    seq: int
    at: Ns
    state: str
    reason: str
    limit: int
    actual: int
    unit: str
    until: Ns | None
    released_at: Ns | None
    released_by: str
    released_why: str


def trips(cursor: str | None = None, limit: int = 50, *, breaker: str = "") -> Page[TripRow]:
    """Trips, newest first, of one breaker or of all.

    Errors: `NoCursor` for a cursor that is none of ours.
    """
    rows = BreakerTrip.objects.all()
    if breaker:
        rows = rows.filter(breaker=breaker)
    return page(rows, cursor, limit, _trip)


def _trip(row: BreakerTrip) -> TripRow:
    return TripRow(
        id=row.pk,
        book=row.book,
        breaker=row.breaker,
        seq=row.seq,
        at=ns(row.at),
        state=row.state,
        reason=row.reason,
        limit=row.limit,
        actual=row.actual,
        unit=row.unit,
        until=ns_or_none(row.until),
        released_at=ns_or_none(row.released_at),
        released_by=row.released_by,
        released_why=row.released_why,
    )
