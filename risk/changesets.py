"""Changes of limits, strategies, places and blocks as sets: checked as a whole, versioned,
revertible. A second person, where one is asked for, is in `proposals`.

A change is refused in one sentence (`ValidationError`) before anything is saved: a value outside
its bounds, limits that together could never trade (`Snapshot.problems`), or a value that somebody
changed meanwhile.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from markets import selectors as market_selectors
from markets.models import ConfigRevision
from markets.moments import ns
from markets.revisions import Change, bump, change
from markets.terms.units import Ns
from risk import rows, selectors
from risk.models import Threshold
from risk.wanted import Item, RowWanted, Wanted, limits_of, rows_of, undone
from trading.amounts import shown, value_of
from trading.engine.config import SPECS, Limits, LimitSpec, Mode, Snapshot
from trading.engine.limits import Scope
from trading.engine.scopes import ScopedLimit

MOST_MINUTES = 10_080


def check_wanted(wanted: Sequence[Wanted]) -> None:
    """Refuses values that are out of bounds, out of place, or contradict what else is set.

    Errors: `ValidationError` with one sentence per problem.
    """
    found = [text for item in wanted for text in _misfits(item)]
    if not found:
        found = with_wanted(wanted).problems()
    if found:
        raise ValidationError(list(dict.fromkeys(found)))


def _misfits(item: Wanted) -> list[str]:
    spec = SPECS.get(item.key)
    if spec is None:
        return [unknown_key(item.key)]
    scopes = ", ".join(spec.scopes)
    if item.scope and item.scope not in spec.scopes:
        where = f"only for a {scopes}" if scopes else "only for everything"
        return [f"{item.key} cannot be set for a {item.scope}, {where}."]
    if bool(item.scope) != bool(item.target.strip()):
        return [f"Name the {item.scope or 'scope'} that {item.key} is for."]
    if item.value is not None and not spec.low <= item.value <= spec.high:
        return [
            f"{item.key} may be {shown(spec.low, spec.unit)} to {shown(spec.high, spec.unit)}, "
            f"not {shown(item.value, spec.unit)}."
        ]
    if item.until is not None and item.until <= timezone.now():
        return [f"The override of {item.key} would be over already; give a time to come."]
    return []


def unknown_key(key: str) -> str:
    """The sentence about a setting there is not, with the nearest that there is."""
    near = difflib.get_close_matches(key, SPECS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "`manage.py config export` lists them."
    return f"There is no setting {key!r}; {hint}"


def with_wanted(wanted: Sequence[Wanted]) -> Snapshot:
    """What limits would be with these values: only limits, nothing else of a snapshot."""
    return overlaid(selectors.values(), selectors.scoped(), wanted)


def overlaid(
    values: Mapping[str, int], known: Iterable[ScopedLimit], wanted: Iterable[Wanted]
) -> Snapshot:
    """The limits of `values` and `known`, others as shipped, with what is wanted upon them."""
    general = dict(values)
    scoped = {(x.key, x.scope.value, x.target, bool(x.until)): x for x in known}
    for item in wanted:
        place = (item.key, item.scope, item.target, item.until is not None)
        if not item.scope and item.until is None:
            general[item.key] = SPECS[item.key].default if item.value is None else item.value
        elif item.value is None:
            scoped.pop(place, None)
        else:
            until = ns(item.until) if item.until else Ns(0)
            scoped[place] = ScopedLimit(item.key, Scope(item.scope), item.target, item.value, until)
    return Snapshot(revision=0, at=Ns(0), limits=Limits(**general), scoped=tuple(scoped.values()))


@transaction.atomic
def apply(
    wanted: Sequence[Item], author: str, reason: str, base: int | None = None
) -> ConfigRevision | None:
    """The revision of all values that differ from what is saved; nothing when none does.

    `base` is the revision the person was looking at: a value somebody else changed since is not
    overwritten. Errors: `ValidationError`, see `check_wanted`; when somebody changed one meanwhile;
    without a reason; or when a second person must approve.
    """
    stored = {
        (t.key, t.scope, t.target, t.expires_at is not None): t
        for t in Threshold.objects.select_for_update()
    }
    check_items(wanted)
    refuse_stale(wanted, base)
    alone = all(isinstance(item, RowWanted) and rows.narrows(item) for item in wanted)
    changes: list[Change] = []
    for item in limits_of(wanted):
        row = stored.get((item.key, item.scope, item.target, item.until is not None))
        changes += _write(item, row)
    for other in rows_of(wanted):
        changes += rows.write(other)
    if not changes:
        return None
    if not alone:
        refuse_alone()
    return bump(author, reason, changes)


def refuse_alone() -> None:
    """Refuses where a second person is needed now. Errors: `ValidationError`."""
    if needs_two():
        raise ValidationError(
            "Live limits need a second person here: propose the change, somebody else approves it."
        )


def check_items(wanted: Sequence[Item]) -> None:
    """Refuses a change set of which any part could not be. Errors: `ValidationError`."""
    check_wanted(limits_of(wanted))
    rows.check(rows_of(wanted))


def refuse_stale(wanted: Sequence[Item], base: int | None) -> None:
    """Refuses when one of these values was changed after the revision `base`.

    Errors: `ValidationError` naming who changed it and when.
    """
    if base is None:
        return
    names = {("threshold", item.name) for item in limits_of(wanted)}
    names |= {(item.kind, item.key) for item in rows_of(wanted)}
    for revision in ConfigRevision.objects.filter(pk__gt=base).order_by("-id"):
        for change_ in revision.changes:
            if (change_["object"], change_["key"]) in names:
                at = revision.at.strftime("%H:%M:%S")
                raise ValidationError(
                    f"{revision.author} changed {change_['key']} at {at} UTC, in revision "
                    f"{revision.pk}, while you were looking; look at it again, then save."
                )


def write(wanted: Sequence[Item]) -> list[Change]:
    """Saves checked items within the caller's transaction, without a revision; what differs."""
    changes = [item for one in limits_of(wanted) for item in _write(one, _row_of(one))]
    return changes + [item for one in rows_of(wanted) for item in rows.write(one)]


