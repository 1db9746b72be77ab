"""The memory survives a dump; the indexes follow the running snapshot."""

import msgspec
import pytest
from msgspec.structs import replace

from tests.builders import (
    FIRST,
    KA,
    PM,
    RELATION,
    SECOND_MARKET,
    at,
    cancelled,
    filled,
    gap,
    limited,
    relation,
    show,
    snapshot,
    started,
    venue,
)
from tests.deals import deal, opened
from trading.engine import events as ev
from trading.engine.config import Mode
from trading.engine.deals import DealState
from trading.engine.orders import BookKind, OrderState
from trading.engine.state import (
    Saved,
    book_for,
    exposure,
    holds_slot,
    restored,
    run_mode,
    saved,
    unresolved,
)


def test_what_is_restored_is_what_was_saved() -> None:
    state = started().state
    show(engine := started(), *gap())
    memory = msgspec.msgpack.encode(saved(engine.state))
    again = restored(msgspec.msgpack.decode(memory, type=Saved))
    for name in Saved.__struct_fields__:
        assert getattr(again, name) == getattr(engine.state, name)
    assert again.entries == engine.state.entries
    assert again.touched == engine.state.touched
    assert again.active == engine.state.active
    assert state.active == {}


def test_the_index_knows_which_relations_a_market_touches() -> None:
    state = started(snapshot(relation(), relation("b", "kalshi:A", "polymarket:B"))).state
    assert state.touched["kalshi:A"] == ("a", "b")  # type: ignore[index]
    assert state.touched["polymarket:B"] == ("b",)  # type: ignore[index]


@pytest.mark.parametrize(
    ("modes", "book"),
    [
        ((Mode.PAPER, Mode.PAPER), BookKind.PAPER),
        ((Mode.BOTH, Mode.PAPER), BookKind.PAPER),
        ((Mode.PAPER, Mode.DETECT), None),
        ((Mode.LIVE, Mode.BOTH), BookKind.LIVE),
        ((Mode.BOTH, Mode.BOTH), BookKind.LIVE),
        ((Mode.LIVE, Mode.DETECT), None),
        ((Mode.LIVE, Mode.PAPER), None),
    ],
)
def test_a_book_is_chosen_only_where_every_mode_allows_it_and_money_goes_first(
    modes: tuple[Mode, ...], book: BookKind | None
) -> None:
    assert book_for(modes) is book


def test_an_unheard_of_mode_only_looks() -> None:
    assert run_mode("") is Mode.DETECT
    assert run_mode("both") is Mode.BOTH


def test_a_single_venue_package_asks_only_its_own_venue() -> None:
    config = snapshot(packages=(0, 2), venues=(venue(KA), venue(PM, mode=Mode.DETECT)))
    routes = started(config).state.entries[RELATION].routes
    assert [r.book for r in routes] == [None, BookKind.PAPER]


def test_exposure_counts_promises_until_they_end() -> None:
    engine = started()
    show(engine, *gap())
    stakes = exposure(engine.state, BookKind.PAPER)
    assert stakes.deals == 1
    assert stakes.total == sum(stakes.venues.values()) == stakes.relations[RELATION]
    assert stakes.total == sum(stakes.promises.values())
    assert exposure(engine.state, BookKind.LIVE).total == 0
    assert unresolved(engine.state) == []


def test_limits_are_those_of_the_snapshot() -> None:
    assert started(limited({"open_deals": 3})).state.limits.open_deals == 3


@pytest.mark.parametrize(
    ("second", "limits", "slots"),
    [
        ("98", {}, 1),
        ("99", {}, 0),
        ("99", {"size_mismatch": 0}, 1),
        ("99", {"size_mismatch": 0, "dust": 1_000_000}, 0),
    ],
)
def test_a_leftover_holds_a_slot_only_above_what_may_be_left(
    second: str, limits: dict[str, int], slots: int
) -> None:
    engine, first, other = opened(**{"dust": 10_000, **limits})
    for market in (FIRST, SECOND_MARKET):
        engine.step(ev.MarketClosed(at("0.1"), market))
    engine.step(filled(first, when=at("0.2")))
    assert exposure(engine.state, BookKind.PAPER).deals == 1
    engine.step(filled(other, second, when=at("0.2")))
    engine.step(cancelled(other, second, when=at("0.3")))

    assert exposure(engine.state, BookKind.PAPER).deals == slots
    if limits.get("dust", 0) < 1_000_000:
        assert deal(engine).state is DealState.RESIDUAL
        assert deal(engine).id in engine.state.naked


def test_an_order_without_an_end_holds_the_slot_of_its_leftover() -> None:
    engine, first, other = opened()
    for market in (FIRST, SECOND_MARKET):
        engine.step(ev.MarketClosed(at("0.1"), market))
    engine.step(filled(first, when=at("0.2")))
    engine.step(filled(other, "99", when=at("0.2")))
    engine.step(cancelled(other, "99", when=at("0.3")))
    state = engine.state
    state.orders[other.id] = replace(state.orders[other.id], state=OrderState.UNKNOWN)

    assert holds_slot(state, deal(engine))
