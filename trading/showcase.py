"""Made-up pictures, one for each state a row or the header can be in, for the style guide.

Nothing of it is traded, stored or published.
"""

from __future__ import annotations

from markets.terms.ids import DealId, MarketId, RelationId, VenueId
from markets.terms.units import DAY, MICRO, MS, SECOND, Ns, Px, Qty, Usd
from trading.engine.pictures import (
    AlertPicture,
    ChoicePicture,
    EnginePicture,
    LegPicture,
    NakedPicture,
    PackagePicture,
    QuotePicture,
    Reading,
    RelationPicture,
    ScoreTerm,
    VenuePicture,
    VenueTruth,
    Verdict,
    WalkRow,
    WorldRow,
)
from trading.live import Header, make_header
from trading.rows import Row, make_row

CENT = 10_000
SHORTS = {"kalshi": "KA", "polymarket": "PM"}
GATES = (
    "xv_arb_enabled",
    "kill_switch",
    "scanning_paused",
    "view_only",
    "halt_if_naked",
    "sharp_freshness",
    "min_edge",
    "max_edge",
    "min_depth",
    "token_check",
    "match_rate_limit",
    "cooldown",
    "exec_mode",
    "execute",
)
NUMBERS: dict[str, tuple[int, int, str]] = {
    "sharp_freshness": (400, 2000, "ms"),
    "min_edge": (30_000, 15_000, "¢"),
    "max_edge": (13_600, 150_000, "%"),
    "min_depth": (310 * MICRO, 50 * MICRO, "contracts"),
    "token_check": (1_204 * MICRO, 304 * MICRO, "USD"),
}
SENTENCES = {"kill_switch": "halted by a person", "cooldown": "0.6s left"}


def readings(
    stop: str = "", verdict: Verdict = Verdict.REFUSED, actual: int = 0
) -> tuple[Reading, ...]:
    """The chain with one gate that stops, or none."""
    found = []
    reached = True
    for gate in GATES:
        value, limit, unit = NUMBERS.get(gate, (0, 0, ""))
        if not reached:
            found.append(Reading(gate, Verdict.NOT_REACHED))
        elif gate == stop:
            reached = False
            if unit:
                found.append(Reading(gate, verdict, limit, actual or value, unit))
            else:
                found.append(Reading(gate, verdict, text=SENTENCES.get(gate, "")))
        elif unit:
            found.append(Reading(gate, Verdict.PASSED, limit, value, unit))
        else:
            found.append(Reading(gate, Verdict.PASSED))
    return tuple(found)


def relation(  # noqa: PLR0913  a picture is these facts
    name: str,
    title: str,
    now: int,
    *,
    category: str = "Sports",
    asks: tuple[int, int] = (4200, 5350),
    net: int | None = 13_000,
    chain: tuple[Reading, ...] | None = None,
    ages_ms: tuple[int, int] = (400, 200),
    size: int = 310,
    deal: str = "",
    approved: bool = True,
    pays_in_days: int = 15,
) -> RelationPicture:
    """One relation of two markets; asks in hundredths of a cent, `net` per share."""
    first, second = Px(asks[0] * 100), Px(asks[1] * 100)
    at = Ns(now)
    markets = (MarketId(f"kalshi:{name}"), MarketId(f"polymarket:{name}"))
    stamps = tuple(Ns(now - ms * MS) for ms in ages_ms)
    cost = Px(first + second)
    quotes = (
        _quote(markets[0], Px(first - CENT), first, stamps[0], size),
        _quote(markets[1], Px(MICRO - second), Px(MICRO - second + CENT), stamps[1], size + 190),
    )
    legs = (
        _leg(markets[0], "Yes", first, stamps[0], size),
        _leg(markets[1], "No", second, stamps[1], size + 190),
    )
    other_legs = (
        _leg(markets[0], "No", Px(MICRO - first + CENT), stamps[0], size),
        _leg(markets[1], "Yes", Px(MICRO - second + CENT), stamps[1], size),
    )
    lead = None if net is None else Px(net)
    other_cost = Px(sum(leg.ask or 0 for leg in other_legs))
    return RelationPicture(
        id=RelationId(name),
        title=title,
        category=category,
        payout_at=Ns(now + pays_in_days * DAY),
        at=at,
        min_edge=Px(15_000),
        quotes=quotes,
        packages=(
            _package(0, "KA Yes + PM No", legs, cost, lead, chain, size, approved),
            _package(
                1,
                "KA No + PM Yes",
                other_legs,
                other_cost,
                _opposite_net(other_cost),
                None,
                0,
                True,
            ),
        ),
        best=0,
        deal=DealId(deal) if deal else None,
        deal_state="hedging" if deal else "",
        changed_at=at,
    )


