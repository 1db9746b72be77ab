"""A line of the log names the order it is about, also from a task that outlives the step."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from arbsite.logs import name_order
from markets.terms.ids import DealId, OrderId
from tests.fakes import request
from trading.engine.orders import OrderRequest, Purpose
from trading.runtime.spoken import KEPT, Spoken, spoken_of


def order(name: str, purpose: Purpose = Purpose.OPEN, deal: str = "r-7") -> OrderRequest:
    return replace(request(name, purpose=purpose), deal=DealId(deal))


def said_of(spoken: Spoken, seq: int, wanted: OrderRequest) -> dict[str, str]:
    spoken.begin(seq, wanted)
    said = spoken_of()
    spoken.end()
    return said


def test_an_order_and_its_later_hedge_carry_the_trace_of_the_frame_that_opened_the_deal() -> None:
    spoken = Spoken()

    first = said_of(spoken, 41, order("r-7-0"))
    hedge = said_of(spoken, 52, order("r-9-1", Purpose.HEDGE))

    assert first == {"order": "r-7-0", "deal": "r-7", "trace": "r.41"}
    assert hedge == {"order": "r-9-1", "deal": "r-7", "trace": "r.41"}
    assert spoken_of() == {}


def test_a_deal_of_an_earlier_run_is_named_without_a_trace() -> None:
    assert said_of(Spoken(), 52, order("s-2-1", Purpose.HEDGE)) == {"order": "s-2-1", "deal": "r-7"}


def test_only_the_newest_deals_are_remembered() -> None:
    spoken = Spoken()
    for number in range(KEPT + 1):
        said_of(spoken, number + 1, order(f"r-{number}-0", deal=f"r-{number}"))

    assert "trace" not in said_of(spoken, 1, order("q-0", Purpose.HEDGE, "r-0"))
    assert said_of(spoken, 1, order("q-0", Purpose.HEDGE, "r-1"))["trace"] == "r.2"


async def test_a_task_begun_for_an_order_keeps_it() -> None:
    spoken = Spoken()
    lines = []

    async def carried() -> None:
        await asyncio.sleep(0)
        lines.append(name_order(None, "info", {"event": "venue fault", "order": OrderId("mine")}))
        lines.append(name_order(None, "info", {"event": "venue fault"}))

    spoken.begin(41, order("r-7-0"))
    task = asyncio.create_task(carried())
    spoken.end()
    await task

    assert lines[0] == {"event": "venue fault", "order": "mine", "deal": "r-7", "trace": "r.41"}
    assert lines[1]["order"] == "r-7-0"
    assert name_order(None, "info", {"event": "x"}) == {"event": "x"}
