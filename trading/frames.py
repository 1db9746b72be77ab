"""What one reader of the live page must be sent: remembered per connection, made of the pictures.

`markup` decides everything for one moment and leaves `order` and `patches` beside it. Rows keep
their place between two orders, and an order is worth sending at most every two seconds, when rows
came or went or one would move by two places.
"""

from __future__ import annotations

import msgspec

from markets.terms.units import SECOND
from trading import panels
from trading.explain import explain
from trading.live import Header, Pictures
from trading.rows import Row, View, Window, moves_much, patch, read_view, window

ORDER_NS = 2 * SECOND
EXPLAIN_NS = SECOND
MOST_OPEN = 4


class Shown(msgspec.Struct, frozen=True):
    """A reader's words for what they see, unchecked."""

    v: str
    sort: str
    q: str
    page: int
    open: tuple[str, ...]


class EdgeFrames:
    """The rows of one reader: what they have, and what they lack."""

    def __init__(self, pictures: Pictures, have: set[str]) -> None:
        self.pictures = pictures
        self.have = have
        self.view = View()
        self.open: tuple[str, ...] = ()
        self.ids: list[str] = []
        self.rows: dict[str, Row] = {}
        self.order: list[str] | None = None
        self.patches: list[object] = []
        self._ordered_at = 0
        self._explained_at = 0
        self._explained: dict[str, str] = {}
        self._around = ""

    def show(self, shown: Shown) -> None:
        """Change what is shown; rows of another view are ordered anew at once."""
        view = read_view(shown.v, shown.sort, shown.q, str(shown.page))
        if view != self.view:
            self._ordered_at = 0
        self.view = view
        self.open = shown.open[:MOST_OPEN]
        self._explained = {
            name: html for name, html in self._explained.items() if name in self.open
        }

    def markup(self, head: Header, now: int) -> list[str]:
        """Markup to send, in this order; each text is rows only or no rows at all."""
        found = window(list(self.pictures.rows.values()), self.view)
        self.order = self._new_order(found, now)
        parts = [*self._rows(found), *self._explanations(now)]
        around = panels.surroundings_html(self.view, found, head)
        if around != self._around:
            self._around = around
            parts.append(around)
        return parts

    def _new_order(self, found: Window, now: int) -> list[str] | None:
        wanted = [row.id for row in found.rows]
        first = not self._ordered_at
        if not first and (now - self._ordered_at < ORDER_NS or not moves_much(self.ids, wanted)):
            return None
        self._ordered_at = now
        self.ids = wanted
        self.rows = {name: row for name, row in self.rows.items() if name in set(wanted)}
        return wanted

    def _rows(self, found: Window) -> list[str]:
        current = {row.id: row for row in self.pictures.rows.values()}
        fresh: list[Row] = []
        changed: list[str] = []
        self.patches = []
        for name in self.ids:
            row = current.get(name)
            if row is None:
                continue
            before = self.rows.get(name)
            self.rows[name] = row
            if name not in self.have:
                fresh.append(row)
            elif before is None or before.shape != row.shape:
                changed.append(panels.row_html(row, is_open=name in self.open))
            elif before is not row:
                self._patch(name, before, row)
        if self.order is not None:
            self.have = set(self.order)
        return [
            *([panels.new_rows_html(fresh)] if fresh else []),
            *(["".join(changed)] if changed else []),
        ]

    def _patch(self, name: str, before: Row, after: Row) -> None:
        cells, flags = patch(before, after)
        if cells or flags:
            self.patches.append([name, cells, flags])

    def _explanations(self, now: int) -> list[str]:
        if not self.open or now - self._explained_at < EXPLAIN_NS:
            return []
        self._explained_at = now
        parts = []
        for name in self.open:
            picture = self.pictures.by_dom_id(name)
            if picture is None:
                continue
            html = panels.explanation_html(explain(picture))
            if self._explained.get(name) != html:
                self._explained[name] = html
                parts.append(html)
        return parts
