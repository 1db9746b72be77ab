"""Completing a deal at a worse price: buying what is missing, within a loss.

A hedge goes out while the package loses at most `hedge_loss` at its limit price, not again against
the same book, and only so often; when it never can be, what is not matched is sold (`unwinding`).
Halts do not stop it.
"""

from markets.terms.fees import fee_each
from markets.terms.formats import count
from markets.terms.instruments import MarketState
from markets.terms.packages import least_payout
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Rounding, divide, times
from trading.engine.acks import percentile_ms
from trading.engine.book import BookState
from trading.engine.deals import Deal, DealLeg, DealState
from trading.engine.intents import Intent, SetTimer
from trading.engine.legs import average, each, leg_name, orders_of, packages_held, reach, reasons
from trading.engine.orders import Order, Purpose, Side
from trading.engine.sending import HEDGE, Wanted, move, place_all, put, reopen
from trading.engine.state import EngineState, account
from trading.engine.unwinding import unwind_excess

HEDGES = 4
_D = DealState


def begin_hedge(state: EngineState, deal: Deal, out: list[Intent]) -> None:
    if deal.state in (_D.BALANCED, _D.CLOSED):
        deal = reopen(state, deal, out)
    deal = move(deal, _D.HEDGING, state.at)
    state.naked[deal.id] = deal.relation
    words = ", ".join(
        f"{count(leg.held)} of {count(leg.planned)} {leg_name(state, leg)}" for leg in deal.legs
    )
    put(state, deal, f"Legs differ: {words}.{reasons(state, deal)} Hedging.", out)
    due = Ns(state.at + hedge_ms(state, deal) * MS)
    out.append(SetTimer(state.at, HEDGE + deal.id, due))
    hedge(state, deal, out, first=True)


def hedge_ms(state: EngineState, deal: Deal) -> int:
    """How long a hedge is tried: the deadline with the venues' delay, and time for two answers of
    the slowest venue as measured, so that a cancelled order and the next one can both be heard of.
    """
    venues = [account(deal.book, state.markets[leg.market].venue) for leg in deal.legs]
    slowest = max(percentile_ms(state.acks.get(venue, ())) for venue in venues)
    return state.terms[deal.id].hedge_ms + 2 * slowest


def hedge(
    state: EngineState, deal: Deal, out: list[Intent], *, news: str = "", first: bool = False
) -> None:
    """Buy what is missing, if the present books allow it within the loss; else wait for the
    deadline.
    """
    target = max(packages_held(leg) for leg in deal.legs)
    wanted: list[Wanted] = []
    for i, leg in enumerate(deal.legs):
        missing = divide(target * leg.weight, MICRO, Rounding.DOWN) - leg.held
        if missing <= state.terms[deal.id].dust:
            continue
        order = _hedge_order(state, deal, i, Qty(missing), first=first)
        if isinstance(order, str):
            _give_up(state, deal, out, order)
            return
        if order is None:
            if news:
                put(state, deal, news, out)
            return
        wanted.append(Wanted(i, Side.BUY, *order, Purpose.HEDGE))
    place_all(state, deal, wanted, "Hedging: buy", out)


def _give_up(state: EngineState, deal: Deal, out: list[Intent], why: str) -> None:
    deal = move(deal, _D.UNWINDING, state.at)
    put(state, deal, f"{why} Selling what is not matched.", out)
    unwind_excess(state, deal, out)


def _hedge_order(
    state: EngineState, deal: Deal, index: int, missing: Qty, *, first: bool
) -> tuple[Qty, Px] | str | None:
    """Size and price of a hedge of one leg; a sentence when it never can be; None when not now."""
    leg = deal.legs[index]
    market = state.markets[leg.market]
    tries = [o for o in orders_of(state, leg) if o.request.purpose is Purpose.HEDGE]
    if len(tries) >= HEDGES:
        return f"Hedged {HEDGES} times in vain."
    if market.state is not MarketState.OPEN:
        return f"{leg_name(state, leg)} is {market.state.value}."
    cap = market.ticks.to_legal(_hedge_cap(state, deal, index), Rounding.DOWN)
    if cap is None:
        return f"No price of {leg_name(state, leg)} keeps the loss within its limit."
    qty = Qty(missing // market.lot * market.lot)
    if qty < market.min_size or times(cap, qty, Rounding.DOWN) < market.min_notional:
        return f"{count(missing)} {leg_name(state, leg)} is below the smallest order."
    px = _hedge_price(state, leg, qty, cap, None if first or not tries else tries[-1])
    return None if px is None else (qty, px)


def _hedge_price(
    state: EngineState, leg: DealLeg, qty: Qty, cap: Px, last: Order | None
) -> Px | None:
    """The worst level the present book needs, within the cap; the cap itself without a live book.

    None when it is not the time: nothing within the cap, or no news since the last try.
    """
    book = state.books.get(leg.market)
    if book is None or book.state is not BookState.LIVE:
        return cap if last is None else None
    if last is not None and book.at <= last.changed_at:
        return None
    return reach(book.asks(leg.outcome), qty, cap, buying=True)


def _hedge_cap(state: EngineState, deal: Deal, index: int) -> Px:
    """The worst price of a leg at which a package loses no more than allowed, given the other legs.

    Other legs count at what they cost with fees, or at their best ask when nothing of them is held.
    """
    terms = state.terms[deal.id]
    leg = deal.legs[index]
    prices = tuple(average(state, other) for other in deal.legs)
    budget: int = least_payout(terms.relation, terms.package, prices)
    budget += terms.hedge_loss * terms.package.scale
    for i, other in enumerate(deal.legs):
        if i != index:
            cost = each(state, other)
            budget -= divide(cost * other.weight, MICRO, Rounding.UP)
    cap = Px(min(max(0, divide(budget * MICRO, leg.weight, Rounding.DOWN)), MICRO))
    low = Px(max(0, cap - _dearest_fee(state, leg, Px(0), cap)))
    return Px(cap - _dearest_fee(state, leg, low, cap))


def _dearest_fee(state: EngineState, leg: DealLeg, low: Px, high: Px) -> Px:
    """The largest fee of one contract between two prices: fees grow towards half a dollar."""
    nearest = Px(min(max(low, MICRO // 2), high))
    return fee_each(state.markets[leg.market].fees, nearest)
