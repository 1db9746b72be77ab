"""`manage.py stats`: what was traded and refused so far."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from markets.console import Console
from markets.terms.units import text_from_micros
from trading import selectors


class Command(Console):
    """Counts and sums over all rows."""

    help = "Show counts of deals, orders, fills and refusals, and money in dollars. Exit 0."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--json`."""
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """The figures."""
        found = selectors.stats()
        for name in ("locked", "planned_profit", "fees"):
            found[name] = text_from_micros(found[name], 2)
        self.figures(found, as_json=options["json"])
