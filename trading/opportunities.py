"""The page of opportunities: what was seen, what was done about it, and what that cost.

One row per life of an edge; beside it every decision, with the same filters. Filters are in the
address.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from markets.moments import moment, ns
from markets.selectors import market_titles, venues
from markets.terms.ids import MarketId, venue_of
from markets.terms.units import SECOND, Ns
from trading import exports, judgements, live
from trading.lives import Life, lives_of
from trading.rows import gate_words

PERIODS = {"today": "Today", "day": "24 hours", "week": "7 days", "all": "All"}
TABS = {"edges": "Edges", "decisions": "Decisions"}
SHOWN = 60
MOST_SAMPLES = 20_000
MOST_LINES = 10_000
WIDTH, HEIGHT = 100, 20


class View(msgspec.Struct, frozen=True):
    """What a reader asks for, checked."""

    tab: str = "edges"
    period: str = "today"
    gate: str = ""
    outcome: str = ""
    q: str = ""
    open: str = ""

    def link(self, **changes: str) -> str:
        """The same view with something else, as the address has it."""
        wanted = {**msgspec.structs.asdict(self), "open": "", **changes}
        plain = msgspec.structs.asdict(View())
        return "?" + urlencode({k: v for k, v in wanted.items() if v != plain[k]})


def read_view(asked: Any) -> View:
    """Words of an address; an unknown one is its default."""
    tab, period, outcome = asked.get("tab", ""), asked.get("period", ""), asked.get("outcome", "")
    return View(
        tab=tab if tab in TABS else "edges",
        period=period if period in PERIODS else "today",
        gate=asked.get("gate", "")[:40].replace("\0", ""),
        outcome=outcome if outcome in ("taken", "refused", "near") else "",
        q=asked.get("q", "").strip()[:80].replace("\0", ""),
        open=asked.get("open", "")[:300].replace("\0", ""),
    )


def since_of(period: str) -> Ns:
    """When a period began, UTC."""
    now = timezone.now()
    back = {"day": timedelta(days=1), "week": timedelta(days=7)}
    if period == "all":
        return Ns(0)
    if period in back:
        return ns(now - back[period])
    return ns(now.replace(hour=0, minute=0, second=0, microsecond=0))


@require_GET
def opportunities(request: HttpRequest) -> HttpResponse:
    """What was seen in a period, by gate, and each life or decision of the filter."""
    view = read_view(request.GET)
    since = since_of(view.period)
    live.read()
    request.pictures_read = True  # type: ignore[attr-defined]
    titles = {name: picture.title for name, picture in live.PICTURES.relations.items()}
    samples, cut = judgements.edge_samples(since, MOST_SAMPLES)
    approved = judgements.approvals(since)
    lives = lives_of(samples, approved)
    context = {
        "page": "opportunities",
        "view": view,
        "tabs": _links(view, "tab", TABS),
        "periods": _links(view, "period", PERIODS),
        "outcomes": _links(view, "outcome", _OUTCOMES[view.tab]),
        "gates": _gates(view, lives, since),
        "sums": _sums(lives),
        "clear": view.link(gate="", outcome="", q=""),
        "is_filtered": bool(view.gate or view.outcome or view.q),
        "csv": view.link(tab="edges"),
        "cut": cut,
        "feeds": live.PICTURES.engine,
    }
    draw = _lives if view.tab == "edges" else _decisions
    found = draw(view, lives, titles, request)
    return render(request, "trading/opportunities.html", {**context, **found})


_OUTCOMES = {
    "edges": {"": "All", "taken": "Taken", "refused": "Not taken", "near": "Near miss"},
    "decisions": {"": "All", "taken": "Taken", "refused": "Refused", "near": "Near miss"},
}


def _links(view: View, field: str, names: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "link": view.link(**{field: name}),
            "current": getattr(view, field) == name,
        }
        for name, label in names.items()
    ]


def _sums(lives: list[Life]) -> dict[str, int]:
    taken = [life for life in lives if life.is_taken]
    missed = [life for life in lives if not life.is_taken]
    return {
        "seen": len(lives),
        "taken": len(taken),
        "refused": len(missed),
        "taken_profit": sum(life.profit for life in taken),
        "forgone": sum(life.after[1] for life in missed),
    }


def _gates(view: View, lives: list[Life], since: Ns) -> list[dict[str, Any]]:
    """Gates by how often they were the first to refuse, with what was forgone."""
    counted: dict[str, list[int]] = {}
    if view.tab == "decisions":
        counted = {name: [n, 0] for name, n in judgements.refusals_by_gate(since).items()}
    else:
        for life in lives:
            if life.gate and not life.is_taken:
                sums = counted.setdefault(life.gate, [0, 0])
                sums[0] += 1
                sums[1] += life.after[1]
    most = max((n for n, _ in counted.values()), default=1)
    return [
        {
            "name": name,
            "count": n,
            "forgone": forgone,
            "width": 100 * n // most,
            "link": view.link(gate="" if view.gate == name else name),
            "current": view.gate == name,
        }
        for name, (n, forgone) in sorted(counted.items(), key=lambda item: -item[1][0])
    ]


Titles = dict[Any, str]


def _lives(view: View, lives: list[Life], titles: Titles, request: HttpRequest) -> dict[str, Any]:
    kept = [life for life in lives if _is_wanted(view, life, titles)]
    shown = kept[:SHOWN]
    leaders = market_titles(MarketId(life.leader) for life in shown if life.leader)
    shorts = {venue.slug: venue.short for venue in venues()}
    rows = [_life_row(view, life, titles, leaders) for life in shown]
    for row, life in zip(rows, shown, strict=True):
        row["mover"] = shorts.get(venue_of(MarketId(life.leader)), "") if life.leader else ""
    return {
        "lives": rows,
        "hidden": len(kept) - len(shown),
    }


def _is_wanted(view: View, life: Life, titles: Titles) -> bool:
    judged: dict[str, Callable[[], bool]] = {
        "taken": lambda: life.is_taken,
        "refused": lambda: not life.is_taken,
        "near": lambda: life.is_near and not life.is_taken,
    }
    words = f"{titles.get(life.relation, '')} {life.relation} {gate_words(life.gate)}".lower()
    return (
        (not view.gate or life.gate == view.gate)
        and (not view.outcome or judged[view.outcome]())
        and view.q.lower() in words
    )


def _life_row(view: View, life: Life, titles: Titles, leaders: Any) -> dict[str, Any]:
    key = f"{life.relation}@{life.began}"
    is_open = view.open == key
    lived = None if life.ended is None else (life.ended - life.began) / SECOND
    row = {
        "life": life,
        "id": f"o-{life.began}",
        "title": titles.get(life.relation, life.relation),
        "lived": "still there" if lived is None else f"{lived:.1f}s",
        "moved": leaders.get(life.leader, life.leader),
        "points": _points(life),
        "link": view.link(open="" if is_open else key),
        "is_open": is_open,
    }
    if is_open:
        until = life.ended or Ns(live.now_ns())
        row["story"] = [
            {"after": (at - life.began) // 1_000_000, "net": net} for at, net in life.points[:40]
        ]
        row["decisions"] = judgements.decisions_between(life.relation, life.began, until, 20)
    return row


def _points(life: Life) -> str:
    """The life's net as points of a drawing of 100 by 20; each value holds until the next."""
    begin = life.points[0][0]
    end = max(life.ended or life.points[-1][0], begin + 1)
    most = max(net for _, net in life.points)
    marks: list[tuple[int, int]] = []
    for at, net in life.points:
        x = WIDTH * (at - begin) // (end - begin)
        y = HEIGHT - 2 - (HEIGHT - 4) * net // most
        if marks:
            marks.append((x, marks[-1][1]))
        marks.append((x, y))
    marks.append((WIDTH, marks[-1][1]))
    return " ".join(f"{x},{y}" for x, y in marks)


