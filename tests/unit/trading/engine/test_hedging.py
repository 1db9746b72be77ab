"""Completing a deal: within the loss, not twice against one book, only so often."""

from msgspec.structs import replace

from markets.terms.units import MS
from tests.builders import (
    FIRST,
    PM,
    SECOND_MARKET,
    at,
    book,
    cancelled,
    cash,
    filled,
    gap,
    orders,
    px,
    qty,
    rejected,
    show,
    snapshot,
    started,
    tick,
)
from tests.deals import DEAL, deal, led, mismatched, opened, steps
from trading.engine import events as ev
from trading.engine.deals import DealState
from trading.engine.intents import (
    Intent,
    SetTimer,
)
from trading.engine.orders import Purpose, Side


def test_a_hedge_pays_no_more_than_its_loss_allows() -> None:
    engine, intents = mismatched("0.44x500")
    (hedge,) = orders(intents)
    assert (hedge.purpose, hedge.px, hedge.qty) == (Purpose.HEDGE, px("0.56"), qty(100))
    engine, intents = mismatched("0.38x500")
    assert not orders(intents)
    assert deal(engine).state is DealState.HEDGING


def test_a_hedge_may_lose_what_is_allowed_and_not_a_cent_more() -> None:
    _, intents = mismatched("0.40x500", hedge_loss=20_000)
    assert orders(intents)[0].px == px("0.60")
    _, intents = mismatched("0.40x500", hedge_loss=19_999)
    assert not orders(intents)


def test_a_hedge_waits_for_a_book_that_allows_it() -> None:
    engine, intents = mismatched("0.30x500")
    assert not orders(intents)
    (hedge,) = orders(show(engine, book(SECOND_MARKET, "0.49x500", "0.90x9", at("0.3"))))
    assert hedge.px == px("0.51")


def test_a_hedge_is_not_repeated_against_the_same_book() -> None:
    engine, intents = mismatched("0.44x500")
    (hedge,) = orders(intents)
    assert not orders(engine.step(cancelled(hedge, "0", when=at("0.3"))))
    assert orders(show(engine, book(SECOND_MARKET, "0.44x500", "0.90x9", at("0.4"))))


def test_a_hedge_without_a_live_book_goes_out_at_its_worst_price() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(ev.BookStale(at("0.1"), SECOND_MARKET, "gap"))
    (hedge,) = orders(engine.step(rejected(second, when=at("0.2"))))
    assert hedge.px == px("0.60")


def test_hedging_ends_after_four_tries() -> None:
    engine, intents = mismatched("0.44x500")
    ended: list[Intent] = []
    for n in range(4):
        (hedge,) = orders(intents)
        assert hedge.purpose is Purpose.HEDGE
        ended = engine.step(cancelled(hedge, "0", when=at(f"0.{30 + n}")))
        intents = show(engine, book(SECOND_MARKET, "0.44x500", "0.90x9", at(f"0.{31 + n}")))
    (sale,) = orders(ended)
    assert (sale.purpose, sale.side) == (Purpose.UNWIND, Side.SELL)


def test_a_market_that_closed_is_not_hedged() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(ev.MarketClosed(at("0.1"), SECOND_MARKET))
    (sale,) = orders(engine.step(rejected(second, when=at("0.2"))))
    assert sale.side is Side.SELL


def test_what_is_missing_below_a_venues_smallest_order_is_sold_instead() -> None:
    engine, first, second = opened()
    known = engine.state.markets[SECOND_MARKET]
    engine.state.markets[SECOND_MARKET] = replace(known, min_size=qty(50))
    engine.step(filled(first))
    engine.step(filled(second, "80"))
    (sale,) = orders(engine.step(cancelled(second, "80", when=at("0.2"))))
    assert (sale.side, sale.qty) == (Side.SELL, qty(20))


