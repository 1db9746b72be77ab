"""`manage.py pairs import|list|confirm|block`: pairs from the console."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction

from markets import founding_pairs, selectors, services
from markets.console import NO, NOTHING, Console
from markets.pair_files import BadPairs, pairs_of
from markets.pair_import import import_founding
from markets.pair_view import ALL, to_read


class Command(Console):
    """Lists, imports, confirms and blocks pairs."""

    help = (
        "pairs list [--status S]; pairs import FILE; pairs confirm SLUG --packages 0,1 "
        "--reason R; pairs block SLUG --reason R. A file is JSON lines of "
        '{"first": "kalshi:…", "second": "polymarket:…", "inverse": false}, or a founding '
        "markets.json; it is taken whole or not at all, and its pairs wait for review. "
        "Exit 0 done, 1 refused, 2 unreadable input, 3 nothing to show."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One verb and what it needs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="list pairs, newest first")
        listing.add_argument(
            "--status", default="", help="candidate, confirmed, blocked, suspended"
        )
        listing.add_argument("--limit", type=int, default=50)
        self.add_json(listing)
        importing = verbs.add_parser(
            "import", help="propose the pairs of a JSON-lines file or of a founding markets.json"
        )
        importing.add_argument("file", type=Path)
        importing.add_argument(
            "--listed-only",
            action="store_true",
            help="of a markets.json leave out what the catalogue does not list",
        )
        importing.add_argument("--author", default="console")
        self.add_json(importing)
        for verb in ("confirm", "block"):
            deciding = verbs.add_parser(verb, help=f"{verb} one pair")
            deciding.add_argument("slug")
            deciding.add_argument("--reason", required=True)
            deciding.add_argument("--author", default="console")
            if verb == "confirm":
                deciding.add_argument("--packages", default="0,1", help="numbers, e.g. 0,1")
                deciding.add_argument(
                    "--read",
                    default="",
                    metavar="KINDS",
                    help="clauses that may settle apart and that you have read in both texts, by "
                    "commas, or all; without it they are named",
                )

    def handle(self, *args: Any, **options: Any) -> None:
        """Hand over to the verb."""
        try:
            getattr(self, f"_{options['verb']}")(options)
        except ValidationError as problem:
            self.leave(NO, " ".join(problem.messages))

    def _list(self, options: dict[str, Any]) -> None:
        found = selectors.pairs(limit=options["limit"], status=options["status"]).items
        if not found:
            self.leave(NOTHING, "There is no such pair.")
        if options["json"]:
            self.figures({"items": [_shown(p) for p in found]}, as_json=True)
            return
        for pair in found:
            self.stdout.write(f"{pair.slug}\t{pair.status}\t{pair.title}")

    def _import(self, options: dict[str, Any]) -> None:
        try:
            text = options["file"].read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            self.refuse(f"{options['file']} cannot be read ({type(problem).__name__}).")
        if founding_pairs.is_founding(text):
            self._import_founding(text, options)
        else:
            self._import_lines(text, options)

    def _import_founding(self, text: str, options: dict[str, Any]) -> None:
        try:
            wanted = founding_pairs.read(text)
        except founding_pairs.BadFile as problem:
            self.refuse(f"{options['file']}: {problem} Nothing was imported.")
        if not wanted:
            self.leave(NOTHING, f"{options['file']} holds no pair that is switched on.")
        found = import_founding(wanted, options["author"], listed_only=options["listed_only"])
        self.figures(msgspec.to_builtins(found), as_json=options["json"])
        self.say("They wait for review: /pairs/, or `manage.py pairs list --status candidate`.")

    @transaction.atomic
    def _import_lines(self, text: str, options: dict[str, Any]) -> None:
        try:
            pairs = pairs_of(text, str(options["file"]))
        except BadPairs as problem:
            self.refuse(str(problem))
        for facts in pairs:
            services.propose_pair(
                services.PairFacts(
                    facts.first, facts.second, facts.inverse, facts.tails, facts.title
                ),
                options["author"],
            )
        if not pairs:
            self.leave(NOTHING, f"{options['file']} holds no pair.")
        self.figures({"pairs": len(pairs)}, as_json=options["json"])

    def _confirm(self, options: dict[str, Any]) -> None:
        try:
            chosen = [int(word) for word in options["packages"].split(",")]
        except ValueError:
            self.refuse(f"--packages {options['packages']!r} is no list of numbers such as 0,1.")
        read = [word for word in options["read"].split(",") if word]
        slug = options["slug"]
        unread = [] if ALL in read else [kind for kind in to_read(slug) if kind not in read]
        if unread:
            words = ",".join([*read, *unread])
            self.say(f"Read both texts, at /pairs/{slug}/ say; then confirm with --read {words}.")
        made = services.confirm_pair(slug, chosen, options["author"], options["reason"], read)
        self.stdout.write(f"confirmed {options['slug']} in {made}")

    def _block(self, options: dict[str, Any]) -> None:
        made = services.block_pair(options["slug"], options["author"], options["reason"])
        self.stdout.write(f"blocked {options['slug']} in {made}")


def _shown(pair: selectors.RelationRow) -> dict[str, Any]:
    return {
        "slug": pair.slug,
        "title": pair.title,
        "status": pair.status,
        "inverse": pair.inverse,
        "markets": [m.market_id for m in pair.markets],
        "packages": list(pair.approved),
    }
