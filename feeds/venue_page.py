"""The region of the venues' page that is renewed while it is looked at; alike on load and later."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from feeds.venue_cells import Seen
from feeds.venue_days import DAYS
from feeds.venue_tabs import half
from feeds.venue_view import venue_lines
from markets import selectors
from markets.terms.units import DAY, Ns
from risk.selectors import limits
from trading import live
from trading.consumers import Reader
from trading.selectors import fill_times, open_orders


def venues_context(reader: Reader) -> dict[str, Any]:
    """What the region shows now to somebody."""
    rows = selectors.venues()
    now = live.now_ns()
    truths = live.truths()
    seen = Seen(
        now=now,
        engine=live.PICTURES.engine,
        truths=truths,
        relations=tuple(live.PICTURES.relations.values()),
        needed=limits().min_venue_score,
        orders=open_orders(),
        windows=selectors.maintenance(Ns(now)),
        days=DAYS.at(now),
        fill_times=half(fill_times(Ns(now - DAY))),
    )
    return {
        "lines": venue_lines(rows, seen, reader.open),
        "may_act": reader.may_act,
        "opened": reader.open,
        "silent": live.make_header(live.PICTURES.engine, now).silent,
    }


def venues_html(reader: Reader) -> str:
    """The region as a frame: it replaces what the page shows."""
    return render_to_string("feeds/venue_table.html", {**venues_context(reader), "oob": True})
