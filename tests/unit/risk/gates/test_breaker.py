"""Each breaker trips at its limit, says what ends it, and is armed again when that has happened."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from markets.terms.ids import DealId
from markets.terms.units import MS, SECOND, Ns, Px, Qty, Usd
from risk.gates.breaker import NAMES, NEXT, TABLE, Breaker, Ends, check, equity
from risk.gates.chain import Chain
from tests.builders import (
    KA,
    PM,
    RELATION,
    SECOND_MARKET,
    START,
    at,
    book,
    cash,
    command,
    filled,
    gap,
    limited,
    orders,
    rejected,
    show,
    snapshot,
    started,
    tick,
    usd,
)
from trading.engine import events as ev
from trading.engine.deals import Deal, DealState
from trading.engine.engine import Engine
from trading.engine.intents import BreakerChanged, CommandDone, Intent
from trading.engine.orders import BookKind
from trading.engine.results import BreakerState, Trip, of_book, today
from trading.engine.scan import best_plan, route_tops
from trading.engine.state import book_result, saved

HOUR = 3600
TRIP = Trip(BreakerState.TRIPPED, START, Ns(0), 1, 2, "USD", "Lost a lot.")


def told(intents: list[Intent]) -> list[tuple[str, str]]:
    return [(i.breaker, i.state.value) for i in intents if isinstance(i, BreakerChanged)]


def ready(**limits: int) -> Engine:
    """An engine with $1,000 at each venue, which has not traded."""
    engine = started(limited(limits))
    for name in (KA, PM):
        engine.step(cash(name, "1000"))
    return engine


def lose(engine: Engine, money: str, name: str = "x-1", kind: BookKind = BookKind.PAPER) -> None:
    """A deal of ours ends with this much lost; it has no legs left."""
    last = Deal(
        id=DealId(name), relation=RELATION, package=0, book=kind, state=DealState.CLOSED,
        opened_at=engine.state.at, changed_at=engine.state.at, size=Qty(0), legs=(),
        planned_net=Px(0), planned_profit=Usd(0), revision=1, locked=Usd(-usd(money)),
    )  # fmt: skip
    engine.state.deals[last.id] = last
    book_result(engine.state, last)


def standing(engine: Engine) -> dict[str, str]:
    return {key: trip.state.value for key, trip in engine.state.trips.items()}


def refusals(engine: Engine, when: Ns) -> str:
    """What the breaker gate says to a good plan now."""
    show(engine, *gap(when))
    last = engine.state.looks.get(RELATION)
    return last.gate if last else ""


LIMITS = {
    "daily_loss": {"daily_loss": 50_000_000},
    "weekly_loss": {"weekly_loss_share": 30_000},
    "monthly_loss": {"monthly_loss_share": 50_000},
    "drawdown": {"max_drawdown": 100_000},
    "losses": {"max_losses": 1},
}


@pytest.mark.parametrize(
    ("name", "below", "at_limit"),
    [
        ("daily_loss", "49.99", "50"),
        ("weekly_loss", "59.99", "60"),
        ("monthly_loss", "99.99", "100"),
        ("drawdown", "199.99", "200"),
    ],
)
def test_a_loss_trips_its_breaker_at_the_limit_and_not_below(
    name: str, below: str, at_limit: str
) -> None:
    engine = ready(**LIMITS[name])
    engine.state.cash = {key: Usd(usd(1000) - usd(at_limit) // 2) for key in engine.state.cash}
    lose(engine, below)
    assert told(engine.step(tick("relook", at(1)))) == []
    lose(engine, "0.01", "x-2")
    (changed,) = [x for x in engine.step(tick("relook", at(2))) if isinstance(x, BreakerChanged)]
    assert (changed.breaker, changed.book) == (name, BookKind.PAPER)
    assert changed.actual == usd(at_limit)
    assert refusals(engine, at(3)) == "breaker"


def test_the_lesser_of_the_days_two_limits_holds() -> None:
    engine = ready(daily_loss=50_000_000, daily_loss_share=10_000)
    engine.state.cash = {key: Usd(usd(1000) - usd(10)) for key in engine.state.cash}
    lose(engine, "20")
    engine.step(tick("relook", at(1)))
    trip = engine.state.trips["paper/daily_loss"]
    assert (trip.limit, trip.actual) == (usd(20), usd(20))
    assert trip.reason == "Lost $20.00 today, the most is $20.00."


def test_without_a_known_balance_a_share_of_it_is_nothing() -> None:
    engine = started(snapshot(daily_loss_share=10_000))
    engine.state.cash.clear()
    lose(engine, "0.000001")
    engine.step(tick("relook", at(1)))
    assert standing(engine) == {"paper/daily_loss": "cooling"}


def test_a_day_that_lost_too_much_is_over_at_midnight() -> None:
    engine = ready(**LIMITS["daily_loss"])
    lose(engine, "50")
    engine.step(tick("relook", at(1)))
    midnight = engine.state.trips["paper/daily_loss"].until
    assert datetime.fromtimestamp(midnight // SECOND, UTC).hour == 0
    assert refusals(engine, Ns(midnight - MS)) == "breaker"
    assert refusals(engine, midnight) != "breaker"
    assert told(engine.step(tick("relook", midnight))) == [("daily_loss", "armed")]
    assert today(engine.state.results) == 0


def test_a_week_that_lost_too_much_waits_for_monday() -> None:
    engine = ready(**LIMITS["weekly_loss"])
    engine.state.cash = {key: Usd(usd(1000) - usd(30)) for key in engine.state.cash}
    lose(engine, "60")
    engine.step(tick("relook", at(1)))
    monday = engine.state.trips["paper/weekly_loss"].until
    assert datetime.fromtimestamp(monday // SECOND, UTC).weekday() == 0
    engine.step(tick("relook", Ns(monday - MS)))
    assert standing(engine) == {"paper/weekly_loss": "cooling"}
    assert told(engine.step(tick("relook", monday))) == [("weekly_loss", "armed")]


@pytest.mark.parametrize("name", ["monthly_loss", "drawdown", "losses"])
def test_what_needs_a_review_waits_for_a_person_however_long(name: str) -> None:
    engine = ready(**LIMITS[name])
    lose(engine, "900")
    engine.step(tick("relook", at(1)))
    assert standing(engine) == {f"paper/{name}": "tripped"}
    engine.step(tick("relook", at(40 * 24 * HOUR)))
    assert standing(engine) == {f"paper/{name}": "tripped"}
    intents = engine.step(command("reset", name, when=at(40 * 24 * HOUR)))
    assert told(intents) == [(name, "armed")]
    (answer,) = [i for i in intents if isinstance(i, CommandDone)]
    assert (answer.ok, answer.text) == (True, f"Armed again: {name.replace('_', ' ')}.")
    engine.step(tick("relook", at(40 * 24 * HOUR + 1)))
    assert standing(engine) == {}


def _trip_of(name: str, zone: str = "UTC") -> Engine:
    """An engine in which this breaker, and no other, has just stopped trading."""
    if name == "errors":
        engine = started(replace(snapshot(max_errors=2), timezone=zone))
        for number, request in enumerate(orders(show(engine, *gap()))):
            engine.step(rejected(request, when=at(number + 1)))
        return engine
    engine = started(replace(limited(LIMITS[name]), timezone=zone))
    for venue in (KA, PM):
        engine.step(cash(venue, "1000"))
    lose(engine, "900")
    engine.step(tick("relook", at(1)))
    return engine


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_each_row_of_the_table_trips_refuses_and_is_released_by_what_it_names(row: Breaker) -> None:
    engine = _trip_of(row.name)
    key = f"paper/{row.name}"
    trip = engine.state.trips[key]

    assert list(engine.state.trips) == [key]
    assert refusals(engine, at(3)) == "breaker"
    if row.ends is Ends.PERSON:
        assert trip.until == 0
        changed = engine.step(command("reset", row.name, when=at(4)))
        by = "alice"
    else:
        engine.step(tick("relook", Ns(trip.until - 1)))
        assert standing(engine) == {key: "cooling"}
        changed = engine.step(tick("relook", trip.until))
        by = ""
    released = [x for x in changed if isinstance(x, BreakerChanged)]
    assert [(x.breaker, x.state.value, x.by) for x in released] == [(row.name, "armed", by)]
    assert standing(engine) == {}


@pytest.mark.parametrize(
    ("name", "begins", "ends"),
    [
        # Berlin's clocks go back on Sunday 26 October 2025 at 01:00 UTC: that day has 25 hours.
        ("daily_loss", "2025-10-26T08:00:00", "2025-10-26T23:00:00"),
        ("daily_loss", "2025-10-25T21:59:59", "2025-10-25T22:00:00"),
        ("weekly_loss", "2025-10-25T12:00:00", "2025-10-26T23:00:00"),
        # And forward on Sunday 29 March 2026 at 01:00 UTC: 23 hours.
        ("daily_loss", "2026-03-29T00:30:00", "2026-03-29T22:00:00"),
        ("weekly_loss", "2026-03-28T12:00:00", "2026-03-29T22:00:00"),
    ],
)
def test_a_stop_ends_at_local_midnight_also_when_the_clocks_change(
    name: str, begins: str, ends: str
) -> None:
    engine = started(replace(limited(LIMITS[name]), timezone="Europe/Berlin"))
    for venue in (KA, PM):
        engine.step(cash(venue, "1000"))
    now = instant(begins)
    engine.step(tick("relook", now))
    lose(engine, "900")
    engine.step(tick("relook", now))

    assert engine.state.trips[f"paper/{name}"].until == instant(ends)
    engine.step(tick("relook", Ns(instant(ends) - 1)))
    assert standing(engine) == {f"paper/{name}": "cooling"}
    engine.step(tick("relook", instant(ends)))
    assert standing(engine) == {}


def test_a_month_is_counted_from_local_midnight_when_the_clocks_changed_in_it() -> None:
    engine = started(replace(limited(LIMITS["monthly_loss"]), timezone="Europe/Berlin"))
    for venue in (KA, PM):
        engine.step(cash(venue, "1000"))
    engine.step(tick("relook", instant("2025-10-26T08:00:00")))
    lose(engine, "90")
    engine.step(tick("relook", instant("2025-10-31T22:59:59")))
    assert of_book(engine.state.results, BookKind.PAPER).month.total == 0

    engine.step(tick("relook", instant("2025-10-31T23:00:00")))
    lose(engine, "90", "x-2")
    engine.step(tick("relook", instant("2025-10-31T23:00:01")))

    # Neither month lost $100, though both together did.
    assert standing(engine) == {}


def instant(text: str) -> Ns:
    return Ns(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND)


def test_a_reset_day_counts_from_the_reset_and_still_shows_the_whole_day() -> None:
    engine = ready(**LIMITS["daily_loss"])
    lose(engine, "50")
    engine.step(tick("relook", at(1)))
    engine.step(command("reset", "paper/daily_loss", when=at(2)))
    lose(engine, "49", "x-2")
    engine.step(tick("relook", at(3)))
    assert standing(engine) == {}
    assert today(engine.state.results) == -usd(99)
    lose(engine, "1", "x-3")
    engine.step(tick("relook", at(4)))
    assert standing(engine) == {"paper/daily_loss": "cooling"}


def test_five_losses_in_a_row_trip_and_a_gain_between_does_not() -> None:
    engine = ready(max_losses=5)
    for number in range(4):
        lose(engine, "1", f"x-{number}")
    lose(engine, "-1", "gain")
    for number in range(4):
        lose(engine, "1", f"y-{number}")
    engine.step(tick("relook", at(1)))
    assert standing(engine) == {}
    lose(engine, "1", "last")
    engine.step(tick("relook", at(2)))
    assert standing(engine) == {"paper/losses": "tripped"}


def test_a_real_deal_that_was_unwound_is_a_loss_from_its_own_fills() -> None:
    engine = started(snapshot(max_losses=1))
    first, second = orders(show(engine, *gap()))
    engine.step(filled(first))
    show(engine, book(SECOND_MARKET, "0.30x500", "0.90x500", at("0.1")))
    engine.step(rejected(second, when=at("0.2")))
    (sale,) = orders(engine.step(tick("hedge/r-1", at(1))))
    engine.step(filled(sale, when=at(2)))
    assert of_book(engine.state.results, BookKind.PAPER).total == -usd(2)
    # Already the very next look is refused, before any timer said so.
    assert refusals(engine, at(20)) == "breaker"
    assert told(engine.step(tick("relook", at(21)))) == [("losses", "tripped")]


def test_five_errors_in_a_row_stop_for_a_minute_that_really_ends() -> None:
    engine = started(snapshot(max_errors=5, error_cooldown_ms=60_000, cooldown_ms=0))
    found: list[tuple[str, str]] = []
    for number in range(3):
        show(engine, *gap(at(number * 2)))
        for request in [o.request for o in engine.state.orders.values() if o.state == "sent"]:
            found += told(engine.step(rejected(request, when=at(number * 2 + 1))))
    assert found == [("errors", "cooling")]
    assert refusals(engine, at(30)) == "breaker"
    over = engine.state.trips["paper/errors"].until
    assert over == at(5) + 60 * SECOND
    assert refusals(engine, Ns(over - MS)) == "breaker"
    assert refusals(engine, over) != "breaker"
    engine.step(tick("relook", over))
    assert (standing(engine), engine.state.errors["paper"]) == ({}, 0)


def test_an_order_that_went_well_ends_a_row_of_errors() -> None:
    engine = started(snapshot(max_errors=2))
    first, second = orders(show(engine, *gap()))
    engine.step(rejected(first))
    engine.step(ev.OrderAccepted(at(1), second.id, "v"))
    assert engine.state.errors == {"paper": 0}
    engine.step(rejected(second, when=at(2)))
    assert standing(engine) == {}


def test_play_money_stops_no_real_money() -> None:
    engine = ready(**LIMITS["daily_loss"])
    lose(engine, "900")
    engine.step(tick("relook", at(1)))
    assert list(engine.state.trips) == ["paper/daily_loss"]
    lose(engine, "900", "x-2", BookKind.LIVE)
    engine.step(tick("relook", at(2)))
    assert list(engine.state.trips) == ["paper/daily_loss", "live/daily_loss"]


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("weather", f"There is no breaker weather. They are {', '.join(NAMES)}."),
        ("daily_loss", "No such breaker is tripped."),
        ("", "No breaker is tripped."),
    ],
)
def test_a_reset_that_cannot_be_says_why(target: str, sentence: str) -> None:
    (answer,) = ready().step(command("reset", target))
    assert isinstance(answer, CommandDone)
    assert (answer.ok, answer.text) == (False, sentence)


def test_the_memory_is_in_the_checkpoint() -> None:
    engine = ready(**LIMITS["daily_loss"])
    lose(engine, "50")
    engine.step(tick("relook", at(1)))
    again = Engine.load(engine.dump(), Chain())
    assert saved(again.state) == saved(engine.state)
    assert refusals(again, at(3)) == "breaker"


def test_with_every_limit_off_nothing_trips() -> None:
    engine = ready()
    lose(engine, "1000")
    engine.step(tick("relook", at(1)))
    assert standing(engine) == {}
    assert len(TABLE) == len(LIMITS) + 1


def test_equity_is_what_is_free_and_what_is_at_work() -> None:
    engine = ready()
    before = equity(engine.state, BookKind.PAPER)
    first, second = orders(show(engine, *gap()))
    engine.step(filled(first))
    engine.step(filled(second))
    spent = sum(leg.cost + leg.fees for leg in engine.state.deals[DealId("r-1")].legs)
    assert equity(engine.state, BookKind.PAPER) == before + spent - (
        before - sum(v for k, v in engine.state.cash.items() if k.startswith("paper/"))
    )
    assert equity(engine.state, BookKind.LIVE) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(["lose", "gain", "wait", "reset"]), st.integers(1, 100)),
        max_size=12,
    )
)
def test_breakers_move_only_as_their_table_says(moves: list[tuple[str, int]]) -> None:
    engine = ready(daily_loss=30_000_000, max_losses=3)
    known: dict[str, BreakerState] = {}
    now = 1
    for number, (move, amount) in enumerate(moves):
        now += amount * HOUR if move == "wait" else 1
        if move in ("lose", "gain"):
            lose(engine, str(amount if move == "lose" else -amount), f"x-{number}")
        event = command("reset", when=at(now)) if move == "reset" else tick("relook", at(now))
        for change in engine.step(event):
            if isinstance(change, BreakerChanged):
                before = known.get(change.breaker, BreakerState.ARMED)
                assert change.state in NEXT[before]
                known[change.breaker] = change.state
        stopped = [b for b, s in known.items() if s is not BreakerState.ARMED]
        assert sorted(stopped) == sorted(key.partition("/")[2] for key in engine.state.trips)


def test_the_gate_looks_at_the_plans_own_book() -> None:
    engine = started()
    engine.step(command("view_only"))
    show(engine, *gap())
    entry = engine.state.entries[RELATION]
    found = best_plan(engine.state, entry, route_tops(engine.state, entry))
    assert found is not None
    assert check(found, engine.state) is None
    engine.state.trips["live/daily_loss"] = replace(TRIP)
    assert check(found, engine.state) is None
    engine.state.trips["paper/daily_loss"] = replace(TRIP)
    refused = check(found, engine.state)
    assert refused is not None
    assert refused.reason == "Lost a lot. A person must reset it."
