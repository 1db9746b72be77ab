"""Engine, journal, executor and live gateway trading at the strict fake over real sockets: whatever
the answers do, what we hold, paid and were charged is the venue's ledger to the cent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction
from msgspec.structs import replace

from feeds.runtime.fakeserver import FakeServer, fault_asked
from feeds.runtime.live_venue import Around, LiveVenue
from feeds.runtime.twins import Twins
from feeds.sim.exchange import Account, Exchange
from feeds.sim.scenario import Move
from feeds.venues.base import Request
from feeds.venues.kalshi.adapter import KalshiAdapter
from feeds.venues.kalshi.fake import KalshiFake
from feeds.venues.kalshi.fakeauth import Key
from feeds.venues.kalshi.fakeboard import VENUE, Terms
from markets.terms.ids import MarketId, RelationId, RunId
from markets.terms.relations import pair
from markets.terms.units import DAY, MICRO, SECOND, Ns, Px, Qty, Usd
from risk.gates.chain import Chain
from tests.builders import levels, snapshot, venue
from tests.contract.kalshi_gateway import BALL, MARKETS, RAIN, listed_at
from trading import selectors, store
from trading.engine.book import binary_book
from trading.engine.config import Mode, Permission
from trading.engine.deals import DealState
from trading.engine.engine import Engine
from trading.engine.events import BookChanged, BookSeen, ConfigChanged, FeedUp, RunStarted
from trading.engine.orders import BookKind
from trading.engine.reconcile import agrees
from trading.engine.twins import is_twinned
from trading.replay.records import SCHEMA, Header
from trading.runtime.clock import SystemClock
from trading.runtime.executor import Executor, Lease
from trading.runtime.inbox import Inbox
from trading.runtime.journal import Journal
from trading.runtime.runner import Runner
from trading.runtime.segments import read_segment

CASH_ON_PAPER = venue(VENUE).paper_cash
KEY = Ed25519PrivateKey.generate()
CASH = Usd(1_000 * MICRO)
PAIR = pair(RelationId("a"), MARKETS[0].id, MARKETS[1].id, title="Rain is ball")


class OneKey(KalshiAdapter):
    """The adapter with the key of the fake's account."""

    def __init__(self) -> None:
        super().__init__()
        self._key_id, self._key = "key", KEY


class NoRates:
    """Admits everything."""

    waited = Ns(0)

    async def admit(self, request: Request, *, urgent: bool = False) -> None: ...
    async def answered(self, request: Request, reply: Any) -> None: ...


