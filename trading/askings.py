"""What people asked, the worker that answers, and tokens that may ask: reads, as structs."""

from __future__ import annotations

import msgspec
from django.utils import timezone

from markets.cursors import Page, page
from markets.moments import ns, ns_or_none
from markets.terms.units import Ns
from trading.models import (
    ApiToken,
    Command,
    SelfTest,
    WorkerHeartbeat,
)


class CommandRow(msgspec.Struct, frozen=True):
    """What a person asked, and the answer."""

    id: int
    kind: str
    target: str
    author: str
    reason: str
    state: str
    answer: str
    created_at: Ns
    done_at: Ns | None


class WorkerRow(msgspec.Struct, frozen=True):
    """A worker as it last reported; `picture` is an encoded `EnginePicture`."""

    name: str
    at: Ns
    run: str
    mode: str
    revision_running: int
    rejected: tuple[str, ...]
    picture: bytes | None
    pid: int | None


class TokenRow(msgspec.Struct, frozen=True):
    """A token of the API, without the token."""

    id: int
    name: str
    scope: str
    created_at: Ns
    used_at: Ns | None
    expires_at: Ns | None
    revoked_at: Ns | None
    is_over: bool


def commands(cursor: str | None = None, limit: int = 50) -> Page[CommandRow]:
    """Commands, newest first.

    Errors: `ValueError` for a cursor that is none of ours.
    """
    return page(Command.objects.all(), cursor, limit, _command_row)


def command(number: int) -> CommandRow | None:
    """One command, or nothing."""
    row = Command.objects.filter(pk=number).first()
    return None if row is None else _command_row(row)


def _command_row(row: Command) -> CommandRow:
    return CommandRow(
        id=row.pk,
        kind=row.kind,
        target=row.target,
        author=row.author,
        reason=row.reason,
        state=row.state,
        answer=row.answer,
        created_at=ns(row.created_at),
        done_at=ns_or_none(row.done_at),
    )


def tokens(username: str) -> tuple[TokenRow, ...]:
    """A user's API tokens, newest first."""
    return tuple(
        TokenRow(
            id=row.pk,
            name=row.name,
            scope=row.scope,
            created_at=ns(row.created_at),
            used_at=ns_or_none(row.used_at),
            expires_at=ns_or_none(row.expires_at),
            revoked_at=ns_or_none(row.revoked_at),
            is_over=row.expires_at is not None and row.expires_at <= timezone.now(),
        )
        for row in ApiToken.objects.filter(user__username=username)
    )


def worker() -> WorkerRow | None:
    """The worker that reported last, or nothing when none ever did."""
    row = WorkerHeartbeat.objects.order_by("-at").first()
    if row is None:
        return None
    return WorkerRow(
        name=row.name,
        at=ns(row.at),
        run=row.run,
        mode=row.mode,
        revision_running=row.revision_running,
        rejected=tuple(row.rejected),
        picture=bytes(row.picture) if row.picture is not None else None,
        pid=row.pid,
    )


class SelfTestRow(msgspec.Struct, frozen=True):
    """How the newest self-test ended; `text` says it in a sentence."""

    at: Ns
    outcome: str
    text: str


def last_self_test() -> SelfTestRow | None:
    """The newest self-test; nothing before the first."""
    row = SelfTest.objects.first()
    return SelfTestRow(ns(row.at), row.outcome, row.text) if row else None
