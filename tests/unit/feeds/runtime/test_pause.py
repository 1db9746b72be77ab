"""Waiting by a clock that is moved by hand."""

import asyncio

import pytest

from feeds.runtime.pause import pause
from markets.terms.units import Ns
from trading.runtime.clock import EventClock


async def test_it_returns_when_the_clock_says_so_and_not_before() -> None:
    clock = EventClock(Ns(100))
    task = asyncio.create_task(pause(clock, Ns(10)))
    await asyncio.sleep(0)

    clock.advance_to(Ns(109))
    await asyncio.sleep(0)
    assert not task.done()
    clock.advance_to(Ns(110))

    await asyncio.wait_for(task, 5)


async def test_a_cancelled_wait_leaves_nothing_behind() -> None:
    clock = EventClock(Ns(100))
    task = asyncio.create_task(pause(clock, Ns(10)))
    await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    clock.advance_to(Ns(200))