class Trading:
    """A worker of one venue, with money."""

    def __init__(self, folder: Path, server: FakeServer, fake: KalshiFake, mode: Mode) -> None:
        self.server, self.fake = server, fake
        self.clock = SystemClock()
        self.engine = Engine(Chain())
        self.inbox = Inbox()
        self.gateways: dict[Any, Any] = {}
        self.mode = mode
        self.twins = Twins(
            Exchange({}, {}, frozenset((VENUE,))),
            self.clock,
            self.inbox.put,
            lambda request: is_twinned(self.engine.state, request),
        )
        around = Around(
            self.clock,
            self.inbox.put,
            self.gateways,
            lambda: self.engine.state.orders,
            lambda adapter, tier: NoRates(),  # type: ignore[arg-type,return-value]
            lambda name: agrees(self.engine.state, name),
            self.twins.beside,
        )
        self.live = LiveVenue(VENUE, OneKey, around)
        self.executor = Executor(
            self.gateways, self.inbox.put, self.clock, Lease(required=False), self.failed
        )
        self.runner = Runner(self.engine, self.executor, self.inbox, self.clock)
        self.header = Header(SCHEMA, "r", self.clock.now())
        self.folder = folder
        self.shown: list[MarketId] = []

    def failed(self, problem: BaseException) -> None:
        self.runner.fail(problem)

    async def begin(self) -> None:
        """Configured, armed, agreed with the venue's statement."""
        now = self.clock.now()
        port = self.server.port
        config = replace(
            venue(VENUE, mode=self.mode),
            hosts={"rest": f"http://127.0.0.1:{port}/trade-api/v2"},
            ws=(f"ws://127.0.0.1:{port}/trade-api/ws/v2",),
            armed_until=Ns(now + DAY),
            nets=True,
        )
        made = snapshot(PAIR, mode=self.mode, venues=(config,), min_trade=MICRO)
        allowed = Permission(VENUE, "", allowed=True)
        made = replace(made, markets=MARKETS, country="US", permissions=(allowed,))
        self.inbox.put(RunStarted(now, RunId(f"{now // SECOND:x}"), self.mode.value))
        self.inbox.put(ConfigChanged(now, made))
        self.inbox.put(FeedUp(now, VENUE))
        self.twins.exchange.list_markets(MARKETS)
        self.twins.exchange.open_account(VENUE, Account(Usd(0), {}), config.paper_latency_ms)
        self.live.apply(config, MARKETS)
        await self.until(lambda: self.live.gateway is not None and self.live.gateway.is_up)
        await self.until(lambda: f"live/{VENUE}" in self.engine.state.cash)

    def show(self, rain: str, ball: str) -> None:
        """What YES of one and NO of the other cost, at the venue and in the engine."""
        now = self.clock.now()
        for market, bids, asks in ((MARKETS[0], "", rain), (MARKETS[1], ball, "")):
            move = Move(VENUE, market.native, levels(bids), levels(asks), None, now)
            self.server.moved(move)
            book = binary_book(market.id, levels(bids), levels(asks), now)
            self.twins.hear(BookChanged(now, book))
            self.inbox.put(BookChanged(now, book))
            self.shown.append(market.id)

    def fault(self, kind: str, **args: Any) -> None:
        self.server.fault(fault_asked({"kind": kind, **args}))

    async def until(self, true: Callable[[], bool], seconds: float = 12) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                for market in self.shown:
                    self.inbox.put(BookSeen(self.clock.now(), market, Ns(0)))
                await asyncio.sleep(0.05)

    async def deal_over(self) -> DealState:
        """The state of the one deal once no order of it is without an end."""
        over = (DealState.BALANCED, DealState.CLOSED, DealState.RESIDUAL)
        await self.until(
            lambda: any(deal.state in over for deal in self.engine.state.deals.values())
        )
        (deal,) = self.engine.state.deals.values()
        return deal.state

    def held(self) -> dict[str, int]:
        """What the engine holds with money, as YES of each ticker."""
        found = {}
        for position in self.engine.state.positions.values():
            yes, no = position.qty
            if yes - no:
                found[position.market.partition(":")[2]] = yes - no
        return found

    def assert_ledger(self) -> None:
        """Positions, cash and fees are the venue's."""
        ledger = self.fake.accounts
        theirs = {
            ticker: position.held
            for (holder, ticker), position in ledger.positions.items()
            if holder.startswith("trader") and position.held
        }
        assert self.held() == theirs
        cash = sum(self.fake.ledger.free("trader/0", shard) for shard in (0, 3))
        assert self.engine.state.cash[f"live/{VENUE}"] == cash
        fees = sum(position.fees for position in ledger.positions.values())
        assert sum(order.fees for order in self.engine.state.orders.values()) == fees


@pytest.fixture
async def trading(tmp_path: Path) -> AsyncIterator[Trading]:
    async with _trading(tmp_path) as made:
        yield made


