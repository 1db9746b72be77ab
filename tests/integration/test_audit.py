"""The second pair of eyes: statements of the fake Kalshi against rows, what a difference does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.utils import timezone

from feeds import audit
from feeds.runtime.fakeserver import FakeServer
from feeds.runtime.world import LAYOUTS
from feeds.venues.kalshi.fake import KalshiFake
from markets.services import set_venue
from markets.terms.units import Ns
from tests.builders import FIRST, KA, at, qty, usd
from tests.contract.kalshi_fake import listed
from trading.audit import differing
from trading.engine.events import AccountReported
from trading.engine.orders import BookKind
from trading.models import Command, Deal, Order, Position
from trading.runtime.clock import SystemClock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def venue(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A fake Kalshi in a thread of its own, where we are who has play money."""
    settings.LIVE_ALLOWED = True
    monkeypatch.setattr(audit, "BETWEEN", Ns(1))
    server = FakeServer(KalshiFake((listed("A"),)), SystemClock())
    loop = asyncio.new_event_loop()
    loop.run_until_complete(server.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    rest = LAYOUTS["kalshi"].hosts(server.port)["rest"]
    set_venue("kalshi", "tests", "a fake", name="Kalshi", short="KA", rest_url=rest)
    yield
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def traded(state: str = "filled") -> None:
    """An order with money was once sent."""
    now = timezone.now()
    deal = Deal.objects.create(
        deal_id="d", relation="a", package=0, state="balanced", book="live", opened_at=now,
        changed_at=now, size=1, planned_net=0, planned_profit=0,
    )  # fmt: skip
    Order.objects.create(
        order_id="o", deal=deal, leg=0, market_id=FIRST, outcome=0, side="buy", px=1, qty=1,
        tif="ioc", book="live", purpose="open", state=state, sent_at=now, changed_at=now,
    )  # fmt: skip


def holding(yes: int, no: int = 0) -> None:
    Position.objects.create(
        market_id=FIRST, book="live", qty_yes=qty(yes), qty_no=qty(no), changed_at=timezone.now()
    )


def said(yes: int, *, complete: bool = True) -> AccountReported:
    held = ((FIRST, 0, qty(yes)),)
    return AccountReported(at(), KA, BookKind.LIVE, usd(1), held, complete=complete)


def test_a_venue_where_nothing_was_sent_with_money_is_not_asked(venue: None) -> None:
    assert audit.audit("kalshi").outcome == "none"


def test_an_account_that_holds_what_the_rows_say_agrees(venue: None) -> None:
    traded()
    assert audit.audit("kalshi").outcome == "agrees"
    assert not Command.objects.exists()


def test_a_difference_said_twice_halts_the_venue_and_nothing_else(venue: None) -> None:
    traded()
    holding(3)

    found = audit.audit("kalshi")

    assert (found.outcome, found.text) == (
        "differs",
        "kalshi says 0 of kalshi:A (outcome 0), the rows say 3.",
    )
    (command,) = Command.objects.all()
    assert (command.kind, command.target, command.author) == ("halt", "kalshi", "audit")
    assert command.reason == f"The audit found: {found.text}"


def test_an_account_that_cannot_be_read_is_said_to_be_unread(
    venue: None, settings: LazySettings
) -> None:
    traded()
    set_venue("kalshi", "tests", "gone", rest_url="http://127.0.0.1:9/trade-api/v2")
    assert audit.audit("kalshi").outcome == "unread"
    assert not Command.objects.exists()


def test_an_incomplete_statement_and_one_while_an_order_is_open_prove_nothing() -> None:
    holding(3)
    assert differing(said(0, complete=False), nets=True) == []
    traded("open")
    assert differing(said(0), nets=True) == []


def test_a_venue_that_nets_is_compared_by_the_difference() -> None:
    holding(10, 4)
    assert differing(said(6), nets=True) == []
    assert len(differing(said(6), nets=False)) == 2