def _opposite_net(cost: Px) -> Px:
    return Px(MICRO - cost - 32_000)


def _quote(market: MarketId, bid: Px, ask: Px, at: Ns, size: int) -> QuotePicture:
    venue = VenueId(market.partition(":")[0])
    return QuotePicture(
        market=market,
        venue=venue,
        short=SHORTS[venue],
        title=market,
        outcomes=("Yes", "No"),
        bid=bid,
        bid_qty=Qty((size + 110) * MICRO),
        ask=ask,
        ask_qty=Qty(size * MICRO),
        at=at,
        state="live",
        age_limit_ms=2000,
    )


def _leg(market: MarketId, outcome: str, ask: Px, at: Ns, size: int) -> LegPicture:
    venue = VenueId(market.partition(":")[0])
    return LegPicture(
        market=market,
        venue=venue,
        short=SHORTS[venue],
        outcome=outcome,
        ask=ask,
        ask_qty=Qty(size * MICRO),
        at=at,
        state="live",
        age_limit_ms=2000,
        fee=Px(17_100 if venue == "kalshi" else 12_400),
        fee_text="7% of p(1−p)" if venue == "kalshi" else "sports 5%",
    )


def _package(  # noqa: PLR0913  a package is these facts
    number: int,
    label: str,
    legs: tuple[LegPicture, ...],
    cost: Px,
    net: Px | None,
    chain: tuple[Reading, ...] | None,
    size: int,
    approved: bool,
) -> PackagePicture:
    profit = Usd(max(net or 0, 0) * size)
    return PackagePicture(
        package=number,
        label=label,
        approved=approved,
        legs=legs,
        payout=Px(MICRO),
        cost=None if net is None else cost,
        fees=Px(29_500),
        friction=Px(500),
        tail=Px(2_000),
        net=net,
        net_ppm=0 if net is None else net * MICRO // cost,
        qty=Qty(size * MICRO if (net or 0) > 0 else 0),
        profit=profit,
        apy_ppm=None if net is None or net <= 0 else net * MICRO // cost * 365 // 15,
        readings=chain if chain is not None else readings(),
        walk=_walk(legs, net, size) if net is not None and (net or 0) > 0 else (),
        worlds=(
            WorldRow("yes", "decisive", (Px(MICRO), Px(0)), Px(MICRO), 0),
            WorldRow("no", "decisive", (Px(0), Px(MICRO)), Px(MICRO), 0),
            WorldRow("postponed", "tail", (Px(420_000), Px(500_000)), Px(920_000), 15_000),
            WorldRow("settled apart", "tail", (Px(0), Px(0)), Px(0), 1_000),
        ),
    )


