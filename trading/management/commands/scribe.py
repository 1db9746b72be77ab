"""`manage.py scribe`: plumbing of `runfeeds`, which starts it and talks to it over pipes."""

from __future__ import annotations

import os
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from trading.journal_place import journal_directory
from trading.runtime.clock import SystemClock
from trading.runtime.segments import CorruptJournal
from trading.scribe import serve


class Command(BaseCommand):
    """Speaks a binary protocol on standard input and output."""

    help = (
        "Plumbing of `runfeeds`, which starts it; not meant to be run by hand. Brings the journal "
        "into rows and hands configuration and commands to the trading process."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--journal", type=Path, help="the journal's directory")
        parser.add_argument("--name", default="main", help="name of lease and heartbeat")
        parser.add_argument("--holder", help="who holds the lease; else our parent")

    def handle(self, *args: Any, **options: Any) -> None:
        journal = options["journal"] or journal_directory()
        # The same trading process keeps its lease when it has to start another scribe.
        holder = options["holder"] or f"{socket.gethostname()}/{os.getppid()}"
        try:
            serve(journal, options["name"], holder, SystemClock())
        except CorruptJournal as problem:
            self.stderr.write(str(problem))
            sys.exit(2)
