"""Completing a deal: buying what is missing to what filled, re-priced on the present books.

For strategies whose other legs follow the leader this is the plan, for others a repair at a worse
price. A purchase goes out while the package loses at most `hedge_loss` at its limit price, with
money that no other deal was promised, not again against the same book, and only so often; a refused
one is tried again after a growing pause. When it never can be, when it is urgent, or when getting
out keeps more, what is not matched is sold (`unwinding`). Halts do not stop it.
"""

from msgspec.structs import replace

from markets.terms.fees import as_maker, trade_fee
from markets.terms.formats import count
from markets.terms.instruments import MarketState
from markets.terms.units import MS, Ns, Px, Qty, Rounding, divide, times
from trading.engine.acks import percentile_ms
from trading.engine.book import Book, BookState
from trading.engine.bounds import hedge_cap
from trading.engine.deals import Deal, DealLeg, DealState
from trading.engine.intents import Intent, SetTimer
from trading.engine.legs import leg_name, orders_of, reach, reasons, unended
from trading.engine.naked import Choice
from trading.engine.orders import TERMINAL, Order, OrderState, Purpose, Side
from trading.engine.pockets import free_in, pocket_of
from trading.engine.policy import Short, chosen, marked, preferred, shorts, urgency, watch
from trading.engine.sending import HEDGE, Wanted, move, place_all, pull, put, reopen
from trading.engine.state import EngineState, account, limits_of, reserved
from trading.engine.strategies import follows
from trading.engine.unwinding import unwind_excess

RETRY = "retry/"
BACKOFF_MS = 100
_D = DealState
_LATER = (Qty(0), Px(0))


def begin_hedge(state: EngineState, deal: Deal, out: list[Intent]) -> None:
    """The legs differ: the deal is naked from now on."""
    planned = deal.state in (_D.OPENING, _D.RESTING) and follows(deal.strategy)
    if deal.state in (_D.BALANCED, _D.CLOSED):
        deal = reopen(state, deal, out)
    deal = move(deal, _D.HEDGING, state.at)
    state.naked[deal.id] = deal.relation
    words = ", ".join(
        f"{count(leg.held)} of {count(leg.planned)} {leg_name(state, leg)}" for leg in deal.legs
    )
    lead = "Buying what follows" if planned else "Hedging"
    what = "Filled" if planned else "Legs differ"
    put(state, deal, f"{what}: {words}.{reasons(state, deal)} {lead}.", out)
    due = Ns(state.at + hedge_ms(state, deal) * MS)
    watch(state, deal, due, out)
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
    marked(state, deal, out)
    why = urgency(state, deal)
    choice = chosen(state, deal.id)
    if choice is Choice.HEDGE:  # its order has ended: the policy goes on
        state.watches[deal.id] = replace(state.watches[deal.id], chosen="")
        choice = None
    if not why and choice is Choice.WAIT:
        _tell(state, deal, news, out)
        return
    wanted = _wanted(state, deal, _loss(state, deal, choice), out, first=first)
    if isinstance(wanted, str):
        _give_up(state, deal, out, wanted)
    elif wanted and choice is None and _better_out(state, deal):
        _give_up(state, deal, out, why or "Getting out keeps more than completing the deal.")
    elif wanted:
        place_all(state, deal, wanted, "Hedging: buy", out)
    elif why:
        _give_up(state, deal, out, why)
    else:
        _tell(state, deal, news, out)


def _wanted(
    state: EngineState, deal: Deal, loss: Px, out: list[Intent], *, first: bool
) -> list[Wanted] | str:
    """The orders that would complete the deal, none where it is not the time for one of them; a
    sentence when it never can be completed.
    """
    wanted: list[Wanted] = []
    for short in shorts(state, deal):
        order = _order(state, deal, short, loss, out, first=first)
        if isinstance(order, str):
            return order
        if order is _LATER:
            return []
        wanted.append(Wanted(short.leg, Side.BUY, *order, Purpose.HEDGE))
    return wanted


def hedgeable(state: EngineState, deal: Deal, short: Short) -> bool:
    """Whether what is missing is enough for an order at its venue."""
    leg = deal.legs[short.leg]
    qty = _lots(state, leg, short.missing)
    least = state.markets[leg.market].min_notional
    return bool(qty) and times(leg.limit, qty, Rounding.DOWN) >= least


def rest_hedge(state: EngineState, deal: Deal, out: list[Intent]) -> str:
    """Rest what is missing at the price where the loss stays within its bound, until the policy
    acts. Says why not, or nothing.
    """
    wanted: list[Wanted] = []
    end = state.watches[deal.id].due
    for short in shorts(state, deal):
        cap = hedge_cap(state, deal, short.leg, state.terms[deal.id].hedge_loss)
        leg = deal.legs[short.leg]
        book = state.books.get(leg.market)
        px = None if cap is None or book is None else passive(state, book, leg.outcome, cap)
        qty = _lots(state, leg, short.missing)
        if px is None or not qty:
            return f"No order of {leg_name(state, leg)} can rest within the loss allowed."
        wanted.append(Wanted(short.leg, Side.BUY, qty, px, Purpose.HEDGE, end))
    place_all(state, deal, wanted, "Resting a hedge: buy", out)
    return ""


def passive(state: EngineState, book: Book, outcome: int, cap: Px) -> Px | None:
    """The highest legal price up to `cap` that would not trade at once; None without one."""
    ask = book.best_ask(outcome)
    px = cap if ask is None else min(cap, Px(ask[0] - 1))
    return state.markets[book.market].ticks.to_legal(px, Rounding.DOWN) if px > 0 else None


