"""`manage.py verify_audit`: does every revision still say what it said when it was made?"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import msgspec

from markets.console import NO, NOTHING, Console
from markets.revisions import verify


class Command(Console):
    """Follows the chain of revisions from the first."""

    help = (
        "Follows the hashes of all revisions and names the first that was changed, or whose "
        "neighbour was removed. Rows taken from the end show only with --expect HASH, the last "
        "hash of an earlier check. Exit 0 whole, 1 broken, 3 no revision yet."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A hash that must be there."""
        parser.add_argument("--expect", default="", metavar="HASH", help="must be in the chain")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Figures, then the verdict."""
        checked, found = verify(options["expect"])
        self.figures(msgspec.to_builtins(checked), as_json=options["json"])
        if not checked.rows:
            self.leave(NOTHING, "There is no revision yet.")
        if checked.broken is not None:
            self.leave(NO, f"{checked.why} Everything up to revision {checked.last} is whole.")
        if not found:
            self.leave(NO, "The expected hash is not in the chain: rows were taken from its end.")
