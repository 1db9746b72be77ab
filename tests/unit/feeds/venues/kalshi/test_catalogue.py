"""The walk over what Kalshi lists."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from feeds.venues.base import Reply, Request
from feeds.venues.kalshi import wire
from feeds.venues.kalshi.catalogue import (
    ALL_SERIES,
    KalshiCatalogue,
    events_request,
    schedule_of,
    series_request,
)
from markets.terms.units import SECOND, Ns

GRID = [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}]


def ok(body: object) -> Reply:
    return Reply(200, (), msgspec.json.encode(body))


def event(name: str, series: str = "S") -> dict[str, object]:
    markets = [{"ticker": f"{name}-M", "title": name, "status": "active", "price_ranges": GRID}]
    return {"event_ticker": name, "series_ticker": series, "title": name, "markets": markets}


def started() -> KalshiCatalogue:
    catalogue = KalshiCatalogue()
    assert catalogue.first() == [ALL_SERIES]
    series = {"ticker": "S", "fee_type": "quadratic", "fee_multiplier": 1}
    assert catalogue.parse(ALL_SERIES, ok({"series": [series]})) == ([], [events_request()])
    return catalogue


def test_it_asks_for_open_events_with_their_markets_two_hundred_a_page() -> None:
    assert dict(events_request("abc").query) == {
        "status": "open",
        "with_nested_markets": "true",
        "with_milestones": "true",
        "limit": "200",
        "cursor": "abc",
    }


def test_it_walks_until_the_cursor_is_empty() -> None:
    catalogue = started()

    first, more = catalogue.parse(events_request(), ok({"events": [event("A")], "cursor": "c1"}))
    second, end = catalogue.parse(more[0], ok({"events": [event("B")], "cursor": ""}))
    third, also_end = catalogue.parse(events_request("c2"), ok({"events": [event("C")]}))

    assert more == [events_request("c1")]
    assert (end, also_end) == ([], [])
    assert [one.market.native for one in first + second + third] == ["A-M", "B-M", "C-M"]


def test_a_cursor_given_twice_ends_the_walk_with_a_sentence() -> None:
    catalogue = started()
    catalogue.parse(events_request(), ok({"events": [event("A")], "cursor": "c1"}))

    with pytest.raises(ValueError, match="cursor 'c1' twice"):
        catalogue.parse(events_request("c1"), ok({"events": [event("B")], "cursor": "c1"}))


def test_page_one_for_a_garbage_cursor_ends_the_walk_with_a_sentence() -> None:
    catalogue = started()
    catalogue.parse(events_request(), ok({"events": [event("A")], "cursor": "c1"}))

    with pytest.raises(ValueError, match="already seen"):
        catalogue.parse(events_request("c1"), ok({"events": [event("A")], "cursor": "c2"}))


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(503, (), b""), "status 503"),
        (Reply(200, (), b""), "cannot read"),
        (Reply(200, (), b"[]"), "cannot read"),
    ],
)
def test_a_page_that_cannot_be_read_ends_the_walk_with_a_sentence(reply: Reply, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        started().parse(events_request(), reply)


@pytest.mark.parametrize("reply", [Reply(503, (), b""), Reply(200, (), b"nonsense")])
def test_without_the_list_each_series_is_asked_for_once_and_its_events_wait(reply: Reply) -> None:
    catalogue = KalshiCatalogue()
    catalogue.parse(ALL_SERIES, reply)

    page = {"events": [event("A"), event("B"), event("C", "T")], "cursor": ""}
    found, asked = catalogue.parse(events_request(), ok(page))
    series = {"ticker": "S", "fee_type": "quadratic", "fee_multiplier": 0.5}
    of_s, none = catalogue.parse(asked[0], ok({"series": series}))
    of_t, _ = catalogue.parse(asked[1], Reply(404, (), b""))

    assert found == []
    assert asked == [series_request("S"), series_request("T")]
    assert none == []
    assert [one.market.native for one in of_s] == ["A-M", "B-M"]
    assert {one.market.fees.multiplier_ppm for one in of_s} == {500_000}
    assert [one.market.fees.kind for one in of_t] == ["unknown"]


def test_a_series_that_cannot_be_read_leaves_its_markets_with_unknown_fees() -> None:
    catalogue = KalshiCatalogue()
    catalogue.parse(ALL_SERIES, ok({"series": None}))
    catalogue.parse(events_request(), ok({"events": [event("A")]}))

    found, _ = catalogue.parse(Request("GET", "rest", "/series/S"), Reply(200, (), b"{"))

    assert [one.market.fees.kind for one in found] == ["unknown"]
    assert catalogue.skipped == {"unreadable_series": 1}


def test_an_event_without_a_series_has_unknown_fees() -> None:
    found, _ = started().parse(events_request(), ok({"events": [event("A", "")]}))

    assert found[0].market.fees.kind == "unknown"


def test_overrides_of_the_event_come_before_the_fees_of_the_series() -> None:
    series = wire.Series("S", fee_type="quadratic", fee_multiplier=Decimal("0.5"))
    plain = wire.Event("E")
    dearer = wire.Event("E", fee_multiplier_override=Decimal(1))
    other = wire.Event("E", fee_type_override="quadratic_with_maker_fees")

    assert schedule_of(plain, series).multiplier_ppm == 500_000
    assert schedule_of(dearer, series).multiplier_ppm == 1_000_000
    assert schedule_of(other, series).maker_rate_ppm == 17_500
    assert schedule_of(dearer, None).kind == "unknown"


def test_a_walk_goes_on_from_the_page_it_was_stopped_before_after_the_series() -> None:
    catalogue = started()
    _, waiting = catalogue.parse(events_request(), ok({"events": [event("A")], "cursor": "c1"}))
    mark = catalogue.mark(waiting)
    assert mark == events_request("c1")

    other = KalshiCatalogue()
    assert other.again(mark) == [ALL_SERIES]
    series = {"ticker": "S", "fee_type": "quadratic", "fee_multiplier": 1}
    assert other.parse(ALL_SERIES, ok({"series": [series]})) == ([], [mark])


def test_it_cannot_be_stopped_where_events_wait_for_their_series() -> None:
    catalogue = started()
    page = {"events": [event("A", "UNKNOWN")], "cursor": "c1"}
    _, waiting = catalogue.parse(events_request(), ok(page))

    assert catalogue.mark(waiting) is None
    assert catalogue.mark([*waiting, events_request("c2")]) is None


def test_what_changed_is_asked_by_time_and_its_pages_keep_the_question() -> None:
    catalogue = KalshiCatalogue()
    assert catalogue.since(Ns(1_700_000_000 * SECOND)) == [ALL_SERIES]
    _, asked = catalogue.parse(ALL_SERIES, ok({"series": []}))
    assert dict(asked[0].query)["min_updated_ts"] == "1700000000"
    assert "status" not in dict(asked[0].query)

    _, more = catalogue.parse(asked[0], ok({"events": [], "cursor": "c1"}))
    assert dict(more[0].query) == {**dict(asked[0].query), "cursor": "c1"}


def test_named_events_are_asked_a_hundred_at_a_time_whatever_their_state() -> None:
    catalogue = KalshiCatalogue()
    catalogue.named(tuple(f"E{number}" for number in range(150)))
    _, asked = catalogue.parse(ALL_SERIES, ok({"series": []}))

    assert [len(dict(one.query)["tickers"].split(",")) for one in asked] == [100, 50]
    assert "status" not in dict(asked[0].query)


def test_a_games_start_is_the_earliest_milestone_of_its_event_and_never_a_closing_time() -> None:
    catalogue = started()
    milestones = [
        {"start_date": "2026-11-21T20:00:00Z", "primary_event_tickers": ["A"]},
        {"start_date": "2026-11-21T19:00:00Z", "primary_event_tickers": ["A"]},
        {"start_date": "soon", "primary_event_tickers": ["B"]},
    ]
    page = {"events": [event("A"), event("B")], "milestones": milestones}
    found, _ = catalogue.parse(events_request(), ok(page))

    assert [one.details.starts_at for one in found] == [Ns(1_795_287_600 * SECOND), None]
