from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from feeds.sim.exchange import OURS, Account, Exchange
from markets.terms.fees import KALSHI, trade_fee
from markets.terms.ids import DealId, MarketId, OrderId, VenueId
from markets.terms.instruments import FeeSchedule, Market, MarketState, even_ladder
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Usd, micros_from_text
from trading.engine.book import BookState, Levels, binary_book
from trading.engine.events import (
    AccountReported,
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
)
from trading.engine.orders import BookKind, OrderRequest, Purpose, Side, TimeInForce

KA = VenueId("kalshi")
A = MarketId("kalshi:A")
FEES = FeeSchedule(KALSHI, 70_000)
MARKET = Market(A, KA, "A", "A", ("Yes", "No"), even_ladder(Px(10_000)), FEES)
START = Ns(10**18)
LATER = Ns(START + 1_000 * MS)


def levels(text: str) -> Levels:
    pairs = [part.split("x") for part in text.split()]
    return tuple((Px(micros_from_text(px)), Qty(micros_from_text(qty))) for px, qty in pairs)


def exchange(bids: str, asks: str, cash: int = 1_000 * MICRO) -> Exchange:
    made = Exchange({KA: 100}, {KA: Usd(cash)})
    made.list_markets((MARKET,))
    made.on_book(binary_book(A, levels(bids), levels(asks), START))
    return made


def order(number: int, px: str, qty: str, **changes: object) -> OrderRequest:
    fields: dict[str, object] = {
        "id": OrderId(f"o{number}"),
        "deal": DealId("d"),
        "leg": 0,
        "market": A,
        "outcome": 0,
        "side": Side.BUY,
        "px": Px(micros_from_text(px)),
        "qty": Qty(micros_from_text(qty)),
        "tif": TimeInForce.IOC,
        "book": BookKind.PAPER,
        "purpose": Purpose.OPEN,
    }
    return OrderRequest(**{**fields, **changes})  # type: ignore[arg-type]  # the fields above


def answers(made: Exchange, request: OrderRequest) -> list[Event]:
    made.submit(request, START)
    return made.advance(LATER)


