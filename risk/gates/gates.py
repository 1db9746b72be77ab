"""The reasons to refuse a plan, one function each.

A gate looks at a plan and the engine's state and returns nothing (passed) or a `Refused` with
its limit, the actual value and a sentence. Gates change nothing, know no order among themselves
and read time only from `state.at`. Each asks whether the plan may be *begun*: hedges and unwinds
never come here.
"""

from markets.terms.formats import age, amount, count, edge_cents, money
from markets.terms.ids import VenueId
from markets.terms.instruments import MarketState
from markets.terms.units import MICRO, MS, SECOND, Ns, Px, Rounding, Usd, divide
from trading.engine.book import BookState
from trading.engine.config import Limits, Mode, Unit
from trading.engine.deals import Deal
from trading.engine.lockup import is_enough
from trading.engine.orders import BookKind
from trading.engine.plans import Plan, PlanLeg, charged, worst_at_limits
from trading.engine.pockets import Pocket, cash_in, free_in, needs_by_pocket
from trading.engine.ports import Refused
from trading.engine.state import EngineState, run_mode
from trading.engine.stops import scope_name, standing
from trading.engine.strategies import rests

BEFORE_MAINTENANCE = Ns(120 * SECOND)


def enabled(plan: Plan, state: EngineState) -> Refused | None:
    """The cross-venue engine is switched on."""
    if state.limits.xv_arb_enabled:
        return None
    return Refused("xv_arb_enabled", "The cross-venue engine is switched off.", 1, 0, Unit.FLAG)


def kill_switch(plan: Plan, state: EngineState) -> Refused | None:
    """Nobody, and no contradiction in money, has halted everything or a venue of this plan."""
    stop = standing(state, _venues(plan), plan.strategy)
    if stop is None:
        return None
    what = f" {scope_name(state, stop.scope)}" if stop.scope else ""
    who = f"Halted{what} by {stop.by}" if stop.by else f"Halted{what}"
    return Refused("kill_switch", f"{who}: {_sentence(stop.reason)}")


def scanning_paused(plan: Plan, state: EngineState) -> Refused | None:
    """Scanning is not paused."""
    if state.limits.scanning_paused:
        return Refused("scanning_paused", "Scanning is paused in the settings.", 0, 1, Unit.FLAG)
    if state.paused:
        return Refused("scanning_paused", f"Paused by {state.paused.by}.", 0, 1, Unit.FLAG)
    return None


def view_only(plan: Plan, state: EngineState) -> Refused | None:
    """Trading is not switched to watching only."""
    if state.limits.view_only:
        return Refused("view_only", "View only in the settings.", 0, 1, Unit.FLAG)
    if state.watching:
        return Refused("view_only", f"View only, set by {state.watching.by}.", 0, 1, Unit.FLAG)
    return None


def halt_if_naked(plan: Plan, state: EngineState) -> Refused | None:
    """No deal of this relation has an unmatched leg."""
    for deal, relation in state.naked.items():
        if relation == plan.relation:
            text = f"A leg of this relation is naked. Nothing trades it until deal {deal} ends."
            return Refused("halt_if_naked", text, 0, 1, Unit.COUNT)
    return None


def infrastructure(plan: Plan, state: EngineState) -> Refused | None:
    """Every part of our own machinery reports well."""
    for part in state.health.values():
        text = f"{part.component.capitalize()} is not well: {_sentence(part.text)}"
        return Refused("infrastructure", text, 0, len(state.health), Unit.COUNT)
    return None


def venue_health(plan: Plan, state: EngineState) -> Refused | None:
    """Every leg's venue delivers, is to be trusted and not in maintenance, its market is open and
    its book may be believed.
    """
    for leg in plan.legs:
        for doubt in (_away, _in_maintenance, _distrusted, _unbelieved):
            refused = doubt(leg, state)
            if refused is not None:
                return refused
    return None


