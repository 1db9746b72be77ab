"""A whole site of its own in a folder: real servers, migrated, seeded, its programs as processes.

For tests that kill, stop and restart what users run. Waiting is always for something, with a limit.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import msgspec
import redis

from arbsite import local
from trading.engine.pictures import EnginePicture, RelationPicture
from trading.runtime.clock import SystemClock

ROOT = Path(__file__).parents[1]
LOOK_S = 0.1


def eventually(is_so: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Returns as soon as `is_so`; fails saying `what` did not happen."""
    until = monotonic() + seconds
    pulse = Event()
    while not is_so():
        assert monotonic() < until, f"{what}: not within {seconds:.0f} s"
        pulse.wait(LOOK_S)


class Site:
    """A site whose data lies in `folder`."""

    def __init__(self, folder: Path, servers: local.Servers) -> None:
        self.folder = folder
        self.redis = redis.Redis.from_url(servers.redis_url)
        self.environ = {
            **os.environ,
            "ARBSITE_DATA": str(folder),
            "DATABASE_URL": servers.database_url,
            "REDIS_URL": servers.redis_url,
            "DJANGO_SETTINGS_MODULE": "arbsite.settings",
            "ARBSITE_LOG_LEVEL": "WARNING",
            "TESTING": "1",
        }
        self.running: list[subprocess.Popen[bytes]] = []

    def manage(self, *words: str, code: int = 0, hash_seed: str = "0") -> str:
        """What a command printed; fails when it ends with another code."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env={**self.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, done.stderr[-2000:] + done.stdout[-500:]
        return done.stdout + done.stderr

    def spawn(self, *words: str, **environ: str) -> subprocess.Popen[bytes]:
        """A command left running; its output goes to a log in the folder."""
        log = (self.folder / f"{words[0]}-{len(self.running)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env={**self.environ, **environ},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        self.running.append(process)
        return process

    def log(self, process: subprocess.Popen[bytes]) -> str:
        """What a spawned command printed so far."""
        number = self.running.index(process)
        (path,) = self.folder.glob(f"*-{number}.log")
        return path.read_text(errors="replace")

    def stats(self) -> dict[str, Any]:
        """`manage.py stats --json`."""
        found: dict[str, Any] = json.loads(self.manage("stats", "--json").splitlines()[-1])
        return found

    def engine(self) -> EnginePicture | None:
        """The worker's newest picture of itself."""
        body: Any = self.redis.get("arbsite:engine")
        return msgspec.msgpack.decode(body, type=EnginePicture) if body else None

    def edges(self) -> dict[str, RelationPicture]:
        """The newest picture of each relation."""
        bodies: dict[Any, Any] = self.redis.hgetall("arbsite:edges")
        pictures = [msgspec.msgpack.decode(b, type=RelationPicture) for b in bodies.values()]
        return {picture.id: picture for picture in pictures}

    def journal(self) -> list[str]:
        """The segments of the journal, oldest first."""
        return [str(path) for path in sorted((self.folder / "journal").glob("*.arbj"))]

    def stop(self) -> None:
        """Ends whatever still runs, politely, then not."""
        for process in reversed(self.running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.redis.close()


@contextmanager
def demo_site(
    folder: Path, *, pairs: int = 0, world: tuple[str, ...] = ("--seed", "7")
) -> Iterator[Site]:
    """A site seeded like the demonstration, its fake venues running; `world` is theirs alone."""
    local.make_data_dir(folder)
    plain = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    with local.ensure(folder, plain) as servers:
        site = Site(folder, servers)
        try:
            site.manage("migrate", "-v0")
            ports = {venue: local.kept_port(folder, venue) for venue in ("kalshi", "polymarket")}
            words = [f"--{venue}-port={port}" for venue, port in ports.items()]
            at = f"--at={SystemClock().now()}"
            listed = ("--pairs", str(pairs)) if pairs else ()
            venues = site.spawn("fakevenues", *world, at, *listed, *words)
            site.manage("seed_demo", "-v0", at, *listed)
            eventually(lambda: "markets move" in site.log(venues), "the fake venues serve")
            yield site
        finally:
            site.stop()
