"""Cursor pages: the newest rows first, and a word with which the next page is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

import msgspec
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
Shown = TypeVar("Shown")
MOST = 200


class NoCursor(ValueError):
    """A cursor that is none of ours."""


class Page(msgspec.Struct, Generic[Shown], frozen=True):
    """Up to `limit` items; `next` is nothing on the last page."""

    items: tuple[Shown, ...]
    next: str | None


def page(
    rows: QuerySet[Row], cursor: str | None, limit: int, show: Callable[[Row], Shown]
) -> Page[Shown]:
    """The rows after `cursor` by falling primary key, at most `MOST`.

    Errors: `NoCursor` for a cursor that is not a number.
    """
    limit = max(1, min(limit, MOST))
    rows = rows.order_by("-pk")
    if cursor:
        if not (cursor.isascii() and cursor.isdigit()) or len(cursor) > 18:
            raise NoCursor(f"{cursor!r} is no cursor; take `next` of the page before.")
        rows = rows.filter(pk__lt=int(cursor))
    found = list(rows[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return Page(tuple(show(row) for row in found), str(found[-1].pk) if more else None)


def page_of(
    items: Iterable[Shown], key: Callable[[Shown], str], cursor: str | None, limit: int | None
) -> Page[Shown]:
    """Of what is no table: the items whose key follows `cursor`, by rising key; all without a
    limit.
    """
    found = sorted((item for item in items if not cursor or key(item) > cursor), key=key)
    shown = found[:limit]
    return Page(tuple(shown), key(shown[-1]) if len(shown) < len(found) else None)
