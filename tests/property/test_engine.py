"""Any tape: the state is what the dump and its tail give, and two engines never differ."""

from __future__ import annotations

import hypothesis.strategies as st
import msgspec
from hypothesis import given, settings

from markets.terms.units import MS, Ns
from risk.gates.chain import Chain
from tests.builders import (
    FIRST,
    KA,
    PM,
    SECOND_MARKET,
    START,
    book,
    command,
    filled,
    gap,
    rejected,
    snapshot,
    started,
)
from trading.engine import events as ev
from trading.engine.engine import Engine
from trading.engine.intents import Intent, PlaceOrder

MOVES = st.lists(
    st.tuples(
        st.sampled_from(
            ["first", "second", "gap", "fill", "part", "reject", "relook", "hedge", "halt",
             "resume", "down", "up", "seen", "config"]
        ),
        st.integers(2, 95),
        st.integers(0, 1500),
    ),
    max_size=30,
)  # fmt: skip


class Tape:
    """Makes events from words, and answers the orders of the engine it drives."""

    def __init__(self) -> None:
        self.now = START
        self.waiting: list[PlaceOrder] = []
        self.revision = 1

    def events(self, word: str, cents: int, ms: int) -> list[ev.Event]:
        self.now = Ns(self.now + ms * MS)
        now = self.now
        if word in ("first", "second"):
            market = FIRST if word == "first" else SECOND_MARKET
            moved = book(market, f"{cents / 100}x90", f"{(cents + 2) / 100}x90", now)
            return [ev.BookChanged(now, moved)]
        if word == "gap":
            return [ev.BookChanged(now, b) for b in gap(now)]
        if word in ("fill", "part", "reject"):
            return self._answer(word)
        if word == "config":
            self.revision += 1
            return [ev.ConfigChanged(now, snapshot(revision=self.revision, min_net_edge=cents))]
        return self._other(word)

    def _answer(self, word: str) -> list[ev.Event]:
        if not self.waiting:
            return []
        request = self.waiting.pop(0).request
        if word == "reject":
            return [rejected(request, when=self.now)]
        if word == "fill":
            return [filled(request, when=self.now)]
        return [
            filled(request, "1", when=self.now),
            ev.OrderCancelled(self.now, request.id, None, "ioc"),
        ]

    def _other(self, word: str) -> list[ev.Event]:
        now = self.now
        made: dict[str, ev.Event] = {
            "relook": ev.TimerFired(now, "relook"),
            "hedge": ev.TimerFired(now, "hedge/r-1"),
            "halt": command("halt", when=now),
            "resume": command("resume", when=now),
            "down": ev.FeedDown(now, KA, "gone"),
            "up": ev.FeedUp(now, PM),
            "seen": ev.BookSeen(now, FIRST, now),
        }
        return [made[word]]

    def heard(self, intents: list[Intent]) -> None:
        self.waiting += [i for i in intents if isinstance(i, PlaceOrder)]


@settings(max_examples=100, deadline=None)
@given(MOVES, st.integers(0, 30))
def test_dump_and_tail_give_the_same_state_and_intents(
    moves: list[tuple[str, int, int]], cut: int
) -> None:
    engine = started()
    twin = started()
    tape = Tape()
    for n, move in enumerate(moves):
        if n == cut:
            twin = Engine.load(engine.dump(), Chain())
        for event in tape.events(*move):
            said = engine.step(event)
            tape.heard(said)
            wire = msgspec.msgpack.encode(event)
            again = twin.step(msgspec.msgpack.decode(wire, type=ev.Event))
            assert msgspec.msgpack.encode(said) == msgspec.msgpack.encode(again)
    assert engine.dump() == twin.dump()


@settings(max_examples=60, deadline=None)
@given(MOVES)
def test_pictures_change_nothing_and_are_always_possible(
    moves: list[tuple[str, int, int]],
) -> None:
    engine = started()
    tape = Tape()
    for move in moves:
        for event in tape.events(*move):
            tape.heard(engine.step(event))
            before = engine.dump()
            for relation in engine.state.entries:
                picture = engine.picture(relation, Ns(tape.now + 1))
                assert picture is not None
                msgspec.msgpack.encode(picture)
            msgspec.msgpack.encode(engine.overview(Ns(tape.now + 1)))
            assert engine.dump() == before
