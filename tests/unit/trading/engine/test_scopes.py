"""Which value holds where: the most specific that has not run out."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from markets.terms.ids import VenueId
from markets.terms.units import Ns
from tests.builders import KA, PM, RELATION, START, at, relation, snapshot, started, tick
from trading.engine.config import Snapshot
from trading.engine.events import ConfigChanged
from trading.engine.intents import SetTimer
from trading.engine.limits import Limits, Scope
from trading.engine.scopes import ScopedLimit, indexed, next_end, resolved

EVERY = {
    Scope.STRATEGY: "taker_taker",
    Scope.CATEGORY: "Sports",
    Scope.EVENT: "kalshi:E",
    Scope.RELATION: "a",
}


def edge(scope: Scope, target: str, value: int, until: int = 0) -> ScopedLimit:
    return ScopedLimit("min_net_edge", scope, target, value, Ns(until))


def held(*rows: ScopedLimit, at: int = 0) -> int:
    return resolved(Limits(), indexed(rows, Ns(at)), EVERY).min_net_edge


def test_the_most_specific_value_holds_whatever_the_order_they_came_in() -> None:
    rows = [
        edge(Scope.RELATION, "a", 4),
        edge(Scope.CATEGORY, "sports", 2),
        edge(Scope.EVENT, "kalshi:E", 3),
        edge(Scope.STRATEGY, "taker_taker", 1),
    ]
    for count in range(4, 0, -1):
        rows = sorted(rows, key=lambda row: row.value)[:count]
        assert held(*reversed(rows)) == count


def test_a_value_for_somewhere_else_changes_nothing() -> None:
    limits = Limits()
    index = indexed([edge(Scope.RELATION, "b", 4), edge(Scope.VENUE, "kalshi", 5)], Ns(0))
    assert resolved(limits, index, EVERY) is limits


def test_a_value_that_ran_out_holds_no_longer() -> None:
    row = edge(Scope.RELATION, "a", 4, until=100)
    assert (held(row, at=99), held(row, at=100)) == (4, 25_000)
    assert next_end([row], Ns(99)) == 100
    assert next_end([row], Ns(100)) is None


def test_the_engine_gives_each_relation_and_venue_its_own() -> None:
    config = snapshot(relation(), relation("b", "kalshi:B", "polymarket:B"))
    rows = (
        edge(Scope.RELATION, "b", 60_000),
        ScopedLimit("trade_age_ms", Scope.VENUE, "kalshi", 700),
        ScopedLimit("max_trade", Scope.STRATEGY, "maker_hedge", 5_000_000),
    )
    state = started(replace(config, scoped=rows)).state
    first, second = state.entries.values()
    assert (first.min_net, second.min_net) == (25_000, 60_000)
    assert state.trade_age == {KA: 700_000_000, PM: 2_000_000_000}
    assert first.limits is state.limits
    assert first.limits_of("maker_hedge").max_trade == 5_000_000
    assert first.limits_of("other").max_trade == 100_000_000


def test_a_venues_row_comes_before_the_general_age_and_a_value_for_it_before_the_row() -> None:
    config = snapshot()
    venues = tuple(replace(v, trade_age_ms=7000) for v in config.venues)
    rows = (ScopedLimit("trade_age_ms", Scope.VENUE, "kalshi", 700),)
    state = started(replace(config, venues=venues, scoped=rows)).state
    assert state.trade_age == {VenueId("kalshi"): 700_000_000, VenueId("polymarket"): 7_000_000_000}


def test_an_override_ends_by_the_engines_own_timer() -> None:
    until = at(60)
    row = ScopedLimit("min_net_edge", Scope.EVERYTHING, "", 1, until)
    engine = started()
    intents = engine.step(ConfigChanged(START, replace(snapshot(), scoped=(row,))))
    assert SetTimer(START, "expiry", until) in intents
    assert engine.state.limits.min_net_edge == 1
    engine.step(tick("expiry", until))
    assert engine.state.limits.min_net_edge == 25_000
    assert engine.state.entries[RELATION].min_net == 25_000


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            ScopedLimit("max_total_exposure", Scope.VENUE, "kalshi", 5),
            "max_total_exposure cannot be set for a venue.",
        ),
        (
            ScopedLimit("venue_capital", Scope.VENUE, "kalshi", -5),
            "venue_capital of venue kalshi is -5, outside 0 to 1000000000000.",
        ),
        (ScopedLimit("weather", Scope.VENUE, "kalshi", 5), "There is no setting weather."),
        (
            edge(Scope.RELATION, "a", 900_000),
            "relation a: min_net_edge is above max_edge: nothing could ever trade. "
            "Lower the first or raise the second.",
        ),
    ],
)
def test_a_value_that_cannot_run_is_named(row: ScopedLimit, sentence: str) -> None:
    found: Snapshot = replace(snapshot(), scoped=(row,))
    assert found.problems() == [sentence]


def test_an_unknown_zone_cannot_run() -> None:
    (problem,) = replace(snapshot(), timezone="Nowhere").problems()
    assert problem.startswith("There is no time zone 'Nowhere'")
