"""The API of venues, markets and pairs."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from markets import selectors
from markets.cursors import MOST, Page
from markets.wire import tell

router = Router(tags=["markets"])
# How many items a page has, and a row's number as PostgreSQL can hold it.
Limit = Annotated[int, Field(ge=1, le=MOST)]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]


class PageOut(Schema):
    """Up to `limit` items; ask again with `cursor=next` until `next` is null."""

    items: list[dict[str, Any]]
    next: str | None


def shown(found: Page[Any]) -> dict[str, Any]:
    """A page of structs as the API tells it."""
    return {"items": [tell(item) for item in found.items], "next": found.next}


@router.get("/venues", response=PageOut)
def venues(request: HttpRequest) -> dict[str, Any]:
    """Venues as configured."""
    return {"items": [tell(v) for v in selectors.venues()], "next": None}


@router.get("/markets", response=PageOut)
def markets(
    request: HttpRequest,
    cursor: str | None = None,
    limit: Limit = 50,
    venue: str = "",
    search: str = "",
    state: str = "",
) -> dict[str, Any]:
    """Markets as listed, newest first."""
    return shown(selectors.markets(cursor, limit, venue=venue, search=search, state=state))


@router.get("/pairs", response=PageOut)
def pairs(
    request: HttpRequest,
    cursor: str | None = None,
    limit: Limit = 50,
    status: str = "",
    search: str = "",
) -> dict[str, Any]:
    """Pairs with both markets and the payoff table, newest first."""
    return shown(selectors.pairs(cursor, limit, status=status, search=search))


@router.get("/revisions", response=PageOut)
def revisions(request: HttpRequest, cursor: str | None = None, limit: Limit = 50) -> dict[str, Any]:
    """Changes of configuration with author, reason and what changed, newest first."""
    return shown(selectors.revision_page(cursor, limit))
