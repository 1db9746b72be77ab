"""Parts of the settings that are about who looks: which alerts there are, and one's own ways.

What is chosen here stays in the browser it is chosen in; nothing of it reaches the engine.
"""

from __future__ import annotations

import io

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from markets.moments import moment
from markets.second_factor import has_one
from markets.terms.units import Ns
from risk import pages
from risk.pages import Asked, status
from trading import exports, live

MOST_LINES = 10_000


class AlertKind(msgspec.Struct, frozen=True):
    """A sort of alert, and what it asks of a person."""

    kind: str
    critical: bool
    name: str
    meaning: str


ALERTS = (
    AlertKind("naked", True, "Naked leg", "A deal holds one side alone; the policy's clock runs."),
    AlertKind(
        "unknown", True, "Unknown order", "Sent, and not answered; the venue is asked again."
    ),
    AlertKind("halted", True, "Halted", "A person stopped all new orders."),
    AlertKind("tripped", True, "Breaker tripped", "A loss, or errors, stopped a book by itself."),
    AlertKind(
        "reconcile", True, "Statement differs", "A venue's statement and our books disagree."
    ),
    AlertKind("venue", False, "Venue down", "No trades there until its feed is fit again."),
    AlertKind("infrastructure", False, "Site", "A part of the site is away; the text says which."),
    AlertKind("config", False, "Not applied", "The engine refused the newest configuration."),
    AlertKind("silent", False, "Engine silent", "The worker has not reported for three seconds."),
)


@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    """Every sort of alert, whether it stands now, and how this browser tells of it."""
    live.read()
    standing = live.make_header(live.PICTURES.engine, live.now_ns()).alerts
    rows = [
        {"kind": known, "now": [a for a in standing if a.kind == known.kind]} for known in ALERTS
    ]
    return render(request, "risk/alerts.html", {**status("alerts"), "rows": rows})


@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """One's own ways: colours, keys; and where one's account is looked after."""
    return render(request, "risk/me.html", {**status("me"), "has_factor": has_one(request.user)})


@require_GET
def audit_csv(request: HttpRequest) -> HttpResponse:
    """The changes of the audit's filter as a file, newest first; the newest `MOST_LINES` are looked
    through.
    """
    asked = Asked.of(request.GET)
    found = pages.entries(asked.who, asked.kind, asked.q, MOST_LINES, MOST_LINES)
    rows = (
        (e.row.id, moment(e.row.at), e.row.author, e.row.reason, list(e.row.changes)) for e in found
    )
    out = io.StringIO()
    exports.write_csv(exports.KINDS["revisions"], rows, out)
    answer = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    day = f"{moment(Ns(live.now_ns())):%Y-%m-%d}"
    answer.headers["Content-Disposition"] = f'attachment; filename="audit-{day}.csv"'
    return answer
