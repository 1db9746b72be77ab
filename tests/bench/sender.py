"""`python -m tests.bench.sender FILE RATE`: a process of its own that sends frames at a set pace.

Prints its port, serves the file's lines once to the first client, then ends.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from time import perf_counter_ns

import uvloop
from websockets.asyncio.server import ServerConnection, serve

SECOND = 1_000_000_000
EARLY = 500_000


async def main(lines: list[str], rate: int) -> None:
    done = asyncio.Event()

    async def send(socket: ServerConnection) -> None:
        began = perf_counter_ns()
        for number, line in enumerate(lines):
            ahead = began + number * SECOND // rate - perf_counter_ns()
            if ahead > EARLY:
                await asyncio.sleep(ahead / SECOND)
            await socket.send(line)
        await socket.close()
        done.set()

    async with serve(send, "127.0.0.1", 0, compression=None) as server:
        sys.stdout.write(f"{next(iter(server.sockets)).getsockname()[1]}\n")
        sys.stdout.flush()
        await done.wait()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]).read_text().splitlines(), int(sys.argv[2])))
