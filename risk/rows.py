"""Configuration that is no limit, as parts of a change set: how far strategies are let, where one
may trade, what is blocked.

Each kind of row is known by a natural key, checked before anything is saved, written with one
change per field, and taken back by the fields it had before. A row that was not there before is
taken away again: a strategy without a row is off, a place without one is not allowed, a block rule
is switched off and stays on record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db.models import Model

from markets import selectors as market_selectors
from markets.models import BlockRule
from markets.revisions import Change, change
from markets.services import check_block_rule
from markets.terms.units import MICRO
from risk.models import Feature, Jurisdiction
from risk.wanted import RowWanted
from trading.amounts import shown
from trading.engine.limits import Unit

FEATURE, PLACE, BLOCK = "feature", "jurisdiction", "block rule"
BLOCK_KINDS = tuple(BlockRule.Kind.choices)


class Kind(msgspec.Struct, frozen=True):
    """One kind of row: its fields with what they are when nobody said otherwise, and how a row is
    found, made, checked and taken away.
    """

    fields: dict[str, Any]
    find: Callable[[str], Model | None]
    make: Callable[[str], Model]
    check: Callable[[Any], None]
    drop: Callable[[Any], None]


def check_feature(row: Feature) -> None:
    """Refuses a row that could not be carried out. Errors: `ValidationError`."""
    if row.rollout not in Feature.Rollout.values:
        stages = ", ".join(Feature.Rollout.values)
        raise ValidationError(f"{row.rollout!r} is no stage of a strategy; take {stages}.")
    if row.rollout == Feature.Rollout.VENUE and market_selectors.venue(row.venue) is None:
        raise ValidationError(f"There is no venue {row.venue!r}; name the one that has a leg.")
    if not 0 <= row.share_ppm <= MICRO:
        raise ValidationError("A share is 0 to 100 %.")


def check_place(row: Jurisdiction) -> None:
    """Refuses a place that is none, or a word without its why. Errors: `ValidationError`."""
    if not (len(row.country) == 2 and row.country.isascii() and row.country.isupper()):
        raise ValidationError(f"{row.country!r} is no country; write two capitals such as DE.")
    if row.venue and market_selectors.venue(row.venue) is None:
        raise ValidationError(f"There is no venue {row.venue!r}; leave it empty for every venue.")
    if not row.why.strip():
        raise ValidationError("Say why: law, licence or terms of use, and where to read them.")


def check_block(row: BlockRule) -> None:
    """Refuses a rule that could block nothing or everything. Errors: `ValidationError`."""
    if row.kind not in BlockRule.Kind.values:
        raise ValidationError(f"{row.kind!r} is no kind; take {', '.join(BlockRule.Kind.values)}.")
    if not row.value.strip():
        raise ValidationError("Say what is blocked.")
    check_block_rule(row)


def _find_place(key: str) -> Jurisdiction | None:
    country, venue, category = _parts(key, 3)
    return Jurisdiction.objects.filter(country=country, venue=venue, category=category).first()


def _make_place(key: str) -> Jurisdiction:
    country, venue, category = _parts(key, 3)
    return Jurisdiction(country=country, venue=venue, category=category)


def _find_block(key: str) -> BlockRule | None:
    kind, value = _parts(key, 2)
    return BlockRule.objects.filter(kind=kind, value=value).first()


def _make_block(key: str) -> BlockRule:
    kind, value = _parts(key, 2)
    return BlockRule(kind=kind, value=value, active=False)


def _switch_off(row: BlockRule) -> None:
    row.active = False
    row.save()


def _parts(key: str, count: int) -> list[str]:
    """The parts of a key; the last takes what is left. Errors: `ValidationError`."""
    parts = key.split("/", count - 1)
    if len(parts) != count:
        raise ValidationError(f"{key!r} names no row.")
    return parts


def key_of(row: Any) -> str:
    """The natural key of a row of any kind."""
    match row:
        case Feature():
            return str(row.strategy)
        case Jurisdiction():
            return f"{row.country}/{row.venue}/{row.category}"
        case _:
            return f"{row.kind}/{row.value}"


KINDS: dict[str, Kind] = {
    FEATURE: Kind(
        {"rollout": "off", "venue": "", "share_ppm": 0},
        lambda key: Feature.objects.filter(pk=key).first(),
        lambda key: Feature(pk=key),
        check_feature,
        lambda row: row.delete(),
    ),
    PLACE: Kind(
        {"allowed": False, "why": ""},
        _find_place,
        _make_place,
        check_place,
        lambda row: row.delete(),
    ),
    BLOCK: Kind(
        {"active": False, "reason": ""},
        _find_block,
        _make_block,
        check_block,
        _switch_off,
    ),
}


def check(items: Sequence[RowWanted]) -> None:
    """Refuses rows that could not be. Errors: `ValidationError`, one sentence per problem."""
    problems: list[str] = []
    for item in items:
        try:
            _changed(item)
        except ValidationError as problem:
            problems += problem.messages
    if problems:
        raise ValidationError(list(dict.fromkeys(problems)))


def _changed(item: RowWanted) -> tuple[Kind, Any, dict[str, Any]]:
    """The kind, the row as it would be, and its fields before; checked, not saved."""
    kind = KINDS.get(item.kind)
    if kind is None:
        raise ValidationError(f"{item.kind!r} is no kind of row; take {', '.join(KINDS)}.")
    row = kind.find(item.key)
    before = {name: getattr(row, name) for name in kind.fields} if row is not None else {}
    made: Any = row if row is not None else kind.make(item.key)
    for name, value in (item.fields or {}).items():
        if name not in kind.fields:
            known = ", ".join(kind.fields)
            raise ValidationError(f"A {item.kind} has no {name}; it has {known}.")
        setattr(made, name, value)
    if item.fields is not None:
        kind.check(made)
    return kind, made, before


def as_wanted(item: RowWanted) -> Any:
    """The row as it would be, not saved; None where it would be taken away.

    Errors: `ValidationError`, see `check`.
    """
    return None if item.fields is None else _changed(item)[1]


def narrows(item: RowWanted) -> bool:
    """Whether it lets nothing be traded that was not: what stops never waits for anybody."""
    if item.fields is None:
        return item.kind != BLOCK
    row = as_wanted(item)
    if item.kind == FEATURE:
        return bool(row.rollout == Feature.Rollout.OFF)
    return not row.allowed if item.kind == PLACE else bool(row.active)


def write(item: RowWanted) -> list[Change]:
    """Saves one row within the caller's transaction; what differs, a field each.

    Errors: `ValidationError`, see `check`.
    """
    kind, row, before = _changed(item)
    if item.fields is None:
        if not before or (item.kind == BLOCK and not before["active"]):
            return []
        kind.drop(row)
        gone = {"active": before["active"]} if item.kind == BLOCK else before
        after = {"active": False} if item.kind == BLOCK else dict.fromkeys(before)
        return [change(item.kind, item.key, name, gone[name], after[name]) for name in gone]
    values = {name: getattr(row, name) for name in kind.fields}
    changes = [
        change(item.kind, item.key, name, before.get(name), value)
        for name, value in values.items()
        if not before or before[name] != value
    ]
    if changes:
        row.save()
    return changes


def undone(changes: Iterable[dict[str, Any]]) -> list[RowWanted]:
    """What would take the rows among a revision's changes back; what is named otherwise than by its
    natural key is left out.
    """
    before: dict[tuple[str, str], dict[str, Any]] = {}
    for item in changes:
        if item["object"] in KINDS:
            fields = before.setdefault((item["object"], str(item["key"])), {})
            fields[item["field"]] = item["before"]
    found = []
    for (kind, key), fields in before.items():
        if "/" not in key and kind != FEATURE:
            continue
        was_there = any(value is not None for value in fields.values())
        known = {name: value for name, value in fields.items() if name in KINDS[kind].fields}
        found.append(RowWanted(kind, key, known if was_there else None))
    return found


def words(item: RowWanted) -> str:
    """A change in words: `taker_taker paper, was on`."""
    now = KINDS[item.kind].find(item.key)
    was = _said(item.kind, now)
    if item.fields is None:
        return (
            f"{name_of(item)} {'switched off' if item.kind == BLOCK else 'taken away'}, was {was}"
        )
    _, row, _ = _changed(item)
    return f"{name_of(item)} {_said(item.kind, row)}, was {was}"


def name_of(item: RowWanted) -> str:
    """What a row is about, for people."""
    if item.kind == PLACE:
        country, venue, category = _parts(item.key, 3)
        return f"{venue or 'every venue'} from {country}{f' in {category}' if category else ''}"
    return f"block {item.key.replace('/', ' ', 1)}" if item.kind == BLOCK else item.key


def _said(kind: str, row: Any) -> str:
    if row is None:
        return "without a row"
    if kind == PLACE:
        return "allowed" if row.allowed else "not allowed"
    if kind == BLOCK:
        return "on" if row.active else "off"
    more = row.venue if row.rollout == Feature.Rollout.VENUE else ""
    if row.rollout == Feature.Rollout.SHARE:
        more = shown(row.share_ppm, Unit.PPM)
    return f"{row.rollout} {more}".strip()
