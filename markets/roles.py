"""Who may do what: the three roles, and what a session must show before money is armed.

A viewer looks; an operator also commands the engine (halt, resume, unwind); an admin also changes
what the engine may do (pairs, limits, venues, people). A role is a Django group of that name. A
superuser is an admin; a member of no group is an operator when marked staff, else a viewer.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


class Role(IntEnum):
    """How far somebody reaches; each includes those before."""

    VIEWER = 0
    OPERATOR = 1
    ADMIN = 2

    @property
    def word(self) -> str:
        """The name of its group."""
        return self.name.lower()


REACH = {"read": Role.VIEWER, "trade": Role.OPERATOR, "admin": Role.ADMIN}
SCOPES = {role: scope for scope, role in REACH.items()}


def role_of(user: Any) -> Role | None:
    """A user's role; nothing for who is not signed in or no longer active."""
    if not (user.is_authenticated and user.is_active):
        return None
    if user.is_superuser:
        return Role.ADMIN
    known = {role.word: role for role in Role}
    groups = user.groups.filter(name__in=known).values_list("name", flat=True)
    held = [known[name] for name in groups]
    return max(held) if held else Role.OPERATOR if user.is_staff else Role.VIEWER


def asked_role(request: HttpRequest) -> Role | None:
    """The role of who asks, looked up once a request."""
    if not hasattr(request, "role_held"):
        request.role_held = role_of(request.user)  # type: ignore[attr-defined]
    held: Role | None = request.role_held  # type: ignore[attr-defined]
    return held


def may(request: HttpRequest, role: Role) -> bool:
    """Whether who asks reaches as far as `role`."""
    held = asked_role(request)
    return held is not None and held >= role


def require(request: HttpRequest, role: Role) -> None:
    """Errors: `PermissionDenied` for who does not reach as far as `role`."""
    if not may(request, role):
        raise PermissionDenied(
            f"This needs the role {role.word}; an admin gives it under Users in the admin."
        )


def has_shown_second_factor(request: HttpRequest) -> bool:
    """Whether a code of a second factor was given in this session."""
    shown = getattr(request.user, "is_verified", None)
    return bool(shown is not None and shown())


def require_second_factor(request: HttpRequest) -> None:
    """Errors: `PermissionDenied` unless a second factor's code was given in this session."""
    if not has_shown_second_factor(request):
        raise PermissionDenied(
            "Live money needs a second factor: set it up, or enter its code, under Account."
        )
