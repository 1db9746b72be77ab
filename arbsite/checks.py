"""System checks of the site, each with its id.

arbsite.E001  the time zone is UTC
arbsite.E002  every venue of the registry can be imported
arbsite.W003  live trading is asked for and vetoed at once
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from feeds.venues import ADAPTERS, FAKES


@register()
def times_are_utc(**_: Any) -> list[CheckMessage]:
    """Every time is stored and shown in UTC."""
    if settings.USE_TZ and settings.TIME_ZONE == "UTC":
        return []
    return [
        Error("TIME_ZONE is not UTC; set USE_TZ to True and TIME_ZONE to UTC.", id="arbsite.E001")
    ]


@register()
def venues_are_importable(**_: Any) -> list[CheckMessage]:
    """Every adapter and every fake the registry of venues names is there."""
    return [*venue_problems(ADAPTERS), *venue_problems(FAKES)]


def venue_problems(venues: Mapping[str, str]) -> list[CheckMessage]:
    """One error for each venue whose adapter cannot be imported."""
    return [
        Error(f"Venue {slug} names {path}, which cannot be imported: {reason}.", id="arbsite.E002")
        for slug, path in venues.items()
        if (reason := _import_problem(path))
    ]


def _import_problem(path: str) -> str:
    module, _, attribute = path.rpartition(".")
    try:
        found = importlib.import_module(module)
    except ImportError as problem:
        return str(problem)
    return "" if hasattr(found, attribute) else f"it has no {attribute}"


@register()
def live_needs_three_yeses(**_: Any) -> Sequence[CheckMessage]:
    """LIVE=1 is the first yes, `--mode live` the second, an armed row the third; DRY_RUN vetoes."""
    if settings.LIVE and settings.DRY_RUN:
        return [
            Warning(
                "LIVE and DRY_RUN are both set; DRY_RUN wins and nothing live can be armed.",
                id="arbsite.W003",
            )
        ]
    return []
