"""What the Settings and Audit pages show, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from markets import selectors as markets
from markets.selectors import RevisionRow
from markets.terms.formats import amount
from markets.terms.units import Ns
from risk import rows, selectors
from risk.profiles import PROFILES
from risk.selectors import ChangeSetRow
from risk.wanted import Item, Wanted, items_of, limits_of, rows_of
from trading import askings
from trading.amounts import shown, text_of, value_of
from trading.engine.config import SPECS, LimitSpec
from trading.engine.limits import Scope
from trading.trips import TripRow

LOOKED_BACK = 400
HERE, WIDER, SHIPPED = "here", "wider", "shipped"


class Line(msgspec.Struct, frozen=True):
    """One setting as a field of the page. `typed` is what the person wrote, else the value that is
    saved; `source` says where the value comes from, `was` the saved one when another is typed.
    """

    key: str
    name: str
    unit: str
    typed: str
    bounds: str
    meaning: str
    dormant: str
    shipped: str
    profile: str
    source: str
    is_changed: bool
    was: str
    error: str
    who: str
    at: Ns | None
    why: str


class TripLine(msgspec.Struct, frozen=True):
    """A trip of a breaker as the page shows it; `numbers` are what it measured and its limit."""

    row: TripRow
    numbers: str


def trip(row: TripRow) -> TripLine:
    """One line of the history of trips."""
    return TripLine(row, f"{amount(row.actual, row.unit)} of {amount(row.limit, row.unit)}")


class Group(msgspec.Struct, frozen=True):
    """Settings under one heading."""

    name: str
    lines: tuple[Line, ...]


class Place(msgspec.Struct, frozen=True):
    """What the page is about: everything, or one category, venue, ..."""

    scope: str = ""
    target: str = ""

    @property
    def words(self) -> str:
        """As people say it."""
        return f"{self.scope} {self.target}" if self.scope else "everything"


class LastChange(msgspec.Struct, frozen=True):
    """Who last set a value, when and why."""

    author: str
    at: Ns
    reason: str


class Entry(msgspec.Struct, frozen=True):
    """A revision of the audit page: its changes in words, and whether it can be taken back."""

    row: RevisionRow
    lines: tuple[str, ...]
    kinds: tuple[str, ...]
    revertible: bool


class Asked(msgspec.Struct, frozen=True):
    """What the audit is filtered by; empty is everything."""

    who: str = ""
    kind: str = ""
    q: str = ""

    @classmethod
    def of(cls, words: Mapping[str, str]) -> Asked:
        """Out of an address."""
        return cls(words.get("who", ""), words.get("kind", ""), words.get("q", "").strip())


def status(tab: str) -> dict[str, Any]:
    """What every page of settings shows above: saved, running, rejected because."""
    worker = askings.worker()
    return {
        "page": "audit" if tab == "audit" else "settings",
        "tab": tab,
        "saved": markets.last_revision_number(),
        "running": worker.revision_running if worker else None,
        "rejected": worker.rejected if worker else (),
    }


def groups(
    place: Place, typed: Mapping[str, str], errors: Mapping[str, str], profile: str
) -> tuple[Group, ...]:
    """Every setting that can be set for this place, in the table's order."""
    general = {row.spec.key: row.value for row in selectors.limit_rows()}
    own = {
        row.spec.key: row.value
        for row in selectors.scoped_rows()
        if (row.scope, row.target) == (place.scope, place.target) and row.until is None
    }
    last = last_changes(place)
    there = PROFILES[profile].values if profile in PROFILES else {}
    found: dict[str, list[Line]] = {}
    for key, spec in SPECS.items():
        if place.scope and Scope(place.scope) not in spec.scopes:
            continue
        value = own.get(key, general[key])
        saved = "" if place.scope and key not in own else text_of(value, spec.unit)
        source = HERE if key in own or (not place.scope and value != spec.default) else WIDER
        line = _line(spec, (saved, typed.get(key, saved)), errors.get(key, ""), last.get(key))
        found.setdefault(spec.group, []).append(
            msgspec.structs.replace(
                line,
                source=_source(place, source, shown(general[key], spec.unit)),
                profile=_beside(spec, there.get(key), value),
            )
        )
    return tuple(Group(name, tuple(lines)) for name, lines in found.items())


def _line(spec: LimitSpec, texts: tuple[str, str], error: str, last: LastChange | None) -> Line:
    saved, typed = texts
    return Line(
        key=spec.key,
        name=spec.key.removesuffix("_ms").replace("_", " "),
        unit=spec.unit.value,
        typed=typed,
        bounds=f"{text_of(spec.low, spec.unit)} to {shown(spec.high, spec.unit)}",
        meaning=spec.meaning,
        dormant=spec.dormant,
        shipped=shown(spec.default, spec.unit),
        profile="",
        source="",
        is_changed=typed.strip() != saved,
        was=saved,
        error=error,
        who=last.author if last else "",
        at=last.at if last else None,
        why=last.reason if last else "",
    )


def _source(place: Place, source: str, general: str) -> str:
    if place.scope:
        return "set here" if source == HERE else f"{general} for everything"
    return "set here" if source == HERE else "as shipped"


def _beside(spec: LimitSpec, there: int | None, value: int) -> str:
    return "" if there is None or there == value else shown(there, spec.unit)


