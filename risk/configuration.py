"""The whole of limits, mode and venues as one document of plain texts, out and in again.

Amounts are written as people read them, with their unit beside. Reading checks everything first and
changes nothing when anything is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction

from markets import selectors as markets
from markets import services as market_services
from risk import selectors, services
from risk.founding import MODE, NAMES
from trading.amounts import text_of, value_of
from trading.engine.config import SPECS, Unit

VENUE_WORDS = ("enabled", "mode", "trade_age_ms", "paper_latency_ms", "paper_cash", "payout_lag_ms")
PARTS = ("revision", "exec_mode", "limits", "venues")


class Taken(msgspec.Struct, frozen=True):
    """What an import did, and the names it could not place."""

    revisions: int
    limits: int
    unknown: tuple[str, ...] = ()


def document() -> dict[str, Any]:
    """Everything as texts; the same document read again changes nothing."""
    return {
        "revision": markets.last_revision_number(),
        "exec_mode": selectors.engine().exec_mode.value,
        "limits": {
            row.spec.key: {
                "value": text_of(row.value, row.spec.unit),
                "unit": row.spec.unit.value,
            }
            for row in selectors.limit_rows()
        },
        "venues": {
            row.slug: {word: getattr(row, word) for word in VENUE_WORDS} for row in markets.venues()
        },
    }


@transaction.atomic
def take(wanted: Mapping[str, Any], author: str, reason: str) -> Taken:
    """Saves a document, or a flat mapping of `CB_*` names to texts; both may be mixed.

    Errors: `ValidationError` with one sentence per thing that is wrong; then nothing is saved.
    """
    values, unknown = _values(wanted)
    made = [services.set_limits(values, author, reason)] if values else []
    mode = wanted.get("exec_mode", wanted.get(MODE))
    if mode is not None:
        note = selectors.engine().note
        made.append(services.set_engine(str(mode).lower(), author, reason, note))
    for slug, fields in _part(wanted, "venues").items():
        if markets.venue(slug) is None:
            raise ValidationError(f"There is no venue {slug!r}; run `manage.py seed` first.")
        if not isinstance(fields, dict):
            raise ValidationError(f"venues.{slug} is no object; write for example {{}}.")
        made.append(market_services.set_venue(slug, author, reason, **fields))
    return Taken(len([m for m in made if m]), len(values), tuple(unknown))


def _part(wanted: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = wanted.get(name, {})
    if not isinstance(found, dict):
        raise ValidationError(f"{name} is no object; write for example {{}}.")
    return found


def _values(wanted: Mapping[str, Any]) -> tuple[dict[str, int], list[str]]:
    asked: list[tuple[str, str, Unit, str]] = []
    unknown: list[str] = []
    for key, found in _part(wanted, "limits").items():
        text = found.get("value") if isinstance(found, dict) else found
        if key in SPECS:
            asked.append((key, key, SPECS[key].unit, str(text)))
        else:
            unknown.append(key)
    for name, found in wanted.items():
        if name in NAMES:
            asked.append((name, *NAMES[name], str(found)))
        elif name not in (*PARTS, MODE):
            unknown.append(name)
    return _read(asked), unknown


def _read(asked: list[tuple[str, str, Unit, str]]) -> dict[str, int]:
    values: dict[str, int] = {}
    problems: list[str] = []
    for name, key, unit, text in asked:
        try:
            values[key] = value_of(text, unit)
        except ValueError as problem:
            problems.append(f"{name}: {problem}")
    if problems:
        raise ValidationError(problems)
    return values
