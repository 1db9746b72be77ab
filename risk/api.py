"""The API of limits, breakers and what is held by world."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from markets.api import Limit
from markets.cursors import page_of
from markets.schemas import paged, schema_of
from markets.selectors import venues
from markets.wire import tell
from risk import selectors
from risk.holdings_view import HoldingLine, account, lines
from risk.selectors import BreakerRow, LimitRow
from trading import live, trips
from trading.amounts import text_of
from trading.engine.limits import Unit

router = Router(tags=["risk"])


class LimitOut(Schema):
    """A limit: its value, bounds and shipped value as plain numbers of `unit`; `dormant` says why
    nothing reads it, empty where it acts.
    """

    key: str
    value: str
    unit: str
    low: str
    high: str
    shipped: str
    is_shipped: bool
    meaning: str
    dormant: str


LimitPage = paged(LimitOut)
BreakerPage = paged(schema_of(BreakerRow))
HoldingPage = paged(schema_of(HoldingLine, "Holding"))
TripPage = paged(schema_of(trips.TripRow, limit=str, actual=str))


@router.get("/limits", response=LimitPage)
def limits(
    request: HttpRequest, cursor: str | None = None, limit: Limit | None = None
) -> dict[str, Any]:
    """Every limit: its value, bounds and shipped value in `unit`, and what it means."""
    found = page_of(selectors.limit_rows(), lambda row: row.spec.key, cursor, limit)
    return {"items": [_limit(row) for row in found.items], "next": found.next}


def _limit(row: LimitRow) -> LimitOut:
    spec = row.spec
    return LimitOut(
        key=spec.key,
        value=text_of(row.value, spec.unit),
        unit=spec.unit,
        low=text_of(spec.low, spec.unit),
        high=text_of(spec.high, spec.unit),
        shipped=text_of(spec.default, spec.unit),
        is_shipped=row.is_default,
        meaning=spec.meaning,
        dormant=spec.dormant,
    )


@router.get("/holdings", response=HoldingPage)
def holdings(
    request: HttpRequest, cursor: str | None = None, limit: Limit | None = None, book: str = ""
) -> dict[str, Any]:
    """What is held by the facts it hangs on, with its result in every world; of `book` live or
    paper, without one of live when anything is held there.
    """
    found = page_of(lines(account(book), venues()), _name, cursor, limit)
    return {"items": [tell(row) for row in found.items], "next": found.next}


def _name(row: HoldingLine) -> str:
    return row.relation or "~".join((row.title, *(leg.name for leg in row.legs)))


@router.get("/breakers", response=BreakerPage)
def breakers(
    request: HttpRequest, cursor: str | None = None, limit: Limit | None = None
) -> dict[str, Any]:
    """Every breaker of each book as the engine last showed it: armed, tripped, or cooling."""
    pictures = live.Pictures()
    live.read(pictures)
    rows = selectors.breakers(pictures.engine)
    found = page_of(rows, lambda row: f"{row.book}/{row.name}", cursor, limit)
    return {"items": [tell(row) for row in found.items], "next": found.next}


@router.get("/breakers/trips", response=TripPage)
def breaker_trips(
    request: HttpRequest, cursor: str | None = None, limit: Limit = 50, breaker: str = ""
) -> dict[str, Any]:
    """When breakers stopped trading and why, newest first; when and by whom each was released."""
    found = trips.trips(cursor, limit, breaker=breaker)
    return {"items": [_trip(row) for row in found.items], "next": found.next}


def _trip(row: trips.TripRow) -> dict[str, Any]:
    numbers = {name: text_of(getattr(row, name), Unit(row.unit)) for name in ("limit", "actual")}
    return tell(row) | numbers
