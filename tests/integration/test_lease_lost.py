"""The lease is lost in the middle of a deal: what may still leave, what is stated of the rest."""

from __future__ import annotations

import asyncio
from pathlib import Path

from markets.terms.ids import RunId, VenueId
from risk.gates.chain import Chain
from tests.builders import KA, PM, at, book, filled, gap, rejected, snapshot
from tests.fakes import FakeGateway, ManualClock, settle
from trading.engine.deals import DealState
from trading.engine.engine import Engine
from trading.engine.events import BookChanged, ConfigChanged, FeedUp, RunStarted
from trading.engine.orders import BookKind, OrderRequest, OrderState, Purpose
from trading.replay.records import SCHEMA, Header
from trading.runtime.executor import Executor, Lease
from trading.runtime.inbox import Inbox
from trading.runtime.journal import Journal
from trading.runtime.runner import Runner


class MidDeal:
    """A worker whose deal has its first leg, and whose second is about to be refused."""

    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock(at())
        self.inbox = Inbox()
        self.engine = Engine(Chain())
        self.lease = Lease()
        self.lease.renewed(at())
        self.gateway = FakeGateway(self.inbox.put, self.clock)
        gateways = {(VenueId(v), BookKind.PAPER): self.gateway for v in (KA, PM)}
        executor = Executor(gateways, self.inbox.put, self.clock, self.lease, self.failed)
        self.runner = Runner(self.engine, executor, self.inbox, self.clock)
        header = Header(SCHEMA, "r", at())
        self.journal = Journal(directory, header, self.runner.checkpoint, self.clock)

    def failed(self, problem: BaseException) -> None:
        self.runner.fail(problem)

    async def begin(self) -> tuple[OrderRequest, OrderRequest]:
        self.inbox.put(RunStarted(at(), RunId("r"), "paper"))
        self.inbox.put(ConfigChanged(at(), snapshot()))
        for venue in (KA, PM):
            self.inbox.put(FeedUp(at(), venue))
        for shown in gap():
            self.inbox.put(BookChanged(at(), shown))
        self.task = asyncio.create_task(self.runner.run(self.journal))
        await settle()
        first, second = self.gateway.placed
        return first, second

    async def legs_differ(self, first: OrderRequest, second: OrderRequest) -> None:
        self.inbox.put(filled(first, when=self.clock.now()))
        self.inbox.put(rejected(second, when=self.clock.now()))
        await settle()

    async def end(self) -> None:
        self.runner.stop()
        await self.task
        self.journal.close()


async def test_shortly_after_the_last_renewal_a_hedge_still_leaves(tmp_path: Path) -> None:
    worker = MidDeal(tmp_path)
    first, second = await worker.begin()
    worker.clock.advance(3_000)

    await worker.legs_differ(first, second)

    assert [o.purpose for o in worker.gateway.placed[2:]] == [Purpose.HEDGE]
    await worker.end()


async def test_with_the_lease_lost_nothing_leaves_and_the_leg_is_stated_as_left_over(
    tmp_path: Path,
) -> None:
    worker = MidDeal(tmp_path)
    first, second = await worker.begin()
    worker.lease.lost()

    await worker.legs_differ(first, second)
    for _ in range(80):
        worker.clock.advance(250)
        now = worker.clock.now()
        worker.inbox.put(BookChanged(now, book(first.market, "0.40x100", "0.42x100", now)))
        await settle()

    assert len(worker.gateway.placed) == 2
    (deal,) = worker.engine.state.deals.values()
    assert deal.state is DealState.RESIDUAL
    assert deal.id in worker.engine.state.naked
    sent = [o for o in worker.engine.state.orders.values() if o.request.purpose is not Purpose.OPEN]
    assert {o.state for o in sent} == {OrderState.REJECTED}
    assert {o.reason for o in sent} == {"The trading lease was not renewed in time."}
    await worker.end()
