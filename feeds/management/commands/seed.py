"""`manage.py seed`: the first rows of a site: venues disabled, limits as shipped, periodic jobs."""

from __future__ import annotations

from typing import Any

from feeds import services
from markets.console import Console


class Command(Console):
    """Makes what is missing and leaves what is there."""

    help = (
        "Make the rows a fresh site needs: every venue (disabled, mode detect), every limit at its "
        "shipped value, the periodic jobs. Existing rows stay. Exit 0."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """The number of venues made."""
        self.stdout.write(f"venues made: {services.seed()}")
