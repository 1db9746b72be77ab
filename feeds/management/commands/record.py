"""`manage.py record VENUE`: a venue's raw frames, as received, into a recording."""

from __future__ import annotations

import asyncio
import secrets
import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from feeds.credentials import BadCredentials, adapter_of
from feeds.recordings.lines import Header
from feeds.runtime.conversation import Outside
from feeds.runtime.feed import Feed
from feeds.runtime.http import Http
from feeds.runtime.listing import pages
from feeds.runtime.recorder import MIB, Caps, Recorder, RecordingProblem
from feeds.runtime.tally import Tally
from feeds.venues import ADAPTERS
from feeds.venues.base import Adapter
from markets.console import NO, NOTHING, Console
from markets.terms.instruments import Market, MarketState
from markets.terms.units import SECOND, Ns
from trading.engine.events import Event
from trading.runtime.clock import SystemClock
from trading.runtime.gateway import VenueUnreachable

SAY_EVERY = Ns(5 * SECOND)
LIMIT = 20
HOSTS = ("rest", "gamma", "data")
A_YEAR = 365 * 86_400.0


class Wanted(msgspec.Struct, frozen=True):
    """What the command line asked for."""

    seconds: float
    out: Path
    markets: tuple[str, ...]
    limit: int
    caps: Caps


class NotListed(Exception):
    """The venue does not list what was asked for, or its catalogue cannot be read."""


class Command(Console):
    """Records what a venue's socket says."""

    help = (
        "Record a venue's socket: one JSON line a frame, with its time. The name's suffix decides: "
        "OUT.jsonl, OUT.jsonl.gz or OUT.jsonl.zst. Exit codes: 0 recorded, 1 the venue cannot be "
        "reached or does not list the markets, 2 bad usage, 3 no frame came."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument("venue", choices=sorted(ADAPTERS))
        parser.add_argument(
            "--seconds", type=float, default=A_YEAR, help="how long (default: until Ctrl-C)"
        )
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")
        parser.add_argument(
            "--markets", nargs="+", default=[], metavar="ID", help="the venue's own market ids"
        )
        parser.add_argument(
            "--limit", type=int, default=LIMIT, help="without --markets: how many (default 20)"
        )
        parser.add_argument("--file-mib", type=int, default=256, help="a new file after this much")
        parser.add_argument(
            "--total-mib", type=int, default=4096, help="above this the oldest file goes"
        )
        parser.add_argument("--ws-url", default="", metavar="U")
        for host in HOSTS:
            parser.add_argument(f"--{host}-url", default="", metavar="U")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Progress on stderr, figures on stdout."""
        wanted = self._wanted(options)
        try:
            adapter = adapter_of(options["venue"])
        except BadCredentials as problem:
            self.refuse(str(problem))
        given = {host: options[f"{host}_url"] for host in HOSTS if options[f"{host}_url"]}
        if "rest" not in adapter.hosts and "rest" in given:
            given["clob"] = given.pop("rest")
        url = options["ws_url"] or adapter.ws
        header = Header(adapter.venue, url)
        try:
            recorder = Recorder(wanted.out, header, wanted.caps)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
                tally = loop.run(self._record(adapter, adapter.hosts | given, recorder, wanted))
        except (VenueUnreachable, NotListed) as problem:
            self.leave(NO, f"Nothing was recorded: {problem}.")
        except RecordingProblem as problem:
            self.refuse(str(problem))
        self.figures(_figures(tally, recorder), as_json=options["json"])
        if recorder.problem:
            self.leave(NO, recorder.problem)
        if not tally.frames:
            reason = tally.down_reason or "the venue said nothing"
            self.leave(NOTHING, f"No frame came: {reason}.")

    def _wanted(self, options: dict[str, Any]) -> Wanted:
        if options["seconds"] <= 0 or options["limit"] < 1:
            self.refuse("--seconds must be above 0 and --limit at least 1.")
        if options["file_mib"] < 1 or options["total_mib"] < 1:
            self.refuse("--file-mib and --total-mib must be at least 1.")
        caps = Caps(options["file_mib"] * MIB, options["total_mib"] * MIB)
        markets = tuple(dict.fromkeys(options["markets"]))
        limit = len(markets) or options["limit"]
        return Wanted(options["seconds"], options["out"], markets, limit, caps)

    async def _record(
        self, adapter: Adapter, hosts: dict[str, str], recorder: Recorder, wanted: Wanted
    ) -> Tally:
        clock = SystemClock()
        async with Http(adapter.venue, hosts) as http:
            markets = await _find(adapter, http, wanted)
            outside = Outside(clock, _ignore, http, lambda: secrets.randbelow(1_000_001), recorder)
            recorder.catalogue = tuple(markets)
            feed = Feed(adapter, markets, outside, urls=(recorder.header.url,))
            with recorder:
                await self._listen(feed, recorder, Ns(int(wanted.seconds * SECOND)), clock)
        return feed.tally

    async def _listen(self, feed: Feed, recorder: Recorder, length: Ns, clock: SystemClock) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        started = clock.now()
        tasks = {asyncio.create_task(feed.run()), asyncio.create_task(stop.wait())}
        while (left := started + length - clock.now()) > 0 and not recorder.problem:
            rest = min(left, SAY_EVERY) / SECOND
            done, _ = await asyncio.wait(tasks, timeout=rest, return_when="FIRST_COMPLETED")
            if done:
                break
            self.say(_progress(feed.tally, recorder, (clock.now() - started) // SECOND))
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


async def _find(adapter: Adapter, http: Http, wanted: Wanted) -> list[Market]:
    """The markets asked for, or the first open ones. Errors: `NotListed`, `VenueUnreachable`."""
    room = adapter.capabilities.max_markets_per_socket
    if wanted.limit > room:
        raise NotListed(f"one socket of {adapter.venue} takes {room} markets; ask for fewer")
    found: dict[str, Market] = {}
    try:
        async for listings in pages(adapter.catalogue(), http):
            for market in (listing.market for listing in listings):
                if _is_wanted(market, wanted) and len(found) < wanted.limit:
                    found[market.native] = market
            if len(found) == wanted.limit:
                break
    except ValueError as problem:
        raise NotListed(str(problem)) from problem
    missing = [native for native in wanted.markets if native not in found]
    if missing or not found:
        raise NotListed(f"{adapter.venue} does not list {', '.join(missing) or 'any open market'}")
    return list(found.values())


def _is_wanted(market: Market, wanted: Wanted) -> bool:
    if wanted.markets:
        return market.native in wanted.markets
    return market.state is MarketState.OPEN


def _progress(tally: Tally, recorder: Recorder, seconds: int) -> str:
    trouble = f", {tally.down_reason}" if tally.down_reason else ""
    return (
        f"{seconds} s: {tally.frames} frames, {tally.bytes} bytes, {recorder.dropped} dropped, "
        f"{tally.faults.total()} faults, {tally.reconnects} reconnects{trouble}"
    )


def _figures(tally: Tally, recorder: Recorder) -> dict[str, Any]:
    return {
        "files": [str(path) for path in recorder.files],
        "markets": tally.markets,
        "frames": tally.frames,
        "bytes": tally.bytes,
        "written": recorder.written,
        "dropped": recorder.dropped,
        "reconnects": tally.reconnects,
        "faults": dict(tally.faults),
    }


def _ignore(event: Event) -> None:
    """Only the frames are wanted here."""
