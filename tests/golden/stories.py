"""The stories told in `tests/golden`: what happens to one deal, event by event.

`make golden` writes them as events and as the intents that follow; the difference is reviewed.
"""

from collections.abc import Callable

from msgspec.structs import replace

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
    OrderDelayed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    RunStarted,
    TimerFired,
)
from trading.engine.orders import Fill, Finality, Side

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


def _delayed_opening() -> list[Event]:
    """As `_opening`, but Polymarket holds marketable orders back for 3 s: its leg goes first."""
    config = snapshot()
    markets = tuple(
        replace(m, delay_ms=3_000) if m.id == SECOND_MARKET else m for m in config.markets
    )
    return [
        RunStarted(START, RunId("r"), "paper"),
        ConfigChanged(START, replace(config, markets=markets)),
        FeedUp(START, KA),
        FeedUp(START, PM),
        *(BookChanged(START, b) for b in gap()),
    ]


def delayed_leg_leads_and_the_other_follows() -> list[Event]:
    """The delayed leg is sent alone; it fills in part after its delay, and the other venue is
    bought for exactly that, at the price its book shows then.
    """
    return [
        *_delayed_opening(),
        OrderDelayed(at("0.1"), POLY_LEG, "p1", at("3.1")),
        TimerFired(at("8"), "deal/r-1"),
        BookChanged(at("8"), book(FIRST, "0.40x300", "0.43x300", at("8"))),
        _filled(POLY_LEG, "0.50", "80", at("8.1")),
        OrderCancelled(at("8.1"), POLY_LEG, qty("80"), "immediate or cancel"),
        _filled(OrderId("r-2-0"), "0.43", "80", at("8.2"), "1.38"),
    ]


def leader_fills_and_the_follower_runs_away() -> list[Event]:
    """The leader fills, the other side is gone: the price re-checked before sending forbids the
    purchase, and at the deadline the leader is sold by stages.
    """
    return [
        *_delayed_opening(),
        OrderDelayed(at("0.1"), POLY_LEG, "p1", at("3.1")),
        BookChanged(at("3"), book(FIRST, "0.60x300", "0.62x300", at("3"))),
        BookChanged(at("3"), book(SECOND_MARKET, "0.50x9", "0.51x60", at("3"))),
        _filled(POLY_LEG, "0.50", "100", at("3.2")),
        TimerFired(at("9"), "hedge/r-1"),
        _filled(OrderId("r-2-1"), "0.49", "60", at("9.1"), side=Side.SELL),
        OrderCancelled(at("9.1"), OrderId("r-2-1"), qty("60"), "immediate or cancel"),
        _filled(OrderId("r-3-1"), "0.48", "40", at("9.3"), side=Side.SELL),
    ]


def maker_hedges_every_fill() -> list[Event]:
    """An order rests at Kalshi; each part that fills is hedged at Polymarket at once, a fill that
    overtakes the word of its cancellation too.
    """
    config = snapshot(maker_hedge=1, min_net_edge=50_000)
    first, second = OrderId("r-1-0"), gap(at("9.9"))[1]
    return [
        RunStarted(START, RunId("r"), "paper"),
        ConfigChanged(START, config),
        FeedUp(START, KA),
        FeedUp(START, PM),
        *(BookChanged(START, b) for b in gap()),
        OrderAccepted(at("0.1"), first, "k1"),
        _filled(first, "0.41", "30", at("0.5")),
        _filled(OrderId("r-2-1"), "0.50", "30", at("0.6")),
        BookChanged(at("9.9"), second),
        TimerFired(at("10"), "maker/r-1"),
        OrderCancelled(at("10.1"), first, None, "as asked"),
        _filled(first, "0.41", "10", at("10.2")),
        _filled(OrderId("r-3-1"), "0.50", "10", at("10.3")),
        TimerFired(at("10.5"), "rest/r-1"),
    ]


def a_ghost_fill_makes_the_deal_naked_again() -> list[Event]:
    """Polymarket matches and then fails to settle: the balanced deal is naked and hedged again."""
    fill = _filled(POLY_LEG, "0.50", "100", at("0.2"))
    matched = replace(fill.fill, finality=Finality.MATCHED)
    failed = replace(fill.fill, finality=Finality.FAILED)
    return [
        *_opening(),
        _filled(KALSHI_LEG, "0.42", "100", at("0.2"), "1.71"),
        OrderFilled(at("0.2"), matched),
        BookChanged(at("20"), book(FIRST, "0.43x300", "0.46x300", at("20"))),
        BookChanged(at("20"), book(SECOND_MARKET, "0.50x300", "0.52x300", at("20"))),
        OrderFilled(at("20.1"), failed),
        _filled(OrderId("r-2-1"), "0.50", "100", at("20.2")),
    ]


def a_person_rests_a_hedge_and_it_becomes_urgent() -> list[Event]:
    """A person chooses to rest the hedge; the naked leg's bids vanish, and what can be sold is."""
    return [
        *_opening(),
        _filled(KALSHI_LEG, "0.42", "100", at("0.2"), "1.71"),
        BookChanged(at("0.2"), book(SECOND_MARKET, "0.36x300", "0.38x300", at("0.2"))),
        OrderRejected(at("0.25"), POLY_LEG, "busy", "matching engine restarting"),
        command("hedge", "r-1", when=at("0.3")),
        OrderAccepted(at("0.4"), OrderId("r-2-1"), "p2"),
        BookChanged(at("2"), book(FIRST, "0.40x20 0.38x10", "0.44x300", at("2"))),
        OrderCancelled(at("2.1"), OrderId("r-2-1"), qty("0"), "as asked"),
        _filled(OrderId("r-3-0"), "0.40", "20", at("2.3"), "0.34", Side.SELL),
        OrderCancelled(at("2.3"), OrderId("r-3-0"), qty("20"), "immediate or cancel"),
        OrderCancelled(at("2.5"), OrderId("r-4-0"), qty("0"), "immediate or cancel"),
        OrderCancelled(at("2.7"), OrderId("r-5-0"), qty("0"), "immediate or cancel"),
        TimerFired(at("30.3"), "unhedged/r-1"),
    ]


STORIES: tuple[Callable[[], list[Event]], ...] = (
    both_legs_fill,
    second_leg_rejected_then_hedged,
    second_leg_rejected_then_unwound,
    residual_that_nobody_buys,
    unknown_then_filled,
    halt_mid_deal,
    delayed_leg_leads_and_the_other_follows,
    leader_fills_and_the_follower_runs_away,
    maker_hedges_every_fill,
    a_ghost_fill_makes_the_deal_naked_again,
    a_person_rests_a_hedge_and_it_becomes_urgent,
)
