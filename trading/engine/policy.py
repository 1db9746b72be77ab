"""What to do about a naked deal: the numbers of its four choices, and when not to wait any longer.

The naked set is one for all strategies and part of the checkpoint: a watch is kept on each of its
deals from the moment its legs differ. What a price moved against us for some seconds, or depth that
vanished, makes acting urgent; what has been naked for long is said aloud. A person's choice stands
until it is carried out, until things become urgent, or until it has waited long enough. Not here:
the arithmetic (`naked`), sending (`hedging`, `unwinding`).
"""

import msgspec
from msgspec.structs import replace

from markets.terms.formats import age, edge_cents
from markets.terms.ids import DealId
from markets.terms.packages import least_payout
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Rounding, Usd, divide, times
from trading.engine.book import BookState
from trading.engine.bounds import floors, hedge_cap
from trading.engine.deals import Deal, excess
from trading.engine.intents import Intent, SetTimer
from trading.engine.legs import average, packages_held
from trading.engine.likely import priors
from trading.engine.naked import Choice, Option, Part, Situation, Tables, depth_within, options
from trading.engine.state import EngineState, Watch, limits_of

ADVERSE = "adverse/"
UNHEDGED = "unhedged/"


class Short(msgspec.Struct, frozen=True):
    """A leg of which contracts are missing to the packages that another leg holds."""

    leg: int
    missing: Qty


def shorts(state: EngineState, deal: Deal) -> list[Short]:
    """What is missing of each leg beyond the dust."""
    target = max(packages_held(leg) for leg in deal.legs)
    found = []
    for i, leg in enumerate(deal.legs):
        missing = divide(target * leg.weight, MICRO, Rounding.DOWN) - leg.held
        if missing > state.terms[deal.id].dust:
            found.append(Short(i, Qty(missing)))
    return found


def watch(state: EngineState, deal: Deal, due: Ns, out: list[Intent]) -> None:
    """Begin to watch a deal whose legs differ; one that is watched keeps its first moment."""
    if deal.id in state.watches:
        state.watches[deal.id] = replace(state.watches[deal.id], due=due)
        return
    state.watches[deal.id] = Watch(since=state.at, due=due, mark=_mark(state, deal))
    alert = Ns(state.at + limits_of(state, deal).unhedged_alert_ms * MS)
    out.append(SetTimer(state.at, UNHEDGED + deal.id, alert))


def tables(state: EngineState) -> Tables:
    """The fill tables last told, else the shipped priors of the settings."""
    return state.tables or priors(state.limits)


def situation(state: EngineState, deal: Deal) -> Situation:
    """The deal as it stands, for `naked`: what is missing, what is too much, what it is worth."""
    terms = state.terms[deal.id]
    target = max(packages_held(leg) for leg in deal.legs)
    prices = tuple(average(state, leg) for leg in deal.legs)
    payout = least_payout(terms.relation, terms.package, prices)
    sales, spent = [], 0
    for i, leg in enumerate(deal.legs):
        over = excess(leg, deal.matched)
        if over > terms.dust:
            floor = floors(state, deal, i)
            sales.append(_part(state, deal, i, over, floor[-1] if floor else Px(MICRO)))
            spent += divide((leg.cost + leg.fees) * over, leg.held, Rounding.UP)
    buys = []
    for short in shorts(state, deal):
        cap = hedge_cap(state, deal, short.leg, terms.hedge_loss)
        buys.append(_part(state, deal, short.leg, short.missing, cap or Px(0), buying=True))
    kept = state.watches.get(deal.id)
    return Situation(
        buys=tuple(buys),
        sales=tuple(sales),
        payout=times(payout, Qty(max(0, target - deal.matched)), Rounding.DOWN),
        spent=Usd(spent),
        left=Ns(max(0, kept.due - state.at)) if kept else Ns(0),
        drift=Px(limits_of(state, deal).adverse_move),
        drift_for=Ns(limits_of(state, deal).adverse_move_ms * MS),
        tables=tables(state),
    )


