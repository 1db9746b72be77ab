"""Change sets that wait for a second person: proposed, approved by somebody else, or withdrawn.

What is approved is checked again as if it were saved now, and refused where it has become stale.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from markets.models import ConfigRevision
from markets.revisions import bump
from risk import changesets
from risk.models import ChangeSet
from risk.wanted import Item, items_of


@transaction.atomic
def propose(wanted: Sequence[Item], author: str, reason: str, base: int) -> int:
    """The number of a change set that waits for somebody else.

    Errors: `ValidationError`, see `check_wanted`; without a reason.
    """
    changesets.check_items(wanted)
    if not reason.strip():
        raise ValidationError("Give a reason: it is kept with the change.")
    row = ChangeSet.objects.create(
        author=author,
        reason=reason.strip()[:500],
        at=timezone.now(),
        base=base,
        wanted=msgspec.to_builtins(list(wanted)),
    )
    return row.pk


@transaction.atomic
def approve(number: int, author: str) -> ConfigRevision | None:
    """The revision of a proposed change set, approved by somebody who did not propose it.

    Errors: `ValidationError` when there is none, it is decided, stale or refused, or it is one's
    own.
    """
    row = ChangeSet.objects.select_for_update().filter(pk=number).first()
    if row is None or row.state != ChangeSet.State.PROPOSED:
        raise ValidationError(f"Change set {number} does not wait for anybody.")
    if row.author == author:
        raise ValidationError("You proposed this change; somebody else must approve it.")
    wanted = items_of(row.wanted)
    changesets.check_items(wanted)
    changesets.refuse_stale(wanted, row.base)
    changes = changesets.write(wanted)
    reason = f"{row.reason} (proposed by {row.author})"
    made = bump(author, reason[:500], changes) if changes else None
    row.state, row.decided_by = ChangeSet.State.APPLIED, author
    row.revision = made.pk if made else None
    row.save()
    return made


@transaction.atomic
def withdraw(number: int, author: str) -> None:
    """A proposed change set waits no longer. Errors: `ValidationError` when it does not wait."""
    rows = ChangeSet.objects.filter(pk=number, state=ChangeSet.State.PROPOSED)
    if not rows.update(state=ChangeSet.State.WITHDRAWN, decided_by=author):
        raise ValidationError(f"Change set {number} does not wait for anybody.")
