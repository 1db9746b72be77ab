"""Waiting by the clock that was handed in, so that a test moves time itself."""

import asyncio

from markets.terms.units import Ns
from trading.runtime.clock import Clock


async def pause(clock: Clock, length: Ns) -> None:
    """Returns when `length` nanoseconds have passed on `clock`."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def finish() -> None:
        if not done.done():
            done.set_result(None)

    handle = clock.call_at(Ns(clock.now() + length), finish)
    try:
        await done
    finally:
        handle.cancel()