def choices(state: EngineState, deal: Deal) -> tuple[Option, ...]:
    """The four choices of a naked deal in numbers."""
    return options(situation(state, deal))


def preferred(state: EngineState, deal: Deal) -> Choice:
    """What the policy does now: complete the deal while that keeps at least as much as getting out;
    else get out when it is urgent or too late to wait; else wait.
    """
    _, _, cross, unwind = choices(state, deal)
    if cross.allowed and not (unwind.allowed and unwind.expected > cross.expected):
        return Choice.CROSS
    if cross.allowed or urgency(state, deal):
        return Choice.UNWIND
    kept = state.watches.get(deal.id)
    return Choice.UNWIND if kept is None or state.at >= kept.due else Choice.WAIT


def urgency(state: EngineState, deal: Deal) -> str:
    """Why a naked deal cannot wait, in a sentence; empty when it can."""
    kept = state.watches.get(deal.id)
    if kept is None:
        return ""
    limits = limits_of(state, deal)
    if kept.adverse_at and state.at - kept.adverse_at >= limits.adverse_move_ms * MS:
        moved = edge_cents(Px(kept.mark - _mark(state, deal)))
        return f"Prices moved {moved} against the naked leg for {age(limits.adverse_move_ms * MS)}."
    if _collapsed(state, deal):
        return "The depth within the loss allowed is less than the naked leg needs."
    return ""


def marked(state: EngineState, deal: Deal, out: list[Intent]) -> None:
    """Follow the price the naked leg could be sold at, and be woken when it was bad for long."""
    kept = state.watches.get(deal.id)
    if kept is None:
        return
    now = _mark(state, deal)
    if kept.mark == 0:
        kept = replace(kept, mark=now)
    limits = limits_of(state, deal)
    bad = kept.mark - now >= limits.adverse_move > 0
    if bad and not kept.adverse_at:
        kept = replace(kept, adverse_at=state.at)
        due = Ns(state.at + limits.adverse_move_ms * MS)
        out.append(SetTimer(state.at, ADVERSE + deal.id, due))
    elif not bad and kept.adverse_at:
        kept = replace(kept, adverse_at=Ns(0))
    state.watches[deal.id] = kept


def chosen(state: EngineState, name: DealId) -> Choice | None:
    """A person's choice that still stands."""
    kept = state.watches.get(name)
    return Choice(kept.chosen) if kept is not None and kept.chosen else None


def _part(
    state: EngineState, deal: Deal, index: int, qty: Qty, bound: Px, *, buying: bool = False
) -> Part:
    leg = deal.legs[index]
    market = state.markets[leg.market]
    book = state.books.get(leg.market)
    if book is None or book.state is not BookState.LIVE:
        return Part(qty, (), Ns(0), bound, market.fees)
    levels = book.asks(leg.outcome) if buying else book.bids(leg.outcome)
    own = book.bids(leg.outcome) if buying else book.asks(leg.outcome)
    better = sum(px >= bound if buying else px <= bound for px, _ in own)
    return Part(qty, levels, Ns(state.at - book.at), bound, market.fees, better + 1)


def _mark(state: EngineState, deal: Deal) -> Px:
    """What one contract of the naked legs could be sold for now, the whole size walked, rounded
    down; 0 without bids.
    """
    sold = size = 0
    for i, leg in enumerate(deal.legs):
        over = excess(leg, deal.matched)
        if over <= state.terms[deal.id].dust:
            continue
        part = _part(state, deal, i, over, Px(0))
        left: int = over
        for px, shown in part.levels:
            take = min(left, shown)
            sold += px * take
            left -= take
        size += over
    return Px(divide(sold, size, Rounding.DOWN)) if size else Px(0)


def _collapsed(state: EngineState, deal: Deal) -> bool:
    """Whether some naked leg's bids within its loss hold less than the share asked for."""
    for part in situation(state, deal).sales:
        if not part.levels:
            continue
        held = depth_within(part.levels, part.bound, buying=False)
        if held * MICRO < part.qty * limits_of(state, deal).collapse_share:
            return True
    return False
