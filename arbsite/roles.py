"""What each role may in the admin, decided by the role alone: no permission rows to keep in step.

An admin may everything of the site's own tables. An operator sees them and keeps API tokens of
their own. A viewer has no business in the admin. Permissions given to a person by hand still count.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import transaction

from markets.roles import Role, role_of

WATCHED = frozenset(("markets", "trading", "risk", "feeds", "arbsite"))
OURS = WATCHED | {"auth", "axes", "otp_totp", "django_celery_beat"}
OPERATORS = frozenset(("trading.add_command", "trading.add_apitoken"))


class RoleBackend(BaseBackend):
    """Answers Django's questions about permissions from the role; signs nobody in."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Whether the role includes a permission `app.action_model`."""
        role = _known(user_obj)
        app, _, name = perm.partition(".")
        if role is Role.ADMIN:
            return app in OURS
        if role is Role.OPERATOR:
            return perm in OPERATORS or (app in WATCHED and name.startswith("view_"))
        return False

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        """Whether the role includes anything of an app."""
        return self.has_perm(user_obj, f"{app_label}.view_")


def _known(user: Any) -> Role | None:
    """A member's role, looked up once as Django does with permissions; nothing for others."""
    if not hasattr(user, "_role_known"):
        is_one = user.is_authenticated and is_member(user)
        user._role_known = role_of(user) if is_one else None
    known: Role | None = user._role_known
    return known


def is_member(user: Any) -> bool:
    """Whether somebody was given a role, and is not only marked staff."""
    return bool(user.groups.filter(name__in=[role.word for role in Role]).exists())


@transaction.atomic
def give_role(user: User, role: Role) -> None:
    """Puts a user into the group of exactly this role; operators and admins may enter the admin."""
    for other in Role:
        group, _ = Group.objects.get_or_create(name=other.word)
        (user.groups.add if other is role else user.groups.remove)(group)
    user.is_staff = role >= Role.OPERATOR
    user.save(update_fields=["is_staff"])


def role_named(word: str) -> Role:
    """Errors: `ValidationError` for a word that is no role."""
    for role in Role:
        if role.word == word:
            return role
    raise ValidationError(f"{word!r} is no role; take viewer, operator or admin.")
