"""What a deal does next: open, hedge, unwind, or stop with its residual stated.

Every decision is made from fills, only when no order of the deal is without an end, so that
there is never a second order for a leg while we do not know what became of the first. A hedge
completes the package while it loses at most `hedge_loss` (`hedging`); when its deadline has passed,
what is held beyond whole packages is sold, at most `unwind_loss` below its cost (`unwinding`); what
is then left is a residual, kept in the naked set until a person or a late fill ends it. Halts do
not stop hedges and unwinds. Not here: order states (`answers`), may-we (`risk`).
"""

from msgspec.structs import replace

from markets.terms.formats import count, money
from markets.terms.ids import DealId
from markets.terms.units import MS, Ns, Rounding, Usd, times
from trading.engine.answers import doubt
from trading.engine.deals import ACTIVE, Deal, DealState
from trading.engine.hedging import begin_hedge, hedge, hedge_ms
from trading.engine.intents import CancelOrder, Intent, SetTimer
from trading.engine.legs import counted, excess, reasons, unended
from trading.engine.orders import Order, OrderState
from trading.engine.sending import HEDGE, arm, move, progress, put, reopen
from trading.engine.state import EngineState
from trading.engine.unwinding import unwind_excess

_D = DealState


def advance(state: EngineState, name: DealId, out: list[Intent]) -> None:
    """Bring a deal up to date with its orders and decide what follows."""
    before = state.deals.get(name)
    if before is None or name not in state.terms:
        return
    deal = counted(state, before)
    if unended(state, deal):
        if deal != before:
            put(state, deal, progress(state, before, deal), out)
        return
    _decide(state, deal, out, news=progress(state, before, deal) if deal != before else "")


def hedge_due(state: EngineState, name: DealId, out: list[Intent]) -> None:
    """The hedge deadline passed: cancel what is on its way, then unwind."""
    deal = state.deals.get(name)
    if deal is None or deal.state is not _D.HEDGING:
        return
    deal = move(deal, _D.UNWINDING, state.at)
    put(state, deal, "The hedge deadline has passed. Selling what is not matched.", out)
    for order in unended(state, deal):
        if order.state is not OrderState.UNKNOWN:
            request = order.request
            out.append(CancelOrder(state.at, request.id, request.market, request.book))
    advance(state, name, out)


def answer_due(state: EngineState, name: DealId, out: list[Intent]) -> None:
    """Orders of a deal stayed without an end for too long: cancel what rests, and ask for all of
    them.
    """
    deal = state.deals.get(name)
    if deal is None or name not in state.terms:
        return
    waiting = unended(state, deal)
    for order in waiting:
        if state.at < _judged_at(state, order):
            continue
        request = order.request
        if order.state in (OrderState.OPEN, OrderState.PART):
            out.append(CancelOrder(state.at, request.id, request.market, request.book))
        doubt(state, order, "No answer in time.", state.at, out)
    if waiting:
        arm(state, deal, out)


def _judged_at(state: EngineState, order: Order) -> Ns:
    """When an order should have ended: no venue's declared delay counts against it."""
    return Ns(order.until + state.limits.deal_timeout_ms * MS) if order.until else order.sent_at


def unwind(state: EngineState, name: DealId, out: list[Intent]) -> str:
    """A person asks to sell what a deal holds beyond whole packages. Says why not, or nothing."""
    deal = state.deals.get(name)
    if deal is None or name not in state.terms:
        return f"There is no deal {name}."
    if deal.state not in (_D.HEDGING, _D.RESIDUAL):
        return f"Deal {name} is {deal.state.value}: nothing is unmatched that could be sold."
    if unended(state, deal):
        return f"Deal {name} waits for an order. Try again when it is answered."
    deal = move(deal, _D.UNWINDING, state.at)
    put(state, deal, "Asked to unwind.", out)
    unwind_excess(state, deal, out, fresh=True)
    return ""


def settle_deals(state: EngineState, out: list[Intent]) -> None:
    """Close deals all of whose markets have paid."""
    for deal in list(state.deals.values()):
        if deal.state not in (_D.BALANCED, _D.RESIDUAL):
            continue
        if any(leg.market not in state.settled for leg in deal.legs):
            continue
        paid = sum(
            times(state.settled[leg.market][leg.outcome], leg.held, Rounding.DOWN)
            for leg in deal.legs
        )
        kept = Usd(paid - sum(leg.cost + leg.fees for leg in deal.legs))
        closed = replace(move(deal, _D.CLOSED, state.at), locked=kept)
        put(state, closed, f"Every market paid. The deal kept {money(kept, gain=True)}.", out)


def _decide(state: EngineState, deal: Deal, out: list[Intent], *, news: str) -> None:
    dust = state.terms[deal.id].dust
    if all(abs(excess(leg, deal.matched)) <= dust for leg in deal.legs):
        finish(state, deal, out, news)
    elif deal.state is _D.UNWINDING:
        unwind_excess(state, deal, out)
    elif deal.state is _D.HEDGING:
        hedge(state, deal, out, news=news)
    elif deal.state is _D.RESIDUAL and not news:
        return
    else:
        begin_hedge(state, deal, out)


def finish(state: EngineState, deal: Deal, out: list[Intent], news: str) -> None:
    """All legs agree: the deal is balanced, or there is nothing of it."""
    ended = _D.BALANCED if deal.matched > 0 else _D.CLOSED
    if deal.state is ended:
        if news:
            put(state, deal, news, out)
        return
    if deal.state is _D.CLOSED:
        deal = reopen(state, deal, out)
    if ended is _D.BALANCED:
        text = f"Balanced: {count(deal.matched)} packages, {money(deal.locked, gain=True)} locked."
    else:
        state.failed[deal.relation] = state.at
        bought = any(leg.cost or leg.fees or leg.held for leg in deal.legs)
        text = f"Closed: nothing is held. It cost {money(Usd(-deal.locked))}."
        if not bought:
            text = f"Closed: nothing was filled.{reasons(state, deal)}"
    put(state, move(deal, ended, state.at), text, out)


def rearm(state: EngineState, out: list[Intent]) -> None:
    """After a start: set the timers of deals under way again."""
    for deal in state.deals.values():
        if deal.state in ACTIVE and deal.id in state.terms:
            arm(state, deal, out)
            if deal.state is _D.HEDGING:
                due = Ns(state.at + hedge_ms(state, deal) * MS)
                out.append(SetTimer(state.at, HEDGE + deal.id, due))
