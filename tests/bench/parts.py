"""What single parts cost, each beside the bare decoding of the same frames."""

from __future__ import annotations

import tempfile
import tracemalloc
from pathlib import Path

import msgspec

from feeds.books.builder import MarketBuilder
from markets.terms.ids import MarketId
from markets.terms.packages import packages
from markets.terms.units import MICRO, Ns, Px, Qty, Usd
from risk.gates.chain import Chain
from tests.bench.measure import Result, each_us
from tests.bench.world import START, World, events_of
from trading.engine.edges import Terms, find_edge
from trading.engine.engine import Engine
from trading.engine.events import BookChanged, ConfigChanged, Event, RunStarted
from trading.engine.orders import Side
from trading.replay.records import SCHEMA, Checkpoint, Header
from trading.runtime.clock import SystemClock
from trading.runtime.journal import Journal

FRAMES = 20_000


def measure() -> list[Result]:
    """Decode, sessions, builder, edge, engine, journal, memory."""
    world = World(pairs=200)
    opened = world.open()
    frames = world.frames(FRAMES)
    texts = [f.text for f in frames]
    decoder = msgspec.json.Decoder()
    bare = each_us(lambda: [decoder.decode(t) for t in texts], FRAMES)
    results = [Result("decode a frame, bare (msgspec, untyped)", bare, "µs")]
    results += _sessions(world, opened, bare)
    results += _builder(bare)
    results += _edges(world, opened, bare)
    results += _journal(bare)
    results.append(_memory())
    return results


def _sessions(world: World, opened: list[Event], bare: float) -> list[Result]:
    """Each venue's frames through its session: decoded, counted, built into books."""
    results = []
    frames = world.frames(FRAMES)
    for venue, session in world.sessions.items():
        mine = [f for f in frames if f.venue == venue]
        began_us = each_us(
            lambda mine=mine, session=session: [session.received(f.text, f.at) for f in mine],  # type: ignore[misc]  # bound now
            len(mine),
            repeats=1,
        )
        results.append(
            Result(f"frame to book, {venue}", began_us, "µs", "bare decode", began_us / bare)
        )
    return results


def _builder(bare: float) -> list[Result]:
    builder = MarketBuilder(MarketId("kalshi:A"))
    levels = [(Px(10_000 * n), Qty(100 * MICRO)) for n in range(1, 45)]
    asks = [(Px(MICRO - px), qty) for px, qty in levels]
    builder.snapshot(levels, asks, START, START)

    def work() -> None:
        for n in range(10_000):
            builder.set(
                Side.BUY, Px(440_000 - 10_000 * (n % 12)), Qty((n % 7 + 1) * MICRO), START, START
            )

    cost = each_us(work, 10_000)
    return [Result("book change, ten levels kept", cost, "µs", "bare decode", cost / bare)]


def _edges(world: World, opened: list[Event], bare: float) -> list[Result]:
    snapshot = world.snapshot()
    books = {e.book.market: e.book for e in opened if isinstance(e, BookChanged)}
    markets = {m.id: m for m in snapshot.markets}
    terms = Terms(Px(500), Px(25_000), Usd(100 * MICRO), START)
    work = [(c.relation, p) for c in snapshot.relations for p in packages(c.relation)[:2]]

    def judge() -> None:
        for relation, package in work:
            find_edge(relation, package, books, markets, terms)

    edge = each_us(judge, len(snapshot.relations))
    engine, changes = warmed(world, opened)
    step = each_us(lambda: [engine.step(e) for e in changes], len(changes), repeats=1)
    return [
        Result("edge of a pair, both packages", edge, "µs", "bare decode", edge / bare),
        Result("engine step per book change", step, "µs", "bare decode", step / bare),
    ]


def warmed(world: World, opened: list[Event]) -> tuple[Engine, list[Event]]:
    """An engine that knows every book, and the next changes."""
    engine = Engine(Chain())
    engine.step(RunStarted(START, "bench", "paper"))  # type: ignore[arg-type]  # a run's name
    engine.step(ConfigChanged(START, world.snapshot()))
    for event in opened:
        engine.step(event)
    changes: list[Event] = []
    for frame in world.frames(FRAMES):
        changes += events_of(world.sessions[frame.venue].received(frame.text, frame.at))
    return engine, changes


def _journal(bare: float) -> list[Result]:
    world = World(pairs=20)
    event = next(e for e in world.open() if isinstance(e, BookChanged))
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Checkpoint(0, START, b"")
        header = Header(SCHEMA, "bench", START)
        with Journal(Path(folder), header, lambda: checkpoint, SystemClock()) as journal:

            def work() -> None:
                for n in range(10_000):
                    journal.append_event(n, event)
                journal.flush()

            cost = each_us(work, 10_000, repeats=3)
    return [Result("journal an event", cost, "µs", "bare decode", cost / bare)]


def _memory() -> Result:
    """Books and builders of 1,000 markets, without the scenario that feeds them."""
    levels = [(Px(10_000 * n), Qty(n * MICRO)) for n in range(1, 21)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = []
    for number in range(1_000):
        builder = MarketBuilder(MarketId(f"kalshi:{number}"))
        shifted = [(Px(px + number), qty) for px, qty in levels]
        kept.append(
            (
                builder,
                builder.snapshot(
                    shifted, [(Px(MICRO - px), q) for px, q in levels[:20]], Ns(1), Ns(1)
                ),
            )
        )
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(kept) == 1_000
    return Result("memory per 1,000 markets, 20 levels a side", used / 1e6, "MB", target="≤ 15 MB")
