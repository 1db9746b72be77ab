"""`python -m tests.bench.catalogue_server PAIRS`: both fakes, until stdin closes."""

from __future__ import annotations

import asyncio
import json
import sys

from feeds.runtime.fakeserver import FakeServer
from feeds.runtime.world import LAYOUTS
from feeds.sim.scenario import Scenario
from feeds.venues import FAKES, find
from trading.runtime.clock import SystemClock


async def serve(pairs: int) -> None:
    """Prints the ports as one JSON object, then serves."""
    scenario = Scenario(7, pairs, SystemClock().now())
    ports = {}
    for venue, layout in LAYOUTS.items():
        fake = find(FAKES, venue)(scenario.listed)
        server = FakeServer(fake, SystemClock(), prefixes=layout.prefixes)
        ports[venue] = await server.start()
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