def _tell(state: EngineState, deal: Deal, news: str, out: list[Intent]) -> None:
    if news:
        put(state, deal, news, out)


def _loss(state: EngineState, deal: Deal, choice: Choice | None) -> Px:
    """What a hedge may lose: a person who crosses may lose as much as getting out may."""
    terms = state.terms[deal.id]
    return max(terms.hedge_loss, terms.unwind_loss) if choice is Choice.CROSS else terms.hedge_loss


def _better_out(state: EngineState, deal: Deal) -> bool:
    """Whether getting out is the better choice; without every book nothing is known to be."""
    books = [state.books.get(leg.market) for leg in deal.legs]
    known = all(book is not None and book.state is BookState.LIVE for book in books)
    return known and preferred(state, deal) is Choice.UNWIND


def _give_up(state: EngineState, deal: Deal, out: list[Intent], why: str) -> None:
    """Get out instead, once nothing more may fill."""
    deal = move(deal, _D.UNWINDING, state.at)
    put(state, deal, f"{why} Selling what is not matched.", out)
    waiting = unended(state, deal)
    for order in waiting:
        pull(state, order, out)
    if not waiting:
        unwind_excess(state, deal, out, fresh=True)


def _order(
    state: EngineState, deal: Deal, short: Short, loss: Px, out: list[Intent], *, first: bool
) -> tuple[Qty, Px] | str:
    """Size and price of a hedge of one leg; a sentence when it never can be; `_LATER` when it is
    not the time.
    """
    leg = deal.legs[short.leg]
    market = state.markets[leg.market]
    tries = _tries(state, deal, leg)
    most = 1 + limits_of(state, deal).retries
    if any(order.state not in TERMINAL for order in orders_of(state, leg)):
        return _LATER
    if len(tries) >= most:
        return f"Hedged {most} times in vain."
    if market.state is not MarketState.OPEN:
        return f"{leg_name(state, leg)} is {market.state.value}."
    cap = hedge_cap(state, deal, short.leg, loss)
    if cap is None:
        return f"No price of {leg_name(state, leg)} keeps the loss within its limit."
    qty = _lots(state, leg, short.missing)
    if not qty or times(cap, qty, Rounding.DOWN) < market.min_notional:
        return f"{count(short.missing)} {leg_name(state, leg)} is below the smallest order."
    px = _price(state, deal, (leg, qty, cap), None if first or not tries else tries[-1], out)
    if px is None:
        return _LATER
    qty = affordable(state, deal, short.leg, qty, px)
    return (qty, px) if qty else f"No money is free for {leg_name(state, leg)}."


def _tries(state: EngineState, deal: Deal, leg: DealLeg) -> list[Order]:
    """Hedges of a leg since the last one that got all it asked for, oldest first."""
    tries: list[Order] = []
    since = state.watches[deal.id].since if deal.id in state.watches else Ns(0)
    for order in orders_of(state, leg):
        if order.request.purpose is not Purpose.HEDGE or order.sent_at < since:
            continue
        tries = [] if order.state is OrderState.FILLED else [*tries, order]
    return tries


def _lots(state: EngineState, leg: DealLeg, qty: Qty) -> Qty:
    """What is missing in whole lots; 0 below the venue's smallest order."""
    market = state.markets[leg.market]
    whole = Qty(qty // market.lot * market.lot)
    return whole if whole >= market.min_size else Qty(0)


def _price(
    state: EngineState,
    deal: Deal,
    wanted: tuple[DealLeg, Qty, Px],
    last: Order | None,
    out: list[Intent],
) -> Px | None:
    """The worst level the present book needs, moved up to a legal price, within the cap (which is
    legal); the cap itself without a live book.

    None when it is not the time: nothing within the cap, no news since the last try, or the pause
    after a refusal.
    """
    leg, qty, cap = wanted
    book = state.books.get(leg.market)
    live = book is not None and book.state is BookState.LIVE
    if last is not None and last.state is OrderState.REJECTED:
        pause = min(
            BACKOFF_MS << len(_tries(state, deal, leg)) - 1, limits_of(state, deal).backoff_max_ms
        )
        due = Ns(last.changed_at + pause * MS)
        if state.at < due:
            out.append(SetTimer(state.at, RETRY + deal.id, due))
            return None
    elif last is not None and (book is None or not live or book.at <= last.changed_at):
        return None
    if book is None or not live:
        return cap
    px = reach(book.asks(leg.outcome), qty, cap, buying=True)
    return None if px is None else state.markets[leg.market].ticks.to_legal(px, Rounding.UP)


def affordable(
    state: EngineState, deal: Deal, index: int, qty: Qty, px: Px, *, resting: bool = False
) -> Qty:
    """The part of a purchase of a leg for which money is free that no other deal was promised; 0
    for none. An order that is `resting` is charged the maker's fee.
    """
    leg = deal.legs[index]
    market = state.markets[leg.market]
    free = free_in(state, deal.book, pocket_of(state, deal.book, market))
    if free is None:
        return qty
    left = free + reserved(state, deal, index)
    fees = as_maker(market.fees) if resting else market.fees
    need = times(px, qty, Rounding.UP) + trade_fee(fees, px, qty)
    if need <= left:
        return qty
    part = divide(qty * max(0, left), need, Rounding.DOWN)
    return _lots(state, leg, Qty(part))
