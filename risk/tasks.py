"""Jobs that watch over stops. Each is safe to run twice."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from celery import shared_task

from markets.terms.units import DAY, Ns
from risk import selectors
from trading import pnl, services
from trading.runtime.clock import SystemClock

LOG = structlog.get_logger(__name__)
AUTHOR = "audit"


@shared_task(name="risk.check_results", expires=60, soft_time_limit=50, time_limit=60)
def check_results() -> dict[str, Any]:
    """Whether the rows say the same of what deals kept as the engine, by whose word stops act; a
    difference that two checks in a row say halts everything, once, until a person has looked.
    """
    now = SystemClock().now()
    found = pnl.check(selectors.engine().timezone, now, Ns(now - DAY))
    if found.outcome == "differs":
        LOG.error("results differ", seq=found.seq, text=found.text)
    if found.is_news:
        services.ask("halt", "", AUTHOR, f"The audit found: {found.text}"[:500])
    told: dict[str, Any] = msgspec.to_builtins(found)
    return told
