"""The API of venues, markets, pairs and revisions."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from markets import selectors
from markets.cursors import MOST, Page, page_of
from markets.schemas import Kept, paged, schema_of
from markets.selectors import MarketRow, RelationRow, RevisionRow, VenueRow
from markets.wire import tell

router = Router(tags=["markets"])
# How many items a page has, and a row's number as PostgreSQL can hold it.
Limit = Annotated[int, Field(ge=1, le=MOST)]
Number = Annotated[int, Field(ge=1, le=2**63 - 1)]


class ChangeOut(Schema):
    """One changed value of a revision; `object` is the sort of thing and `key` names it."""

    object: str
    key: str
    field: str
    before: Kept
    after: Kept


VenuePage = paged(schema_of(VenueRow))
MarketPage = paged(schema_of(MarketRow))
PairPage = paged(schema_of(RelationRow, name="Pair"))
RevisionPage = paged(schema_of(RevisionRow, changes=list[ChangeOut]))


def shown(found: Page[Any]) -> dict[str, Any]:
    """A page of structs as the API tells it."""
    return {"items": [tell(item) for item in found.items], "next": found.next}


@router.get("/venues", response=VenuePage)
def venues(
    request: HttpRequest, cursor: str | None = None, limit: Limit | None = None
) -> dict[str, Any]:
    """Venues as configured; all of them without a `limit`."""
    return shown(page_of(selectors.venues(), lambda v: v.slug, cursor, limit))


@router.get("/markets", response=MarketPage)
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


@router.get("/pairs", response=PairPage)
def pairs(
    request: HttpRequest,
    cursor: str | None = None,
    limit: Limit = 50,
    status: str = "",
    search: str = "",
) -> dict[str, Any]:
    """Pairs with both markets and the payoff table, newest first."""
    return shown(selectors.pairs(cursor, limit, status=status, search=search))


@router.get("/revisions", response=RevisionPage)
def revisions(request: HttpRequest, cursor: str | None = None, limit: Limit = 50) -> dict[str, Any]:
    """Changes of configuration with author, reason and what changed, newest first."""
    return shown(selectors.revision_page(cursor, limit))