def _decisions(
    view: View, lives: list[Life], titles: Titles, request: HttpRequest
) -> dict[str, Any]:
    matching = [name for name, title in titles.items() if view.q.lower() in title.lower()]
    wish = judgements.DecisionWish(
        since=since_of(view.period),
        gate=view.gate,
        outcome=view.outcome,
        q=view.q,
        relations=tuple(matching) if view.q else (),
    )
    try:
        found = judgements.wanted_decisions(wish, request.GET.get("cursor"), SHOWN)
    except ValueError:
        found = judgements.wanted_decisions(wish, None, SHOWN)
    older = f"{view.link()}&cursor={found.next}" if found.next else ""
    rows = [{"row": row, "title": titles.get(row.relation, row.relation)} for row in found.items]
    return {"rows": rows, "older": older}


@require_GET
def opportunities_csv(request: HttpRequest) -> HttpResponse:
    """The decisions of the filter as a file, the newest `MOST_LINES` at most."""
    view = read_view(request.GET)
    wish = judgements.DecisionWish(
        since=since_of(view.period), gate=view.gate, outcome=view.outcome, q=view.q
    )
    kind, out = exports.KINDS["decisions"], io.StringIO()
    rows = judgements.decision_values(wish, [name for name, _ in kind.columns], MOST_LINES)
    exports.write_csv(kind, rows, out)
    answer = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    day = f"{moment(Ns(live.now_ns())):%Y-%m-%d}"
    answer.headers["Content-Disposition"] = f'attachment; filename="decisions-{day}.csv"'
    return answer
