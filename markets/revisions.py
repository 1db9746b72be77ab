"""Revisions: every change of configuration leaves one row, in the transaction that made the change.

Numbers are given in the order of commits (the table is locked until then), so that whoever reads
the largest number sees every change up to it. The hint on Redis only makes the worker look sooner:
it may be lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

import redis
import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from markets.chain import Checked, check, link
from markets.models import ConfigRevision

HINT_CHANNEL = "arbsite:hint"
LOG = structlog.get_logger(__name__)

Change = dict[str, Any]


def change(kind: str, key: str, field: str, before: Any, after: Any) -> Change:
    """One changed value.

    `kind` is the sort of thing (`threshold`, `venue`, ...), `key` names it.
    """
    return {"object": kind, "key": key, "field": field, "before": before, "after": after}


def bump(author: str, reason: str, changes: Iterable[Change]) -> ConfigRevision:
    """The revision of a change made in the caller's transaction; a hint follows its commit.

    Errors: `ValidationError` without an author or a reason; `RuntimeError` outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A revision must be made in the transaction of its change.")
    if not reason.strip():
        raise ValidationError("Give a reason: it is kept with the change.")
    if not author.strip():
        raise ValidationError("Name the author of the change.")
    with connection.cursor() as cursor:
        cursor.execute(f'LOCK TABLE "{ConfigRevision._meta.db_table}" IN EXCLUSIVE MODE')
    last = ConfigRevision.objects.order_by("-id").values_list("hash", flat=True).first()
    revision = ConfigRevision.objects.create(
        author=author.strip(),
        reason=reason.strip()[:500],
        at=timezone.now(),
        changes=json.loads(json.dumps(list(changes), default=str)),
    )
    revision.hash = link(last or "", revision)
    revision.save(update_fields=["hash"])
    transaction.on_commit(partial(hint, revision.pk))
    return revision


def hint(revision: int) -> None:
    """Tells whoever listens that a revision was saved; without Redis they find it by asking."""
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5
        ) as server:
            server.publish(HINT_CHANNEL, str(revision))
    except redis.RedisError as problem:
        LOG.info("hint not sent", revision=revision, problem=type(problem).__name__)


def verify(expect: str = "") -> tuple[Checked, bool]:
    """How far the chain of revisions holds, and whether it has a hash (true when none is given)."""
    checked = check(ConfigRevision.objects.order_by("id").iterator(500))
    return checked, not expect or ConfigRevision.objects.filter(hash=expect).exists()