def _away(leg: PlanLeg, state: EngineState) -> Refused | None:
    """The feed is down, or its books are polled and the settings do not trust those."""
    name = venue_name(state, leg.venue)
    feed = state.feeds.get(leg.venue)
    judged = state.judged.get(leg.venue)
    polled = judged.polled if judged else ""
    if polled and limits_at(leg.venue, state).trade_polled:
        return None
    if feed is None or not feed.up:
        why = f": {_sentence(feed.reason)}" if feed and feed.reason else "."
        return Refused("venue_health", f"{name} does not deliver{why}")
    if polled:
        text = f"{name} is polled over REST: {_sentence(polled)} Such books are not traded."
        return Refused("venue_health", text, 0, 1, Unit.FLAG)
    return None


def _in_maintenance(leg: PlanLeg, state: EngineState) -> Refused | None:
    venue = state.venues.get(leg.venue)
    for window in venue.maintenance if venue else ():
        if window.starts - BEFORE_MAINTENANCE <= state.at < window.ends:
            left = age(Ns(window.ends - state.at))
            why = window.reason or "announced"
            text = f"{venue_name(state, leg.venue)} is in maintenance for {left} more: {why}."
            return Refused("venue_health", text)
    return None


def _distrusted(leg: PlanLeg, state: EngineState) -> Refused | None:
    """The feed says of itself that it must not be traded on, or its score is too low."""
    judged = state.judged.get(leg.venue)
    if judged is None:
        return None
    name = venue_name(state, leg.venue)
    if judged.refused:
        return Refused("venue_health", f"{name} is not to be trusted: {_sentence(judged.refused)}")
    least = limits_at(leg.venue, state).min_venue_score
    if judged.score < least:
        worst = f", most for {judged.worst}" if judged.worst else ""
        text = f"{name} scores {judged.score} of 100{worst}. Trading needs {least}."
        return Refused("venue_health", text, least, judged.score, Unit.COUNT)
    return None


def _unbelieved(leg: PlanLeg, state: EngineState) -> Refused | None:
    name = venue_name(state, leg.venue)
    market = state.markets[leg.market]
    if market.state is not MarketState.OPEN:
        return Refused("venue_health", f"The market at {name} is {market.state.value}.")
    book = state.books.get(leg.market)
    if book is None or book.state is not BookState.LIVE:
        why = _sentence(state.doubts.get(leg.market, "no fresh snapshot yet"))
        return Refused("venue_health", f"The book at {name} is not to be believed: {why}")
    return None


