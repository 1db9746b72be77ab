"""The stories told in `tests/golden`: what happens to one deal, event by event.

`make golden` writes them as events and as the intents that follow; the difference is reviewed.
"""

from collections.abc import Callable

from markets.terms.ids import OrderId, RunId
from markets.terms.units import Ns
from tests.builders import (
    FIRST,
    KA,
    PM,
    SECOND_MARKET,
    START,
    at,
    book,
    command,
    gap,
    px,
    qty,
    snapshot,
    usd,
)
from trading.engine.events import (
    BookChanged,
    ConfigChanged,
    Event,
    FeedUp,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    RunStarted,
    TimerFired,
)
from trading.engine.orders import Fill, Side

KALSHI_LEG = OrderId("r-1-0")
POLY_LEG = OrderId("r-1-1")


def _opening() -> list[Event]:
    """A run with one relation, whose gap opens at once: 100 packages of KA Yes and PM No."""
    return [
        RunStarted(START, RunId("r"), "paper"),
        ConfigChanged(START, snapshot()),
        FeedUp(START, KA),
        FeedUp(START, PM),
        *(BookChanged(START, b) for b in gap()),
    ]


def _filled(
    order: OrderId, price: str, size: str, when: Ns, fee: str = "0", side: Side = Side.BUY
) -> OrderFilled:
    market, outcome = ((FIRST, 0), (SECOND_MARKET, 1))[int(order[-1])]
    key = f"{order}/{when}"
    return OrderFilled(
        when, Fill(key, order, market, outcome, side, px(price), qty(size), usd(fee), when)
    )


def both_legs_fill() -> list[Event]:
    """Both orders are taken in full: the deal is balanced."""
    return [
        *_opening(),
        OrderAccepted(at("0.1"), KALSHI_LEG, "k1"),
        OrderAccepted(at("0.1"), POLY_LEG, "p1"),
        _filled(KALSHI_LEG, "0.42", "100", at("0.2"), "1.71"),
        _filled(POLY_LEG, "0.49", "60", at("0.2")),
        _filled(POLY_LEG, "0.50", "40", at("0.3")),
        TimerFired(at("5"), "deal/r-1"),
    ]


def second_leg_rejected_then_hedged() -> list[Event]:
    """Polymarket refuses; the same shares are bought a cent dearer, within the loss allowed."""
    return [
        *_opening(),
        _filled(KALSHI_LEG, "0.42", "100", at("0.2"), "1.71"),
        BookChanged(at("0.2"), book(SECOND_MARKET, "0.49x300", "0.51x300", at("0.2"))),
        OrderRejected(at("0.25"), POLY_LEG, "busy", "matching engine restarting"),
        _filled(OrderId("r-2-1"), "0.51", "100", at("0.4")),
    ]


def second_leg_rejected_then_unwound() -> list[Event]:
    """Polymarket refuses and its price runs away: at the deadline the Kalshi shares are sold."""
    return [
        *_opening(),
        _filled(KALSHI_LEG, "0.42", "100", at("0.2"), "1.71"),
        BookChanged(at("0.2"), book(SECOND_MARKET, "0.30x300", "0.32x300", at("0.2"))),
        OrderRejected(at("0.25"), POLY_LEG, "busy", "matching engine restarting"),
        TimerFired(at("0.5"), "hedge/r-1"),
        _filled(OrderId("r-2-0"), "0.40", "70", at("0.7"), "1.18", Side.SELL),
        OrderCancelled(at("0.7"), OrderId("r-2-0"), qty("70"), "immediate or cancel"),
        _filled(OrderId("r-3-0"), "0.39", "30", at("0.9"), "0.5", Side.SELL),
    ]


def residual_that_nobody_buys() -> list[Event]:
    """Neither a hedge nor a sale is possible: the residual is stated and its relation waits."""
    return [
        *_opening(),
        _filled(KALSHI_LEG, "0.42", "100", at("0.2"), "1.71"),
        BookChanged(at("0.2"), book(SECOND_MARKET, "0.30x300", "0.32x300", at("0.2"))),
        BookChanged(at("0.2"), book(FIRST, "0.20x300", "0.22x300", at("0.2"))),
        OrderRejected(at("0.25"), POLY_LEG, "busy", "matching engine restarting"),
        TimerFired(at("0.5"), "hedge/r-1"),
        *(BookChanged(at("1"), b) for b in gap(at("1"))),
        command("unwind", "r-1", when=at("2")),
    ]


def unknown_then_filled() -> list[Event]:
    """No answer from Polymarket: it is asked until it says that the order was filled."""
    return [
        *_opening(),
        _filled(KALSHI_LEG, "0.42", "100", at("0.2"), "1.71"),
        OrderUnknown(at("2"), POLY_LEG, "timeout after send"),
        TimerFired(at("2.25"), "ask/r-1-1"),
        OrderUnknown(at("2.3"), POLY_LEG, "still no answer"),
        TimerFired(at("2.75"), "ask/r-1-1"),
        _filled(POLY_LEG, "0.50", "100", at("2.9")),
        TimerFired(at("3.75"), "ask/r-1-1"),
    ]


def halt_mid_deal() -> list[Event]:
    """A person halts while an order is on its way: it is cancelled, the hedge passes, nothing
    opens.
    """
    return [
        *_opening(),
        _filled(KALSHI_LEG, "0.42", "100", at("0.2"), "1.71"),
        command("halt", when=at("0.3")),
        OrderCancelled(at("0.4"), POLY_LEG, qty("0"), "cancelled"),
        _filled(OrderId("r-2-1"), "0.50", "100", at("0.6")),
        *(BookChanged(at("3"), b) for b in gap(at("3"))),
        command("resume", when=at("4"), number=2),
        *(BookChanged(at("13"), b) for b in gap(at("13"))),
    ]


STORIES: tuple[Callable[[], list[Event]], ...] = (
    both_legs_fill,
    second_leg_rejected_then_hedged,
    second_leg_rejected_then_unwound,
    residual_that_nobody_buys,
    unknown_then_filled,
    halt_mid_deal,
)
