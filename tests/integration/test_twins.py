"""Twins as rows: what was told, how far from the live order, and what a restart leaves."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from django.test import Client
from msgspec.structs import replace

from markets.terms.ids import DealId, MarketId, RelationId, RunId
from markets.terms.units import MS, Ns, Px, Qty, Usd
from markets.wire import tell
from tests.builders import px, qty, usd
from tests.fakes import START, request
from trading import selectors, store, twins
from trading.engine.deals import Deal, DealLeg, DealState
from trading.engine.events import OrderCancelled, OrderFilled, RunStarted, TwinTold
from trading.engine.intents import DealChanged, PlaceOrder
from trading.engine.orders import BookKind, Fill, Finality, OrderState, Side
from trading.replay.records import EventRecord, IntentsRecord, Record
from trading.twins import Outcome, apart, result

pytestmark = pytest.mark.django_db
BUY = replace(request("o1", book=BookKind.LIVE), px=px("0.42"), qty=qty(30))
SENT = TwinTold(START, BUY.id, OrderState.SENT, START)


def later(ms: int) -> Ns:
    return Ns(START + ms * MS)


def write(*records: Record) -> None:
    with transaction.atomic():
        store.write(records, store.Names())


def filled(seq: int, ms: int, finality: Finality = Finality.MATCHED) -> Record:
    """The live order: 20 of 30 at 41 cents, for 10 cents of fees."""
    fill = Fill(
        "k", BUY.id, BUY.market, 0, Side.BUY, px("0.41"), qty(20), usd("0.10"), START, finality
    )
    return EventRecord(seq, OrderFilled(later(ms), fill))


TWIN_FILLED = replace(
    SENT,
    at=later(150),
    state=OrderState.FILLED,
    filled=qty(30),
    cost=usd("12.30"),
    fees=usd("0.15"),
    filled_at=later(150),
)
STORY: tuple[Record, ...] = (
    IntentsRecord(1, (PlaceOrder(START, BUY),)),
    EventRecord(2, SENT),
    filled(3, 40),
    EventRecord(4, OrderCancelled(later(41), BUY.id, qty(20), "ioc")),
    EventRecord(5, TWIN_FILLED),
)


def row() -> twins.TwinRow:
    (found,) = twins.of_deal(BUY.deal)
    return found


def test_the_difference_is_kept_whatever_comes_first_and_however_often_it_is_written() -> None:
    whole = STORY
    twin_first = (*STORY[:2], STORY[4], *STORY[2:4])
    for order in (whole, twin_first):
        for record in order:
            write(record)
    write(*whole)

    found = row()
    assert (found.filled, found.twin_filled, found.qty_apart) == (qty(20), qty(30), qty(10))
    assert (found.px, found.twin_px, found.px_apart) == (px("0.41"), px("0.41"), Px(0))
    assert (found.took_ms, found.twin_took_ms, found.took_apart_ms) == (40, 150, 110)
    # 30 a cent below the limit less 15 cents of fees, and 20 less 10.
    assert found.result_apart == usd("0.15") - usd("0.10")
    assert (found.state, found.twin_state) == ("cancelled", "filled")


def test_a_fill_that_becomes_final_later_did_not_take_longer() -> None:
    write(*STORY)
    write(filled(9, 60_000, Finality.FINAL))
    assert row().took_ms == 40


def test_a_twin_that_had_not_ended_is_lost_when_the_worker_starts_again() -> None:
    write(*STORY[:3])
    write(EventRecord(7, RunStarted(later(900), RunId("s"), "both")))
    assert (row().twin_state, row().took_apart_ms, row().px_apart) == ("lost", None, None)


def test_a_start_leaves_twins_that_ended_and_those_begun_after_it_alone() -> None:
    start = EventRecord(7, RunStarted(later(900), RunId("s"), "both"))
    write(*STORY)
    write(start)
    assert row().twin_state == "filled"

    write(start, EventRecord(8, SENT))
    assert row().twin_state == "sent"


def test_the_result_of_a_sale_is_what_it_brought_above_its_limit() -> None:
    live = Outcome(qty(10), usd("4.10"), usd("0.02"), Ns(5))
    none = Outcome(Qty(0), Usd(0), Usd(0), None)
    assert result(Side.SELL, px("0.40"), live) == usd("0.08")
    found = apart(Side.SELL, px("0.40"), live, none)
    assert (found.px, found.took, found.qty, found.result) == (None, None, -qty(10), -usd("0.08"))


def with_deal(*records: Record) -> str:
    """The page of the deal of these records' order."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("operator", password="x"))
    leg = DealLeg(MarketId("kalshi:A"), 0, qty(1), qty(30), px("0.42"), px("0.41"))
    deal = Deal(
        DealId(BUY.deal), RelationId("rain"), 0, BookKind.LIVE, DealState.BALANCED, START, START,
        qty(30), (leg,), Px(30_000), Usd(60_000), 4,
    )  # fmt: skip
    write(*records, IntentsRecord(6, (DealChanged(START, deal, "Both legs filled."),)))
    return client.get(f"/deals/{BUY.deal}/").content.decode()


def test_the_page_and_the_api_show_each_order_beside_its_twin() -> None:
    page = with_deal(*STORY)

    assert "Paper would have kept $0.05 more." in page
    assert "20 at 41.00¢" in page
    assert "filled, 150 ms" in page
    for text in ("+0.00¢", "+10 sh", "+110 ms"):
        assert f'<span class="sub">{text}</span>' in page
    found = selectors.deal(BUY.deal)
    assert found is not None
    (told,) = tell(found)["twins"]
    assert (told["order"], told["qty_apart"], told["result_apart"]) == ("o1", "10", "0.05")


def test_a_page_says_why_paper_refused() -> None:
    refused = replace(SENT, state=OrderState.REJECTED, reason="below the minimum")
    page = with_deal(*STORY[:4], EventRecord(5, refused))
    assert 'title="below the minimum"' in page
    assert "Paper would have kept $0.10 less." in page
    assert "\u221220 sh" in page


def test_a_page_shows_no_table_where_no_order_has_a_twin() -> None:
    assert "Paper twin" not in with_deal(STORY[0])