def sharp_freshness(plan: Plan, state: EngineState) -> Refused | None:
    """No leg's book is older than its venue allows."""
    for leg in plan.legs:
        old = state.market_age(leg.market)
        limit = state.trade_age.get(leg.venue, state.limits.trade_age_ms * MS)
        if old is None or old > limit:
            name = venue_name(state, leg.venue)
            seen = age(old) if old is not None else "of unknown age"
            text = f"{name} is {seen} old. It may be at most {age(limit)}."
            actual = None if old is None else old // MS
            return Refused("sharp_freshness", text, limit // MS, actual, Unit.MS)
    return None


def skew(plan: Plan, state: EngineState) -> Refused | None:
    """The legs' books are of nearly the same time."""
    ages = [state.market_age(leg.market) or 0 for leg in plan.legs]
    apart = (max(ages) - min(ages)) // MS
    limit = state.limits.max_skew_ms
    if apart <= limit:
        return None
    text = f"The books are {age(apart * MS)} apart, allowed are {age(limit * MS)}."
    return Refused("skew", text, limit, apart, Unit.MS)


def min_edge(plan: Plan, state: EngineState) -> Refused | None:
    """The plan nets at least what the relation asks per dollar, or earns enough a year."""
    limits = limits_for(plan, state)
    least, apy = Px(limits.min_net_edge), limits.min_apy
    if is_enough(plan.net, plan.edge.apy_ppm, least, apy):
        return None
    text = f"Nets {edge_cents(plan.net)} a share, needs {amount(least, Unit.CENTS)}"
    text += f" or {amount(apy, Unit.PPM)} a year." if apy else "."
    return Refused("min_edge", text, least, plan.net, Unit.CENTS)


def max_edge(plan: Plan, state: EngineState) -> Refused | None:
    """The edge is small enough to be believed."""
    limit = limits_for(plan, state).max_edge
    share = divide(plan.net * MICRO, max(1, plan.edge.payout), Rounding.UP)
    if share <= limit:
        return None
    text = (
        f"{edge_cents(plan.net)} is {amount(share, Unit.PPM)} of the payout, above "
        f"{amount(limit, Unit.PPM)}. Usually a stale book or a wrong match. Check the rules."
    )
    return Refused("max_edge", text, limit, share, Unit.PPM)


def min_depth(plan: Plan, state: EngineState) -> Refused | None:
    """The books carry a deal worth making, in whole lots and legal sizes."""
    least = limits_for(plan, state).min_trade
    if plan.size <= 0:
        text = "The books hold less than the venues' smallest orders."
        return Refused("min_depth", text, least, 0, Unit.USD)
    if plan.money >= least:
        return None
    text = f"The books carry {money(plan.money)}, a deal needs {money(Usd(least))}."
    return Refused("min_depth", text, least, plan.money, Unit.USD)


def token_check(plan: Plan, state: EngineState) -> Refused | None:
    """Every leg's account is known and holds the money of its orders."""
    book = plan.book or BookKind.PAPER
    for pocket, need in needs_by_pocket(state, book, plan.legs).items():
        cash = cash_in(state, book, pocket)
        name = venue_name(state, pocket.venue)
        if cash is None:
            text = f"The balance at {name} is not known."
            return Refused("token_check", text, need, None, Unit.USD)
        if cash < need:
            text = f"{name} has {money(cash)} free{_where(pocket)}, this needs {money(need)}."
            return Refused("token_check", text, need, cash, Unit.USD)
    return None


def in_flight(plan: Plan, state: EngineState) -> Refused | None:
    """No deal of this relation, and none that trades a market of this plan, is under way."""
    for deal, relation in state.active.items():
        text = ""
        if relation == plan.relation:
            text = f"Deal {deal} of this relation is under way."
        elif _shares_a_market(plan, state.deals[deal]):
            text = f"Deal {deal} trades a market of this plan."
        if text:
            return Refused("in_flight", text, 0, 1, Unit.COUNT)
    return None


def _shares_a_market(plan: Plan, deal: Deal) -> bool:
    return any(one.market == leg.market for one in deal.legs for leg in plan.legs)


def match_rate_limit(plan: Plan, state: EngineState) -> Refused | None:
    """The relation's last deal is long enough ago."""
    limit = limits_for(plan, state).match_interval_ms
    return _pause(
        "match_rate_limit", state.opened.get(plan.relation), limit, state.at, "The last deal was"
    )


def cooldown(plan: Plan, state: EngineState) -> Refused | None:
    """The relation has cooled down since its last failed deal."""
    limit = limits_for(plan, state).cooldown_ms
    return _pause(
        "cooldown", state.failed.get(plan.relation), limit, state.at, "The last deal failed"
    )


def exec_mode(plan: Plan, state: EngineState) -> Refused | None:
    """The run, the engine, the relation and every leg's venue allow paper or money alike; with
    money, every leg's venue is armed.
    """
    if plan.book is BookKind.LIVE:
        return _unarmed(plan, state)
    if plan.book is not None:
        return None
    config = state.entries[plan.relation].config
    named = [
        ("This run", run_mode(state.mode)),
        ("The engine", state.config.exec_mode if state.config else Mode.DETECT),
        ("This relation", config.mode),
    ]
    for leg in plan.legs:
        venue = state.venues.get(leg.venue)
        off = venue is None or not venue.enabled
        name = venue_name(state, leg.venue)
        named.append((name, Mode.DETECT if venue is None or off else venue.mode))
    for name, mode in named:
        if mode is Mode.DETECT:
            return Refused("exec_mode", f"{name} is set to detect: it looks and does not trade.")
    live = next((name for name, mode in named if mode is Mode.LIVE), "The engine")
    paper = next((name for name, mode in named if mode is Mode.PAPER), "This run")
    return Refused("exec_mode", f"{live} is set to live, {paper.lower()} to paper: neither trades.")


def _unarmed(plan: Plan, state: EngineState) -> Refused | None:
    for leg in plan.legs:
        venue = state.venues.get(leg.venue)
        if venue is None or venue.armed_until <= state.at:
            text = f"{venue_name(state, leg.venue)} is not armed: no deal is opened with money."
            return Refused("exec_mode", text)
    return None


def tail_risk(plan: Plan, state: EngineState) -> Refused | None:
    """What the venues settling apart is expected to cost is below its cap."""
    limit = limits_for(plan, state).max_tail_cost
    if plan.edge.tail <= limit:
        return None
    text = (
        f"Tail risk {amount(plan.edge.tail, Unit.CENTS)}, cap {amount(limit, Unit.CENTS)}. "
        "The venues can settle apart."
    )
    return Refused("tail_risk", text, limit, plan.edge.tail, Unit.CENTS)


def reservation(plan: Plan, state: EngineState) -> Refused | None:
    """No dollar of this plan is promised to an order on its way."""
    book = plan.book or BookKind.PAPER
    for pocket, need in needs_by_pocket(state, book, plan.legs).items():
        free = free_in(state, book, pocket) or Usd(0)
        if free < need:
            name, where = venue_name(state, pocket.venue), _where(pocket)
            text = f"{name} has {money(free)}{where} not promised to orders, this needs "
            text += f"{money(need)}."
            return Refused("reservation", text, need, free, Unit.USD)
    return None


def payoff_proof(plan: Plan, state: EngineState) -> Refused | None:
    """At the very limit prices about to be sent, no decisive world loses and no neutral one loses
    much.
    """
    relation = state.entries[plan.relation].relation
    resting = plan.legs[plan.leader].market if rests(plan.strategy) else None
    markets = charged(relation, state.markets, [leg.market for leg in plan.legs], resting)
    kept, loss = worst_at_limits(plan, relation, markets)
    if kept < 0:
        text = f"At its limit prices this keeps {edge_cents(kept)} a share in the worst world."
        return Refused("payoff_proof", text, 0, kept, Unit.CENTS)
    limit = limits_for(plan, state).max_neutral_loss
    if loss > limit:
        most = amount(limit, Unit.CENTS)
        text = f"A push costs {amount(loss, Unit.CENTS)} a share, allowed are {most}."
        return Refused("payoff_proof", text, limit, loss, Unit.CENTS)
    return None


def execute(plan: Plan, state: EngineState) -> Refused | None:
    """The plan can be sent as it stands: equal packages on every leg, whole lots, legal prices,
    open run.
    """
    if plan.book is None or plan.size <= 0 or not state.run:
        return Refused("execute", "There is nothing that could be sent.")
    for leg in plan.legs:
        market = state.markets[leg.market]
        name = venue_name(state, leg.venue)
        if leg.qty * MICRO != plan.size * leg.weight or leg.qty % market.lot:
            return Refused("execute", f"{count(leg.qty)} at {name} is not a size it takes.")
        if not market.ticks.is_legal(leg.limit):
            return Refused("execute", f"{amount(leg.limit, Unit.CENTS)} is no price at {name}.")
    return None


def _pause(gate: str, last: Ns | None, limit: int, at: Ns, what: str) -> Refused | None:
    if last is None or at - last >= limit * MS:
        return None
    passed = (at - last) // MS
    text = f"{what} {age(at - last)} ago, {age(limit * MS)} must pass."
    return Refused(gate, text, limit, passed, Unit.MS)


def needs_of(plan: Plan) -> dict[VenueId, Usd]:
    """The most each venue's orders can cost."""
    needs: dict[VenueId, Usd] = {}
    for leg in plan.legs:
        needs[leg.venue] = Usd(needs.get(leg.venue, 0) + leg.money)
    return needs


def _where(pocket: Pocket) -> str:
    """The part of a venue's cash, in words; empty for all of it."""
    return "" if pocket.shard is None else f" on shard {pocket.shard}"


def limits_for(plan: Plan, state: EngineState) -> Limits:
    """The limits that hold for this plan's relation and strategy."""
    return state.entries[plan.relation].limits_of(plan.strategy)


def limits_at(venue: VenueId, state: EngineState) -> Limits:
    """The limits that hold at this venue."""
    return state.venue_limits.get(venue, state.limits)


def _venues(plan: Plan) -> tuple[VenueId, ...]:
    return tuple(leg.venue for leg in plan.legs)


def venue_name(state: EngineState, venue: VenueId) -> str:
    """A venue as people call it."""
    config = state.venues.get(venue)
    return config.name if config else venue


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