@asynccontextmanager
async def _trading(folder: Path, mode: Mode = Mode.LIVE) -> AsyncIterator[Trading]:
    clock = SystemClock()
    listed = tuple(listed_at(ticker, clock.now() // SECOND) for ticker in (RAIN, BALL))
    keys = (Key("key", KEY.public_key(), "trader"),)
    terms = Terms(shards={"KXBALL-30": 3}, thursdays=False, tiers={"trader": "prime"})
    fake = KalshiFake(listed, keys=keys, terms=terms, seed=11)
    for shard in (0, 3):
        fake.fund("trader", CASH, shard=shard)
    server = FakeServer(fake, clock)
    await server.start()
    made = Trading(folder, server, fake, mode)
    with Journal(folder, made.header, made.runner.checkpoint, made.clock) as journal:
        tasks = [
            asyncio.create_task(made.runner.run(journal)),
            asyncio.create_task(made.live.run()),
        ]
        try:
            await made.begin()
            yield made
        finally:
            made.runner.stop()
            await tasks[0]
            tasks[1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await made.executor.finish()
            await server.stop()


async def test_both_legs_fill_and_the_ledger_agrees_to_the_cent(trading: Trading) -> None:
    trading.show(rain="0.40x30 0.41x40", ball="0.48x50")

    assert await trading.deal_over() is DealState.BALANCED

    assert all(
        order.request.book is BookKind.LIVE for order in trading.engine.state.orders.values()
    )
    assert trading.held()
    trading.assert_ledger()


async def test_a_leg_that_fills_in_part_is_hedged_or_unwound_and_the_ledger_agrees(
    trading: Trading,
) -> None:
    trading.fault("partial", count=1, percent=50)
    trading.show(rain="0.40x60", ball="0.48x60")

    await trading.deal_over()

    trading.assert_ledger()


async def test_an_answer_that_is_lost_is_asked_for_and_nothing_is_sent_twice(
    trading: Trading,
) -> None:
    trading.fault("unanswered", count=2)
    trading.show(rain="0.40x30", ball="0.48x30")

    assert await trading.deal_over() is DealState.BALANCED

    assert len(trading.engine.state.orders) == 2
    assert len(trading.fake.floor.orders) == 2
    trading.assert_ledger()


async def test_while_the_private_channel_is_away_fills_are_read(trading: Trading) -> None:
    trading.fault("disconnect", seconds=30)
    await trading.until(lambda: not (trading.live.gateway and trading.live.gateway.is_up))
    trading.show(rain="0.40x30", ball="0.48x30")

    assert await trading.deal_over() is DealState.BALANCED

    trading.assert_ledger()


async def test_while_the_private_channel_is_open_and_silent_fills_are_read(
    trading: Trading,
) -> None:
    trading.fault("silence", seconds=30)
    trading.show(rain="0.40x30", ball="0.48x30")

    assert await trading.deal_over() is DealState.BALANCED

    assert len(trading.engine.state.orders) == len(trading.fake.floor.orders) == 2
    trading.assert_ledger()


async def test_a_refused_leg_leaves_nothing_that_the_ledger_does_not_know(
    trading: Trading,
) -> None:
    trading.fault("reject", count=1, code="insufficient_balance")
    trading.show(rain="0.40x30", ball="0.48x30")

    await trading.deal_over()

    trading.assert_ledger()


@pytest.mark.django_db
def test_each_order_with_money_has_a_twin_whose_difference_is_kept_and_touches_nothing(
    tmp_path: Path,
) -> None:
    half = 30 * MICRO

    async def story() -> None:
        async with _trading(tmp_path, Mode.BOTH) as trading:
            trading.fault("partial", count=1, percent=50)
            trading.show(rain="0.40x60", ball="0.48x60")
            await trading.deal_over()
            await trading.until(lambda: not trading.twins.open)
            trading.assert_ledger()
            assert not any(key.startswith("paper/") and cash != CASH_ON_PAPER
                           for key, cash in trading.engine.state.cash.items())  # fmt: skip

    asyncio.run(story())
    records = [record for path in sorted(tmp_path.iterdir()) for _, record in read_segment(path)]
    with transaction.atomic():
        (deal,) = store.write(records, store.Names())

    found = selectors.deal(deal)
    assert found is not None
    assert [row.order for row in found.twins] == [order.id for order in found.orders]
    short, whole, hedge = sorted(found.twins, key=lambda row: (row.purpose != "open", row.order))
    # On paper all was there at once; with money half, and the hedge bought the rest.
    assert (short.filled, short.twin_filled, short.qty_apart) == (Qty(half), Qty(2 * half), half)
    assert (hedge.filled, hedge.twin_filled, hedge.qty_apart) == (Qty(half), Qty(0), -half)
    assert (whole.px_apart, whole.qty_apart, whole.result_apart) == (Px(0), 0, 0)
    assert short.result_apart == short.fees - short.twin_fees < 0
    assert sum(row.result_apart for row in found.twins) == 0
    assert (whole.took_apart_ms or 0) == (whole.twin_took_ms or 0) - (whole.took_ms or 0)
