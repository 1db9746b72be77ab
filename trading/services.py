"""Writes of the web into the engine's world: commands, and the tokens of the API.

The engine answers a command; nothing here waits for it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from markets.revisions import hint
from markets.roles import REACH, SCOPES, Role, role_of
from trading.models import ApiToken, Command, Proposal

NAKED = ("wait", "hedge", "cross", "unwind")
KINDS = ("halt", "resume", "pause", "view_only", "reset", *NAKED)
DECIDED_HERE = ("confirm_pair", "block_pair")
PROPOSED_ANEW = timedelta(minutes=10)
PROPOSED_KEPT = timedelta(days=7)
KEY_USED = "key_used"
TOKEN_PREFIX = "arb_"  # noqa: S105  a mark by which a leaked token is recognised


class Asked(msgspec.Struct, frozen=True):
    """A command as asked; `is_new` is false when the same key was used before."""

    id: int
    kind: str
    target: str
    author: str
    reason: str
    state: str
    answer: str
    is_new: bool = True


class Wish(msgspec.Struct, frozen=True):
    """What somebody asks for, and the key under which it happens once."""

    kind: str
    target: str
    author: str
    reason: str
    idempotency_key: str | None = None
    packages: tuple[int, ...] = ()


def ask(
    kind: str, target: str, author: str, reason: str, idempotency_key: str | None = None
) -> Asked:
    """The command put before the engine; the earlier one when the key was used before.

    Errors: `ValidationError` for an unknown kind, without a reason, a choice about a naked deal
    without the deal, or a key that belongs to another command.
    """
    if kind not in KINDS:
        raise ValidationError(
            f"There is no command {kind!r}; it is one of {', '.join((*KINDS, *DECIDED_HERE))}."
        )
    if kind in NAKED and not target:
        raise ValidationError(f"Say which deal to {kind}: give its id as the target.")
    asked = _once(Wish(kind, target, author, reason, idempotency_key), lambda: None)
    if asked.is_new:
        transaction.on_commit(lambda: hint(0))
    return asked


def carry_out(wish: Wish, act: Callable[[], str]) -> Asked:
    """The command done here and now by `act`, whose answer is kept; the earlier one, and nothing
    done, when the key was used before.

    Errors: those of `act`, and as `ask`.
    """
    return _once(wish, act)


def _once(wish: Wish, act: Callable[[], str | None]) -> Asked:
    if not wish.reason.strip():
        raise ValidationError("Give a reason: it is kept with the command.")
    if max(len(wish.target), len(wish.idempotency_key or "")) > 200 or len(wish.reason) > 500:
        raise ValidationError("Target and key have at most 200 characters, the reason 500.")
    earlier = _earlier(wish.idempotency_key)
    if earlier is not None:
        return _same(earlier, wish)
    try:
        with transaction.atomic():
            row = _create(wish)
            answer = act()
            if answer is not None:
                row.state, row.answer, row.done_at = Command.State.DONE, answer, timezone.now()
                row.save(update_fields=["state", "answer", "done_at"])
    except IntegrityError:
        racing = _earlier(wish.idempotency_key)
        if racing is None:
            raise
        return _same(racing, wish)
    return _asked(row)


def _create(wish: Wish) -> Command:
    return Command.objects.create(
        kind=wish.kind,
        target=wish.target,
        author=wish.author[:150],
        reason=wish.reason.strip(),
        idempotency_key=wish.idempotency_key or None,
        fingerprint=_fingerprint(wish),
    )


def _fingerprint(wish: Wish) -> str:
    """What the same key must be used for again: everything asked, and by whom."""
    words = [wish.kind, wish.target, wish.author[:150], wish.reason.strip(), list(wish.packages)]
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


def _earlier(key: str | None) -> Command | None:
    return Command.objects.filter(idempotency_key=key).first() if key else None


def _same(earlier: Command, wish: Wish) -> Asked:
    before = earlier.fingerprint or _fingerprint(
        Wish(earlier.kind, earlier.target, earlier.author, earlier.reason, None, wish.packages)
    )
    if before != _fingerprint(wish):
        raise ValidationError(
            "This Idempotency-Key was used for another command; take a new one.", code=KEY_USED
        )
    return msgspec.structs.replace(_asked(earlier), is_new=False)


def _asked(row: Command) -> Asked:
    """A command row as a struct."""
    return Asked(row.pk, row.kind, row.target, row.author, row.reason, row.state, row.answer)


# --- proposals ------------------------------------------------------------------------------------


def propose_package(
    relation: str, amounts: Sequence[tuple[int, int]], profit: int, at: datetime
) -> bool:
    """Keeps a purchase for the engine to look at; false when the last one, told within ten minutes,
    is the same.
    """
    listed = [list(leg) for leg in amounts]
    last = Proposal.objects.filter(relation=relation).first()
    if last is not None and last.amounts == listed and at - last.at < PROPOSED_ANEW:
        return False
    Proposal.objects.create(relation=relation, amounts=listed, profit=profit, at=at)
    Proposal.objects.filter(relation=relation, at__lt=at - PROPOSED_KEPT).delete()
    return True


# --- tokens ---------------------------------------------------------------------------------------


class Bearer(msgspec.Struct, frozen=True):
    """Who a token speaks for, how far, and the name under which its calls are counted."""

    username: str
    scope: str
    counted_as: str = ""


MOST_DAYS = 3650


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_token(username: str, scope: str = "read", name: str = "", *, days: int = 0) -> str:
    """A new token, shown only here; it ends after so many days, or never with 0.

    Its scope may be beyond the user's role of today: `bearer` takes the lesser of both.
    Errors: `ValidationError` for an unknown user or scope.
    """
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        raise ValidationError(f"There is no user {username!r}; create it in the admin first.")
    expires = timezone.now() + timedelta(days=days) if days else None
    if not 0 <= days <= MOST_DAYS:
        raise ValidationError(f"A token lasts 1 to {MOST_DAYS} days.")
    return new_token(user, scope, name, expires)[1]


def new_token(
    user: User, scope: str, name: str, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token's row, which keeps only a hash, and the token itself.

    Errors: `ValidationError` for an unknown scope.
    """
    if scope not in REACH:
        raise ValidationError(f"{scope!r} is no scope; take read, trade or admin.")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        user=user, name=name[:80], hash=hash_of(token), scope=scope, expires_at=expires_at
    )
    return row, token


