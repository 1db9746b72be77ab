"""A maker's order: where it rests, when it is moved or pulled, and what its fills make us do.

Every fill is hedged at once, while the rest of the order stays only as long as that goes well. It
is pulled when its time is over, when anything stands against new deals, when a hedging book cannot
be believed, or when the package re-priced on the hedging books keeps less than planned by more than
`profit_fell`; it is moved when somebody bids more and the price still keeps enough. After every end
a fill may still be on its way: nothing is decided of the deal before that time is over. The order
ends at its venue by itself some time later, should we be gone. The resting order counts at the
maker's fee, what hedges it at the taker's.
"""

from msgspec.structs import replace

from markets.terms.fees import fee_each
from markets.terms.ids import MarketId
from markets.terms.units import MICRO, MS, SECOND, Ns, Px, Qty, Rounding, divide
from trading.engine.acks import percentile_ms
from trading.engine.book import Book, BookState, Ladders, Level
from trading.engine.bounds import hedge_cap
from trading.engine.deals import Deal, DealLeg, DealState
from trading.engine.hedging import affordable, begin_hedge, hedge, hedgeable, passive
from trading.engine.intents import Intent, SetTimer
from trading.engine.legs import orders_of, reach, unended
from trading.engine.orders import TERMINAL, Order, Purpose, Side
from trading.engine.policy import shorts
from trading.engine.sending import Wanted, move, place_all, pull, put
from trading.engine.state import EngineState, account, limits_of

REST = "rest/"
MAKER = "maker/"
NET = Ns(60 * SECOND)
DWELL = Ns(500 * MS)
LATE_MS = 250
RESTS = 12
DEEP = Qty(1_000_000 * MICRO)
_D = DealState
FOLLOWED = (_D.OPENING, _D.RESTING, _D.HEDGING)


def follow(state: EngineState, deal: Deal, out: list[Intent], news: str) -> bool:
    """Bring a maker's deal on while its order may fill. Says whether there is nothing to decide."""
    order = _resting(state, deal)
    why = pulled(state, deal)
    if order is not None and why:
        pull(state, order, out)
    if any(hedgeable(state, deal, short) for short in shorts(state, deal)):
        _cover(state, deal, order, out, news)
        return True
    if order is not None:
        _stay(state, deal, order, out, news)
        return True
    due = _late_until(state, deal)
    if state.at < due:
        out.append(SetTimer(state.at, REST + deal.id, due))
        _told(state, deal, out, news)
        return True
    return not why and deal.state is not _D.HEDGING and _again(state, deal, out, news)


def pulled(state: EngineState, deal: Deal) -> str:
    """Why an order of this deal should not rest, in a sentence; empty where it may."""
    if state.at >= deal.opened_at + limits_of(state, deal).maker_timeout_ms * MS:
        return "Its time is over."
    if state.halts or state.paused or state.watching or deal.relation not in state.entries:
        return "Something stands against new deals."
    for i, leg in enumerate(deal.legs):
        book = state.books.get(leg.market)
        limit = state.trade_age.get(state.markets[leg.market].venue, 0)
        if i != deal.leader and (
            book is None or book.state is not BookState.LIVE or state.at - book.at > limit
        ):
            return "A hedging book cannot be believed."
    order = _resting(state, deal)
    if order is not None:
        cap = keeps(state, deal)
        if cap is None or order.request.px > cap:
            return "The package keeps too little at the hedging books."
    return ""


def keeps(state: EngineState, deal: Deal) -> Px | None:
    """The worst price of the leader at which the package, the other legs bought now, keeps what
    was planned less the share it may fall by.
    """
    share = MICRO - limits_of(state, deal).profit_fell
    least = divide(deal.planned_net * share, MICRO, Rounding.UP)
    costs = tuple(_now(state, deal, leg) for leg in deal.legs)
    own = deal.legs[deal.leader].market
    alone = all(leg.market != own for i, leg in enumerate(deal.legs) if i != deal.leader)
    return hedge_cap(state, deal, deal.leader, Px(-least), costs, resting=alone)


def _now(state: EngineState, deal: Deal, leg: DealLeg) -> Px:
    """What one contract of a leg costs now with its fee, at the level its whole rest would need."""
    book = state.books.get(leg.market)
    rest = Qty(max(1, divide(deal.size * leg.weight, MICRO, Rounding.UP) - leg.held))
    px = reach(book.asks(leg.outcome), rest, Px(MICRO), buying=True) if book else None
    worst = Px(MICRO) if px is None else px
    return Px(worst + fee_each(state.markets[leg.market].fees, worst))


