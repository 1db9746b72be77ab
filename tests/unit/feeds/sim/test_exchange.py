from hypothesis import given
from hypothesis import strategies as st

from feeds.sim.exchange import Exchange
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

    made.accounts[KA].holdings[(A, 0)] = Qty(30 * MICRO)
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
        "unsupported": order(3, "0.42", "10", tif=TimeInForce.GTC),
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
    assert all(made.accounts[KA].holdings.get((A, o), 0) == q >= 0 for o, q in held.items())
