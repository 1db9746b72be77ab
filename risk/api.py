"""The API of limits."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from markets.api import PageOut
from risk import selectors
from risk.selectors import LimitRow
from trading.amounts import text_of

router = Router(tags=["risk"])


@router.get("/limits", response=PageOut)
def limits(request: HttpRequest) -> dict[str, Any]:
    """Every limit: its value, bounds and shipped value in `unit`, and what it means."""
    return {"items": [_limit(row) for row in selectors.limit_rows()], "next": None}


def _limit(row: LimitRow) -> dict[str, Any]:
    spec = row.spec
    return {
        "key": spec.key,
        "value": text_of(row.value, spec.unit),
        "unit": spec.unit,
        "low": text_of(spec.low, spec.unit),
        "high": text_of(spec.high, spec.unit),
        "shipped": text_of(spec.default, spec.unit),
        "is_shipped": row.is_default,
        "meaning": spec.meaning,
    }
