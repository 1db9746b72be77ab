"""What a deal does next: open, hedge, unwind, or stop with its residual stated.

Every decision is made from fills, only when no order of the deal is without an end, so that
there is never a second order for a leg while we do not know what became of the first. A hedge
completes the package while it loses at most `hedge_loss`; when its deadline has passed, what is
held beyond whole packages is sold, at most `unwind_loss` below its cost; what is then left is a
residual, kept in the naked set until a person or a late fill ends it. Halts do not stop hedges
and unwinds. A deal keeps the terms it began with. Not here: order states (`answers`), may-we
(`risk`).
"""

from msgspec.structs import replace

from markets.terms.fees import fee_each
from markets.terms.formats import count, money, price
from markets.terms.ids import DealId, OrderId
from markets.terms.instruments import MarketState
from markets.terms.packages import least_payout
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Rounding, Usd, divide, times
from trading.engine.answers import doubt
from trading.engine.book import BookState, Levels
from trading.engine.deals import ACTIVE, NEXT, Deal, DealLeg, DealState
from trading.engine.intents import CancelOrder, DealChanged, Intent, PlaceOrder, SetTimer
from trading.engine.orders import (
    TERMINAL,
    Order,
    OrderRequest,
    OrderState,
    Purpose,
    Side,
    TimeInForce,
)
from trading.engine.plans import Plan
from trading.engine.state import DealTerms, EngineState, is_open

DEAL = "deal/"
HEDGE = "hedge/"
HEDGES = 4
UNWINDS = 2
_D = DealState


class InvariantBroken(Exception):
    """What cannot be: a bug. The run ends, and the next one begins with questions to the venues."""


def open_deal(state: EngineState, plan: Plan, out: list[Intent]) -> Deal:
    """Begin an approved plan: one immediate order for each leg, all at once."""
    if plan.book is None:
        raise InvariantBroken(f"A plan of {plan.relation} was approved without a book.")
    entry = state.entries[plan.relation]
    limits = state.limits
    name = DealId(_name(state))
    deal = Deal(
        id=name,
        relation=plan.relation,
        package=plan.package,
        book=plan.book,
        state=_D.OPENING,
        opened_at=state.at,
        changed_at=state.at,
        size=plan.size,
        legs=tuple(
            DealLeg(leg.market, leg.outcome, leg.weight, leg.qty, leg.limit, leg.expected)
            for leg in plan.legs
        ),
        planned_net=plan.net,
        planned_profit=plan.profit,
        revision=state.config.revision if state.config else 0,
        fee_rev=",".join(state.markets[leg.market].fees.rev for leg in plan.legs),
        friction_rev=state.config.friction_rev if state.config else "",
    )
    delay = max(state.markets[leg.market].delay_ms for leg in plan.legs)
    state.terms[name] = DealTerms(
        entry.relation,
        plan.edge.used,
        Px(limits.hedge_loss),
        Px(limits.unwind_loss),
        Qty(limits.dust),
        limits.hedge_timeout_ms + delay,
        limits.deal_timeout_ms + delay,
    )
    state.opened[plan.relation] = state.at
    orders: list[Intent] = []
    for i, leg in enumerate(plan.legs):
        deal = _place(state, deal, (i, Side.BUY, leg.qty, leg.limit, Purpose.OPEN), name, orders)
    words = " and ".join(
        f"{count(leg.qty)} {leg_name(state, deal.legs[i])} at {price(leg.limit)} or better"
        for i, leg in enumerate(plan.legs)
    )
    _put(state, deal, f"Opening: buy {words}.", out)
    out.extend(orders)
    _arm(state, deal, out)
    return deal


def leg_name(state: EngineState, leg: DealLeg) -> str:
    """A leg in words: the venue's chip and the outcome."""
    market = state.markets[leg.market]
    venue = state.venues.get(market.venue)
    return f"{venue.short if venue else market.venue} {market.outcomes[leg.outcome]}"


def advance(state: EngineState, name: DealId, out: list[Intent]) -> None:
    """Bring a deal up to date with its orders and decide what follows."""
    before = state.deals.get(name)
    if before is None or name not in state.terms:
        return
    deal = counted(state, before)
    if _waiting(state, deal):
        if deal != before:
            _put(state, deal, _progress(state, before, deal), out)
        return
    _decide(state, deal, out, news=_progress(state, before, deal) if deal != before else "")


