"""What caps leave: counted in the plan's own book, held and on their way."""

from __future__ import annotations

from msgspec.structs import replace

from tests.builders import (
    FIRST,
    RELATION,
    filled,
    gap,
    limited,
    orders,
    qty,
    relation,
    show,
    snapshot,
    started,
    usd,
)
from trading.engine.caps import at_stake, beside, contracts_cap, contracts_wanted, of_category
from trading.engine.config import RelationConfig
from trading.engine.limits import Scope
from trading.engine.orders import BookKind
from trading.engine.plans import Plan
from trading.engine.scan import best_plan, route_tops
from trading.engine.scopes import ScopedLimit
from trading.engine.state import EngineState


def plan(state: EngineState) -> Plan:
    entry = state.entries[RELATION]
    found = best_plan(state, entry, route_tops(state, entry))
    assert found is not None
    return found


def test_contracts_count_what_is_held_and_what_may_still_come() -> None:
    engine = started()
    first, _ = orders(show(engine, *gap()))
    engine.step(filled(first, "40"))
    found = at_stake(engine.state, plan(engine.state))
    assert found.contracts == {FIRST: qty(100), "polymarket:A": qty(100)}
    assert found.outcomes[FIRST, 0] > usd(42)
    assert found.categories == {"": found.total}
    assert of_category(engine.state, plan(engine.state)) == found.total


def test_the_books_are_counted_apart() -> None:
    engine = started()
    show(engine, *gap())
    live = replace(plan(engine.state), book=BookKind.LIVE)
    assert at_stake(engine.state, live).total == 0


def test_relations_of_the_same_event_stand_beside_one_another() -> None:
    first, second = relation(), relation("b", "kalshi:B", "polymarket:B")
    config = replace(
        snapshot(first, second),
        relations=tuple(RelationConfig(r, (0, 1), event="kalshi:E") for r in (first, second)),
    )
    engine = started(config)
    show(engine, *gap(first="kalshi:B", second="polymarket:B"))
    show(engine, *gap())
    found = plan(engine.state)
    assert beside(engine.state, found) == ["b"]
    engine.state.entries[RELATION] = replace(
        engine.state.entries[RELATION], config=RelationConfig(first, (0, 1))
    )
    assert beside(engine.state, found) == []


def test_the_tighter_of_venue_and_category_caps_a_markets_contracts() -> None:
    rows = (
        ScopedLimit("max_contracts_market", Scope.VENUE, "kalshi", 30_000_000),
        ScopedLimit("max_contracts_market", Scope.CATEGORY, "", 50_000_000),
    )
    config = limited({"max_contracts_market": 90_000_000})
    engine = started(replace(config, scoped=rows))
    show(engine, *gap())
    found = plan(engine.state)
    assert contracts_cap(engine.state, found, found.legs[0].market) == 30_000_000
    assert contracts_cap(engine.state, found, found.legs[1].market) == 50_000_000
    assert contracts_wanted(found) == {leg.market: leg.qty for leg in found.legs}


def test_a_plan_is_cut_to_the_contracts_left() -> None:
    engine = started(limited({"max_contracts_total": 60_000_000}))
    sent = orders(show(engine, *gap()))
    assert [request.qty for request in sent] == [qty(30), qty(30)]
