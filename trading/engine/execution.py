"""What a deal does next: open, hedge, unwind, or stop with its residual stated.

Every decision is made from fills, only when no order of the deal is without an end, so that
there is never a second order for a leg while we do not know what became of the first. A hedge
completes the package while it loses at most `hedge_loss` (`hedging`); when its deadline has passed,
what is held beyond whole packages is sold, at most `unwind_loss` below its cost (`unwinding`); what
is then left is a residual, kept in the naked set until a person or a late fill ends it. Halts do
not stop hedges and unwinds. Not here: order states (`answers`), may-we (`risk`).
"""

from msgspec.structs import replace

from markets.terms.formats import age, count, money
from markets.terms.ids import DealId
from markets.terms.units import MS, Ns, Rounding, Usd, times
from trading.engine.answers import doubt
from trading.engine.deals import ACTIVE, Deal, DealState, excess
from trading.engine.hedging import begin_hedge, hedge, hedge_ms, rest_hedge
from trading.engine.intents import CancelOrder, Intent, SetTimer
from trading.engine.legs import counted, reasons, unended
from trading.engine.naked import Choice
from trading.engine.orders import Order, OrderState
from trading.engine.policy import UNHEDGED, marked, shorts, urgency, watch
from trading.engine.resting import FOLLOWED, MAKER, follow
from trading.engine.sending import HEDGE, arm, move, progress, pull, put, reopen
from trading.engine.state import EngineState, limits_of
from trading.engine.strategies import rests
from trading.engine.unwinding import unwind_excess

_D = DealState
_ASKED = {
    Choice.WAIT: "Asked to wait.",
    Choice.HEDGE: "Asked to rest a hedge.",
    Choice.CROSS: "Asked to cross now.",
}


def advance(state: EngineState, name: DealId, out: list[Intent]) -> None:
    """Bring a deal up to date with its orders and decide what follows."""
    before = state.deals.get(name)
    if before is None or name not in state.terms:
        return
    deal = counted(state, before)
    news = progress(state, before, deal) if deal != before else ""
    waiting = unended(state, deal)
    if any(not order.request.expires_at for order in waiting):
        _put_news(state, deal, out, news)
    elif not waiting and (news or deal.state is not _D.CLOSED) and _has_paid(state, deal):
        _settle(state, deal, out)
    elif rests(deal.strategy) and deal.state in FOLLOWED:
        if not follow(state, deal, out, news):
            _decide(state, deal, out, news=news)
    elif waiting:
        _while_resting(state, deal, out, news)
    else:
        _decide(state, deal, out, news=news)


def _put_news(state: EngineState, deal: Deal, out: list[Intent], news: str) -> None:
    if news:
        put(state, deal, news, out)


def _while_resting(state: EngineState, deal: Deal, out: list[Intent], news: str) -> None:
    """An order of a deal rests that was meant to get it whole: it ends when that is done, when it
    is urgent, and when the deal is to be got out of.
    """
    _put_news(state, deal, out, news)
    marked(state, deal, out)
    hopeless = deal.state is not _D.HEDGING or urgency(state, deal)
    if hopeless or not shorts(state, deal):
        for order in unended(state, deal):
            pull(state, order, out)


def hedge_due(state: EngineState, name: DealId, out: list[Intent]) -> None:
    """The hedge deadline passed: cancel what is on its way, then unwind. A person's wish to wait
    moves it.
    """
    deal = state.deals.get(name)
    if deal is None or deal.state is not _D.HEDGING:
        return
    kept = state.watches.get(name)
    if kept is not None and state.at < kept.due:
        out.append(SetTimer(state.at, HEDGE + name, kept.due))
        return
    deal = move(deal, _D.UNWINDING, state.at)
    put(state, deal, "The hedge deadline has passed. Selling what is not matched.", out)
    waiting = unended(state, deal)
    for order in waiting:
        pull(state, order, out)
    if not waiting:
        unwind_excess(state, deal, out, fresh=True)


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
    patience = state.limits.deal_timeout_ms * MS
    if order.cancel_at:
        return Ns(order.cancel_at + patience)
    if order.request.expires_at and order.state in (OrderState.OPEN, OrderState.PART):
        return Ns(order.request.expires_at + patience)
    return Ns(order.until + patience) if order.until else order.sent_at