def hedge_due(state: EngineState, name: DealId, out: list[Intent]) -> None:
    """The hedge deadline passed: cancel what is on its way, then unwind."""
    deal = state.deals.get(name)
    if deal is None or deal.state is not _D.HEDGING:
        return
    deal = _move(deal, _D.UNWINDING, state.at)
    _put(state, deal, "The hedge deadline has passed. Selling what is not matched.", out)
    for order in _unended(state, deal):
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
    late = _unended(state, deal)
    for order in late:
        request = order.request
        if order.state in (OrderState.OPEN, OrderState.PART):
            out.append(CancelOrder(state.at, request.id, request.market, request.book))
        doubt(state, order, "No answer in time.", state.at, out)
    if late:
        _arm(state, deal, out)


def unwind(state: EngineState, name: DealId, out: list[Intent]) -> str:
    """A person asks to sell what a deal holds beyond whole packages. Says why not, or nothing."""
    deal = state.deals.get(name)
    if deal is None or name not in state.terms:
        return f"There is no deal {name}."
    if deal.state not in (_D.HEDGING, _D.RESIDUAL):
        return f"Deal {name} is {deal.state.value}: nothing is unmatched that could be sold."
    if _waiting(state, deal):
        return f"Deal {name} waits for an order. Try again when it is answered."
    deal = _move(deal, _D.UNWINDING, state.at)
    _put(state, deal, "Asked to unwind.", out)
    _unwind(state, deal, out, fresh=True)
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
        closed = replace(_move(deal, _D.CLOSED, state.at), locked=kept)
        _put(state, closed, f"Every market paid. The deal kept {money(kept, gain=True)}.", out)


def counted(state: EngineState, deal: Deal) -> Deal:
    """The deal with its legs, matched packages and locked profit as its orders' fills say."""
    terms = state.terms[deal.id]
    legs = tuple(_count_leg(state, leg) for leg in deal.legs)
    matched = Qty(max(0, min(_packages(leg) for leg in legs)))
    prices = tuple(_average(state, leg) for leg in legs)
    payout = least_payout(terms.relation, terms.package, prices)
    spent = sum(leg.cost + leg.fees for leg in legs)
    locked = Usd(times(payout, matched, Rounding.DOWN) - spent)
    if (legs, matched, locked) == (deal.legs, deal.matched, deal.locked):
        return deal
    return replace(deal, legs=legs, matched=matched, locked=locked, changed_at=state.at)


def excess(leg: DealLeg, matched: Qty) -> Qty:
    """Contracts a leg holds beyond the matched packages; below 0 when more was sold than held."""
    return Qty(leg.held - divide(leg.weight * matched, MICRO, Rounding.UP))


def _count_leg(state: EngineState, leg: DealLeg) -> DealLeg:
    held = cost = fees = 0
    for name in leg.orders:
        order = state.orders[name]
        sign = 1 if order.request.side is Side.BUY else -1
        held += sign * order.filled
        cost += sign * order.cost
        fees += order.fees
    return replace(leg, held=Qty(held), cost=Usd(cost), fees=Usd(fees))


def _packages(leg: DealLeg) -> int:
    return divide(leg.held * MICRO, leg.weight, Rounding.DOWN)


def _average(state: EngineState, leg: DealLeg) -> Px:
    """What a leg's contracts were bought for each, rounded up; what was expected before any was."""
    buys = [o for o in _orders_of(state, leg) if o.request.side is Side.BUY and o.filled]
    if not buys:
        return leg.expected
    money = sum(order.cost for order in buys)
    return Px(divide(money * MICRO, sum(order.filled for order in buys), Rounding.UP))


def _unended(state: EngineState, deal: Deal) -> list[Order]:
    orders = [state.orders[name] for leg in deal.legs for name in leg.orders]
    return [order for order in orders if order.state not in TERMINAL]


def _waiting(state: EngineState, deal: Deal) -> bool:
    for leg in deal.legs:
        for name in leg.orders:
            if state.orders[name].state not in TERMINAL:
                return True
    return False


