"""The way from a frame to a fill is told from journal records alone, and always the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from markets.terms.ids import DealId
from risk.gates.chain import Chain
from tests.golden import stories
from tests.golden.stories import STORIES
from trading.engine.engine import Engine
from trading.engine.events import Event
from trading.engine.intents import PlaceOrder
from trading.engine.orders import BookKind
from trading.replay.records import EventRecord, Header, IntentsRecord, Record
from trading.replay.traces import Link, Tracer, read_trace, step_links, trace_id

Story = Callable[[], list[Event]]


def records(story: Story) -> list[Record]:
    """The journal that the story leaves."""
    engine = Engine(Chain())
    found: list[Record] = []
    for seq, event in enumerate(story(), 1):
        found.append(EventRecord(seq, event))
        intents = tuple(engine.step(event))
        if intents:
            found.append(IntentsRecord(seq, intents))
    return found


def links(told: list[Record]) -> list[Link]:
    tracer = Tracer()
    return [link for record in told for link in tracer.take(record)]


def test_a_deal_is_told_from_its_frame_to_its_fills() -> None:
    told = links(records(stories.both_legs_fill))

    assert [link.step for link in told[:5]] == ["frame", "edge", "deal", "order", "order"]
    assert {link.seq for link in told[:5]} == {6}
    assert "book of polymarket:A" in told[0].text
    assert {link.deal for link in told[:5]} == {DealId("r-1")}
    fills = [link for link in told if link.step == "fill"]
    assert {str(link.order) for link in fills} == {"r-1-0", "r-1-1"}
    assert fills[0].seq > 6


def test_what_moved_a_deal_later_is_told_before_its_orders() -> None:
    told = links(records(stories.second_leg_rejected_then_hedged))

    hedge = next(n for n, link in enumerate(told) if link.text.startswith("hedge:"))
    assert next(link.step for link in told if "rejected" in link.text) == "answer"
    assert told[hedge - 1].step == "deal"
    assert told[hedge].deal == DealId("r-1")


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
def test_every_order_of_a_story_is_told_once(story: Story) -> None:
    told = records(story)
    sent = [
        intent.request.id
        for record in told
        if isinstance(record, IntentsRecord)
        for intent in record.intents
        if isinstance(intent, PlaceOrder) and intent.request.book is not BookKind.TEST
    ]

    assert [link.order for link in links(told) if link.step == "order"] == sent


def test_a_record_without_a_deal_tells_nothing() -> None:
    told = records(stories.both_legs_fill)

    assert Tracer().take(Header(1, "r", told[0].event.at)) == []  # type: ignore[union-attr]
    assert links(told[:4]) == []


def test_one_step_is_told_whether_or_not_a_deal_came_of_it() -> None:
    told = records(stories.both_legs_fill)
    cause = next(r for r in told if isinstance(r, EventRecord) and r.seq == 6)
    answer = next(r for r in told if isinstance(r, IntentsRecord) and r.seq == 6)

    assert [x.step for x in step_links(cause, ())] == ["frame"]
    assert [x.step for x in step_links(cause, answer.intents)][:3] == ["frame", "edge", "deal"]


def test_a_trace_is_the_run_and_the_event() -> None:
    assert trace_id(DealId("69ab-12"), 480) == "69ab.480"
    assert read_trace("69ab.480") == ("69ab", 480)
    for text in ("69ab-12", "69ab.", ".480", "69ab.x", ""):
        assert read_trace(text) is None