def choose(state: EngineState, name: DealId, choice: Choice, out: list[Intent]) -> str:
    """A person chooses what to do about a naked deal. Says why not, or nothing."""
    deal = state.deals.get(name)
    if deal is None or name not in state.terms:
        return f"There is no deal {name}."
    if deal.state not in (_D.HEDGING, _D.RESIDUAL):
        return f"Deal {name} is {deal.state.value}: nothing is unmatched that could be acted on."
    if unended(state, deal):
        return f"Deal {name} waits for an order. Try again when it is answered."
    if choice is Choice.UNWIND:
        deal = move(deal, _D.UNWINDING, state.at)
        put(state, deal, "Asked to unwind.", out)
        unwind_excess(state, deal, out, fresh=True)
        return ""
    if not shorts(state, deal):
        return f"Deal {name} misses nothing that could be bought."
    if deal.state is _D.RESIDUAL:
        deal = move(deal, _D.HEDGING, state.at)
    due = Ns(state.at + limits_of(state, deal).unhedged_alert_ms * MS)
    state.watches.pop(name, None)
    watch(state, deal, due, out)
    state.watches[name] = replace(state.watches[name], chosen=choice.value)
    out.append(SetTimer(state.at, HEDGE + name, due))
    put(state, deal, _ASKED[choice], out)
    if choice is Choice.HEDGE:
        return rest_hedge(state, deal, out)
    hedge(state, deal, out, first=True)
    return ""


def alert(state: EngineState, name: DealId, out: list[Intent]) -> None:
    """Say aloud, once, that a deal has been unhedged for long."""
    deal, kept = state.deals.get(name), state.watches.get(name)
    if deal is None or kept is None or kept.alerted:
        return
    state.watches[name] = replace(kept, alerted=True)
    span = age(Ns(state.at - kept.since))
    put(state, deal, f"Unhedged for {span}. A person should look. {deal.reason}", out)


def settle_deals(state: EngineState, out: list[Intent]) -> None:
    """Close deals all of whose markets have paid; an order on its way is waited for."""
    for deal in list(state.deals.values()):
        if deal.state is not _D.CLOSED and _has_paid(state, deal) and not unended(state, deal):
            _settle(state, deal, out)


def _has_paid(state: EngineState, deal: Deal) -> bool:
    return all(leg.market in state.settled for leg in deal.legs)


def _settle(state: EngineState, deal: Deal, out: list[Intent]) -> None:
    """The deal keeps what its markets paid for what it holds; nothing is hedged any more."""
    paid = sum(
        times(state.settled[leg.market][leg.outcome], leg.held, Rounding.DOWN) for leg in deal.legs
    )
    kept = Usd(paid - sum(leg.cost + leg.fees for leg in deal.legs))
    if deal.state is not _D.CLOSED:
        deal = move(deal, _D.CLOSED, state.at)
    text = f"Every market paid. The deal kept {money(kept, gain=True)}."
    put(state, replace(deal, locked=kept), text, out)


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
    for name, kept in state.watches.items():
        alert_at = Ns(kept.since + limits_of(state, state.deals[name]).unhedged_alert_ms * MS)
        if not kept.alerted:
            out.append(SetTimer(state.at, UNHEDGED + name, max(alert_at, state.at)))
    for deal in state.deals.values():
        if deal.state in ACTIVE and deal.id in state.terms:
            arm(state, deal, out)
            if deal.state is _D.HEDGING:
                due = Ns(state.at + hedge_ms(state, deal) * MS)
                watch(state, deal, due, out)
                out.append(SetTimer(state.at, HEDGE + deal.id, due))
            if rests(deal.strategy):
                out.append(SetTimer(state.at, MAKER + deal.id, state.at))
