"""How far a strategy is let, and where the operator may trade."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from markets.terms.ids import VenueId
from markets.terms.units import MICRO, Ns
from risk.gates.rollout import HOUR, draw, feature, jurisdiction
from tests.builders import KA, PM, RELATION, command, gap, show, snapshot, started
from trading.engine.config import Feature, Permission, Rollout, Snapshot
from trading.engine.orders import BookKind
from trading.engine.plans import Plan
from trading.engine.scan import best_plan, route_tops
from trading.engine.state import EngineState, permission

ANY = VenueId("")


def asked(config: Snapshot, book: BookKind = BookKind.PAPER) -> tuple[Plan, EngineState]:
    engine = started(config)
    engine.step(command("view_only"))
    show(engine, *gap())
    entry = engine.state.entries[RELATION]
    plan = best_plan(engine.state, entry, route_tops(engine.state, entry))
    assert plan is not None
    return replace(plan, book=book), engine.state


def staged(*rows: Feature) -> Snapshot:
    return replace(snapshot(), features=rows)


def word(config: Snapshot, book: BookKind = BookKind.PAPER) -> str:
    refused = feature(*asked(config, book))
    return refused.reason if refused else ""


def test_a_strategy_without_a_row_is_off() -> None:
    assert word(staged()) == "Strategy taker_taker has no row, so it is off."
    assert word(staged(Feature("other", Rollout.ON))) != ""


@pytest.mark.parametrize(
    ("rollout", "book", "sentence"),
    [
        (Rollout.OFF, BookKind.PAPER, "Strategy taker_taker is off."),
        (Rollout.PAPER, BookKind.PAPER, ""),
        (Rollout.PAPER, BookKind.LIVE, "Strategy taker_taker may trade on paper only."),
        (Rollout.ON, BookKind.PAPER, ""),
        (Rollout.ON, BookKind.LIVE, ""),
    ],
)
def test_a_row_says_how_far(rollout: Rollout, book: BookKind, sentence: str) -> None:
    assert word(staged(Feature("taker_taker", rollout)), book) == sentence


def test_one_venue_must_have_a_leg() -> None:
    assert word(staged(Feature("taker_taker", Rollout.VENUE, KA))) == ""
    other = Feature("taker_taker", Rollout.VENUE, VenueId("betfair"))
    assert word(staged(other)) == "Strategy taker_taker trades only with a leg at betfair."


def test_a_share_is_drawn_for_a_relation_and_an_hour_and_always_the_same() -> None:
    plan, state = asked(staged(Feature("taker_taker", Rollout.SHARE, share_ppm=300_000)))
    taken = 0
    for hour in range(400):
        state.at = Ns(hour * HOUR)
        number = draw(plan, state)
        assert number == draw(plan, state)
        state.at = Ns(hour * HOUR + HOUR - 1)
        assert number == draw(plan, state)
        taken += feature(plan, state) is None
    assert 90 <= taken <= 150


def test_a_share_of_all_takes_all_and_of_nothing_nothing() -> None:
    assert word(staged(Feature("taker_taker", Rollout.SHARE, share_ppm=MICRO))) == ""
    assert word(staged(Feature("taker_taker", Rollout.SHARE))).startswith("Strategy taker_taker ta")


def test_a_snapshot_of_before_features_holds_nothing_back() -> None:
    assert word(replace(snapshot(), features=None)) == ""


# Jurisdiction


def barred(*rows: Permission, book: BookKind = BookKind.LIVE, geoblock: str = "") -> str:
    config = snapshot()
    venues = tuple(replace(v, geoblock=geoblock if v.id == KA else "") for v in config.venues)
    config = replace(config, country="DE", permissions=rows, venues=venues)
    refused = jurisdiction(*asked(config, book))
    return refused.reason if refused else ""


ALLOWED = Permission(ANY, "", True)


def test_money_needs_a_word_that_it_is_allowed_and_play_money_does_not() -> None:
    assert barred() == "Nobody has said that Kalshi is allowed from DE."
    assert barred(book=BookKind.PAPER) == ""
    assert barred(ALLOWED) == ""
    assert barred(Permission(KA, "", True)) == "Nobody has said that Polymarket is allowed from DE."


def test_what_is_forbidden_is_forbidden_to_play_money_too() -> None:
    no = Permission(PM, "", False, "not licensed")
    for book in BookKind:
        assert barred(ALLOWED, no, book=book) == (
            "Polymarket is not allowed from DE: not licensed."
        )


def test_a_venue_that_turned_us_away_is_closed_to_money() -> None:
    assert barred(ALLOWED, geoblock="blocked in DE") == "Kalshi turned us away: blocked in DE."
    assert barred(ALLOWED, geoblock="blocked in DE", book=BookKind.PAPER) == ""


@pytest.mark.parametrize(
    ("rows", "holds"),
    [
        ([Permission(ANY, "", True), Permission(KA, "", False)], Permission(KA, "", False)),
        (
            [Permission(KA, "sports", False), Permission(KA, "", True)],
            Permission(KA, "sports", False),
        ),
        ([Permission(KA, "", True), Permission(ANY, "Sports", False)], Permission(KA, "", True)),
        ([Permission(PM, "", True), Permission(KA, "politics", True)], None),
    ],
)
def test_the_row_that_names_most_holds(rows: list[Permission], holds: Permission | None) -> None:
    assert permission(tuple(rows), KA, "Sports") == holds
