"""Journal records become rows, and writing them again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from django.db import transaction
from msgspec.structs import replace

from markets.terms.ids import DealId, MarketId, OrderId, RelationId
from markets.terms.units import Ns, Px, Qty, Usd
from tests.fakes import START, request
from trading import models, store
from trading.engine.deals import Deal, DealLeg, DealState
from trading.engine.events import (
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    SelfTested,
)
from trading.engine.intents import (
    BreakerChanged,
    CommandDone,
    DealChanged,
    EdgeSeen,
    Intent,
    PlaceOrder,
    PlanRefused,
    PositionChanged,
    QueryOrder,
)
from trading.engine.orders import BookKind, Fill, Finality, Side
from trading.engine.results import BreakerState
from trading.replay.records import EventRecord, IntentsRecord, Record

pytestmark = pytest.mark.django_db


LATER = Ns(START + 60_000_000_000)
LONG = "no answer" + 491 * "!"


def write(*records: Record) -> list[str]:
    with transaction.atomic():
        return store.write(records, store.Names())


def told(seq: int, event: Event) -> Record:
    return EventRecord(seq, event)


def answered(seq: int, *intents: Intent) -> Record:
    return IntentsRecord(seq, intents)


def placed(seq: int = 1, name: str = "o1") -> Record:
    return answered(seq, PlaceOrder(START, request(name)))


def filled(seq: int, key: str, qty: int, name: str = "o1") -> Record:
    fill = Fill(
        key,
        OrderId(name),
        MarketId("kalshi:A"),
        0,
        Side.BUY,
        Px(333_333),
        Qty(qty),
        Usd(7),
        START,
    )
    return told(seq, OrderFilled(START, fill))


def deal(state: DealState = DealState.OPENING, at: Ns = START) -> Deal:
    leg = DealLeg(MarketId("kalshi:A"), 0, Qty(1_000_000), Qty(2_000_000), Px(400_000), Px(390_000))
    return Deal(
        id=DealId("d1"),
        relation=RelationId("rain"),
        package=0,
        book=BookKind.PAPER,
        state=state,
        opened_at=START,
        changed_at=at,
        size=Qty(2_000_000),
        legs=(leg,),
        planned_net=Px(30_000),
        planned_profit=Usd(60_000),
        revision=4,
    )


def order(name: str = "o1") -> models.Order:
    return models.Order.objects.get(order_id=name)


def again(records: Iterable[Record]) -> None:
    for _ in range(2):
        write(*records)


def test_a_trip_is_kept_with_who_released_it_and_written_again_it_stays_one() -> None:
    trip = BreakerChanged(
        START, BookKind.PAPER, "daily_loss", BreakerState.COOLING, "Lost $50.", 50, 51, "USD", LATER
    )
    other = replace(trip, breaker="losses", state=BreakerState.TRIPPED, until=Ns(0))
    over = replace(trip, at=LATER, state=BreakerState.ARMED, reason="Its time is over.")
    reset = replace(other, at=LATER, state=BreakerState.ARMED, reason="Looked.", by="ann")

    for _ in range(2):
        write(answered(1, trip, other), answered(2, over), answered(3, reset))

    losses, daily = models.BreakerTrip.objects.order_by("-breaker")
    assert (daily.seq, daily.released_seq, daily.released_by) == (1, 2, "itself")
    assert (daily.limit, daily.actual, daily.state) == (50, 51, "cooling")
    assert (losses.until, losses.released_by, losses.released_why) == (None, "ann", "Looked.")


def test_a_deal_is_written_with_its_legs_and_one_step_per_event() -> None:
    records = (
        answered(5, DealChanged(START, deal(), "Opened.")),
        answered(6, DealChanged(Ns(START + 1), deal(DealState.BALANCED), "Both legs filled.")),
    )

    again(records)

    row = models.Deal.objects.get()
    assert (row.deal_id, row.state, row.seq, row.title) == ("d1", "balanced", 6, "rain")
    assert [(leg.position, leg.limit_px) for leg in row.legs.all()] == [(0, 400_000)]
    assert [(s.seq, s.text) for s in row.steps.all()] == [(5, "Opened."), (6, "Both legs filled.")]


def test_an_opened_deal_is_a_decision_that_names_it() -> None:
    again([answered(5, DealChanged(START, deal(), "Opened."))])

    row = models.Decision.objects.get()
    assert (row.verdict, row.gate, row.deal_id, row.net) == ("approved", "", "d1", 30_000)


def test_orders_and_fills_name_the_fees_and_friction_their_deal_was_planned_with() -> None:
    planned = replace(deal(), fee_rev="11111111,22222222", friction_rev="33333333")
    records = [answered(1, DealChanged(START, planned, "Opened.")), placed(), filled(3, "t1", 1)]

    again(records)

    assert (order().fee_rev, order().friction_rev) == ("11111111", "33333333")
    fill = models.Fill.objects.get()
    assert (fill.fee_rev, fill.friction_rev) == ("11111111", "33333333")


def test_an_order_of_a_deal_nobody_knows_names_no_fees() -> None:
    again([placed(), filled(3, "t1", 1)])

    assert (order().fee_rev, models.Fill.objects.get().fee_rev) == ("", "")


def test_an_order_is_filled_by_the_sum_of_its_fills_each_counted_once() -> None:
    records = [
        placed(),
        told(2, OrderAccepted(START, OrderId("o1"), "v-9")),
        filled(3, "t1", 400_000),
        filled(4, "t1", 400_000),
        filled(5, "t2", 600_000),
    ]

    again(records)

    row = order()
    assert (row.state, row.filled, row.fees, row.venue_order) == ("filled", 1_000_000, 14, "v-9")
    # 0.4 x 333 333 and 0.6 x 333 333, each rounded up: what we pay is never rounded in our favour.
    assert row.cost == 133_334 + 200_000
    assert models.Fill.objects.count() == 2
    assert {f.deal_id for f in models.Fill.objects.all()} == {"d1"}


def test_fills_of_a_later_batch_add_to_those_of_an_earlier_one() -> None:
    write(placed(), filled(2, "t1", 400_000))
    assert (order().state, order().filled) == ("part", 400_000)

    write(filled(3, "t2", 600_000))

    assert (order().state, order().filled) == ("filled", 1_000_000)


def test_a_fill_taken_back_leaves_its_order_ended_with_less_and_stays_so() -> None:
    whole, part = filled(2, "t1", 600_000), filled(3, "t2", 400_000)
    assert isinstance(part, EventRecord)
    assert isinstance(part.event, OrderFilled)
    matched = replace(part.event.fill, finality=Finality.MATCHED)
    gone = replace(part.event.fill, finality=Finality.FAILED)
    write(placed(), whole, told(3, OrderFilled(START, matched)))
    assert (order().state, order().filled) == ("filled", 1_000_000)

    write(told(4, OrderFilled(START, gone)))
    write(told(5, OrderFilled(START, matched)))

    assert (order().state, order().filled) == ("cancelled", 600_000)
    assert models.Fill.objects.get(key="t2").finality == "failed"


@pytest.mark.parametrize(
    ("event", "state", "reason"),
    [
        (
            OrderRejected(START, OrderId("o1"), "funds", "Not enough cash."),
            "rejected",
            "Not enough cash.",
        ),
        (OrderCancelled(START, OrderId("o1"), None, "IOC"), "cancelled", "IOC"),
        (OrderUnknown(START, OrderId("o1"), "no answer"), "unknown", "no answer"),
        (OrderUnknown(START, OrderId("o1"), "no\0 answer" + 600 * "!"), "unknown", LONG),
    ],
)
def test_what_the_venue_says_moves_the_order(event: Event, state: str, reason: str) -> None:
    again([placed(), told(2, event)])

    assert (order().state, order().reason) == (state, reason)


def test_an_order_that_is_asked_for_is_in_doubt() -> None:
    write(
        placed(),
        answered(2, QueryOrder(START, OrderId("o1"), MarketId("kalshi:A"), BookKind.PAPER)),
    )

    assert order().state == "unknown"


def test_an_ended_order_stays_ended_when_old_records_are_written_again() -> None:
    write(placed(), told(2, OrderCancelled(START, OrderId("o1"), None, "IOC")))

    write(placed(), told(1, OrderAccepted(START, OrderId("o1"), "v")))

    assert order().state == "cancelled"


def test_samples_refusals_and_positions_are_written_once() -> None:
    records = [
        answered(
            7,
            EdgeSeen(
                START, RelationId("rain"), 0, Px(1), Px(2), Qty(3), Usd(4), 5, "min_edge", 6, 7
            ),
            PlanRefused(
                START,
                RelationId("rain"),
                0,
                "min_edge",
                "too small",
                6,
                7,
                "¢",
                Px(1),
                Qty(3),
                Usd(4),
            ),
            PositionChanged(
                START,
                MarketId("kalshi:A"),
                BookKind.PAPER,
                (Qty(5), Qty(6)),
                (Usd(7), Usd(8)),
                Usd(9),
                Usd(-1),
            ),
        )
    ]

    again(records)

    assert models.EdgeSample.objects.get().gate == "min_edge"
    assert models.Decision.objects.get().reason == "too small"
    row = models.Position.objects.get()
    assert (row.qty_yes, row.qty_no, row.cost_no, row.realised) == (5, 6, 8, -1)


def test_a_command_ends_with_the_engines_answer() -> None:
    row = models.Command.objects.create(kind="halt", author="ann", reason="look", state="sent")

    again([answered(3, CommandDone(START, row.pk, ok=False, text="Already halted."))])

    row.refresh_from_db()
    assert (row.state, row.answer) == ("refused", "Already halted.")
    assert row.done_at is not None


@pytest.mark.django_db(transaction=True)
def test_rows_are_refused_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="one transaction"):
        store.write([placed()], store.Names())


def test_a_self_test_has_one_row_of_its_own_and_is_nobodys_deal() -> None:
    order = replace(request("o1"), book=BookKind.TEST)
    told_of = told(2, SelfTested(START, "arrived", Ns(3_000_000), "From book to order in 3.0 ms."))

    for _ in range(2):
        assert write(answered(1, PlaceOrder(START, order)), told_of) == []

    assert models.Order.objects.count() == 0
    row = models.SelfTest.objects.get()
    assert (row.outcome, row.latency_ns, row.seq) == ("arrived", 3_000_000, 2)
