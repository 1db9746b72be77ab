"""Above forms of configuration: what is saved, what runs, what was rejected and why."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from markets import runs
from markets import selectors as markets
from markets.moments import ns
from markets.terms.units import SECOND
from risk import selectors as risk
from trading import askings

register = template.Library()
SILENT = 5 * SECOND


@register.simple_tag
def config_status() -> dict[str, Any]:
    """The newest revision, the running one with its age, and the worker's complaints."""
    worker = askings.worker()
    silent = worker is not None and ns(timezone.now()) - worker.at > SILENT
    return {
        "saved": markets.last_revision_number(),
        "running": worker.revision_running if worker else None,
        "silent": silent,
        "rejected": worker.rejected if worker else (),
        "revisions": markets.revisions(3),
        "mode": risk.engine(),
        "waiting": markets.pairs_waiting(),
        "commands": askings.commands(limit=5).items,
        "proposed": len(risk.proposed()),
        "failed": [str(venue) for venue, run in runs.latest().items() if run.state == "failed"],
    }
