"""The API of limits."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from markets.api import Limit
from markets.cursors import page_of
from markets.schemas import paged
from risk import selectors
from risk.selectors import LimitRow
from trading.amounts import text_of

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
