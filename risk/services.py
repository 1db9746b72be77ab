"""Writes of limits, the engine's mode, strategies and places: checked, versioned.

A change is refused in one sentence (`ValidationError`) before anything is saved. How limits change
as sets is in `risk.changesets`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from markets.models import ConfigRevision
from markets.revisions import bump, change
from markets.terms.calendars import zone
from risk import changesets, rows, selectors
from risk.changesets import revert as revert
from risk.models import EngineSetting, Feature, GeoCheck, Threshold
from risk.profiles import PROFILES
from risk.wanted import RowWanted, Wanted
from trading.amounts import value_of
from trading.engine.config import LIMITS, Mode, Unit

STAGES = tuple(Feature.Rollout.choices)


def check_limits(values: Mapping[str, int]) -> None:
    """Refuses values for everything that are out of bounds or contradict the others.

    Errors: `ValidationError` with one sentence per problem.
    """
    changesets.check_wanted([Wanted(key, value) for key, value in values.items()])


def set_limits(values: Mapping[str, int], author: str, reason: str) -> ConfigRevision | None:
    """The revision of the settings that differ, values for everything in base units; nothing when
    none does.

    Errors: `ValidationError`, see `check_limits`; or without a reason.
    """
    return changesets.apply([Wanted(key, value) for key, value in values.items()], author, reason)


@transaction.atomic
def ensure_limits(author: str, reason: str) -> ConfigRevision | None:
    """A row for every setting that has none yet, at its shipped value; values already set stay, and
    say what the setting means now.
    """
    for spec in LIMITS:
        # Rows of an earlier version say what the setting meant then.
        words = {
            "unit": spec.unit.value,
            "low": spec.low,
            "high": spec.high,
            "group": spec.group,
            "meaning": spec.meaning,
        }
        Threshold.objects.filter(key=spec.key).exclude(**words).update(**words)
    known = set(selectors.values())
    missing = [spec for spec in LIMITS if spec.key not in known]
    for spec in missing:
        changesets.store(Wanted(spec.key, spec.default))
    if not missing:
        return None
    return bump(
        author, reason, [change("threshold", s.key, "value", None, s.default) for s in missing]
    )


@transaction.atomic
def set_engine(
    exec_mode: str, author: str, reason: str, note: str = "", **fields: Any
) -> ConfigRevision | None:
    """The revision of the engine-wide mode, and of `timezone`, `country`, `two_people` where given;
    nothing when it is so already.

    Errors: `ValidationError` for another word, for live where this machine does not allow it, for a
    time zone or a country that is none.
    """
    check_mode(exec_mode)
    check_place(fields.get("timezone", "UTC"), fields.get("country", ""))
    row = EngineSetting.objects.select_for_update().first() or EngineSetting()
    changes = [
        change("engine", "engine", name, getattr(row, name), value)
        for name, value in {"exec_mode": exec_mode, "note": note, **fields}.items()
        if getattr(row, name) != value
    ]
    for name, value in {"exec_mode": exec_mode, "note": note, **fields}.items():
        setattr(row, name, value)
    row.save()
    return bump(author, reason, changes) if changes else None


def check_place(timezone_name: str, country: str) -> None:
    """Refuses a time zone or a country that is none. Errors: `ValidationError`."""
    try:
        zone(timezone_name)
    except ValueError as problem:
        raise ValidationError(str(problem)) from None
    if country and not (len(country) == 2 and country.isascii() and country.isupper()):
        raise ValidationError(f"{country!r} is no country; write two capitals such as DE.")


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
def ensure_features(strategies: Mapping[str, str], author: str, reason: str) -> None:
    """A row for every strategy that has none yet; those already set stay."""
    known = {row.strategy for row in selectors.feature_rows()}
    changes = []
    for name, rollout in strategies.items():
        if name not in known:
            Feature.objects.create(strategy=name, rollout=rollout)
            changes.append(change("feature", name, "rollout", None, rollout))
    if changes:
        bump(author, reason, changes)


def set_feature(strategy: str, author: str, reason: str, **fields: Any) -> ConfigRevision | None:
    """The revision of how far a strategy is let (`rollout`, `venue`, `share_ppm`).

    Errors: `ValidationError` for another stage, a venue there is not, a share that is none, or when
    a second person must approve.
    """
    return changesets.apply([RowWanted(rows.FEATURE, strategy, fields)], author, reason)


@transaction.atomic
def note_geoblock(venue: str, blocked: bool, said: str = "") -> ConfigRevision | None:
    """Keeps what a venue said of where we are; a revision only when its answer changed."""
    row = GeoCheck.objects.select_for_update().filter(venue=venue).first()
    before = row.blocked if row else None
    GeoCheck.objects.update_or_create(
        venue=venue, defaults={"at": timezone.now(), "blocked": blocked, "said": said[:300]}
    )
    if before == blocked or (before is None and not blocked):
        return None
    changed = change("geoblock", venue, "blocked", before, blocked)
    return bump("geoblock check", said or "The venue answered.", [changed])


@transaction.atomic
def use_profile(name: str, author: str, reason: str) -> ConfigRevision | None:
    """The last revision of taking a profile over: every limit for everything, and what it says of
    strategies and live trading; nothing when all is so already. Narrower scopes stay.

    Errors: `ValidationError` for a profile there is not, or one whose values contradict what is set
    for narrower scopes.
    """
    profile = PROFILES.get(name)
    if profile is None:
        raise ValidationError(f"There is no profile {name!r}; take {', '.join(PROFILES)}.")
    text = reason or f"Profile {name}."
    made = [set_limits(profile.values, author, text)]
    if profile.strategies is not None:
        made += [
            set_feature(row.strategy, author, text, rollout=Feature.Rollout.OFF)
            for row in selectors.feature_rows()
            if row.strategy not in profile.strategies
        ]
    now = selectors.engine()
    if not profile.live and now.exec_mode in (Mode.LIVE, Mode.BOTH):
        made.append(set_engine(Mode.PAPER, author, text, now.note))
    return next((row for row in reversed(made) if row is not None), None)


def share_of(text: str) -> int:
    """Parts per million of a share written in percent; nothing for an empty text.

    Errors: `ValidationError` for what is no share.
    """
    try:
        return value_of(text, Unit.PPM) if text.strip() else 0
    except ValueError as problem:
        raise ValidationError(str(problem)) from None