def fills(events: list[Event]) -> list[tuple[int, int]]:
    return [(e.fill.px, e.fill.qty // MICRO) for e in events if isinstance(e, OrderFilled)]


def test_an_order_takes_the_best_prices_first_and_pays_each_level_its_own() -> None:
    said = answers(exchange("", "0.42x100 0.43x50 0.45x9"), order(1, "0.43", "120"))

    assert fills(said) == [(420_000, 100), (430_000, 20)]
    assert isinstance(said[0], OrderAccepted)
    assert not any(isinstance(e, OrderCancelled) for e in said)


def test_what_cannot_be_had_at_the_limit_is_dropped_and_said() -> None:
    said = answers(exchange("", "0.42x100 0.45x50"), order(1, "0.43", "120"))

    assert fills(said) == [(420_000, 100)]
    assert [e.filled for e in said if isinstance(e, OrderCancelled)] == [100 * MICRO]


def test_fill_or_kill_takes_all_or_nothing() -> None:
    said = answers(exchange("", "0.42x100"), order(1, "0.43", "120", tif=TimeInForce.FOK))

    assert fills(said) == []
    assert [e.filled for e in said if isinstance(e, OrderCancelled)] == [0]


def test_the_second_outcome_is_bought_from_the_firsts_bids() -> None:
    said = answers(exchange("0.40x30 0.39x30", "0.42x1"), order(1, "0.61", "40", outcome=1))

    assert fills(said) == [(600_000, 30), (610_000, 10)]


def test_nothing_is_said_before_the_order_travelled_there_and_back() -> None:
    made = exchange("", "0.42x100")
    made.submit(order(1, "0.43", "10"), START)

    assert made.next_due() == START + 50 * MS
    assert made.advance(Ns(START + 99 * MS)) == []
    assert made.next_due() == START + 100 * MS
    assert fills(made.advance(Ns(START + 100 * MS))) == [(420_000, 10)]
    assert made.next_due() is None


def test_an_order_meets_the_book_as_it_is_when_it_arrives() -> None:
    made = exchange("", "0.42x100")
    made.submit(order(1, "0.43", "10"), START)
    made.on_book(binary_book(A, (), levels("0.43x100"), START))

    assert fills(made.advance(LATER)) == [(430_000, 10)]


def test_depth_once_taken_stays_taken_until_the_level_changes() -> None:
    made = exchange("", "0.42x100 0.44x5")
    answers(made, order(1, "0.43", "80"))
    assert fills(answers(made, order(2, "0.43", "80"))) == [(420_000, 20)]

    made.on_book(binary_book(A, (), levels("0.42x100 0.44x6"), START))
    assert fills(answers(made, order(3, "0.43", "80"))) == []

    made.on_book(binary_book(A, (), levels("0.42x90"), START))
    assert fills(answers(made, order(4, "0.43", "80"))) == [(420_000, 80)]


def test_yes_and_no_orders_share_one_depth() -> None:
    made = exchange("0.40x30", "0.42x100")
    answers(made, order(1, "0.60", "30", outcome=1))

    made.ledger(KA).endow(OURS, A, (Qty(30 * MICRO), Qty(0)))
    assert fills(answers(made, order(2, "0.40", "30", side=Side.SELL))) == []


def test_money_leaves_with_each_fill_and_its_fee() -> None:
    made = exchange("", "0.42x100", cash=50 * MICRO)
    said = answers(made, order(1, "0.42", "100"))

    fee = trade_fee(FEES, Px(420_000), Qty(100 * MICRO))
    statements = [e for e in said if isinstance(e, AccountReported)]
    assert statements[-1].cash == 50 * MICRO - 42 * MICRO - fee
    assert statements[-1].holdings == ((A, 0, 100 * MICRO),)


def test_an_order_beyond_the_cash_is_refused_and_moves_nothing() -> None:
    made = exchange("", "0.42x100", cash=20 * MICRO)
    said = answers(made, order(1, "0.42", "100"))

    assert [e.code for e in said if isinstance(e, OrderRejected)] == ["insufficient_balance"]
    assert made.accounts[KA].cash == 20 * MICRO
    assert fills(answers(made, order(2, "0.42", "40"))) == [(420_000, 40)]


def test_only_what_is_held_can_be_sold() -> None:
    made = exchange("0.40x100", "0.42x100")
    said = answers(made, order(1, "0.40", "10", side=Side.SELL))
    assert [e.code for e in said if isinstance(e, OrderRejected)] == ["insufficient_balance"]

    answers(made, order(2, "0.42", "10"))
    assert fills(answers(made, order(3, "0.40", "10", side=Side.SELL))) == [(400_000, 10)]


def test_bad_orders_are_refused_with_the_reason() -> None:
    made = exchange("", "0.42x100")
    requests = {
        "invalid_price": order(1, "0.425", "10"),
        "invalid_size": order(2, "0.42", "0.001"),
        "market_not_found": order(4, "0.42", "10", market=MarketId("kalshi:B")),
    }
    for code, request in requests.items():
        said = answers(made, request)
        assert [e.code for e in said if isinstance(e, OrderRejected)] == [code]


def test_a_market_that_is_closed_or_in_doubt_takes_no_order() -> None:
    made = exchange("", "0.42x100")
    book = binary_book(A, (), levels("0.42x100"), START)
    made.on_book(type(book)(A, book.ladders, START, state=BookState.SUSPECT))
    said = answers(made, order(1, "0.42", "10"))
    assert [e.code for e in said if isinstance(e, OrderRejected)] == ["market_closed"]

    closed = Market(
        A, KA, "A", "A", ("Yes", "No"), even_ladder(Px(10_000)), FEES, MarketState.CLOSED
    )
    made.on_book(book)
    made.list_markets((closed,))
    said = answers(made, order(2, "0.42", "10"))
    assert [e.code for e in said if isinstance(e, OrderRejected)] == ["market_closed"]


def test_the_same_order_id_never_trades_twice() -> None:
    made = exchange("", "0.42x100")
    answers(made, order(1, "0.42", "10"))
    said = answers(made, order(1, "0.42", "10"))

    assert [e.code for e in said if isinstance(e, OrderRejected)] == ["duplicate"]


def test_a_question_is_answered_from_what_was_filled_also_in_an_earlier_run() -> None:
    made = exchange("", "0.42x100")
    made.remember({OrderId("old"): Qty(7 * MICRO)})
    made.query(OrderId("old"), A, START)
    made.query(OrderId("never"), A, START)

    said = [e for e in made.advance(LATER) if isinstance(e, OrderCancelled)]
    assert [(e.order, e.filled) for e in said] == [("old", 7 * MICRO), ("never", 0)]


def resting(made: Exchange, request: OrderRequest, **how: Any) -> list[Event]:
    """The order rests from now on."""
    made.submit(request, START, **how)
    return made.advance(LATER)


def ended(events: list[Event]) -> list[tuple[int, str]]:
    found = [e for e in events if isinstance(e, OrderCancelled)]
    return [((e.filled or 0) // MICRO, e.reason) for e in found]


GTC = TimeInForce.GTC


def test_a_resting_order_takes_what_crosses_and_waits_with_the_rest() -> None:
    made = exchange("0.40x10", "0.42x30")
    said = resting(made, order(1, "0.42", "50", tif=GTC))
    assert (fills(said), ended(said)) == ([(420_000, 30)], [])
    assert made.next_due() is None

    made.on_book(binary_book(A, levels("0.41x5"), levels("0.42x8"), LATER))
    assert made.next_due() == LATER + 50 * MS
    said = made.advance(Ns(LATER + 50 * MS))
    assert fills(said) == [(420_000, 8)]
    maker = [e.fill for e in said if isinstance(e, OrderFilled)]
    assert [fill.fee for fill in maker] == [trade_fee(FEES, Px(420_000), maker[0].qty, maker=True)]
    assert isinstance(said[-1], AccountReported)


def test_the_queue_before_a_resting_order_trades_first() -> None:
    made = exchange("0.40x10", "0.42x30")
    resting(made, order(1, "0.40", "5", tif=GTC))
    made.on_trade(A, (Px(400_000), Qty(8 * MICRO)), Side.SELL, LATER)
    assert made.advance(Ns(LATER + 1_000 * MS)) == []
    made.on_trade(A, (Px(400_000), Qty(4 * MICRO)), Side.SELL, LATER)
    assert fills(made.advance(Ns(LATER + 1_000 * MS))) == [(400_000, 2)]


def test_a_resting_purchase_of_no_is_filled_by_who_buys_yes() -> None:
    made = exchange("0.40x10", "0.45x30")
    resting(made, order(1, "0.57", "5", tif=GTC, outcome=1))
    made.on_trade(A, (Px(430_000), Qty(9 * MICRO)), Side.BUY, LATER)
    assert fills(made.advance(Ns(LATER + 1_000 * MS))) == [(570_000, 5)]
    assert made.accounts[KA].holdings == {(A, 1): 5 * MICRO}


def test_a_resting_order_is_cancelled_once_and_says_what_it_filled() -> None:
    made = exchange("0.40x10", "0.42x3")
    resting(made, order(1, "0.42", "5", tif=GTC))
    for reason in ("as asked", "not resting"):
        made.cancel(OrderId("o1"), A, LATER)
        assert ended(made.advance(Ns(LATER + 1_000 * MS))) == [(3, reason)]
    made.on_book(binary_book(A, (), levels("0.41x50"), LATER))
    assert made.advance(Ns(LATER + 2_000 * MS)) == []


def test_a_fill_that_happens_while_the_cancellation_travels_counts() -> None:
    made = exchange("0.40x10", "0.42x3")
    resting(made, order(1, "0.41", "5", tif=GTC))
    made.cancel(OrderId("o1"), A, LATER)
    made.on_book(binary_book(A, (), levels("0.41x50"), LATER))
    said = made.advance(Ns(LATER + 1_000 * MS))
    assert (fills(said), ended(said)) == ([(410_000, 5)], [(5, "not resting")])


def test_a_question_about_a_resting_order_says_that_it_is_open() -> None:
    made = exchange("0.40x10", "0.42x3")
    resting(made, order(1, "0.41", "5", tif=GTC))
    made.query(OrderId("o1"), A, LATER)
    said = made.advance(Ns(LATER + 1_000 * MS))
    assert [type(e) for e in said] == [OrderAccepted]


def test_an_order_that_may_only_rest_is_refused_when_it_would_trade() -> None:
    made = exchange("0.40x10", "0.42x3")
    said = resting(made, order(1, "0.42", "5", tif=GTC), post_only=True)
    assert [e.code for e in said if isinstance(e, OrderRejected)] == ["post_only"]
    said = resting(made, order(2, "0.41", "5", tif=GTC), post_only=True)
    assert [type(e) for e in said] == [OrderAccepted]


def test_a_resting_order_ends_at_its_time() -> None:
    made = exchange("0.40x10", "0.42x3")
    end = Ns(LATER + 1_000 * MS)
    resting(made, order(1, "0.41", "5", tif=GTC), expires_at=end)
    assert made.next_due() == end
    assert made.advance(Ns(end - 1)) == []
    made.advance(end)
    assert ended(made.advance(Ns(end + 50 * MS))) == [(0, "expired")]
    assert made.next_due() is None


def test_resting_orders_speak_for_money_and_shares() -> None:
    made = exchange("0.40x100", "0.42x3", cash=9 * MICRO)
    resting(made, order(1, "0.39", "20", tif=GTC))
    said = answers(made, order(2, "0.42", "5"))
    assert [e.code for e in said if isinstance(e, OrderRejected)] == ["insufficient_balance"]
    made.cancel(OrderId("o1"), A, LATER)
    made.advance(Ns(LATER + 1_000 * MS))
    assert fills(answers(made, order(3, "0.42", "3"))) == [(420_000, 3)]

    resting(made, order(4, "0.50", "2", tif=GTC, side=Side.SELL))
    said = answers(made, order(5, "0.40", "2", side=Side.SELL))
    assert [e.code for e in said if isinstance(e, OrderRejected)] == ["insufficient_balance"]


def test_orders_resting_in_a_market_that_closes_are_cancelled() -> None:
    made = exchange("0.40x10", "0.42x3")
    resting(made, order(1, "0.41", "5", tif=GTC))
    made.list_markets((replace(MARKET, state=MarketState.CLOSED),))
    assert ended(made.advance(LATER)) == [(0, "market closed")]
    assert made.ledger(KA).free(OURS) == 1_000 * MICRO


def test_our_own_orders_never_trade_with_one_another() -> None:
    made = exchange("0.40x10", "0.50x3")
    made.ledger(KA).endow(OURS, A, (Qty(9 * MICRO), Qty(0)))
    resting(made, order(1, "0.45", "5", tif=GTC, side=Side.SELL))
    said = answers(made, order(2, "0.46", "5"))
    assert (fills(said), ended(said)) == ([], [(0, "self trade")])


def test_an_order_that_would_trade_waits_out_the_placement_delay() -> None:
    made = exchange("0.40x10", "0.42x30")
    made.list_markets((replace(MARKET, delay_ms=3_000),))
    made.submit(order(1, "0.42", "10"), START)
    said = made.advance(LATER)
    assert [type(e) for e in said] == [OrderAccepted]

    made.cancel(OrderId("o1"), A, LATER)
    assert [type(e) for e in made.advance(Ns(LATER + 500 * MS))] == [OrderAccepted]
    made.on_book(binary_book(A, (), levels("0.41x4 0.43x30"), LATER))
    assert made.next_due() == START + 3_050 * MS
    said = made.advance(Ns(START + 3_100 * MS))
    assert (fills(said), ended(said)) == ([(410_000, 4)], [(4, "immediate or cancel")])


def test_what_would_only_rest_does_not_wait_for_the_placement_delay() -> None:
    made = exchange("0.40x10", "0.42x30")
    made.list_markets((replace(MARKET, delay_ms=3_000),))
    resting(made, order(1, "0.41", "10", tif=GTC))
    made.cancel(OrderId("o1"), A, LATER)
    assert ended(made.advance(Ns(LATER + 500 * MS))) == [(0, "as asked")]


def test_a_held_back_order_whose_market_closes_is_cancelled_not_refused() -> None:
    made = exchange("0.40x10", "0.42x30")
    made.list_markets((replace(MARKET, delay_ms=3_000),))
    made.submit(order(1, "0.42", "10"), START)
    made.advance(LATER)
    made.list_markets((replace(MARKET, state=MarketState.CLOSED),))
    assert [n for n, _ in ended(made.advance(Ns(START + 4_000 * MS)))] == [0]


def test_a_marketable_purchase_below_the_least_money_is_refused() -> None:
    made = exchange("0.40x10", "0.42x30")
    made.list_markets((replace(MARKET, min_notional=Usd(MICRO)),))
    said = answers(made, order(1, "0.42", "2"))
    assert [e.code for e in said if isinstance(e, OrderRejected)] == ["invalid_size"]
    assert fills(answers(made, order(2, "0.42", "3"))) == [(420_000, 3)]
    assert len(resting(made, order(3, "0.41", "2", tif=GTC))) == 1


def netting() -> Exchange:
    made = Exchange({KA: 100}, {KA: Usd(100 * MICRO)}, frozenset({KA}))
    made.list_markets((MARKET,))
    made.on_book(binary_book(A, levels("0.52x50"), levels("0.54x50"), START))
    return made


def test_both_outcomes_bought_give_their_dollar_back_where_the_venue_nets() -> None:
    made = netting()
    answers(made, order(1, "0.54", "10"))
    answers(made, order(2, "0.48", "10", outcome=1))
    fees = sum(trade_fee(FEES, Px(px), Qty(10 * MICRO)) for px in (540_000, 480_000))
    assert made.accounts[KA].holdings == {}
    assert made.accounts[KA].cash == 100 * MICRO - 5_400_000 - 4_800_000 + 10 * MICRO - fees


def test_where_the_venue_nets_the_sale_of_a_netted_share_opens_the_other_side() -> None:
    kept, made = exchange("0.52x50", "0.54x50", cash=100 * MICRO), netting()
    for number, how in enumerate(
        (
            order(1, "0.54", "10"),
            order(2, "0.48", "10", outcome=1),
            order(3, "0.52", "4", side=Side.SELL),
        )
    ):
        one, other = answers(kept, how), answers(made, how)
        assert fills(one) == fills(other) != [], number
    assert made.accounts[KA].holdings == {(A, 1): 4 * MICRO}
    assert kept.accounts[KA].holdings == {(A, 0): 6 * MICRO, (A, 1): 10 * MICRO}
    assert made.accounts[KA].cash - kept.accounts[KA].cash == 6 * MICRO


def test_a_settled_market_pays_and_its_orders_end() -> None:
    made = exchange("0.40x10", "0.42x30")
    answers(made, order(1, "0.42", "10"))
    resting(made, order(2, "0.40", "10", tif=GTC))
    before = made.accounts[KA].cash
    paid = made.settle(A, (Px(MICRO), Px(0)), LATER)
    assert [p.cash for p in paid] == [10 * MICRO]
    assert made.accounts[KA].cash == before + 10 * MICRO == made.ledger(KA).free(OURS)
    assert ended(made.advance(Ns(LATER + 1_000 * MS))) == [(0, "market settled")]


def test_money_and_shares_of_an_earlier_run_are_there() -> None:
    made = Exchange({}, {})
    made.list_markets((MARKET,))
    held = {(A, 0): Qty(3 * MICRO)}
    made.open_account(KA, Account(Usd(5 * MICRO), held), 100)
    made.open_account(KA, Account(Usd(99 * MICRO), {}), 200)
    assert made.accounts == {KA: Account(Usd(5 * MICRO), held)}
    assert made.ledger(KA).problems() == []


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 1), st.integers(1, 99), st.integers(1, 60)),
        max_size=12,
    )
)
def test_cash_and_shares_are_conserved_whatever_is_ordered(
    asked: list[tuple[bool, int, int, int]],
) -> None:
    made = exchange("0.40x50 0.38x50", "0.42x50 0.44x50")
    cash, held = 1_000 * MICRO, {0: 0, 1: 0}
    for number, (buy, outcome, cents, qty) in enumerate(asked):
        side = Side.BUY if buy else Side.SELL
        request = order(number, f"0.{cents:02d}", str(qty), side=side, outcome=outcome)
        for event in answers(made, request):
            if not isinstance(event, OrderFilled):
                continue
            fill, sign = event.fill, 1 if buy else -1
            assert fill.px <= request.px if buy else fill.px >= request.px
            cash -= sign * fill.px * fill.qty // MICRO + fill.fee
            held[outcome] += sign * fill.qty
    assert made.accounts[KA].cash == cash >= 0
    assert made.ledger(KA).problems() == []
    assert all(made.accounts[KA].holdings.get((A, o), 0) == q >= 0 for o, q in held.items())
