"""The self-test goes the whole way, and touches nothing that is anybody's."""

from collections.abc import Mapping

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.builders import at, cancelled, command, filled, gap, orders, show, snapshot, started
from trading.engine import events as ev
from trading.engine.config import Mode
from trading.engine.deals import DealState
from trading.engine.engine import Engine
from trading.engine.intents import Halt, Intent
from trading.engine.orders import BookKind, OrderRequest
from trading.engine.selftest import RELATION, VENUE, opportunity, with_self_test, withdrawn
from trading.engine.state import exposure
from trading.replay.records import EventRecord, decode_record, encode_record


def sent_through(engine: Engine, when: str) -> list[Intent]:
    return [intent for event in opportunity(at(when)) for intent in engine.step(event)]


@pytest.mark.parametrize("mode", list(Mode))
def test_three_cents_lead_to_two_orders_in_its_own_book_in_every_mode(mode: Mode) -> None:
    engine = started(with_self_test(snapshot(mode=mode)), mode=mode.value)

    placed = orders(sent_through(engine, "1"))

    assert [(o.book, o.outcome) for o in placed] == [(BookKind.TEST, 0), (BookKind.TEST, 1)]
    assert [deal.relation for deal in engine.state.deals.values()] == [RELATION]
    assert all(deal.planned_net >= 25_000 for deal in engine.state.deals.values())


def test_a_gate_that_holds_for_everybody_refuses_it_too() -> None:
    engine = started(with_self_test(snapshot()))
    engine.step(command("pause"))

    assert not orders(sent_through(engine, "1"))
    assert engine.state.looks[RELATION].gate == "scanning_paused"


def test_when_its_orders_found_nobody_nothing_is_left_of_it() -> None:
    engine = started(with_self_test(snapshot()))
    placed = orders(sent_through(engine, "1"))

    for request in placed:
        engine.step(cancelled(request, "0", when=at("1.01")))

    assert {deal.state for deal in engine.state.deals.values()} == {DealState.CLOSED}
    assert not engine.state.naked
    for event in withdrawn(at("1.02")):
        engine.step(event)
    assert not orders(engine.step(ev.TimerFired(at(30), "relook")))


def test_silence_stops_new_deals_until_one_comes_through() -> None:
    engine = started(with_self_test(snapshot()))
    silent = engine.step(ev.SelfTested(at(5), "silent", at(0), "Nothing came."))
    assert [(i.cause, i.on) for i in silent if isinstance(i, Halt)] == [("infrastructure", True)]
    assert not orders(show(engine, *gap(at(6))))

    arrived = engine.step(ev.SelfTested(at(7), "arrived", at(0), "It came."))
    assert [(i.cause, i.on) for i in arrived if isinstance(i, Halt)] == [("infrastructure", False)]


def test_pages_are_not_told_of_it() -> None:
    engine = started(with_self_test(snapshot()))
    sent_through(engine, "1")

    picture = engine.overview(at(2))

    assert VENUE not in [venue.venue for venue in picture.venues]
    assert (picture.relations, picture.open_deals) == (1, 0)


def test_what_is_told_of_it_can_be_read_back() -> None:
    record = EventRecord(7, ev.SelfTested(at(1), "arrived", at(0), "It came."))
    assert decode_record(encode_record(record)) == record


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["test", "book", "fill", "end"]), max_size=8))
def test_no_money_and_no_contract_of_another_book_is_moved_by_it(steps: list[str]) -> None:
    with_it = started(with_self_test(snapshot()))
    without = started(snapshot())
    waiting: list[OrderRequest] = []
    for number, step in enumerate(steps):
        when = at(10 * number + 1)
        match step:
            case "test":
                for request in orders(sent_through(with_it, str(10 * number + 1))):
                    with_it.step(cancelled(request, "0", when=when))
            case "book":
                mine = orders(show(with_it, *gap(when)))
                theirs = orders(show(without, *gap(when)))
                assert [(o.market, o.qty, o.px) for o in mine] == [
                    (o.market, o.qty, o.px) for o in theirs
                ]
                waiting += mine
                for one, other in zip(mine, theirs, strict=True):
                    with_it.step(filled(one, when=when))
                    without.step(filled(other, when=when, key=f"{one.id}/{one.qty}"))
            case _:
                continue
    for book in (BookKind.PAPER, BookKind.LIVE):
        assert exposure(with_it.state, book) == exposure(without.state, book)
    assert _of(with_it.state.cash) == _of(without.state.cash)
    assert with_it.state.positions == without.state.positions


def _of(cash: Mapping[str, int]) -> dict[str, int]:
    """Cash of everybody's venues."""
    return {key: money for key, money in cash.items() if VENUE not in key}