def _resting(state: EngineState, deal: Deal) -> Order | None:
    """The leader's order that may still fill."""
    orders = orders_of(state, deal.legs[deal.leader])
    return next((order for order in orders if order.state not in TERMINAL), None)


def _cover(
    state: EngineState, deal: Deal, order: Order | None, out: list[Intent], news: str
) -> None:
    """Hedge what filled; where that does not go out at once, nothing more may fill."""
    if deal.state is _D.HEDGING:
        hedge(state, deal, out, news=news)
    else:
        begin_hedge(state, deal, out)
    sent = [o for o in unended(state, state.deals[deal.id]) if not o.request.expires_at]
    if order is not None and not sent:
        pull(state, order, out)


def _stay(state: EngineState, deal: Deal, order: Order, out: list[Intent], news: str) -> None:
    """The order rests and what it filled is hedged: tell it, and see whether it should move."""
    if deal.state is _D.HEDGING:
        deal = move(deal, _D.RESTING, state.at)
        put(state, deal, f"{news} Hedged. The rest of the order stays.".strip(), out)
    else:
        _told(state, deal, out, news)
    target = target_price(state, deal)
    if target is None or state.at - order.sent_at < DWELL:
        return
    if target > order.request.px:
        pull(state, order, out)


def target_price(state: EngineState, deal: Deal) -> Px | None:
    """Where the leader's order should rest: a tick before the best bid, never where it would trade
    or keep too little.
    """
    cap = keeps(state, deal)
    leg = deal.legs[deal.leader]
    book = state.books.get(leg.market)
    if cap is None or book is None:
        return None
    return front(state, book, leg.outcome, cap)


def front(state: EngineState, book: Book, outcome: int, cap: Px) -> Px | None:
    """A tick before the best bid, within the cap, where nothing would trade at once; None without
    a live book or a bid.
    """
    bids = book.bids(outcome)
    if book.state is not BookState.LIVE or not bids:
        return None
    better = state.markets[book.market].ticks.to_legal(Px(bids[0][0] + 1), Rounding.UP)
    return None if better is None else passive(state, book, outcome, min(cap, better))


def offered(book: Book, outcome: int, level: Level) -> Book:
    """The book as if this were the only offer of an outcome: what an order at its price would buy
    when somebody sells to it.
    """
    if outcome < len(book.ladders):
        ladders = list(book.ladders)
        ladders[outcome] = Ladders(ladders[outcome].bids, (level,))
        return replace(book, ladders=tuple(ladders))
    mirrored = (Px(MICRO - level[0]), level[1])
    return replace(book, ladders=(Ladders((mirrored,), book.ladders[0].asks),))


def end_at_venue(state: EngineState, market: MarketId, over: Ns) -> Ns:
    """When the venue itself is to end an order that we take back at `over`, should we be gone by
    then: some time later, and never sooner than the venue takes an end.
    """
    venue = state.venues.get(state.markets[market].venue)
    least = venue.least_life_ms if venue else 0
    return Ns(max(over + NET, state.at + least * MS))


def _late_until(state: EngineState, deal: Deal) -> Ns:
    """Until when a fill of the leader's last order may still be on its way."""
    orders = orders_of(state, deal.legs[deal.leader])
    venue = account(deal.book, state.markets[deal.legs[deal.leader].market].venue)
    window = max(LATE_MS, 2 * percentile_ms(state.acks.get(venue, ())))
    last = orders[-1]
    whole = last.filled == last.request.qty
    return last.changed_at if whole else Ns(last.changed_at + window * MS)


def _again(state: EngineState, deal: Deal, out: list[Intent], news: str) -> bool:
    """Rest what is left at the price that is right now; says whether it was sent."""
    leg = deal.legs[deal.leader]
    market = state.markets[leg.market]
    rest = Qty((leg.planned - leg.held) // market.lot * market.lot)
    orders = orders_of(state, leg)
    refused = orders[-1].filled == 0 and orders[-1].cancel_at == 0
    px = target_price(state, deal)
    if px is not None and rest > 0:
        rest = affordable(state, deal, deal.leader, rest, px, resting=True)
    if rest < market.min_size or len(orders) >= RESTS or px is None or refused:
        return False
    _told(state, deal, out, news)
    over = Ns(deal.opened_at + limits_of(state, deal).maker_timeout_ms * MS)
    end = end_at_venue(state, leg.market, over)
    wanted = Wanted(deal.leader, Side.BUY, rest, px, Purpose.OPEN, end)
    place_all(state, deal, [wanted], "Resting again: buy", out)
    return True


def _told(state: EngineState, deal: Deal, out: list[Intent], news: str) -> None:
    if news:
        put(state, deal, news, out)
