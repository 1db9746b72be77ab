"""The one command a newcomer runs: it comes up, trades on paper, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.site import ROOT, eventually


class Demo:
    """`manage.py demo` on a data directory of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        plain = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        self.environ = {**plain, "ARBSITE_DATA": str(folder), "ARBSITE_LOG_LEVEL": "WARNING"}
        self.environ["DJANGO_SETTINGS_MODULE"] = "arbsite.settings"
        self.log = folder.parent / f"{folder.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo"],
                cwd=ROOT,
                env=self.environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.process

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def ready(self) -> str:
        """The address it printed."""
        eventually(lambda: "Ready at" in self.said() or self.is_over(), "the demo is ready", 120)
        found = re.search(r"Ready at (http://[\d.:]+)/", self.said())
        assert found, self.said()
        return found[1]

    def is_over(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def left(self) -> list[str]:
        """Command lines of processes that still use the data directory."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                mine = f"ARBSITE_DATA={self.folder}\0".encode() in path.read_bytes()
                words = path.with_name("cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if (mine or str(self.folder) in words) and int(path.parent.name) != os.getpid():
                found.append(words)
        return found

    def stats(self) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", "stats"],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(path.stat().st_mode | 0o755)
    made = Demo(tmp_path / "data")
    yield made
    made.end()


@pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc to see what is left running")
def test_it_comes_up_trades_stops_clean_and_goes_on_with_the_same_data(demo: Demo) -> None:
    process = demo.start()
    address = demo.ready()
    for path in ("/healthz", "/readyz"):
        with urllib.request.urlopen(address + path) as answer:
            assert answer.status == 200
    eventually(lambda: "'balanced'" in demo.stats(), "a deal balances", 90)

    second = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=demo.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode != 0
    assert "already runs" in second.stderr

    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0, demo.said()
    eventually(lambda: demo.left() == [], "everything it started is gone", 20)
    password = (demo.folder / "demo_password").read_text()

    demo.start()
    assert demo.ready() == address
    assert (demo.folder / "demo_password").read_text() == password
    assert "'balanced'" in demo.stats()
