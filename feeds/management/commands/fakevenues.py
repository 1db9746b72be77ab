"""`manage.py fakevenues`: both venues on loopback, speaking their real protocols about an invented
world.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from feeds.recordings.playback import Playback
from feeds.runtime.fakeserver import FakeServer, drive
from feeds.runtime.recorded_world import recorded_world
from feeds.runtime.recorder import RecordingProblem
from feeds.runtime.scenario_file import Told, read, shipped
from feeds.runtime.world import LAYOUTS, PAIRS, RATE, SEED, world
from feeds.sim.faults import Script
from feeds.sim.scenario import KALSHI, POLYMARKET, Scenario
from feeds.venues import FAKES, find
from feeds.venues.kalshi.fakeauth import OPEN_ACCOUNT, Key
from feeds.venues.kalshi.sign import public_key
from feeds.venues.polymarket.desk.wallets import Wallet
from feeds.venues.polymarket.signing import WalletKind
from markets.console import Console
from markets.terms.units import MICRO, Ns, Usd
from trading.runtime.clock import Clock, SystemClock

PLAY_MONEY = Usd(100_000 * MICRO)


class Command(Console):
    """Serves the fakes until Ctrl-C."""

    help = (
        "Serve fake venues on loopback that speak the real protocols: Kalshi and Polymarket, whose "
        "markets move together with lags and mispricings. Addresses are printed. POST /_faults "
        '{"kind": "disconnect", "seconds": N} makes one misbehave (GET lists the kinds); a '
        "scenario does so by its own clock. Exit codes: 0 stopped, 2 a port is taken, or a file is "
        "wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument("--kalshi-port", type=int, default=0, help="default: any free port")
        parser.add_argument("--polymarket-port", type=int, default=0, help="default: any free port")
        parser.add_argument(
            "--scenario",
            metavar="FILE",
            help=f"a scenario's file, or one of: {', '.join(shipped())}",
        )
        parser.add_argument(
            "--recording",
            nargs="+",
            type=Path,
            default=(),
            metavar="FILE",
            help="a real day instead of the invented world: recordings in order of time",
        )
        parser.add_argument("--seed", type=int, help="another seed, another world")
        parser.add_argument(
            "--at", type=int, default=0, metavar="NS", help="the world of that time (default: now)"
        )
        parser.add_argument(
            "--wallet",
            metavar="ADDRESS",
            help="a plain key's address that has play money at the fake Polymarket",
        )
        parser.add_argument(
            "--kalshi-key",
            nargs=2,
            metavar=("ID", "FILE"),
            help="a key's id and its public half (PEM): the fake Kalshi then judges signatures and "
            "that key's account has play money (default: whoever comes has it)",
        )
        parser.add_argument("--pairs", type=int, help="markets both venues list")
        parser.add_argument("--rate", type=int, help="book moves a second, in all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ends with 0 after SIGINT or SIGTERM."""
        told = self._told(options["scenario"])
        seed = _first(options["seed"], told.seed, SEED)
        pairs = _first(options["pairs"], told.pairs, PAIRS)
        rate = _first(options["rate"], told.moves, RATE)
        if pairs < 1 or rate < 1:
            self.refuse("--pairs and --rate must be at least 1.")
        ports = {venue: int(options[f"{venue}_port"]) for venue in LAYOUTS}
        self.seed, self.wallet = seed, options["wallet"]
        self.keys = self._keys(*options["kalshi_key"]) if options["kalshi_key"] else ()
        clock = SystemClock()
        at = Ns(options["at"] or clock.now())
        scenario: Scenario | Playback
        if options["recording"]:
            scenario = self._recorded(tuple(options["recording"]), at)
        else:
            rates = msgspec.structs.replace(told.rates(rate), moves=rate)
            scenario = world(at, seed=seed, pairs=pairs, rates=rates)
        try:
            self.script = Script(told.faults(scenario.listed), clock.now())
        except ValueError as problem:
            self.refuse(f"{options['scenario']}: {problem}")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
            loop.run(self._serve(scenario, ports, clock))

    def _told(self, name: str | None) -> Told:
        try:
            return read(name) if name else Told()
        except ValueError as problem:
            self.refuse(str(problem))

    def _keys(self, name: str, file: str) -> tuple[Key, ...]:
        try:
            return (Key(name, public_key(Path(file).read_bytes())),)
        except (OSError, ValueError) as problem:
            self.refuse(f"--kalshi-key {file}: {problem}; give the public half as a PEM file.")

    def _recorded(self, files: tuple[Path, ...], at: Ns) -> Playback:
        try:
            return recorded_world(files, at)
        except RecordingProblem as problem:
            self.refuse(f"{problem}.")

    async def _serve(
        self, scenario: Scenario | Playback, ports: dict[str, int], clock: Clock
    ) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with contextlib.AsyncExitStack() as stack:
            servers = {}
            for venue, port in ports.items():
                servers[venue] = await self._start(venue, scenario, port, clock)
                stack.push_async_callback(servers[venue].stop)
            self.stdout.write(f"{len(scenario.listed)} markets move; Ctrl-C stops.")
            self.stdout.flush()
            driving = asyncio.create_task(drive(scenario, servers, clock, self.script))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({driving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in (driving, stopping):
                task.cancel()
            await asyncio.wait({driving, stopping})
        if not driving.cancelled():
            try:
                driving.result()
            except ValueError as problem:
                self.refuse(f"A fault of the scenario cannot be done: {problem}")

    async def _start(
        self, venue: str, scenario: Scenario | Playback, port: int, clock: Clock
    ) -> FakeServer:
        layout = LAYOUTS[venue]
        fake = self._fake(venue, scenario)
        server = FakeServer(fake, clock, port, prefixes=layout.prefixes)
        try:
            await server.start()
        except OSError:
            self.refuse(
                f"Port {port} is taken; stop the program that listens there, or choose another "
                f"with --{venue}-port."
            )
        hosts = layout.hosts(server.port).items()
        addresses = ", ".join(f"{name} {url}" for name, url in hosts)
        self.stdout.write(f"{venue}: {addresses}, ws {layout.ws_url(server.port)}")
        return server

    def _fake(self, venue: str, scenario: Scenario | Playback) -> Any:
        """A venue with its accounts; Kalshi's late reads and disorder follow from the seed."""
        make = find(FAKES, venue)
        if venue == KALSHI:
            fake = make(scenario.listed, keys=self.keys, seed=self.seed)
            for shard in fake.board.shards if self.keys else ():
                fake.fund(OPEN_ACCOUNT, PLAY_MONEY, shard=shard)
            return fake
        fake = make(scenario.listed)
        if venue == POLYMARKET and self.wallet:
            fake.office.open(
                Wallet(address=self.wallet, owner=self.wallet, kind=WalletKind.EOA, cash=PLAY_MONEY)
            )
        return fake


def _first(*given: int | None) -> int:
    """The first that was given."""
    return next(one for one in given if one is not None)
