"""The matching core: priority, queue, immediate orders, crossing displays, self trades."""

from feeds.sim.matching import Incoming, Matching, Outcome
from markets.terms.ids import MarketId
from markets.terms.instruments import even_ladder
from markets.terms.units import MICRO, Ns, Px, Qty, Usd
from trading.engine.book import Levels
from trading.engine.orders import Side, TimeInForce

AT = Ns(1_000)
CENT = Px(10_000)


def px(cents: int) -> Px:
    return Px(cents * CENT)


def qty(contracts: int) -> Qty:
    return Qty(contracts * MICRO)


def levels(*pairs: tuple[int, int]) -> Levels:
    return tuple((px(cents), qty(size)) for cents, size in pairs)


def market() -> Matching:
    return Matching(MarketId("kalshi:T"), even_ladder(CENT), Qty(10_000))


def order(name: str, side: Side, cents: int, size: int, **more: object) -> Incoming:
    plain: dict[str, object] = {"order": name, "account": name[0], "side": side, "px": px(cents)}
    return Incoming(**{**plain, "qty": qty(size), **more})  # type: ignore[arg-type]


def got(outcome: Outcome) -> list[tuple[int, int, str | None]]:
    return [(t.px // CENT, t.qty // MICRO, t.maker) for t in outcome.trades]


def test_an_immediate_order_walks_displayed_levels_best_first_and_drops_the_rest() -> None:
    book = market()
    book.show(levels((40, 5)), levels((42, 3), (43, 4), (50, 9)), AT)
    outcome = book.submit(order("a", Side.BUY, 43, 10, tif=TimeInForce.IOC), AT)
    assert got(outcome) == [(42, 3, None), (43, 4, None)]
    assert (outcome.rested, outcome.cancelled) == (0, qty(3))
    assert book.book() == (levels((40, 5)), levels((50, 9)))


def test_what_was_taken_stays_taken_until_the_shown_size_changes() -> None:
    book = market()
    book.show((), levels((42, 3), (43, 4)), AT)
    book.submit(order("a", Side.BUY, 43, 5, tif=TimeInForce.IOC), AT)
    book.show((), levels((42, 3), (43, 4)), AT)
    assert book.book()[1] == levels((43, 2))
    book.show((), levels((42, 3), (43, 5)), AT)
    assert book.book()[1] == levels((43, 5))
    book.show((), levels((43, 5)), AT)
    book.show((), levels((42, 3), (43, 5)), AT)
    assert book.book()[1] == levels((42, 3), (43, 5))


def test_all_or_nothing_takes_nothing_when_one_contract_is_missing() -> None:
    book = market()
    book.show((), levels((42, 3), (43, 4)), AT)
    short = book.submit(order("a", Side.BUY, 43, 8, tif=TimeInForce.FOK), AT)
    assert (short.rejected, short.trades, short.cancelled) == ("fok", (), qty(8))
    assert book.submit(order("b", Side.BUY, 43, 7, tif=TimeInForce.FOK), AT).filled == qty(7)


def test_a_budget_is_spent_over_the_levels_and_buys_whole_millionths() -> None:
    book = market()
    book.show((), levels((40, 5), (60, 100)), AT)
    asked = order("a", Side.BUY, 60, 0, tif=TimeInForce.FOK, budget=Usd(3 * MICRO))
    outcome = book.submit(asked, AT)
    assert [(t.px, t.qty) for t in outcome.trades] == [(px(40), qty(5)), (px(60), 1_666_666)]
    dear = order("b", Side.BUY, 60, 0, tif=TimeInForce.FOK, budget=Usd(60 * MICRO))
    assert book.submit(dear, AT).rejected == "fok"


def test_a_sellers_budget_buys_no_at_one_less_the_price() -> None:
    book = market()
    book.show(levels((75, 10)), (), AT)
    asked = order("a", Side.SELL, 70, 0, tif=TimeInForce.IOC, budget=Usd(MICRO))
    assert got(book.submit(asked, AT)) == [(75, 4, None)]


def test_orders_of_the_same_price_fill_in_order_of_time_behind_the_displayed_volume() -> None:
    book = market()
    book.show((), levels((42, 5)), AT)
    book.submit(order("a", Side.SELL, 42, 2), AT)
    book.submit(order("b", Side.SELL, 42, 2), AT)
    assert (book.queue("a"), book.queue("b")) == (qty(5), qty(7))
    outcome = book.submit(order("c", Side.BUY, 42, 8, tif=TimeInForce.IOC), AT)
    assert got(outcome) == [(42, 5, None), (42, 2, "a"), (42, 1, "b")]
    assert book.book()[1] == levels((42, 1))


def test_displayed_volume_that_came_later_trades_after_the_resting_order() -> None:
    book = market()
    book.submit(order("a", Side.SELL, 42, 2), AT)
    book.show((), levels((42, 5)), AT)
    outcome = book.submit(order("c", Side.BUY, 42, 3, tif=TimeInForce.IOC), AT)
    assert got(outcome) == [(42, 2, "a"), (42, 1, None)]


def test_the_queue_shrinks_by_trades_and_not_because_others_cancelled() -> None:
    book = market()
    book.show((), levels((42, 5)), AT)
    book.submit(order("a", Side.SELL, 42, 2), AT)
    book.show((), levels((42, 1)), AT)
    assert book.queue("a") == qty(5)
    assert book.traded(px(42), qty(4), Side.BUY, AT) == []
    assert book.queue("a") == qty(1)
    fills = book.traded(px(42), qty(2), Side.BUY, AT)
    assert [(t.maker, t.qty, t.taker_account, t.side) for t in fills] == [
        ("a", qty(1), "", Side.BUY)
    ]


def test_an_order_that_comes_later_never_overtakes_one_whose_queue_is_longer() -> None:
    book = market()
    book.show((), levels((42, 5)), AT)
    book.submit(order("a", Side.SELL, 42, 2), AT)
    book.show((), levels((42, 1)), AT)
    book.submit(order("b", Side.SELL, 42, 2), AT)
    assert (book.queue("a"), book.queue("b")) == (qty(5), qty(7))
    fills = book.traded(px(42), qty(8), Side.BUY, AT)
    assert [(t.maker, t.qty) for t in fills] == [("a", qty(2)), ("b", qty(1))]


def test_a_public_trade_beyond_our_price_fills_us_first() -> None:
    book = market()
    book.show((), levels((42, 5)), AT)
    book.submit(order("a", Side.SELL, 42, 2), AT)
    fills = book.traded(px(43), qty(1), Side.BUY, AT)
    assert [(t.maker, t.px, t.qty) for t in fills] == [("a", px(42), qty(1))]
    assert book.traded(px(41), qty(9), Side.BUY, AT) == []
    assert book.traded(px(42), qty(9), Side.SELL, AT) == []


def test_a_display_that_crosses_a_resting_order_fills_it_at_its_own_price() -> None:
    book = market()
    book.submit(order("a", Side.SELL, 42, 4), AT)
    fills = book.show(levels((45, 3), (44, 9)), (), AT)
    assert [(t.maker, t.px, t.qty, t.side) for t in fills] == [
        ("a", px(42), qty(3), Side.BUY),
        ("a", px(42), qty(1), Side.BUY),
    ]
    assert book.book() == (levels((44, 8)), ())
    assert book.show(levels((45, 3), (44, 9)), (), AT) == []


def test_post_only_is_refused_when_it_would_trade_and_rests_otherwise() -> None:
    book = market()
    book.show((), levels((42, 1)), AT)
    assert book.submit(order("a", Side.BUY, 42, 1, post_only=True), AT).rejected == "post_only"
    assert book.submit(order("a", Side.BUY, 41, 1, post_only=True), AT).rested == qty(1)


def test_the_rest_of_a_crossing_order_stands_and_trades_at_its_price() -> None:
    book = market()
    book.show((), levels((42, 1)), AT)
    outcome = book.submit(order("a", Side.BUY, 45, 3), AT)
    assert (got(outcome), outcome.rested) == ([(42, 1, None)], qty(2))
    taken = book.submit(order("b", Side.SELL, 30, 5, tif=TimeInForce.IOC), AT)
    assert got(taken) == [(45, 2, "a")]


def test_self_trade_prevention_cancels_what_it_says() -> None:
    for stp, filled, rejected, removed in (
        ("none", 3, "", ()),
        ("cancel_incoming", 1, "self_trade", ()),
        ("cancel_resting", 2, "", (("a1", qty(1)),)),
    ):
        book = market()
        book.show((), levels((41, 1), (43, 1)), AT)
        book.submit(order("a1", Side.SELL, 42, 1), AT)
        outcome = book.submit(order("a2", Side.BUY, 43, 3, tif=TimeInForce.IOC, stp=stp), AT)
        assert outcome.filled == qty(filled), stp
        assert (outcome.rejected, outcome.removed) == (rejected, removed)
        assert outcome.filled + outcome.cancelled == qty(3)


def test_a_self_trade_with_nothing_before_it_is_stopped_even_when_it_would_rest() -> None:
    book = market()
    book.submit(order("a1", Side.SELL, 42, 1), AT)
    outcome = book.submit(order("a2", Side.BUY, 42, 3, stp="cancel_incoming"), AT)
    assert (outcome.rejected, outcome.cancelled, outcome.rested) == ("self_trade", qty(3), 0)
    assert book.find("a2") is None
    assert book.find("a1") is not None


def test_only_a_smaller_size_keeps_the_place_in_the_queue() -> None:
    book = market()
    for name in ("a", "b"):
        book.submit(order(name, Side.SELL, 42, 4), AT)
    assert book.amend("a", px(42), qty(3), AT) == Outcome(rested=qty(3), cancelled=qty(1))
    assert book.queue("a") == 0
    assert book.reduce("a", qty(2)) == qty(1)
    assert book.queue("b") == qty(2)
    assert book.amend("a", px(42), qty(5), AT).rested == qty(5)
    assert (book.queue("b"), book.queue("a")) == (0, qty(4))


def test_an_amended_order_may_trade_and_a_refused_change_leaves_it() -> None:
    book = market()
    book.show(levels((40, 2)), (), AT)
    book.submit(order("a", Side.SELL, 42, 4), AT)
    assert book.amend("a", Px(425_001), qty(4), AT).rejected == "off_grid"
    assert book.book()[1] == levels((42, 4))
    assert got(book.amend("a", px(40), qty(4), AT)) == [(40, 2, None)]
    assert book.book() == ((), levels((40, 2)))
    assert book.amend("x", px(40), qty(4), AT).rejected == "unknown"


def test_cancelling_says_what_was_left_and_nothing_the_second_time() -> None:
    book = market()
    book.submit(order("a", Side.SELL, 42, 4), AT)
    book.submit(order("b", Side.BUY, 42, 1), AT)
    assert (book.cancel("a"), book.cancel("a")) == (qty(3), 0)
    assert book.book() == ((), ())


def test_orders_end_at_their_time_and_by_account() -> None:
    book = market()
    book.submit(order("a1", Side.SELL, 42, 4, expires_at=Ns(2_000)), AT)
    book.submit(order("a2", Side.SELL, 43, 4), AT)
    book.submit(order("b1", Side.SELL, 44, 4), AT)
    assert book.expire(Ns(1_999)) == []
    assert book.expire(Ns(2_000)) == [("a1", qty(4))]
    assert [r.order for r in book.resting("a")] == ["a2"]
    assert book.drop("a") == [("a2", qty(4))]
    assert book.drop() == [("b1", qty(4))]
    assert book.submit(order("c", Side.SELL, 42, 4, expires_at=AT), AT).rejected == "expired"


def test_prices_off_the_grid_and_sizes_off_the_lot_are_refused() -> None:
    book = market()
    odd = order("a", Side.BUY, 42, 1)
    for wrong, word in (
        (Incoming(order="a", account="a", side=Side.BUY, px=Px(425_000), qty=qty(1)), "off_grid"),
        (Incoming(order="a", account="a", side=Side.BUY, px=px(42), qty=Qty(15_000)), "size"),
        (Incoming(order="a", account="a", side=Side.BUY, px=px(42), qty=Qty(0)), "size"),
        (Incoming(order="a", account="a", side=Side.BUY, px=Px(MICRO), qty=qty(1)), "off_grid"),
    ):
        assert book.submit(wrong, AT).rejected == word
    book.ticks = even_ladder(Px(1_000))
    assert book.submit(odd, AT).rested == qty(1)


def test_a_preview_changes_nothing_and_says_what_would_trade() -> None:
    book = market()
    book.show((), levels((42, 1)), AT)
    book.submit(order("a", Side.SELL, 43, 2), AT)
    asked = order("b", Side.BUY, 43, 2)
    assert book.preview(asked) == levels((42, 1), (43, 1))
    assert book.preview(asked) == levels((42, 1), (43, 1))
    assert [(t.px, t.qty) for t in book.submit(asked, AT).trades] == list(levels((42, 1), (43, 1)))


def test_trade_keys_never_repeat() -> None:
    book = market()
    keys = []
    for size in range(2, 6):
        book.show((), levels((42, size)), AT)
        taker = order(f"a{size}", Side.BUY, 42, 1, tif=TimeInForce.IOC)
        keys += [t.key for t in book.submit(taker, AT).trades]
    assert len(set(keys)) == len(keys) == 4


def test_the_book_shows_display_and_orders_together_to_the_asked_depth() -> None:
    book = market()
    book.show(levels((40, 5), (39, 1)), levels((42, 1)), AT)
    book.submit(order("a", Side.BUY, 40, 2), AT)
    book.submit(order("b", Side.BUY, 41, 1), AT)
    assert book.book() == (levels((41, 1), (40, 7), (39, 1)), levels((42, 1)))
    assert book.book(1) == (levels((41, 1)), levels((42, 1)))
