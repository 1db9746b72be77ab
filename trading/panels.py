"""Contexts of the live page's partials, alike for the page and for the socket."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from trading.explain import Explanation, explain
from trading.live import Header, Pictures
from trading.rows import UPWARD, VIEWS, Row, View, Window, window

COLUMNS = (
    ("c-title", "title", "Relation", "Name; filter with /"),
    ("c-legs", "", "Buy", "Best side: which outcome is bought at each venue"),
    ("c-bid num", "", "Yes bid", "Best bid for Yes, cents per $1 share"),
    ("c-bq num", "", "Size, sh", "Shares at the bid"),
    ("c-ask num", "", "Yes ask", "Best ask for Yes, cents per $1 share"),
    ("c-aq num", "", "Size, sh", "Shares at the ask"),
    ("c-age num", "", "Age", "Age of the book; half dot: ageing, square: too old to trade"),
    ("c-net num", "net", "Net edge", "Best side after fees, friction and tail; the bar ends at 5¢"),
    ("c-other num", "", "Other way", "The opposite package"),
    ("c-annual num", "annual", "Annual", "Net of lock-up until the last payout"),
    ("c-take num", "take", "Take, sh", "Executable size: shares the whole depth allows"),
    ("c-profit num", "profit", "Profit", "At the executable size"),
    ("c-gate", "", "Gate", "What holds it back: actual against limit"),
)


def edges_context(pictures: Pictures, view: View, *, opened: str = "") -> dict[str, Any]:
    """What the live page needs: its window of rows, tabs, column heads."""
    found = window(list(pictures.rows.values()), view)
    return {
        "view": view,
        "window": found,
        "tabs": tabs(view, found),
        "columns": columns(view),
        "items": [item(pictures, row, opened) for row in found.rows],
        **page_links(view, found),
    }


def tabs(view: View, found: Window) -> list[dict[str, Any]]:
    """The ready-made views with their counts."""
    return [
        {
            "name": name,
            "label": label,
            "count": found.counts[name],
            "current": name == view.name,
            "query": view.query(name=name, page=1),
        }
        for name, label in VIEWS.items()
    ]


def columns(view: View) -> list[dict[str, str]]:
    """Heads of the table; a sortable one carries the address of its sort."""
    return [
        {
            "css": css,
            "label": label,
            "title": title,
            "sorted": _direction(view) if sort and sort == view.sort else "",
            "query": _sort_query(view, sort) if sort else "",
        }
        for css, sort, label, title in COLUMNS
    ]


def _direction(view: View) -> str:
    return "ascending" if (view.sort in UPWARD) is not view.reverse else "descending"


def _sort_query(view: View, sort: str) -> str:
    return view.query(sort=sort, reverse=sort == view.sort and not view.reverse, page=1)


def page_links(view: View, found: Window) -> dict[str, str]:
    """Addresses of the neighbouring pages, empty at the ends."""
    return {
        "previous_query": view.query(page=found.page - 1) if found.page > 1 else "",
        "next_query": view.query(page=found.page + 1) if found.page < found.pages else "",
    }


def item(pictures: Pictures, row: Row, opened: str) -> dict[str, Row | Explanation | None]:
    """A row with its explanation when that is open."""
    picture = pictures.relations.get(row.relation)
    shown = explain(picture) if picture is not None and row.id == opened else None
    return {"row": row, "explanation": shown}


# --- the same partials as frames ------------------------------------------------------------------


def row_html(row: Row, *, is_open: bool, fresh: bool = False) -> str:
    """One row as a frame: it replaces the row of its id, or, `fresh`, joins the table unseen."""
    context = {"row": row, "is_open": is_open, "oob": not fresh, "fresh": fresh}
    return render_to_string("trading/edge_row.html", context)


def new_rows_html(rows: list[Row]) -> str:
    """Rows that join the table; they stay hidden until the order that names them."""
    body = "".join(row_html(row, is_open=False, fresh=True) for row in rows)
    return f'<tbody hx-swap-oob="beforeend:#rows">{body}</tbody>'


def explanation_html(shown: Explanation) -> str:
    """An open explanation, renewed."""
    return render_to_string("trading/explanation.html", {"explanation": shown, "oob": True})


def header_html(head: Header) -> str:
    """The mode pill, the header's numbers and the attention bar."""
    context = {"head": head, "oob": True}
    return render_to_string("parts/head_numbers.html", context) + render_to_string(
        "parts/attention.html", context
    )


def surroundings_html(view: View, found: Window, head: Header) -> str:
    """What stands around the rows: view counts, pages, the empty state."""
    context = {
        "view": view,
        "window": found,
        "tabs": tabs(view, found),
        "head": head,
        "reachable": True,
        "oob": True,
        **page_links(view, found),
    }
    names = ("edges_tabs", "edges_pages", "edges_state")
    return "".join(render_to_string(f"trading/{name}.html", context) for name in names)
