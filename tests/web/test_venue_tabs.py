"""The venues' page beside health: latencies, rejects, fees charged, the calendar."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from feeds.venue_tabs import exact, half, latencies
from markets import selectors
from markets.models import Maintenance
from markets.moments import moment
from markets.terms.fees import trade_fee
from markets.terms.ids import VenueId
from markets.terms.units import MS, Ns, Px, Qty, Usd
from tests import listings, records
from tests.web import live_site
from trading import live, showcase
from trading.engine.pictures import Decided
from trading.models import Fill, Order
from trading.selectors import FillTime

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("operator", password="x"))
    listings.two_venues()
    return client


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_no_fills_is_said_and_where_they_come_from(operator: Client) -> None:
    assert "No orders were filled in the last day" in page(operator, "/venues/latency/")
    assert "No fees were charged yet" in page(operator, "/venues/fees/")
    assert "Nothing is announced" in page(operator, "/venues/calendar/")
    assert "Nothing was rejected" in page(operator, "/venues/rejects/")


def test_rejects_are_listed_by_reason(operator: Client) -> None:
    now = live.now_ns()
    live_site.store_truths(showcase.truth("polymarket", now, sick=True))

    shown = page(operator, "/venues/rejects/")

    live_site.clear()
    assert shown.index("sequence gap") < shown.index("unknown market")


def test_the_time_from_an_order_to_its_first_fill_is_shown_per_venue(operator: Client) -> None:
    records.a_deal()
    sent = moment(Ns(live.now_ns())) - timedelta(hours=1)
    Order.objects.filter(market_id="kalshi:RAIN").update(sent_at=sent)
    Fill.objects.filter(market_id="kalshi:RAIN").update(at=sent + timedelta(milliseconds=120))

    shown = page(operator, "/venues/latency/")

    assert "Kalshi, order to first fill" in shown
    assert "Polymarket, order to first fill" not in shown  # sent longer than a day ago
    assert "120ms" in shown
    assert "120ms" in page(operator, "/venues/")


def test_the_time_from_a_change_to_the_decision_is_shown_per_venue(operator: Client) -> None:
    now = live.now_ns()
    decided = Decided(1_200, 143, 1_215, 12_040, (600, 500, 80, 10, 5, 3, 1, 1, 0, 0, 0))
    live_site.store_truths(
        msgspec.structs.replace(showcase.truth("kalshi", now), decided=decided),
        showcase.truth("polymarket", now),
    )

    shown = page(operator, "/venues/latency/")

    live_site.clear()
    assert "Kalshi, change to decision" in shown
    assert "Polymarket, change to decision" not in shown
    for words in ("1,200", "0.15 ms", "1.22 ms", "12.1 ms", "0.1 to 0.25 ms", "100 ms and more"):
        assert words in shown


def test_a_fee_that_is_not_the_models_is_marked(operator: Client) -> None:
    listings.confirmed()
    records.a_deal()
    (listed,) = selectors.fee_history("kalshi:RAIN")
    model = trade_fee(listed.schedule, Px(500_000), Qty(10_000_000))
    Fill.objects.filter(market_id="kalshi:RAIN").update(
        fee_rev=listed.rev, px=500_000, qty=10_000_000, fee=model + 1_000
    )

    shown = page(operator, "/venues/fees/")

    assert exact(Usd(model + 1_000)) in shown
    assert exact(model) in shown
    assert "+$0.0010" in shown
    assert shown.count("no model") == 2


def test_the_nearest_maintenance_comes_first(operator: Client) -> None:
    now = moment(Ns(live.now_ns()))
    for venue, days in (("kalshi", 3), ("polymarket", 2), ("kalshi", 20)):
        Maintenance.objects.create(
            venue_id=venue,
            what=f"in {days} days",
            starts_at=now + timedelta(days=days),
            ends_at=now + timedelta(days=days, hours=2),
        )

    shown = page(operator, "/venues/calendar/")

    assert shown.index("in 2 days") < shown.index("in 3 days")
    assert "in 20 days" not in shown


def test_times_fall_into_the_span_that_begins_with_them() -> None:
    listings.two_venues()
    row = selectors.venues()[0]
    took = [FillTime(VenueId("kalshi"), "paper", Ns(ms * MS)) for ms in (24, 25, 5_000)]

    (found,) = latencies([row], took)

    assert [bar.count for bar in found.bars] == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert half(took) == {VenueId("kalshi"): Ns(25 * MS)}


@pytest.mark.parametrize(
    ("usd", "text"), [(1_234_567, "$1.234567"), (-500, "−$0.0005"), (2_000_000_000, "$2,000.0000")]
)
def test_a_fee_is_never_rounded(usd: int, text: str) -> None:
    assert exact(Usd(usd)) == text
