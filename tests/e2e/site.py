"""The real processes a browser meets: the web server, and a publisher in the worker's place."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "arbsite_browser"
STARTING_SECONDS = 60


class Site:
    """A site of its own database on a free port."""

    def __init__(self, database_url: str, redis_url: str, data_dir: Path) -> None:
        parts = urlsplit(database_url)
        self.own_url = urlunsplit(parts._replace(path=f"/{DATABASE}"))
        self.server_url = database_url
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **os.environ,
            "ARBSITE_DATA": str(data_dir),
            "ARBSITE_LOG_LEVEL": "WARNING",
            "DATABASE_URL": self.own_url,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "REDIS_URL": redis_url,
        }
        self.web: subprocess.Popen[bytes] | None = None
        self.publisher: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """A fresh database, then the processes; returns when the site answers."""
        self._make_database()
        subprocess.run(
            [sys.executable, "-m", "tests.e2e.prepare"], check=True, cwd=ROOT, env=self.environ
        )
        self.publisher = self._run("tests.e2e.publisher", "24")
        self.start_web()

    def start_web(self) -> None:
        """The web server; returns when it answers."""
        address = ["--bind", "127.0.0.1", "--port", str(self.port), "--verbosity", "0"]
        self.web = self._run("daphne", *address, "arbsite.asgi:application")
        for _ in range(STARTING_SECONDS * 10):
            if self._answers():
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.web.wait(0.1)
                raise AssertionError("The web server ended while it was starting.")
        raise AssertionError("The web server does not answer.")

    def stop_web(self) -> None:
        """End the web server as a restart of the site does."""
        if self.web is not None:
            self.web.terminate()
            self.web.communicate(timeout=20)

    def stop(self) -> None:
        """End what was started."""
        self.stop_web()
        if self.publisher is not None:
            self.publisher.communicate(timeout=20)

    def _run(self, module: str, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=ROOT,
            env=self.environ,
            stdin=subprocess.PIPE,
        )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base}/healthz", timeout=2):
                return True
        except OSError:  # refused, or too busy starting to answer in time
            return False

    def _make_database(self) -> None:
        with psycopg.connect(self.server_url, autocommit=True, dbname="postgres") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {DATABASE}")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