def _decide(state: EngineState, deal: Deal, out: list[Intent], *, news: str) -> None:
    dust = state.terms[deal.id].dust
    if all(abs(excess(leg, deal.matched)) <= dust for leg in deal.legs):
        _finish(state, deal, out, news)
    elif deal.state is _D.UNWINDING:
        _unwind(state, deal, out, news=news)
    elif deal.state is _D.HEDGING:
        _hedge(state, deal, out, news=news)
    elif deal.state is _D.RESIDUAL and not news:
        return
    else:
        _begin_hedge(state, deal, out)


def _finish(state: EngineState, deal: Deal, out: list[Intent], news: str) -> None:
    """All legs agree: the deal is balanced, or there is nothing of it."""
    ended = _D.BALANCED if deal.matched > 0 else _D.CLOSED
    if deal.state is ended:
        if news:
            _put(state, deal, news, out)
        return
    if deal.state is _D.CLOSED:
        deal = _reopen(state, deal, out)
    if ended is _D.BALANCED:
        text = f"Balanced: {count(deal.matched)} packages, {money(deal.locked, gain=True)} locked."
    else:
        state.failed[deal.relation] = state.at
        bought = any(leg.cost or leg.fees or leg.held for leg in deal.legs)
        text = f"Closed: nothing is held. It cost {money(Usd(-deal.locked))}."
        if not bought:
            text = f"Closed: nothing was filled.{_reasons(state, deal)}"
    _put(state, _move(deal, ended, state.at), text, out)


def _reopen(state: EngineState, deal: Deal, out: list[Intent]) -> Deal:
    """A deal that had ended, open again because a fill overtook the word of its order's end."""
    deal = _move(deal, _D.RESIDUAL, state.at)
    state.naked[deal.id] = deal.relation
    _put(state, deal, "A late fill came after the deal had ended.", out)
    return deal


def _reasons(state: EngineState, deal: Deal) -> str:
    """What venues said when they refused orders of this deal."""
    orders = [state.orders[name] for leg in deal.legs for name in leg.orders]
    said = dict.fromkeys(o.reason for o in orders if o.state is OrderState.REJECTED and o.reason)
    return "".join(f" Refused: {reason.rstrip('.')}." for reason in said)


def _begin_hedge(state: EngineState, deal: Deal, out: list[Intent]) -> None:
    terms = state.terms[deal.id]
    if deal.state in (_D.BALANCED, _D.CLOSED):
        deal = _reopen(state, deal, out)
    deal = _move(deal, _D.HEDGING, state.at)
    state.naked[deal.id] = deal.relation
    words = ", ".join(
        f"{count(leg.held)} of {count(leg.planned)} {leg_name(state, leg)}" for leg in deal.legs
    )
    _put(state, deal, f"Legs differ: {words}.{_reasons(state, deal)} Hedging.", out)
    out.append(SetTimer(state.at, HEDGE + deal.id, Ns(state.at + terms.hedge_ms * MS)))
    _hedge(state, deal, out, first=True)


def _hedge(
    state: EngineState, deal: Deal, out: list[Intent], *, news: str = "", first: bool = False
) -> None:
    """Buy what is missing, if the present books allow it within the loss; else wait for the
    deadline.
    """
    target = max(_packages(leg) for leg in deal.legs)
    wanted: list[tuple[int, Qty, Px]] = []
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
                _put(state, deal, news, out)
            return
        wanted.append((i, *order))
    name = _name(state)
    orders: list[Intent] = []
    for i, qty, px in wanted:
        deal = _place(state, deal, (i, Side.BUY, qty, px, Purpose.HEDGE), name, orders)
    words = " and ".join(
        f"{count(q)} {leg_name(state, deal.legs[i])} at {price(px)} or better"
        for i, q, px in wanted
    )
    _put(state, deal, f"Hedging: buy {words}.", out)
    out.extend(orders)
    _arm(state, deal, out)


def _give_up(state: EngineState, deal: Deal, out: list[Intent], why: str) -> None:
    deal = _move(deal, _D.UNWINDING, state.at)
    _put(state, deal, f"{why} Selling what is not matched.", out)
    _unwind(state, deal, out)