def last_changes(place: Place) -> dict[str, LastChange]:
    """Who last set each value of this place, of the newest revisions."""
    suffix = f"@{place.scope}:{place.target}" if place.scope else ""
    found: dict[str, LastChange] = {}
    for row in markets.revisions(LOOKED_BACK):
        for item in row.changes:
            name = str(item["key"])
            key = name.removesuffix(suffix) if suffix else name
            if item["object"] == "threshold" and key in SPECS and name == f"{key}{suffix}":
                found.setdefault(key, LastChange(row.author, row.at, row.reason))
    return found


def read_form(
    place: Place, typed: Mapping[str, str], saved: Mapping[str, str]
) -> tuple[list[Wanted], dict[str, str]]:
    """What differs from what is saved, and a sentence for each field that cannot be read. An empty
    field of a narrower scope takes the wider value.
    """
    wanted: list[Wanted] = []
    errors: dict[str, str] = {}
    for key, text in typed.items():
        spec = SPECS.get(key)
        if spec is None or text.strip() == saved.get(key, ""):
            continue
        if not text.strip() and place.scope:
            wanted.append(Wanted(key, None, place.scope, place.target))
            continue
        try:
            value = value_of(text, spec.unit)
        except ValueError as problem:
            errors[key] = str(problem)
            continue
        if not spec.low <= value <= spec.high:
            low, high = shown(spec.low, spec.unit), shown(spec.high, spec.unit)
            errors[key] = f"{low} to {high}, not {shown(value, spec.unit)}."
            continue
        wanted.append(Wanted(key, value, place.scope, place.target))
    return wanted, errors


def saved_texts(place: Place) -> dict[str, str]:
    """What each field of a place shows when nothing is typed."""
    return {line.key: line.was for group in groups(place, {}, {}, "") for line in group.lines}


def places() -> tuple[Place, ...]:
    """Places that have values of their own."""
    found = dict.fromkeys((row.scope, row.target) for row in selectors.scoped_rows() if row.scope)
    return tuple(Place(scope, target) for scope, target in found)


def overrides() -> tuple[str, ...]:
    """Values that hold for a time, in words."""
    return tuple(
        f"{row.spec.key.replace('_', ' ')} is overridden{_of(row.scope, row.target)}: "
        f"{shown(row.value, row.spec.unit)} until {row.until:%d %b %H:%M} UTC."
        for row in selectors.scoped_rows()
        if row.until
    )


def _of(scope: str, target: str) -> str:
    return f" for {scope} {target}" if scope else ""


def words_of(wanted: Sequence[Item]) -> tuple[str, ...]:
    """Each change in words: `max trade $70, was $100`, `taker_taker off, was paper`."""
    return (*_limit_words(limits_of(wanted)), *(rows.words(item) for item in rows_of(wanted)))


class Proposal(msgspec.Struct, frozen=True):
    """A change set that waits for a second person, in words."""

    row: ChangeSetRow
    words: tuple[str, ...]


def proposed() -> tuple[Proposal, ...]:
    """Change sets that wait, newest first."""
    return tuple(Proposal(row, words_of(items_of(row.wanted))) for row in selectors.proposed())


def _limit_words(wanted: Sequence[Wanted]) -> tuple[str, ...]:
    now = {row.spec.key: row.value for row in selectors.limit_rows()}
    own = {(r.spec.key, r.scope, r.target): r.value for r in selectors.scoped_rows()}
    found = []
    for item in wanted:
        unit = SPECS[item.key].unit
        before = own.get((item.key, item.scope, item.target), now.get(item.key, 0))
        value = "the wider value" if item.value is None else shown(item.value, unit)
        found.append(f"{item.key.replace('_', ' ')} {value}, was {shown(before, unit)}")
    return tuple(found)


def entries(
    author: str, kind: str, text: str, limit: int, looked_back: int = LOOKED_BACK
) -> tuple[Entry, ...]:
    """The newest revisions that match, newest first, of the newest `looked_back`."""
    found = [_entry(row) for row in markets.revisions(looked_back)]
    return tuple(
        entry
        for entry in found
        if (not author or entry.row.author == author)
        and (not kind or kind in entry.kinds)
        and (not text or _mentions(entry, text.casefold()))
    )[:limit]


def _mentions(entry: Entry, text: str) -> bool:
    words = (entry.row.reason, *entry.lines)
    return any(text in word.casefold() for word in words)


def _entry(row: RevisionRow) -> Entry:
    lines = tuple(_change_words(item) for item in row.changes)
    kinds = tuple(dict.fromkeys(str(item["object"]) for item in row.changes))
    limits = [c for c in row.changes if c["object"] == "threshold" and c["before"] is not None]
    return Entry(row, lines, kinds, bool(limits or rows.undone(row.changes)))


def _change_words(item: Mapping[str, Any]) -> str:
    key = str(item["key"])
    spec = SPECS.get(key.partition("@")[0].removesuffix(" (override)"))
    before, after = item["before"], item["after"]
    if item["object"] == "threshold" and spec is not None and item["field"] == "value":
        texts = [_shown(value, spec) for value in (before, after)]
        return f"{key} {texts[0]} → {texts[1]}"
    field = "" if item["field"] in ("value", "") else f" {item['field']}"
    return f"{item['object']} {key}{field} {_plain(before)} → {_plain(after)}"


def _shown(value: Any, spec: LimitSpec) -> str:
    return shown(value, spec.unit) if isinstance(value, int) else "–"


def _plain(value: Any) -> str:
    text = "–" if value is None or value == "" else str(value)
    return text if len(text) <= 120 else f"{text[:120]}…"


def authors(found: Iterable[Entry]) -> tuple[str, ...]:
    """Everybody who made one of these revisions."""
    return tuple(sorted({entry.row.author for entry in found}))