def test_a_venues_declared_delay_lengthens_the_deadlines() -> None:
    engine = started(snapshot(leader_first=0))
    known = engine.state.markets[SECOND_MARKET]
    engine.state.markets[SECOND_MARKET] = replace(known, delay_ms=3_000)
    first, second = orders(show(engine, *gap()))
    engine.step(filled(first))
    show(engine, book(SECOND_MARKET, "0.30x500", "0.90x9", at("0.1")))
    intents = engine.step(rejected(second, when=at("0.2")))
    due = {i.key: i.due for i in intents if isinstance(i, SetTimer)}
    assert due["hedge/r-1"] == at("3.45") + 2 * 240 * 1_000_000


def test_the_hedge_deadline_leaves_time_for_two_answers_of_the_slowest_venue() -> None:
    engine, first, second = opened()
    engine.step(filled(first, when=at("0.07")))
    show(engine, book(SECOND_MARKET, "0.30x500", "0.90x9", at("0.1")))
    intents = engine.step(rejected(second, when=at("0.1")))
    due = {i.key: i.due for i in intents if isinstance(i, SetTimer)}
    assert due["hedge/r-1"] == at("0.1") + (250 + 2 * 120) * 1_000_000


def test_what_follows_the_leader_is_bought_for_exactly_what_filled() -> None:
    engine, first = led()
    engine.step(filled(first, "60"))
    intents = engine.step(cancelled(first, "60", when=at("0.2")))
    (second,) = orders(intents)
    assert (second.market, second.qty, second.px) == (FIRST, qty(60), px("0.42"))
    assert steps(intents)[0] == ("Filled: 0 of 100 KA Yes, 60 of 100 PM No. Buying what follows.")
    assert DEAL in engine.state.naked
    engine.step(filled(second, when=at("0.3")))
    assert (deal(engine).state, deal(engine).matched) == (DealState.BALANCED, qty(60))
    assert not engine.state.naked


def test_a_leader_of_which_nothing_fills_closes_the_deal() -> None:
    engine, first = led()
    assert not orders(engine.step(cancelled(first, "0")))
    assert deal(engine).state is DealState.CLOSED


def test_what_follows_is_priced_again_and_dropped_where_getting_out_keeps_more() -> None:
    engine, first = led(hedge_loss=50_000)
    show(
        engine,
        book(FIRST, "0.40x500", "0.53x500", at("0.1")),
        book(SECOND_MARKET, "0.50x500", "0.51x500", at("0.1")),
    )
    (sale,) = orders(engine.step(filled(first, when=at("0.2"))))
    assert (sale.market, sale.side, sale.px) == (SECOND_MARKET, Side.SELL, px("0.49"))


def test_a_refused_hedge_is_tried_again_after_a_growing_pause() -> None:
    engine, intents = mismatched("0.44x500", hedge_timeout_ms=60_000)
    pauses, now = [], at("0.2")
    for _ in range(3):
        (hedge,) = orders(intents)
        intents = engine.step(rejected(hedge, "busy", when=now))
        assert not orders(intents)
        timer = next(i for i in intents if isinstance(i, SetTimer) and i.key == "retry/r-1")
        pauses.append((timer.due - now) // MS)
        now = timer.due
        intents = engine.step(tick("retry/r-1", now))
    assert pauses == [100, 200, 400]
    (last,) = orders(intents)
    (sale,) = orders(engine.step(rejected(last, "busy", when=now)))
    assert sale.side is Side.SELL


def test_a_hedge_spends_no_dollar_that_another_deal_was_promised() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(cash(PM, "20"))
    (hedge,) = orders(engine.step(rejected(second, when=at("0.2"))))
    assert hedge.qty == qty(40)
    engine, first, second = opened()
    engine.step(filled(first))
    engine.step(cash(PM, "0.3"))
    (sale,) = orders(engine.step(rejected(second, when=at("0.2"))))
    assert sale.side is Side.SELL


def test_getting_out_is_taken_where_it_keeps_more_than_completing() -> None:
    engine, first, second = opened()
    engine.step(filled(first))
    show(
        engine,
        book(FIRST, "0.47x500", "0.49x500", at("0.1")),
        book(SECOND_MARKET, "0.41x500", "0.90x5", at("0.1")),
    )
    (sale,) = orders(engine.step(rejected(second, when=at("0.2"))))
    assert (sale.side, sale.px) == (Side.SELL, px("0.47"))