def _hedge_order(
    state: EngineState, deal: Deal, index: int, missing: Qty, *, first: bool
) -> tuple[Qty, Px] | str | None:
    """Size and price of a hedge of one leg; a sentence when it never can be; None when not now."""
    leg = deal.legs[index]
    market = state.markets[leg.market]
    tries = [o for o in _orders_of(state, leg) if o.request.purpose is Purpose.HEDGE]
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
    return _reach(book.asks(leg.outcome), qty, cap, buying=True)


def _hedge_cap(state: EngineState, deal: Deal, index: int) -> Px:
    """The worst price of a leg at which a package loses no more than allowed, given the other legs.

    Other legs count at what they cost with fees, or at their best ask when nothing of them is held.
    """
    terms = state.terms[deal.id]
    leg = deal.legs[index]
    prices = tuple(_average(state, other) for other in deal.legs)
    budget: int = least_payout(terms.relation, terms.package, prices)
    budget += terms.hedge_loss * terms.package.scale
    for i, other in enumerate(deal.legs):
        if i != index:
            each = _each(state, other)
            budget -= divide(each * other.weight, MICRO, Rounding.UP)
    cap = Px(min(max(0, divide(budget * MICRO, leg.weight, Rounding.DOWN)), MICRO))
    low = Px(max(0, cap - _dearest_fee(state, leg, Px(0), cap)))
    return Px(cap - _dearest_fee(state, leg, low, cap))


