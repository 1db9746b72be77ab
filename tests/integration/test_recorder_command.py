"""`manage.py record` against fakes on real ports, and `manage.py fakevenues` as its own process."""

import asyncio
import http.client
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from feeds.recordings.lines import Header, Line, Terms
from feeds.runtime.fakeserver import FakeServer, drive, fault_asked
from feeds.runtime.recordings import read_recording
from feeds.runtime.world import LAYOUTS
from feeds.sim.faults import Fault
from feeds.sim.scenario import Scenario
from feeds.venues import FAKES, find
from markets.terms.units import SECOND, Ns
from trading.runtime.clock import SystemClock

PATIENCE_S = 30


class Served:
    """A fake venue served by a thread of its own."""

    def __init__(self, venue: str) -> None:
        clock = SystemClock()
        self.layout = LAYOUTS[venue]
        self.scenario = Scenario(5, 3, Ns(clock.now() // SECOND * SECOND))
        self.natives = [one.native for one in self.scenario.listed if one.venue == venue]
        self.server = FakeServer(
            find(FAKES, venue)(self.scenario.listed), clock, prefixes=self.layout.prefixes
        )
        self.venue = venue
        self.clock = clock
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)

    def fault(self, asked: Fault) -> None:
        self._loop.call_soon_threadsafe(self.server.fault, asked)

    def options(self) -> list[str]:
        hosts = self.layout.hosts(self.server.port)
        rest = [
            f"--{name.replace('clob', 'rest')}-url={url}"
            for name, url in hosts.items()
            if name != "site"  # asked only before trading, never recorded
        ]
        return [*rest, f"--ws-url={self.layout.ws_url(self.server.port)}"]

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        await self.server.start()
        driving = asyncio.create_task(drive(self.scenario, {self.venue: self.server}, self.clock))
        self._ready.set()
        await self._stop.wait()
        driving.cancel()
        await asyncio.gather(driving, return_exceptions=True)
        await self.server.stop()


@pytest.fixture(params=["kalshi", "polymarket"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    made = Served(request.param)
    made.start()
    yield made
    made.stop()


def ask(url: str, body: bytes | None = None) -> tuple[int, Any]:
    """Status and JSON of a request; POST when there is a body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_S)
    try:
        connection.request("POST" if body else "GET", f"{parts.path}?{parts.query}", body)
        reply = connection.getresponse()
        text = reply.read()
        return reply.status, json.loads(text) if reply.status == 200 else None
    finally:
        connection.close()


def record(served: Served, path: Path, *more: str) -> None:
    call_command("record", served.venue, "--seconds=1", f"--out={path}", *served.options(), *more)


def test_it_records_what_the_venue_says(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tape.jsonl.gz"

    record(served, path, "--json")

    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    said = list(read_recording(path))
    assert isinstance(said[0], Header)
    assert said[0].venue == served.venue
    lines = [line for line in said if isinstance(line, Line)]
    terms = [one for one in said if isinstance(one, Terms)]
    assert len(terms) == figures["markets"]
    assert len(lines) == len(said) - 1 - len(terms) == figures["written"]
    assert {line.direction for line in lines} == {"in", "out"}
    assert figures["frames"] == sum(line.direction == "in" for line in lines) > 0
    assert figures["dropped"] == 0
    assert [line.at for line in lines] == sorted(line.at for line in lines)


def test_what_it_recorded_replays_by_itself(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "tape.jsonl.zst"
    record(served, path)
    capsys.readouterr()

    with suppress(SystemExit):
        call_command("books", served.venue, str(path), "--json", f"--csv={tmp_path / 'rows.csv'}")

    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["snapshots"] > 0
    assert (figures["mismatches"], figures["rejects"], figures["gaps"]) == (0, 0, 0)
    rows = (tmp_path / "rows.csv").read_text().splitlines()
    assert {row.split(",")[1] for row in rows[1:]} <= set(served.natives)
    assert len(rows) > 1


def test_it_follows_exactly_the_markets_named(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(served, tmp_path / "a.jsonl", "--json", "--markets", served.natives[1])

    assert json.loads(capsys.readouterr().out.splitlines()[-1])["markets"] == 1


def test_a_market_nobody_lists_is_a_no(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        record(served, tmp_path / "a.jsonl", "--markets", served.natives[0], "NONE")

    assert left.value.code == 1
    assert f"{served.venue} does not list NONE" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_venue_that_refuses_is_a_no(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served.fault(fault_asked({"kind": "refuse", "seconds": 60}))

    with pytest.raises(SystemExit) as left:
        record(served, tmp_path / "a.jsonl")

    assert left.value.code == 1
    assert "503" in capsys.readouterr().err


def test_a_silent_venue_is_nothing(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served.fault(fault_asked({"kind": "silence", "seconds": 60}))

    with pytest.raises(SystemExit) as left:
        record(served, tmp_path / "a.jsonl")

    assert left.value.code == 3
    assert "No frame came" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--seconds=0"], "--seconds must be above 0"),
        (["--limit=0"], "--limit at least 1"),
        (["--file-mib=0"], "--file-mib"),
    ],
)
def test_bad_usage_is_one_sentence_and_code_two(more: list[str], said: str, tmp_path: Path) -> None:
    usual = ["--seconds=1", f"--out={tmp_path / 'a.jsonl'}"]

    with pytest.raises(CommandError, match=re.escape(said)) as raised:
        call_command("record", "kalshi", *usual, *more)

    assert raised.value.returncode == 2


def test_a_key_that_is_not_there_is_bad_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KALSHI_API_KEY_ID", "id")
    monkeypatch.setenv("KALSHI_PRIVATE_KEY_PATH", str(tmp_path / "none.pem"))

    with pytest.raises(CommandError, match="cannot be read") as raised:
        call_command("record", "kalshi", "--seconds=1", f"--out={tmp_path / 'a.jsonl'}")

    assert raised.value.returncode == 2


def test_both_fakes_are_served_until_told_to_stop() -> None:
    command = [sys.executable, "manage.py", "fakevenues", "--seed=3", "--pairs=2"]
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(3)]
            addresses = dict(re.findall(r"(\w+) (http://\S+?)(?:,|$)", "".join(said)))
            rest, gamma = addresses["rest"], addresses["gamma"]
            assert ask(f"{rest}/events?limit=5")[1]["events"]
            assert ask(f"{gamma}/events/keyset?limit=5")[1]["events"]
            fault = b'{"kind": "refuse", "seconds": 60}'
            faults = rest.replace("/trade-api/v2", "/_faults")
            assert ask(faults, fault) == (200, {"kind": "refuse", "seconds": 60.0})
            assert ask(f"{rest}/events") == (503, None)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0


def test_a_taken_port_is_one_sentence(served: Served) -> None:
    with pytest.raises(CommandError, match="is taken") as raised:
        call_command("fakevenues", f"--{served.venue}-port={served.server.port}")

    assert raised.value.returncode == 2
