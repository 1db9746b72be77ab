"""`manage.py account NAME`: makes an account, gives it a role, forgets its second factor."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from arbsite.roles import give_role, role_named
from markets import second_factor
from markets.console import Console
from markets.roles import Role, role_of


class Command(Console):
    """Prints a first password once; only its hash is kept."""

    help = (
        "Make an account with a password shown once, or change one: its role (viewer looks, "
        "operator also commands, admin also decides about pairs, limits and people), or its lost "
        "second factor. Exit 0 done, 2 unknown role or nothing to change."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose account, and what about it."""
        parser.add_argument("name", help="the name one signs in with")
        parser.add_argument("--role", choices=[role.word for role in Role])
        parser.add_argument(
            "--forget-second-factor", action="store_true", help="so that another can be set up"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """A new account's password on stdout, the rest on stderr."""
        name = options["name"]
        user = User.objects.filter(username=name).first()
        if user is None:
            user = self._new(name, options["role"] or Role.VIEWER.word)
        elif options["role"]:
            give_role(user, role_named(options["role"]))
        elif not options["forget_second_factor"]:
            self.refuse(f"{name} is there already; say --role or --forget-second-factor.")
        if options["forget_second_factor"]:
            second_factor.remove(user)
            self.say(f"{name} may set up another second factor at the next sign-in.")
        role = role_of(User.objects.get(pk=user.pk))
        self.say(f"{name} is {role.word if role is not None else 'not active'}.")

    def _new(self, name: str, role: str) -> User:
        user = User(username=name)
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        try:
            user.full_clean()
        except ValidationError as problem:
            self.refuse(problem)
        user.save()
        give_role(user, role_named(role))
        self.stdout.write(password)
        self.say("Keep this password now: it is not shown again.")
        return user
