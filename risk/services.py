"""Writes of limits and of the engine's mode: checked as a whole, versioned, revertible.

A change is refused in one sentence (`ValidationError`) before anything is saved: a value outside
its bounds, or limits that together could never trade (`Snapshot.problems`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from markets import selectors as market_selectors
from markets.models import ConfigRevision
from markets.revisions import Change, bump, change
from markets.terms.units import Ns
from risk import selectors
from risk.models import EngineSetting, Threshold
from trading.amounts import shown
from trading.engine.config import LIMITS, SPECS, LimitSpec, Mode, Snapshot


def check_limits(values: Mapping[str, int]) -> None:
    """Refuses values that are out of bounds or do not go together with the limits now.

    Errors: `ValidationError` with one sentence per problem.
    """
    found = []
    for key, value in values.items():
        spec = SPECS.get(key)
        if spec is None:
            found.append(f"There is no setting {key!r}; `manage.py config export` lists them.")
        elif not spec.low <= value <= spec.high:
            found.append(
                f"{key} may be {shown(spec.low, spec.unit)} to {shown(spec.high, spec.unit)}, "
                f"not {shown(value, spec.unit)}."
            )
    if not found:
        limits = msgspec.structs.replace(selectors.limits(), **values)
        found = Snapshot(revision=0, at=Ns(0), limits=limits).problems()
    if found:
        raise ValidationError(found)


@transaction.atomic
def set_limits(values: Mapping[str, int], author: str, reason: str) -> ConfigRevision | None:
    """The revision of the settings that differ, values in base units; nothing when none does.

    Errors: `ValidationError`, see `check_limits`; or without a reason.
    """
    stored = {t.key: t for t in Threshold.objects.select_for_update().filter(scope="")}
    check_limits(values)
    changes: list[Change] = []
    for key, value in values.items():
        spec = SPECS[key]
        before = stored[key].value if key in stored else spec.default
        if before != value:
            changes.append(change("threshold", key, "value", before, value))
        if before != value or key not in stored:
            _save(spec, value)
    return bump(author, reason, changes) if changes else None


def _save(spec: LimitSpec, value: int) -> None:
    Threshold.objects.update_or_create(
        key=spec.key,
        scope="",
        defaults={
            "value": value,
            "unit": spec.unit.value,
            "low": spec.low,
            "high": spec.high,
            "group": spec.group,
            "meaning": spec.meaning,
        },
    )


@transaction.atomic
def ensure_limits(author: str, reason: str) -> ConfigRevision | None:
    """A row for every setting that has none yet, at its shipped value; values already set stay."""
    known = set(Threshold.objects.filter(scope="").values_list("key", flat=True))
    missing = [spec for spec in LIMITS if spec.key not in known]
    for spec in missing:
        _save(spec, spec.default)
    if not missing:
        return None
    return bump(
        author, reason, [change("threshold", s.key, "value", None, s.default) for s in missing]
    )


@transaction.atomic
def set_engine(exec_mode: str, author: str, reason: str, note: str = "") -> ConfigRevision | None:
    """The revision of the engine-wide mode; nothing when it is so already.

    Errors: `ValidationError` for another word, or for live where this machine does not allow it.
    """
    check_mode(exec_mode)
    row = EngineSetting.objects.select_for_update().first() or EngineSetting()
    changes = [
        change("engine", "engine", name, getattr(row, name), value)
        for name, value in (("exec_mode", exec_mode), ("note", note))
        if getattr(row, name) != value
    ]
    row.exec_mode, row.note = exec_mode, note
    row.save()
    return bump(author, reason, changes) if changes else None


def check_mode(exec_mode: str) -> None:
    """Refuses a mode that is none, or live where this machine does not allow it.

    Errors: `ValidationError`.
    """
    if exec_mode not in list(Mode):
        raise ValidationError(f"{exec_mode!r} is no mode; take detect, paper, live or both.")
    if exec_mode in (Mode.LIVE, Mode.BOTH) and not settings.LIVE_ALLOWED:
        raise ValidationError(
            "Live trading is not allowed on this machine: set LIVE=1 and remove DRY_RUN first."
        )


@transaction.atomic
def revert(number: int, author: str, reason: str = "") -> ConfigRevision:
    """The revision that takes one change of limits or mode back, checked like any other change.

    Errors: `ValidationError` when there is no such revision, it holds no limit, or a limit changed
    again since.
    """
    try:
        revision = market_selectors.revision(number)
    except LookupError as problem:
        raise ValidationError(str(problem)) from None
    now: dict[str, Any] = {row.spec.key: row.value for row in selectors.limit_rows()}
    back: dict[str, int] = {}
    for item in revision.changes:
        if item["object"] != "threshold" or item["key"] not in now or item["before"] is None:
            continue
        if now[item["key"]] != item["after"]:
            raise ValidationError(
                f"{item['key']} was changed again after revision {number}; set it by hand."
            )
        back[item["key"]] = item["before"]
    made = set_limits(back, author, reason or f"Reverts revision {number}.") if back else None
    if made is None:
        raise ValidationError(f"Revision {number} changed no limit, so there is nothing to revert.")
    return made
