"""Each gate refuses for its own reason, in a sentence with numbers, and passes otherwise."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from markets.terms.ids import MarketId, RelationId
from markets.terms.instruments import MarketState
from markets.terms.relations import Cell, TailRisk, World, WorldKind
from markets.terms.units import MICRO, Px, Qty, Usd
from risk.gates import gates
from risk.gates.chain import GATES
from tests.builders import (
    FIRST,
    KA,
    PM,
    RELATION,
    SECOND_MARKET,
    START,
    at,
    cash,
    command,
    gap,
    limited,
    market,
    px,
    qty,
    relation,
    show,
    snapshot,
    started,
    usd,
    venue,
)
from trading.engine import events as ev
from trading.engine.config import Mode, Snapshot, Window
from trading.engine.orders import BookKind
from trading.engine.plans import Plan
from trading.engine.ports import Refused
from trading.engine.scan import best_plan, route_tops
from trading.engine.state import EngineState, Judgement

BY_NAME = dict(GATES)


def ready(config: Snapshot | None = None, *, mode: str = "paper") -> EngineState:
    """An engine that sees a gap and has not acted on it, because view-only was set meanwhile."""
    engine = started(config, mode=mode)
    engine.step(command("view_only"))
    show(engine, *gap())
    engine.state.watching = None
    return engine.state


def plan(state: EngineState) -> Plan:
    entry = state.entries[RELATION]
    found = best_plan(state, entry, route_tops(state, entry))
    assert found is not None
    return found


def judged(name: str, state: EngineState, wanted: Plan | None = None) -> Refused | None:
    return BY_NAME[name](wanted or plan(state), state)


def refused(name: str, state: EngineState, wanted: Plan | None = None) -> Refused:
    found = judged(name, state, wanted)
    assert found is not None
    assert found.gate == name
    assert found.reason.endswith((".", "!", "?"))
    return found


@pytest.mark.parametrize("name", [name for name, _ in GATES])
def test_every_gate_passes_a_good_plan(name: str) -> None:
    assert judged(name, ready()) is None


def test_a_switched_off_engine_refuses() -> None:
    assert refused("xv_arb_enabled", ready(snapshot(xv_arb_enabled=0))).limit == 1


def test_a_halt_names_who_and_why() -> None:
    engine = started()
    engine.step(command("halt"))
    show(engine, *gap())
    assert refused("kill_switch", engine.state).reason == "Halted by alice: because."


def test_a_halted_venue_stops_plans_that_need_it() -> None:
    engine = started()
    engine.step(command("halt", "polymarket"))
    show(engine, *gap())
    assert "Polymarket" in refused("kill_switch", engine.state).reason


@pytest.mark.parametrize(
    ("name", "kind", "limit"),
    [("scanning_paused", "pause", "scanning_paused"), ("view_only", "view_only", "view_only")],
)
def test_a_person_and_the_settings_can_stop_looking(name: str, kind: str, limit: str) -> None:
    engine = started()
    engine.step(command(kind))
    show(engine, *gap())
    assert "alice" in refused(name, engine.state).reason
    assert "settings" in refused(name, ready(limited({limit: 1}))).reason


def test_a_naked_leg_of_the_relation_holds_it() -> None:
    state = ready()
    state.naked = {"r-9": RelationId("other")}  # type: ignore[dict-item]
    assert judged("halt_if_naked", state) is None
    state.naked = {"r-9": RELATION}  # type: ignore[dict-item]
    assert "r-9" in refused("halt_if_naked", state).reason


def test_sick_machinery_refuses_with_its_own_words() -> None:
    engine = started()
    engine.step(ev.HealthReported(START, "scribe", False, "no beat for 3 s"))
    show(engine, *gap())
    assert refused("infrastructure", engine.state).reason == (
        "Scribe is not well: no beat for 3 s."
    )


def test_a_silent_venue_a_closed_market_and_a_suspect_book_refuse() -> None:
    for event, word in (
        (ev.FeedDown(START, KA, "socket closed"), "socket closed"),
        (ev.MarketClosed(START, FIRST), "closed"),
        (ev.BookStale(START, FIRST, "gap 41 to 45"), "gap 41 to 45"),
    ):
        engine = started()
        engine.step(command("view_only"))
        show(engine, *gap())
        engine.step(event)
        assert word in refused("venue_health", engine.state).reason


def test_a_feed_that_is_back_waits_for_a_fresh_book() -> None:
    engine = started()
    engine.step(command("view_only"))
    show(engine, *gap())
    engine.step(ev.FeedDown(START, KA, "socket closed"))
    engine.step(ev.FeedUp(START, KA))
    assert "not to be believed" in refused("venue_health", engine.state).reason
    show(engine, *gap(at(1)))
    assert judged("venue_health", engine.state) is None


def test_an_old_book_refuses_by_its_venues_own_limit() -> None:
    slow = replace(venue(KA), trade_age_ms=7_000)
    state = ready(snapshot(venues=(slow, venue(PM))))
    state.at = at("2.001")
    found = refused("sharp_freshness", state)
    assert (found.limit, found.actual, found.unit) == (2_000, 2_001, "ms")
    assert found.reason.startswith("Polymarket is 2.0s old.")
    state.books[SECOND_MARKET] = gap(at("2.001"))[1]
    assert judged("sharp_freshness", state) is None


def test_books_of_different_times_refuse() -> None:
    state = ready()
    state.books[FIRST] = gap(at("1.5"))[0]
    state.at = at("1.5")
    assert refused("skew", state).actual == 1_500


def test_a_thin_edge_says_what_it_nets_and_needs() -> None:
    state = ready(snapshot(min_net_edge=90_000))
    found = refused("min_edge", state)
    assert found.reason == "Nets +6.24¢ a share, needs 9.00¢."
    assert (found.limit, found.actual, found.unit) == (90_000, plan(state).net, "¢")


def test_a_relation_can_ask_more_than_the_rest() -> None:
    config = snapshot()
    asked = tuple(replace(r, min_net_edge=Px(80_000)) for r in config.relations)
    assert refused("min_edge", ready(replace(config, relations=asked))).limit == 80_000


@pytest.mark.parametrize(("days", "enough"), [(10, True), (900, False)])
def test_a_yearly_return_is_enough_where_one_is_asked_for(days: int, enough: bool) -> None:
    config = snapshot(min_net_edge=90_000, min_apy=500_000)
    relations = tuple(
        replace(r, relation=replace(r.relation, payout_at=at(86_400 * days)))
        for r in config.relations
    )
    state = ready(replace(config, relations=relations))

    assert (judged("min_edge", state) is None) is enough
    if not enough:
        said = refused("min_edge", state).reason
        assert said == "Nets +6.24¢ a share, needs 9.00¢ or 50.00% a year."


def test_the_payouts_lag_and_disputes_lengthen_the_lock_up() -> None:
    def yearly(**lag: int) -> int:
        config = snapshot()
        relations = tuple(
            replace(r, relation=replace(r.relation, payout_at=at(86_400))) for r in config.relations
        )
        venues = tuple(replace(v, **lag) for v in config.venues)
        found = plan(ready(replace(config, relations=relations, venues=venues))).edge.apy_ppm
        assert found is not None
        return found

    now = yearly(payout_lag_ms=0)
    assert now - 2 <= 2 * yearly(payout_lag_ms=86_400_000) <= now
    half = yearly(payout_lag_ms=0, dispute_ppm=100_000, dispute_ms=864_000_000)
    assert now - 2 <= 2 * half <= now


def test_an_edge_too_good_is_not_believed() -> None:
    assert "Check the rules." in refused("max_edge", ready(snapshot(max_edge=60_000))).reason


def test_thin_books_and_small_deals_refuse() -> None:
    found = refused("min_depth", ready(snapshot(min_trade=99_000_000)))
    assert found.limit == 99_000_000
    state = ready()
    assert refused("min_depth", state, replace(plan(state), size=Qty(0))).actual == 0


def test_an_unknown_or_short_balance_refuses() -> None:
    engine = started()
    engine.step(command("view_only"))
    show(engine, *gap())
    wanted = plan(engine.state)
    engine.step(cash(KA, "3"))
    short = refused("token_check", engine.state, wanted)
    assert short.reason.startswith("Kalshi has $3.00 free, this needs $43.")
    engine.state.cash.clear()
    assert refused("token_check", engine.state, wanted).actual is None


def test_deals_of_a_relation_keep_their_distance() -> None:
    state = ready()
    state.opened[RELATION] = state.at
    assert refused("match_rate_limit", state).limit == 1_000
    state.at = at(1)
    assert judged("match_rate_limit", state) is None


def test_a_failed_deal_is_followed_by_a_pause() -> None:
    state = ready()
    state.failed[RELATION] = state.at
    assert refused("cooldown", state).reason == "The last deal failed 0.0s ago, 10s must pass."


@pytest.mark.parametrize(
    ("config", "mode", "word"),
    [
        (snapshot(mode=Mode.DETECT), "paper", "The engine is set to detect"),
        (snapshot(), "detect", "This run is set to detect"),
        (snapshot(), "nonsense", "This run is set to detect"),
        (snapshot(venues=(venue(KA, mode=Mode.DETECT), venue(PM))), "paper", "Kalshi is set"),
        (snapshot(venues=(replace(venue(KA), enabled=False), venue(PM))), "paper", "Kalshi is set"),
        (snapshot(mode=Mode.LIVE), "both", "The engine is set to live, kalshi to paper"),
    ],
)
def test_every_mode_must_allow_trading(config: Snapshot, mode: str, word: str) -> None:
    assert word in refused("exec_mode", ready(config, mode=mode)).reason


def test_money_is_spent_only_where_every_venue_is_armed_and_only_so_long() -> None:
    def armed(ka: int, pm: int) -> EngineState:
        both = (
            replace(venue(KA, mode=Mode.LIVE), armed_until=at(ka)),
            replace(venue(PM, mode=Mode.BOTH), armed_until=at(pm)),
        )
        return ready(snapshot(mode=Mode.LIVE, venues=both), mode="live")

    assert judged("exec_mode", armed(60, 60)) is None
    assert plan(armed(60, 60)).book is BookKind.LIVE
    assert "Polymarket is not armed" in refused("exec_mode", armed(60, 0)).reason
    state = armed(60, 60)
    state.at = at(60)
    assert "not armed" in refused("exec_mode", state).reason


def test_costly_tail_worlds_refuse() -> None:
    tails = (TailRisk("void", 30_000, Px(0), Px(MICRO)),)
    config = snapshot(relation(tails=tails), max_tail_cost=6_000)
    assert refused("tail_risk", ready(config)).actual == plan(ready(config)).edge.tail


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("max_event_exposure", {"max_event_exposure": 60_000_000}),
        ("max_total_exposure", {"max_total_exposure": 60_000_000}),
        ("venue_capital", {"venue_capital": 40_000_000}),
    ],
)
def test_a_money_limit_refuses_what_goes_beyond_it(name: str, limits: dict[str, int]) -> None:
    wide = plan(ready())
    state = ready(limited(limits))
    found = refused(name, state, wide)
    assert found.limit == next(iter(limits.values()))
    assert found.actual is not None
    assert found.actual > found.limit


@pytest.mark.parametrize(
    "limits",
    [
        {"max_event_exposure": 60_000_000},
        {"max_total_exposure": 60_000_000},
        {"venue_capital": 40_000_000},
    ],
)
def test_a_plan_is_cut_to_the_exposure_left(limits: dict[str, int]) -> None:
    state = ready(limited(limits))
    cut = plan(state)
    assert Qty(0) < cut.size < plan(ready()).size
    assert all(BY_NAME[name](cut, state) is None for name in BY_NAME)


def test_too_many_open_deals_refuse() -> None:
    engine = started(snapshot(relation(), relation("b", "kalshi:B", "polymarket:B"), open_deals=1))
    show(engine, *gap(first="kalshi:B", second="polymarket:B"), *gap())
    assert refused("open_deals", engine.state).actual == 1


def test_a_promised_dollar_is_not_spent_twice() -> None:
    engine = started(snapshot(relation(), relation("b", "kalshi:B", "polymarket:B")))
    wanted = plan(ready())
    engine.step(cash(PM, "60"))
    show(engine, *gap(first="kalshi:B", second="polymarket:B"))
    assert judged("token_check", engine.state, wanted) is None
    found = refused("reservation", engine.state, wanted)
    assert found.reason == "Polymarket has $10.00 not promised to orders, this needs $50.00."


def test_the_payout_is_proved_at_the_prices_to_be_sent() -> None:
    state = ready()
    good = plan(state)
    dear = tuple(replace(leg, limit=px("0.55")) for leg in good.legs)
    found = refused("payoff_proof", state, replace(good, legs=dear))
    assert found.actual is not None
    assert found.actual < 0


def test_a_push_that_costs_too_much_refuses() -> None:
    config = snapshot(max_neutral_loss=10_000)
    pair = config.relations[0].relation
    worlds = (*pair.worlds, World("push", WorldKind.NEUTRAL))
    claims = tuple(replace(c, pays=(*c.pays, Cell(Px(400_000)))) for c in pair.claims)
    push = replace(pair, worlds=worlds, claims=claims)
    state = ready(replace(config, relations=(replace(config.relations[0], relation=push),)))
    assert refused("payoff_proof", state).reason.startswith("A push costs")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: replace(p, book=None),
        lambda p: replace(p, size=Qty(0)),
        lambda p: replace(p, legs=(replace(p.legs[0], qty=qty("99.5")), p.legs[1])),
        lambda p: replace(p, legs=(replace(p.legs[0], limit=px("0.425")), p.legs[1])),
    ],
)
def test_what_cannot_be_sent_is_refused_last(spoil: Callable[[Plan], Plan]) -> None:
    state = ready()
    refused("execute", state, spoil(plan(state)))


def test_a_market_that_is_not_open_is_named() -> None:
    state = ready()
    state.markets[FIRST] = replace(market(FIRST), state=MarketState.PAUSED)
    assert "paused" in refused("venue_health", state).reason


def test_a_missing_book_is_of_unknown_age() -> None:
    state = ready()
    wanted = plan(state)
    del state.books[MarketId(FIRST)]
    assert "unknown age" in refused("sharp_freshness", state, wanted).reason
    assert gates.venue_health(wanted, state) is not None


def test_exposure_counts_what_is_held_and_promised() -> None:
    engine = started(snapshot(max_event_exposure=100_000_000))
    show(engine, *gap())
    found = refused("max_event_exposure", engine.state, plan(ready()))
    assert found.actual is not None
    assert found.actual > Usd(180_000_000)
    assert usd(100) == found.limit


def test_a_limit_met_exactly_passes() -> None:
    state = ready(snapshot(min_net_edge=62_448))
    assert plan(state).net == 62_448
    assert judged("min_edge", state) is None
    state.at = at(2)
    assert judged("sharp_freshness", state) is None
    state.books[FIRST] = gap(at(1))[0]
    assert judged("skew", state) is None


def told(state: EngineState, **more: object) -> str:
    """What the gate says once the first venue was judged."""
    wanted = plan(state)
    fields = {"score": 100, "worst": "", "refused": "", "polled": "", "at": state.at, **more}
    state.judged[KA] = Judgement(**fields)  # type: ignore[arg-type]
    found = gates.venue_health(wanted, state)
    return found.reason if found else ""


def test_venue_health_refuses_below_the_least_score_and_names_the_worst_term() -> None:
    assert told(ready(), score=50) == ""
    reason = told(ready(), score=49, worst="message age")
    assert reason == "Kalshi scores 49 of 100, most for message age. Trading needs 50."


def test_venue_health_refuses_a_venue_that_says_so_of_itself() -> None:
    assert "its messages are late" in told(ready(), refused="its messages are late")


def test_polled_books_are_traded_only_where_the_settings_say_so() -> None:
    assert "polled over REST" in told(ready(), polled="its socket is silent")
    assert told(ready(limited({"trade_polled": 1})), polled="its socket is silent") == ""


def test_polled_books_of_a_venue_that_is_away_are_traded_only_where_the_settings_say_so() -> None:
    for allowed in (0, 1):
        state = ready(limited({"trade_polled": allowed}))
        wanted = plan(state)
        state.feeds[KA] = replace(state.feeds[KA], up=False)
        state.judged[KA] = Judgement(100, "", "", "its socket is away", state.at)
        assert (gates.venue_health(wanted, state) is None) is bool(allowed)


@pytest.mark.parametrize(("second", "open_"), [(0, True), (180, False), (299, False), (300, True)])
def test_nothing_is_begun_in_maintenance_nor_two_minutes_before(second: int, open_: bool) -> None:
    state = ready()
    wanted = plan(state)
    window = Window(at(300), at(301), "weekly")
    state.venues[KA] = replace(state.venues[KA], maintenance=(window,))
    state.at = at(second) if second < 300 else at(301)

    refused = gates.venue_health(wanted, state)

    assert (refused is None) is open_
    assert refused is None or refused.reason.endswith("more: weekly.")