def refuse_beyond_role(user: User, scope: str) -> None:
    """Errors: `ValidationError` for a scope beyond the user's role."""
    role = role_of(user)
    if role is None or role < REACH.get(scope, Role.VIEWER):
        held = "not active" if role is None else f"only {role.word}"
        raise ValidationError(
            f"{user.get_username()} is {held}: the scope {scope} needs the role "
            f"{REACH[scope].word}; give it first (`manage.py account`, or Users in the admin)."
        )


def revoke_token(username: str, number: int) -> bool:
    """Ends a user's own token; whether there was one in use."""
    rows = ApiToken.objects.filter(pk=number, user__username=username, revoked_at=None)
    return bool(rows.update(revoked_at=timezone.now()))


def bearer(token: str) -> Bearer | None:
    """Who bears this token; nothing when it is unknown, ended or revoked, or its user not active.

    It reaches as far as its scope and its user's role of today, whichever is less.
    """
    now = timezone.now()
    row = (
        ApiToken.objects.select_related("user")
        .filter(hash=hash_of(token), revoked_at=None, user__is_active=True)
        .exclude(expires_at__lte=now)
        .first()
    )
    role = None if row is None else role_of(row.user)
    if row is None or role is None:
        return None
    if row.used_at is None or (now - row.used_at).total_seconds() > 60:
        ApiToken.objects.filter(pk=row.pk).update(used_at=now)
    reach = min(role, REACH[row.scope])
    return Bearer(row.user.get_username(), SCOPES[reach], f"token:{row.pk}")
