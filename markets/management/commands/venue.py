"""`manage.py venue SLUG`: shows or changes one venue's configuration."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError

from markets import selectors, services
from markets.console import BAD_INPUT, Console
from markets.wire import tell

ADDRESSES = ("rest_url", "ws_url", "gamma_url", "data_url", "site_url")
OPTIONS = (*ADDRESSES, "mode", "name", "short", "rate_tier")


class Command(Console):
    """Without options it shows the venue; with them it saves a revision."""

    help = (
        "Show or change a venue. Each change is a revision with author and reason. "
        "Exit 0 done, 2 unknown venue or unusable value."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The venue and what to change."""
        parser.add_argument("slug", help="slug of the venue, e.g. kalshi")
        for name in ADDRESSES:
            parser.add_argument(f"--{name.replace('_', '-')}", help="address; '' for the adapter's")
        parser.add_argument("--mode", choices=("detect", "paper", "live", "both"))
        parser.add_argument("--name", help="full name")
        parser.add_argument("--short", help="two letters for the venue's chip")
        parser.add_argument("--rate-tier", help="which of the venue's tiers the account has")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--enable", action="store_true", help="follow this venue")
        switch.add_argument("--disable", action="store_true", help="leave this venue alone")
        parser.add_argument("--author", default="console", help="who changes it")
        parser.add_argument("--reason", default="Set with manage.py venue.", help="why")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """The venue as it is afterwards."""
        slug = options["slug"]
        fields = {name: options[name] for name in OPTIONS if options[name] is not None}
        if options["enable"] or options["disable"]:
            fields["enabled"] = options["enable"]
        if selectors.venue(slug) is None and not fields:
            self.leave(BAD_INPUT, f"There is no venue {slug!r}; `manage.py seed` makes them.")
        if selectors.venue(slug) is None:
            fields = {"name": slug.capitalize(), "short": slug[:2].upper(), **fields}
        try:
            made = (
                services.set_venue(slug, options["author"], options["reason"], **fields)
                if fields
                else None
            )
        except ValidationError as problem:
            self.refuse(problem)
        if fields:
            self.say(f"Saved as {made}." if made else "Nothing differs; nothing was saved.")
        row = selectors.venue(slug)
        assert row is not None, "it was written just now"  # noqa: S101
        self.figures(tell(row), as_json=options["json"])
