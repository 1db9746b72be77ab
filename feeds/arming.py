"""Which venues are armed: the third yes to trading with money, with author, reason and an end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from feeds.models import Arming
from feeds.venues import ADAPTERS
from markets.models import ConfigRevision
from markets.revisions import bump, change

LONGEST_ARMING = timedelta(hours=24)


@transaction.atomic
def arm(author: str, reason: str, until: datetime, venues: Iterable[str]) -> list[Arming]:
    """Let deals be opened with money at these venues until then; a venue's arming before ends.

    Errors: `ValidationError` where this machine does not allow live trading, for a time that is
    past or more than a day away, for no or an unknown venue, without author or reason.
    """
    now = timezone.now()
    wanted = tuple(dict.fromkeys(venues))
    check(wanted, until, now)
    changes, made = [], []
    for venue in wanted:
        Arming.objects.filter(venue=venue, ended_at=None).update(ended_at=now, ended_by=author)
        row = Arming(venue=venue, author=author, reason=reason, at=now, until=until)
        row.save()
        made.append(row)
        changes.append(change("arming", venue, "until", None, until.isoformat()))
    bump(author, reason, changes)
    return made


@transaction.atomic
def disarm(author: str, reason: str, venues: Iterable[str] = ()) -> ConfigRevision | None:
    """Open no more deals with money at these venues, or at any; what is open runs to its end.

    Nothing when none is armed. Errors: `ValidationError` without author or reason.
    """
    now = timezone.now()
    wanted = tuple(venues)
    rows = Arming.objects.select_for_update().filter(ended_at=None, until__gt=now)
    ended = [row for row in rows if not wanted or row.venue in wanted]
    for row in ended:
        row.ended_at, row.ended_by = now, author
        row.save()
    changes = [change("arming", row.venue, "until", row.until.isoformat(), None) for row in ended]
    return bump(author, reason, changes) if ended else None


def check(venues: tuple[str, ...], until: datetime, now: datetime) -> None:
    """Whether these may be armed until then. Errors: `ValidationError`, as `arm`."""
    if not settings.LIVE_ALLOWED:
        raise ValidationError(
            "Nothing can be armed on this machine: set LIVE=1 and remove DRY_RUN first."
        )
    if not now < until <= now + LONGEST_ARMING:
        raise ValidationError("Arm until a time within the next 24 hours.")
    known = ", ".join(sorted(ADAPTERS))
    if not venues or any(venue not in ADAPTERS for venue in venues):
        raise ValidationError(f"Name the venues to arm: {known}.")