def _write(item: Wanted, row: Threshold | None) -> list[Change]:
    """Saves one value; what differs."""
    spec = SPECS[item.key]
    general = not item.scope and item.until is None
    before = row.value if row else spec.default if general else None
    value = spec.default if item.value is None and general else item.value
    changes = []
    if before != value:
        changes.append(change("threshold", item.name, "value", before, value))
    ends = row.expires_at.isoformat() if row and row.expires_at else None
    until = item.until.isoformat() if item.until and value is not None else None
    if ends != until:
        changes = [
            change("threshold", item.name, "value", before, value),
            change("threshold", item.name, "until", ends, until),
        ]
    if value is None:
        if row is not None:
            row.delete()
    elif changes or row is None:
        store(msgspec.structs.replace(item, value=value))
    return changes


def store(item: Wanted) -> None:
    """Saves one value within the caller's transaction, unchecked and without a revision."""
    spec = SPECS[item.key]
    row = _row_of(item) or Threshold(key=spec.key, scope=item.scope, target=item.target)
    row.value = spec.default if item.value is None else item.value
    row.expires_at = item.until
    row.unit, row.low, row.high = spec.unit.value, spec.low, spec.high
    row.group, row.meaning = spec.group, spec.meaning
    row.save()


def needs_two() -> bool:
    """Whether changes need a second person now: the setting is on and money may be traded."""
    row = selectors.engine()
    return row.two_people and row.exec_mode in (Mode.LIVE, Mode.BOTH)


def _row_of(item: Wanted) -> Threshold | None:
    return Threshold.objects.filter(
        key=item.key,
        scope=item.scope,
        target=item.target,
        expires_at__isnull=item.until is None,
    ).first()


@transaction.atomic
def revert(number: int, author: str, reason: str = "") -> ConfigRevision:
    """The revision that takes one change set back, checked like any other change.

    Errors: `ValidationError` when there is no such revision, it holds nothing that can be taken
    back, or something of it changed again since.
    """
    try:
        revision = market_selectors.revision(number)
    except LookupError as problem:
        raise ValidationError(str(problem)) from None
    back = taken_back(revision.changes)
    nothing = f"Revision {number} changed nothing that can be taken back."
    if not back:
        raise ValidationError(nothing)
    later = {
        (c["object"], c["key"])
        for r in ConfigRevision.objects.filter(pk__gt=number)
        for c in r.changes
    }
    for item in back:
        kind = "threshold" if isinstance(item, Wanted) else item.kind
        if (kind, item.name) in later:
            raise ValidationError(
                f"{item.name} was changed again after revision {number}; set it by hand."
            )
    made = apply(back, author, reason or f"Reverts revision {number}.")
    if made is None:
        raise ValidationError(nothing)
    return made


def taken_back(changes: Iterable[dict[str, Any]]) -> list[Item]:
    """What would take a revision's changes back: limits, strategies, places and blocks."""
    kept = list(changes)
    return [*undone(kept), *rows.undone(kept)]


def as_of(number: int) -> list[Item]:
    """What would bring everything back to where it stood at a revision, in no order.

    Errors: `ValidationError` for a revision there is not.
    """
    try:
        market_selectors.revision(number)
    except LookupError as problem:
        raise ValidationError(str(problem)) from None
    found: dict[tuple[str, str], Item] = {}
    for later in ConfigRevision.objects.filter(pk__gt=number).order_by("-id"):
        for item in undone(later.changes):
            found["threshold", item.name] = item
        for row in rows.undone(later.changes):
            earlier = found.get((row.kind, row.key))
            found[row.kind, row.key] = _joined(earlier, row)
    return list(found.values())


def _joined(later: Item | None, row: RowWanted) -> RowWanted:
    """A row as it was before two revisions of it: what the earlier one does not tell, the later."""
    if row.fields is None or not isinstance(later, RowWanted) or later.fields is None:
        return row
    return msgspec.structs.replace(row, fields={**later.fields, **row.fields})


def override(spec: LimitSpec, text: str, minutes: str) -> Wanted:
    """A value for everything that ends so many minutes from now.

    Errors: `ValidationError` for a value or a time that is none.
    """
    try:
        value = value_of(text, spec.unit)
    except ValueError as problem:
        raise ValidationError(str(problem)) from None
    if not (minutes.isascii() and minutes.isdigit() and 1 <= int(minutes) <= MOST_MINUTES):
        raise ValidationError(f"Say for how many minutes: 1 to {MOST_MINUTES:,}.")
    return Wanted(spec.key, value, until=timezone.now() + timedelta(minutes=int(minutes)))
