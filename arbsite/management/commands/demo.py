"""`manage.py demo`: the whole site on one machine, against fake venues, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError

from arbsite import env, local
from arbsite.supervise import Program, Surroundings, answers_within, supervise
from trading.runtime.clock import SystemClock

LOGIN = "demo"
WEB_PORTS = tuple(range(8000, 8010))
WEB_SECONDS = 90
SEED = 7


class Command(BaseCommand):
    """Prepares the stores, then keeps fake venues, worker, web and jobs running."""

    help = "Run the whole site on one machine against fake venues, in paper mode."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the fake venues show."""
        parser.add_argument("--scenario", metavar="FILE", help="what goes wrong, as for fakevenues")
        parser.add_argument(
            "--recording",
            nargs="+",
            type=Path,
            default=(),
            metavar="FILE",
            help="a recorded day instead of the invented world",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits 0 after Ctrl-C, 1 when something did not hold."""
        self.began = time.monotonic()
        self.at = SystemClock().now()
        self.recording = [str(path.resolve()) for path in options["recording"]]
        name = options["scenario"]
        self.scenario = str(Path(name).resolve()) if name and Path(name).is_file() else name
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        try:
            with self._only_one():
                self._run(self._web_port())
        except KeyboardInterrupt:
            pass
        self._say("Stopped.")

    def _run(self, port: int) -> None:
        with local.ensure(settings.DATA_DIR) as servers:
            self._say(f"Stores: {' and '.join(servers.started) or 'already running'}.")
            # Chosen before the seed, which writes the fakes' addresses down.
            fakes = [
                f"--{venue}-port={local.free_port(settings.DATA_DIR, venue)}"
                for venue in ("kalshi", "polymarket")
            ]
            self._prepare()
            password = self._login()
            around = Surroundings(
                environ=self._environ(), directory=settings.BASE_DIR, say=self._line
            )

            async def started() -> None:
                await self._announce(port, password)

            programs = self._programs(port, fakes)
            self._say(f"Starting {', '.join(program.name for program in programs)}.")
            held = asyncio.run(supervise(programs, around, started=started, broken=servers.ended))
        if not held:
            raise CommandError("The demo ended because a part of it did not hold; see above.")

    # --- before anything runs ---------------------------------------------------------------------

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        local.make_data_dir(settings.DATA_DIR)
        path = settings.DATA_DIR / "demo.lock"
        with path.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise CommandError(
                    f"The demo already runs on {settings.DATA_DIR} "
                    f"(process {lock.read().strip()}); stop it, or set ARBSITE_DATA to another "
                    "directory."
                ) from None
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield

    def _web_port(self) -> int:
        given = env.integer("ARBSITE_PORT", 0, low=0, high=65_535)
        if given and not local.is_free(given):
            raise CommandError(
                f"ARBSITE_PORT {given} is taken by another program; stop that program, or choose "
                "another port."
            )
        return given or local.free_port(settings.DATA_DIR, "web", WEB_PORTS)

    def _prepare(self) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        self._say("Database: migrated.")
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, verbosity=0)
            self._say("Static files: collected.")
        if "seed_demo" not in get_commands():
            self._say("Seed: skipped, there is no command seed_demo.")
            return
        call_command(
            "seed_demo",
            at=self.at,
            recording=[Path(name) for name in self.recording],
            verbosity=0,
            stdout=self.stdout,
        )
        self._say("Seed: done.")

    def _login(self) -> str:
        password = local.kept_secret(settings.DATA_DIR, "demo_password", 6)
        user, _ = get_user_model().objects.get_or_create(
            username=LOGIN, defaults={"is_staff": True, "is_superuser": True}
        )
        if not user.check_password(password):
            user.set_password(password)
            user.save(update_fields=["password"])
        return password

    # --- what runs --------------------------------------------------------------------------------

    def _programs(self, port: int, fakes: list[str]) -> list[Program]:
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
        # As root Celery warns at length; here root is who started the demo.
        quiet = ["-W", "ignore:You're running the worker with superuser privileges"]
        celery = [sys.executable, *quiet, "-m", "celery", "--app", "arbsite.celery", "--quiet"]
        web = ["--bind", local.LOOPBACK, "--port", str(port), "--verbosity", "0"]
        jobs = ["--queues", "default,heavy", "--concurrency", "2", "--loglevel", "WARNING"]
        wanted = [
            ("venues", "fakevenues", [*manage, "fakevenues", *fakes, *self._world()]),
            ("feeds", "runfeeds", [*manage, "runfeeds", "--mode", "paper"]),
            ("web", "", [sys.executable, "-m", "daphne", *web, "arbsite.asgi:application"]),
            ("jobs", "", [*celery, "worker", *jobs]),
            ("beat", "", [*celery, "beat", "--pidfile=", "--loglevel", "WARNING"]),
        ]
        programs = []
        for name, command, words in wanted:
            if command and command not in get_commands():
                self._say(f"{name}: skipped, there is no command {command}.")
                continue
            programs.append(Program(name=name, command=words, is_essential=name == "web"))
        return programs

    def _environ(self) -> dict[str, str]:
        return {
            "ARBSITE_LOG_LEVEL": "WARNING",
            **os.environ,
            "ARBSITE_DATA": str(settings.DATA_DIR),
            "DJANGO_SETTINGS_MODULE": "arbsite.settings",
            "PYTHONUNBUFFERED": "1",
        }

    def _world(self) -> list[str]:
        # Seeded and served must be the same world, also when the fakes are started again later.
        words = [f"--seed={SEED}", f"--at={self.at}"]
        if self.scenario:
            words.append(f"--scenario={self.scenario}")
        return [*words, "--recording", *self.recording] if self.recording else words

    async def _announce(self, port: int, password: str) -> None:
        if not await answers_within(WEB_SECONDS, port, "/readyz"):
            self._say(f"The web does not answer after {WEB_SECONDS} s; see its lines above.")
            return
        self._say(f"Ready at http://127.0.0.1:{port}/")
        for line in (
            f"  address   http://127.0.0.1:{port}/",
            f"  login     {LOGIN}",
            f"  password  {password}",
            "  paper mode: no real orders; Ctrl-C stops everything",
        ):
            self._line(line)

    # --- what is shown ----------------------------------------------------------------------------

    def _say(self, line: str) -> None:
        self._line(f"[{time.monotonic() - self.began:5.1f} s] {line}")

    def _line(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
