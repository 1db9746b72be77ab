"""The whole of limits, mode, strategies and venues as one document of texts, out and in again.

Amounts are written as people read them, with their unit beside. Reading checks everything first and
changes nothing when anything is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction

from markets import selectors as markets
from markets import services as market_services
from risk import changesets, selectors, services
from risk.founding import MODE, NAMES
from risk.profiles import PROFILES
from risk.wanted import Wanted
from trading.amounts import text_of, value_of
from trading.engine.config import SPECS

VENUE_WORDS = ("enabled", "mode", "trade_age_ms", "paper_latency_ms", "paper_cash", "payout_lag_ms")
FEATURE_WORDS = ("rollout", "venue", "share_ppm")
PLACE_WORDS = ("timezone", "country", "two_people")
SCOPED_WORDS = ("key", "scope", "target", "value", "unit", "until")
LARGE = ("paper_cash", "payout_lag_ms")
SHORT = 40
PARTS = ("revision", "exec_mode", *PLACE_WORDS, "limits", "scoped", "features", "venues")


class Taken(msgspec.Struct, frozen=True):
    """What an import did."""

    revisions: int
    limits: int


def document() -> dict[str, Any]:
    """Everything as texts; the same document read again changes nothing."""
    engine = selectors.engine()
    return {
        "revision": markets.last_revision_number(),
        "exec_mode": engine.exec_mode.value,
        **{word: getattr(engine, word) for word in PLACE_WORDS},
        "limits": {
            row.spec.key: {
                "value": text_of(row.value, row.spec.unit),
                "unit": row.spec.unit.value,
            }
            for row in selectors.limit_rows()
        },
        "scoped": [
            {
                "key": row.spec.key,
                "scope": row.scope,
                "target": row.target,
                "value": text_of(row.value, row.spec.unit),
                "unit": row.spec.unit.value,
                "until": row.until.isoformat() if row.until else "",
            }
            for row in selectors.scoped_rows()
        ],
        "features": {
            row.strategy: {word: getattr(row, word) for word in FEATURE_WORDS}
            for row in selectors.feature_rows()
        },
        "venues": {
            row.slug: {word: getattr(row, word) for word in VENUE_WORDS} for row in markets.venues()
        },
    }


def compare(name: str) -> dict[str, tuple[int, int]]:
    """Settings where a profile differs from what is saved: now, and there."""
    values = PROFILES[name].values
    rows = {row.spec.key: row.value for row in selectors.limit_rows()}
    return {key: (now, values[key]) for key, now in rows.items() if now != values[key]}


@transaction.atomic
def take(wanted: Mapping[str, Any], author: str, reason: str) -> Taken:
    """Saves a document, or a flat mapping of `CB_*` names to texts; both may be mixed.

    Errors: `ValidationError` with one sentence per thing that is wrong; then nothing is saved.
    """
    values = wanted_values(wanted)
    made = [changesets.apply(values, author, reason)] if values else []
    made += _engine(wanted, author, reason)
    for name, fields in _entries(wanted, "features", FEATURE_WORDS).items():
        made.append(services.set_feature(name, author, reason, **fields))
    for slug, fields in _entries(wanted, "venues", VENUE_WORDS).items():
        if markets.venue(slug) is None:
            raise ValidationError(f"There is no venue {slug!r}; run `manage.py seed` first.")
        made.append(market_services.set_venue(slug, author, reason, **fields))
    return Taken(len([m for m in made if m]), len(values))


def _engine(wanted: Mapping[str, Any], author: str, reason: str) -> list[Any]:
    now = selectors.engine()
    mode = wanted.get("exec_mode", wanted.get(MODE))
    place = {word: wanted[word] for word in PLACE_WORDS if word in wanted}
    for word, value in place.items():
        kind = bool if word == "two_people" else str
        if not isinstance(value, kind):
            raise ValidationError(f"{word} is {value!r}; write a {kind.__name__}.")
    if mode is None and not place:
        return []
    word = now.exec_mode.value if mode is None else str(mode).lower()
    return [services.set_engine(word, author, reason, now.note, **place)]


def _entries(
    wanted: Mapping[str, Any], part: str, words: tuple[str, ...]
) -> dict[str, dict[str, Any]]:
    """A part that is a mapping of names to mappings of known words of the right kind."""
    found = wanted.get(part, {})
    if not isinstance(found, dict):
        raise ValidationError(f"{part} is no object; write for example {{}}.")
    for name, fields in found.items():
        if not isinstance(fields, dict):
            raise ValidationError(f"{part}.{name} is no object; write for example {{}}.")
        for word, value in fields.items():
            if word not in words:
                raise ValidationError(_no_such(f"{part}.{name}.{word}", word, words))
            _refuse_kind(f"{part}.{name}.{word}", word, value)
    return found


def _refuse_kind(where: str, word: str, value: Any) -> None:
    if word == "enabled":
        right, kind = isinstance(value, bool), "true or false"
    elif word.endswith(("_ms", "_ppm", "_cash")):
        most = 2**62 if word in LARGE else 2**31 - 1
        right = type(value) is int and 0 <= value <= most
        kind = f"a whole number from 0 to {most:,}"
    else:
        right, kind = isinstance(value, str) and len(value) <= SHORT, "a short text"
    if not right:
        raise ValidationError(f"{where} is {_short(value)}; write {kind}.")


def _no_such(where: str, word: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"it can be {', '.join(known)}."
    return f"There is no {where}; {hint}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def wanted_values(wanted: Mapping[str, Any]) -> list[Wanted]:
    """The limits a document asks for, in base units.

    Errors: `ValidationError` with every problem.
    """
    problems: list[str] = []
    found: list[Wanted] = []
    asked = [*_general(wanted, problems), *_scoped(wanted, problems)]
    for name, item, unit, text in asked:
        try:
            value = value_of(text, unit)
        except ValueError as problem:
            problems.append(f"{name}: {problem}")
        else:
            found.append(msgspec.structs.replace(item, value=value))
    if problems:
        raise ValidationError(problems)
    return found


Asked = tuple[str, Wanted, str, str]


def _general(wanted: Mapping[str, Any], problems: list[str]) -> list[Asked]:
    asked: list[Asked] = []
    limits = wanted.get("limits", {})
    if not isinstance(limits, dict):
        raise ValidationError("limits is no object; write for example {}.")
    for key, found in limits.items():
        text = found.get("value") if isinstance(found, dict) else found
        if key not in SPECS:
            problems.append(changesets.unknown_key(key))
        elif isinstance(text, bool | int | float | str):
            asked.append((key, Wanted(key, 0), SPECS[key].unit, _text(text)))
        else:
            problems.append(f"{key} is {_short(text)}; write its value.")
    for name, found in wanted.items():
        if name in NAMES:
            key, unit = NAMES[name]
            asked.append((name, Wanted(key, 0), unit, str(found)))
        elif name not in (*PARTS, MODE):
            known = (*PARTS, *NAMES, MODE) if name.startswith("CB_") else (*PARTS, *NAMES)
            problems.append(_no_such(repr(name), name, known))
    return asked


def _scoped(wanted: Mapping[str, Any], problems: list[str]) -> list[Asked]:
    rows = wanted.get("scoped", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValidationError("scoped is no list of objects; write for example [].")
    asked: list[Asked] = []
    for row in rows:
        if not all(isinstance(row.get(word, ""), str) for word in SCOPED_WORDS):
            problems.append(f"scoped has {_short(row)}; write every value as a text.")
        elif row.get("key") not in SPECS:
            problems.append(changesets.unknown_key(str(row.get("key"))))
        else:
            until = _moment(row.get("until", ""), problems)
            item = Wanted(row["key"], 0, row.get("scope", ""), row.get("target", ""), until)
            asked.append((item.name, item, SPECS[item.key].unit, row.get("value", "")))
    return asked


def _moment(text: str, problems: list[str]) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        problems.append(f"{text!r} is no time; write for example 2026-01-31T18:00:00+00:00.")
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(value: bool | int | float | str) -> str:
    """A value as it would be typed; a number of YAML or JSON in plain digits."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
