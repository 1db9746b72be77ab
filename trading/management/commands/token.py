"""`manage.py token USER`: makes a token for the API."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from markets.console import Console
from trading import services


class Command(Console):
    """Prints a new token once; only its hash is kept."""

    help = (
        "Make an API token for a user: read (look), trade (also commands), admin (also confirm and "
        "block pairs). It is shown once. Revoke it in the admin or under Account. Exit 0 done, 2 "
        "unknown user."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose token, and how far it reaches."""
        parser.add_argument("user", help="name of an existing user")
        parser.add_argument("--scope", choices=("read", "trade", "admin"), default="read")
        parser.add_argument(
            "--days", type=int, default=0, help="how long it lasts (default: for ever)"
        )
        parser.add_argument("--name", default="", help="what the token is for")

    def handle(self, *args: Any, **options: Any) -> None:
        """The token on stdout."""
        try:
            token = services.make_token(
                options["user"], options["scope"], options["name"], days=options["days"]
            )
        except ValidationError as problem:
            self.refuse(problem)
        self.stdout.write(token)
        try:
            user = get_user_model().objects.get(username=options["user"])
            services.refuse_beyond_role(user, options["scope"])
        except ValidationError as problem:
            self.say(f"Until then it reaches less far: {' '.join(problem.messages)}")
        self.say("Keep it now: it is not shown again.")