def _walk(legs: tuple[LegPicture, ...], net: int, size: int) -> tuple[WalkRow, ...]:
    asks = tuple(leg.ask or Px(0) for leg in legs)
    steps = ((0, 0, size, True), (1, 0, size + 190, True), (1, 1, size + 240, False))
    found = []
    profit = 0
    before = 0
    for first, second, qty, taken in steps:
        prices = (Px(asks[0] + first * CENT), Px(asks[1] + second * CENT // 2))
        here = net - (first + second) * CENT
        profit += here * (qty - before)
        before = qty
        found.append(
            WalkRow(
                prices=prices,
                cost=Px(sum(prices)),
                fees=Px(29_500),
                net=Px(here),
                qty=Qty(qty * MICRO),
                profit=Usd(profit),
                taken=taken and here > 0,
            )
        )
    return tuple(found)


def relations(now: int) -> tuple[RelationPicture, ...]:
    """One relation in each state of a row."""
    waiting = readings("sharp_freshness", Verdict.WAITING, 3_100)
    return (
        relation(
            "near-miss",
            "Celtics beat Heat",
            now,
            chain=readings("min_edge", actual=13_000),
        ),
        relation("passed", "Djokovic beats Sinner", now, net=24_100, size=640, asks=(4010, 5300)),
        relation(
            "in-deal", "Bills beat Chiefs", now, net=15_600, deal="run-418", asks=(4120, 5410)
        ),
        relation(
            "refused",
            "Government shutdown by 31 January, signed by both chambers and the President",
            now,
            category="Politics",
            net=2_600,
            chain=readings("min_edge", actual=2_600),
            pays_in_days=72,
        ),
        relation(
            "stale",
            "Lakers – Suns, total 221.5",
            now,
            net=17_000,
            chain=waiting,
            ages_ms=(300, 41_000),
        ),
        relation(
            "waiting",
            "November CPI 2.9% or more",
            now,
            category="Economics",
            net=7_200,
            chain=readings("cooldown", Verdict.WAITING),
            ages_ms=(1300, 700),
        ),
        relation(
            "halted",
            "Bitcoin above $100k on 31 December",
            now,
            category="Crypto",
            net=17_100,
            chain=readings("kill_switch", Verdict.SAFETY),
        ),
        relation("other-way", "Fed cuts 25 bp in December", now, net=18_000, approved=False),
        relation("no-edge", "Man City – Liverpool, draw no bet", now, net=-700, asks=(4700, 5300)),
        relation("no-quote", "Best Picture: all ten nominees", now, category="Culture", net=None),
    )


def rows(pictures: tuple[RelationPicture, ...]) -> list[Row]:
    """Rows of pictures, in their order."""
    return [make_row(picture) for picture in pictures]


def naked_deal(now: int, deal: str = "r1-2") -> NakedPicture:
    """120 shares of a deal without their hedge, the policy waiting."""
    cents = 10_000
    rows = (
        ("wait", None, 84, -110, 0, 5600, True),
        ("hedge", 546_000, 91, -96, 460_000, 5600, True),
        ("cross", 552_000, 56, 41, 960_000, 0, True),
        ("unwind", 406_000, -478, -560, 910_000, 0, False),
    )
    return NakedPicture(
        deal=DealId(deal),
        relation=RelationId("bills"),
        title="Bills – Chiefs",
        legs="120 sh of KA Yes",
        hedge="120 PM No",
        loses=Usd(-5148 * cents),
        gains=Usd(6852 * cents),
        since=Ns(now - 9400 * MS),
        due=Ns(now + 5600 * MS),
        state="hedging",
        policy="wait",
        chosen="",
        urgent="",
        waits=False,
        open=True,
        options=tuple(
            ChoicePicture(
                kind, None if px is None else Px(px), Usd(likely * cents), Usd(worst * cents),
                chance, left, allowed,
            )
            for kind, px, likely, worst, chance, left, allowed in rows
        ),
    )  # fmt: skip


def engine(now: int, *, mode: str = "paper", halted: str = "", naked: int = 0) -> EnginePicture:
    """An engine that has just reported."""
    alerts: tuple[AlertPicture, ...] = ()
    if naked:
        alerts = (
            AlertPicture(
                "naked",
                True,
                "Naked leg: Bills – Chiefs, 120 sh of KA Yes unhedged.",
                Ns(now - 9 * SECOND),
                "/deals/",
            ),
        )
    if halted:
        alerts += (
            AlertPicture(
                "halted",
                True,
                f"Halted by operator, “{halted}”. No new orders. Cancels and hedges still pass.",
                Ns(now - 60 * SECOND),
                "/resume/",
            ),
        )
    return EnginePicture(
        at=Ns(now),
        run="showcase",
        revision=118,
        mode=mode,
        halted=halted,
        halted_by="operator" if halted else "",
        halted_at=Ns(now - 60 * SECOND) if halted else None,
        paused=False,
        view_only=False,
        today=Usd(41_180_000),
        at_work=Usd(2_026_000_000),
        worst=Usd(-15_820_000),
        free=Usd(3_106_000_000),
        open_deals=5,
        naked=naked,
        naked_deals=(naked_deal(now),) if naked else (),
        venues=(
            VenuePicture(
                VenueId("kalshi"),
                "KA",
                "Kalshi",
                True,
                mode,
                12,
                12,
                Ns(now - SECOND // 3),
                Usd(1_204 * MICRO),
            ),
            VenuePicture(
                VenueId("polymarket"),
                "PM",
                "Polymarket",
                True,
                mode,
                12,
                11,
                Ns(now - SECOND // 5),
                Usd(884 * MICRO),
            ),
        ),
        alerts=alerts,
        relations=10,
    )


def headers(now: int) -> list[Header]:
    """The header in each mode."""
    return [
        make_header(engine(now), now),
        make_header(engine(now, mode="live", naked=1), now),
        make_header(engine(now, mode="both"), now),
        make_header(engine(now, mode="detect"), now),
        make_header(engine(now, halted="lines look wrong"), now),
        make_header(engine(now - 6 * SECOND), now),
    ]


TERMS = (
    ScoreTerm("age_p95_ms", "message age, 95th percentile", "ms", 240, 500, 3_000, 25, 0),
    ScoreTerm("gaps_hour", "gaps in the last hour", "", 0, 2, 60, 15, 0),
    ScoreTerm("rejects_hour", "rejects in the last hour", "", 2, 10, 600, 10, 0),
    ScoreTerm(
        "agreement_ppm", "streamed books agreeing with REST", "%", 998_000, 990_000, 900_000, 25, 0
    ),
    ScoreTerm("silent_s", "silent now", "s", 0, 5, 60, 20, 0),
    ScoreTerm("clock_ms", "clock offset", "ms", 4, 100, 1_000, 15, 0),
    ScoreTerm("reconnects_hour", "reconnects in the last hour", "", 0, 3, 30, 15, 0),
)
SICK = (
    ScoreTerm("age_p95_ms", "message age, 95th percentile", "ms", 41_000, 500, 3_000, 25, 25),
    ScoreTerm("gaps_hour", "gaps in the last hour", "", 6, 2, 60, 15, 2),
    ScoreTerm("rejects_hour", "rejects in the last hour", "", 0, 10, 600, 10, 0),
    ScoreTerm(
        "agreement_ppm", "streamed books agreeing with REST", "%", 910_000, 990_000, 900_000, 25, 23
    ),
    ScoreTerm("silent_s", "silent now", "s", 41, 5, 60, 20, 14),
    ScoreTerm("clock_ms", "clock offset", "ms", 1, 100, 1_000, 15, 0),
    ScoreTerm("reconnects_hour", "reconnects in the last hour", "", 0, 3, 30, 15, 0),
)


def truth(venue: str, now: int, *, sick: bool = False) -> VenueTruth:
    """A feed in order, or one that has fallen silent."""
    terms = SICK if sick else TERMS
    values = {term.key: term.actual or 0 for term in terms}
    return VenueTruth(
        venue=VenueId(venue),
        at=Ns(now),
        up=True,
        down_reason="",
        url=f"wss://{venue}.example/ws",
        sockets=1,
        markets=24,
        live_books=0 if sick else 24,
        frames=184_213,
        bytes=44_000_000,
        reconnects=1,
        reconnects_hour=values["reconnects_hour"],
        last_frame_at=Ns(now - values["silent_s"] * SECOND),
        age_p50_ms=3_100 if sick else 82,
        age_p95_ms=values["age_p95_ms"],
        gaps=values["gaps_hour"],
        gaps_hour=values["gaps_hour"],
        resyncs=values["gaps_hour"],
        resyncs_hour=values["gaps_hour"],
        rejects={"sequence_gap": 6, "unknown_market": 1} if sick else {"bad_number": 2},
        rejects_hour=values["rejects_hour"],
        compared=92,
        disagreed=8 if sick else 0,
        moved=0,
        agreement_ppm=values["agreement_ppm"],
        silent_s=values["silent_s"],
        silent_total_s=values["silent_s"],
        waited_ms=0,
        rest_failures=0,
        clock_low_ms=-3,
        clock_high_ms=9,
        clock_ms=values["clock_ms"],
        clock_worry="none",
        score=100 - sum(term.lost for term in terms),
        terms=terms,
        polled="nothing has come over its socket for 41s" if sick else "",
        notes=((Ns(now - 41 * SECOND), "Silent: polled over REST."),) if sick else (),
    )