def _dearest_fee(state: EngineState, leg: DealLeg, low: Px, high: Px) -> Px:
    """The largest fee of one contract between two prices: fees grow towards half a dollar."""
    nearest = Px(min(max(low, MICRO // 2), high))
    return fee_each(state.markets[leg.market].fees, nearest)


def _each(state: EngineState, leg: DealLeg) -> Px:
    """What one contract of a leg costs with its fee, rounded up."""
    if leg.held > 0:
        fee = divide(leg.fees * MICRO, leg.held, Rounding.UP)
        return Px(_average(state, leg) + fee)
    book = state.books.get(leg.market)
    level = book.best_ask(leg.outcome) if book else None
    px = level[0] if level else leg.limit
    return Px(px + fee_each(state.markets[leg.market].fees, px))


def _reach(levels: Levels, qty: Qty, bound: Px, *, buying: bool) -> Px | None:
    """The price of the last level needed for `qty`, within the bound; None when not even the best
    is.
    """
    reached: Px | None = None
    left: int = qty
    for px, depth in levels:
        if (px > bound) if buying else (px < bound):
            break
        reached = px
        left -= depth
        if left <= 0:
            break
    return reached


def _unwind(
    state: EngineState, deal: Deal, out: list[Intent], *, news: str = "", fresh: bool = False
) -> None:
    """Sell what is held beyond whole packages; what cannot be sold is a residual."""
    state.naked[deal.id] = deal.relation
    state.failed[deal.relation] = state.at
    wanted: list[tuple[int, Qty, Px]] = []
    left: list[str] = []
    for i, leg in enumerate(deal.legs):
        over = excess(leg, deal.matched)
        if abs(over) <= state.terms[deal.id].dust:
            continue
        order = _unwind_order(state, deal, i, over, fresh=fresh) if over > 0 else None
        if order is None:
            short = "" if over > 0 else " short"
            left.append(f"{count(over)} {leg_name(state, leg)}{short}")
        else:
            wanted.append((i, *order))
    if not wanted:
        text = f"Residual: {' and '.join(left)} could not be closed. A person must look."
        _put(state, _move(deal, _D.RESIDUAL, state.at), text, out)
        return
    name = _name(state)
    orders: list[Intent] = []
    for i, qty, px in wanted:
        deal = _place(state, deal, (i, Side.SELL, qty, px, Purpose.UNWIND), name, orders)
    words = " and ".join(
        f"{count(q)} {leg_name(state, deal.legs[i])} at {price(px)} or better"
        for i, q, px in wanted
    )
    _put(state, deal, f"Unwinding: sell {words}.", out)
    out.extend(orders)
    _arm(state, deal, out)


def _unwind_order(
    state: EngineState, deal: Deal, index: int, over: Qty, *, fresh: bool
) -> tuple[Qty, Px] | None:
    leg = deal.legs[index]
    market = state.markets[leg.market]
    tries = sum(o.request.purpose is Purpose.UNWIND for o in _orders_of(state, leg))
    qty = Qty(over // market.lot * market.lot)
    too_small = qty < market.min_size
    if market.state is not MarketState.OPEN or too_small or (tries >= UNWINDS and not fresh):
        return None
    lowest = max(1, _average(state, leg) - state.terms[deal.id].unwind_loss)
    floor = market.ticks.to_legal(Px(lowest), Rounding.UP)
    if floor is None:
        return None
    book = state.books.get(leg.market)
    px: Px | None = floor
    if book is not None and book.state is BookState.LIVE and tries % UNWINDS == 0:
        px = _reach(book.bids(leg.outcome), qty, floor, buying=False)
    return None if px is None else (qty, px)


def _orders_of(state: EngineState, leg: DealLeg) -> list[Order]:
    return [state.orders[name] for name in leg.orders]


def _name(state: EngineState) -> str:
    state.counter += 1
    return f"{state.run}-{state.counter}"


def _place(
    state: EngineState,
    deal: Deal,
    terms: tuple[int, Side, Qty, Px, Purpose],
    name: str,
    out: list[Intent],
) -> Deal:
    """The deal with one more order, noted before it is sent."""
    index, side, qty, px, purpose = terms
    leg = deal.legs[index]
    request = OrderRequest(
        id=OrderId(f"{name}-{index}"),
        deal=deal.id,
        leg=index,
        market=leg.market,
        outcome=leg.outcome,
        side=side,
        px=px,
        qty=qty,
        tif=TimeInForce.IOC,
        book=deal.book,
        purpose=purpose,
        deadline_ms=state.terms[deal.id].timeout_ms,
        placed_at=state.at,
    )
    state.orders[request.id] = Order(request, OrderState.SENT, state.at, state.at)
    out.append(PlaceOrder(state.at, request))
    legs = list(deal.legs)
    legs[index] = replace(leg, orders=(*leg.orders, request.id))
    return replace(deal, legs=tuple(legs), changed_at=state.at)


def _arm(state: EngineState, deal: Deal, out: list[Intent]) -> None:
    due = Ns(state.at + state.terms[deal.id].timeout_ms * MS)
    out.append(SetTimer(state.at, DEAL + deal.id, due))


def rearm(state: EngineState, out: list[Intent]) -> None:
    """After a start: set the timers of deals under way again."""
    for deal in state.deals.values():
        if deal.state in ACTIVE and deal.id in state.terms:
            _arm(state, deal, out)
            if deal.state is _D.HEDGING:
                due = Ns(state.at + state.terms[deal.id].hedge_ms * MS)
                out.append(SetTimer(state.at, HEDGE + deal.id, due))


def _move(deal: Deal, to: DealState, at: Ns) -> Deal:
    if to not in NEXT[deal.state]:
        raise InvariantBroken(f"Deal {deal.id} cannot go from {deal.state} to {to}.")
    return replace(deal, state=to, changed_at=at)


def _put(state: EngineState, deal: Deal, step: str, out: list[Intent]) -> None:
    """Store a deal, tell its step, and keep today's result following what it has locked."""
    deal = replace(deal, reason=step)
    state.deals[deal.id] = deal
    state.exposures.clear()
    if is_open(deal):
        state.active[deal.id] = deal.relation
    else:
        state.active.pop(deal.id, None)
        state.naked.pop(deal.id, None)
    state.dirty[deal.relation] = None
    if deal.state in (_D.BALANCED, _D.CLOSED, _D.RESIDUAL):
        state.today = Usd(state.today + deal.locked - state.booked.get(deal.id, 0))
        state.booked[deal.id] = deal.locked
    out.append(DealChanged(state.at, deal, step))


def _progress(state: EngineState, before: Deal, after: Deal) -> str:
    """What fills changed since the deal was last told, leg by leg."""
    parts = []
    for old, new in zip(before.legs, after.legs, strict=True):
        name = leg_name(state, new)
        if new.held > old.held:
            parts.append(f"{count(new.held)} of {count(new.planned)} {name} filled.")
        elif new.held < old.held:
            parts.append(f"{count(Qty(old.held - new.held))} {name} sold, {count(new.held)} left.")
    return " ".join(parts) or "Fees changed."
