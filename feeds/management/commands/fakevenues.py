"""`manage.py fakevenues`: both venues on loopback, speaking their real protocols about an invented
world.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from argparse import ArgumentParser
from typing import Any

import uvloop

from feeds.runtime.fakeserver import FakeServer, drive
from feeds.runtime.world import LAYOUTS, PAIRS, RATE, SEED, world
from feeds.sim.scenario import Scenario
from feeds.venues import FAKES, find
from markets.console import Console
from markets.terms.units import Ns
from trading.runtime.clock import Clock, SystemClock


class Command(Console):
    """Serves the fakes until Ctrl-C."""

    help = (
        "Serve fake venues on loopback that speak the real protocols: Kalshi and Polymarket, whose "
        "markets move together with lags and mispricings. Addresses are printed. POST /_faults "
        '{"kind": "disconnect"|"silence"|"refuse", "seconds": N} makes one misbehave. '
        "Exit codes: 0 stopped, 2 a port is taken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument("--kalshi-port", type=int, default=0, help="default: any free port")
        parser.add_argument("--polymarket-port", type=int, default=0, help="default: any free port")
        parser.add_argument("--seed", type=int, default=SEED, help="another seed, another world")
        parser.add_argument(
            "--at", type=int, default=0, metavar="NS", help="the world of that time (default: now)"
        )
        parser.add_argument("--pairs", type=int, default=PAIRS, help="markets both venues list")
        parser.add_argument("--rate", type=int, default=RATE, help="book moves a second, in all")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ends with 0 after SIGINT or SIGTERM."""
        if options["pairs"] < 1 or options["rate"] < 1:
            self.refuse("--pairs and --rate must be at least 1.")
        ports = {venue: int(options[f"{venue}_port"]) for venue in LAYOUTS}
        clock = SystemClock()
        scenario = world(
            Ns(options["at"] or clock.now()),
            seed=options["seed"],
            pairs=options["pairs"],
            rate=options["rate"],
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
            loop.run(self._serve(scenario, ports, clock))

    async def _serve(self, scenario: Scenario, ports: dict[str, int], clock: Clock) -> None:
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
            driving = asyncio.create_task(drive(scenario, servers, clock))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({driving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in (driving, stopping):
                task.cancel()
            await asyncio.wait({driving, stopping})
        if not driving.cancelled():
            driving.result()

    async def _start(self, venue: str, scenario: Scenario, port: int, clock: Clock) -> FakeServer:
        layout = LAYOUTS[venue]
        fake = find(FAKES, venue)(scenario.listed)
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
