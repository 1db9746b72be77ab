"""Pages hear of deals once their rows are there, and their absence harms nobody."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import connection
from django.test import override_settings

from markets.terms.ids import DealId, RelationId
from markets.terms.units import Px, Qty, Usd
from tests.fakes import START, ManualClock
from trading import models
from trading.engine.deals import Deal, DealState
from trading.engine.events import TimerFired
from trading.engine.intents import DealChanged
from trading.engine.orders import BookKind
from trading.replay.records import SCHEMA, Checkpoint, Header
from trading.row_writer import RowWriter
from trading.runtime.journal import Journal

pytestmark = pytest.mark.django_db(transaction=True)
AWAY = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
    }
}


def record_a_deal(directory: Path) -> None:
    deal = Deal(
        id=DealId("d1"),
        relation=RelationId("rain"),
        package=0,
        book=BookKind.PAPER,
        state=DealState.OPENING,
        opened_at=START,
        changed_at=START,
        size=Qty(1),
        legs=(),
        planned_net=Px(1),
        planned_profit=Usd(1),
        revision=1,
    )
    header = Header(SCHEMA, "r", START)
    with Journal(directory, header, lambda: Checkpoint(0, START, b""), ManualClock()) as journal:
        journal.append_event(1, TimerFired(START, "t"))
        journal.append_intents(1, [DealChanged(START, deal, "Opened.")])


def work(directory: Path) -> None:
    try:
        RowWriter(directory).work()
    finally:
        connection.close()


def test_a_deal_is_announced_to_open_pages(tmp_path: Path) -> None:
    record_a_deal(tmp_path)

    async def listen() -> Any:
        layer = get_channel_layer()
        assert layer is not None
        channel = await layer.new_channel()
        await layer.group_add("live", channel)
        await asyncio.to_thread(work, tmp_path)
        async with asyncio.timeout(10):
            return await layer.receive(channel)

    assert asyncio.run(listen()) == {"type": "live.deals", "deals": ["d1"]}


def test_without_redis_the_rows_are_written_all_the_same(tmp_path: Path) -> None:
    record_a_deal(tmp_path)

    with override_settings(CHANNEL_LAYERS=AWAY):
        RowWriter(tmp_path).work()

    assert models.Deal.objects.get().deal_id == "d1"
