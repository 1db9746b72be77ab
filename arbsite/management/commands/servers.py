"""`manage.py servers`: the private PostgreSQL and Valkey in the foreground, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from arbsite import local


class Command(BaseCommand):
    """Starts what does not run yet, prints the addresses, and stops what it started."""

    help = "Run the private PostgreSQL and Valkey of ARBSITE_DATA in the foreground."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits 0 after Ctrl-C, 1 when a server ended by itself, 3 when nothing was to start."""
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        try:
            with local.ensure(settings.DATA_DIR) as servers:
                self._show(servers)
                while (sentence := servers.ended()) is None:
                    servers.children[0].wait(1)
            raise CommandError(sentence)
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")

    def _show(self, servers: local.Servers) -> None:
        self.stdout.write(f"DATABASE_URL={servers.database_url}")
        self.stdout.write(f"REDIS_URL={servers.redis_url}")
        self.stdout.flush()
        if not servers.started:
            self.stderr.write("Both run already; nothing was started.")
            sys.exit(3)
        self.stderr.write(f"Started {' and '.join(servers.started)}; Ctrl-C stops them.")
