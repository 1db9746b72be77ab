"""An example of every answer of the API, told by the same code as the answers themselves."""

from __future__ import annotations

from typing import Any

from arbsite.health import Health, WorkerHealth
from markets.selectors import DecisionOnPair, MarketRow, RelationRow, RevisionRow, VenueRow
from markets.terms.ids import DealId, MarketId, OrderId, RelationId, VenueId
from markets.terms.relations import pair
from markets.terms.units import Ns, Px, Qty, Usd
from markets.wire import tell
from risk.holdings_view import HoldingLine, LegLine, WorldCell
from risk.selectors import BreakerRow
from trading.askings import CommandRow
from trading.engine.pictures import QuotePicture
from trading.judgements import DecisionRow
from trading.minutes import Minute
from trading.selectors import DealPage, DealRow, FillRow, LegRow, OrderRow, PositionRow, StepRow
from trading.stream import Edge
from trading.sums import SelfTestEnd, SelfTests, Stats
from trading.trips import TripRow

AT = Ns(1_795_176_000_000_000_000)
BILLS, CHIEFS = MarketId("kalshi:BILLS"), MarketId("polymarket:0x5f")
PAIR, DEAL, ORDER = RelationId("bills-chiefs"), DealId("6744f1-7"), OrderId("6744f1-7-0")
HASH = "9b1f0c6a52d3"
A_LEG = LegRow(
    position=0,
    market=BILLS,
    outcome=0,
    outcome_name="Yes",
    weight=Qty(1_000_000),
    planned=Qty(480_000_000),
    limit=Px(420_000),
    expected=Px(412_000),
    held=Qty(480_000_000),
    cost=Usd(197_760_000),
    fees=Usd(8_140_000),
)
A_DEAL = DealRow(
    pk=7,
    id=DEAL,
    relation=PAIR,
    title="Bills beat Chiefs",
    package=0,
    package_label="KA Yes + PM No",
    state="balanced",
    book="paper",
    opened_at=AT,
    changed_at=AT,
    size=Qty(480_000_000),
    matched=Qty(480_000_000),
    planned_net=Px(15_600),
    planned_profit=Usd(7_500_000),
    locked=Usd(7_310_000),
    reason="",
    revision=118,
    fee_rev=HASH,
    legs=(A_LEG,),
)
AN_ORDER = OrderRow(
    id=ORDER,
    deal=DEAL,
    leg=0,
    market=BILLS,
    outcome=0,
    side="buy",
    px=Px(412_000),
    qty=Qty(480_000_000),
    tif="ioc",
    book="paper",
    purpose="open",
    state="filled",
    sent_at=AT,
    changed_at=AT,
    filled=Qty(480_000_000),
    cost=Usd(197_760_000),
    fees=Usd(8_140_000),
    venue_order="",
    reason="",
)
A_FILL = FillRow(
    key="kalshi:9b1f",
    order=ORDER,
    deal=DEAL,
    market=BILLS,
    outcome=0,
    side="buy",
    book="paper",
    px=Px(412_000),
    qty=Qty(480_000_000),
    fee=Usd(8_140_000),
    at=AT,
    finality="final",
)
A_QUOTE = QuotePicture(
    market=BILLS,
    venue=VenueId("kalshi"),
    short="KA",
    title="Bills beat Chiefs?",
    outcomes=("Yes", "No"),
    bid=Px(410_000),
    bid_qty=Qty(420_000_000),
    ask=Px(412_000),
    ask_qty=Qty(480_000_000),
    at=AT,
    state="live",
    age_limit_ms=2000,
)
AN_EDGE = Edge(
    relation=PAIR,
    title="Bills beat Chiefs",
    category="Sports",
    at=AT,
    deal=None,
    quotes=(A_QUOTE,),
    gate="min_edge",
    why="1.30¢ < 2.50¢",
    package=0,
    label="KA Yes + PM No",
    net=Px(13_000),
    cost=Px(955_000),
    payout=Px(1_000_000),
    qty=Qty(310_000_000),
    profit=Usd(4_030_000),
    apy_ppm=156_000,
)
A_DECISION = DecisionRow(
    seq=81_234,
    relation=PAIR,
    at=AT,
    package=0,
    verdict="refused",
    gate="min_edge",
    reason="",
    limit=25_000,
    actual=13_000,
    unit="¢",
    net=Px(13_000),
    qty=Qty(310_000_000),
    profit=Usd(4_030_000),
    deal="",
)
A_COMMAND = CommandRow(
    id=12,
    kind="halt",
    target="",
    author="alice",
    reason="prices look wrong",
    state="done",
    answer="Halted.",
    created_at=AT,
    done_at=AT,
)
A_MINUTE = Minute(
    worker="main",
    at=AT,
    run="6744f1",
    mode="paper",
    seq_from=81_000,
    seq_to=81_234,
    relations=14,
    edges=4,
    plans=21,
    approved=2,
    approval_ppm=95_238,
    gates={"min_edge": 19},
    opened=2,
    ended=2,
    losses=0,
    fills=4,
    open_deals=0,
    naked=0,
    pnl_today=Usd(4_180_000),
    at_work=Usd(405_130_000),
    worst=Usd(-15_820_000),
    free=Usd(9_594_870_000),
    sockets_up=2,
    sockets=2,
)
A_VENUE = VenueRow(
    slug=VenueId("kalshi"),
    name="Kalshi",
    short="KA",
    enabled=True,
    mode="paper",
    trade_age_ms=2000,
    paper_latency_ms=150,
    paper_cash=Usd(10_000_000_000),
    payout_lag_ms=86_400_000,
    hosts={},
    ws="",
    sockets=1,
    markets=3412,
)
A_MARKET = MarketRow(
    id=31,
    market_id=BILLS,
    venue=VenueId("kalshi"),
    native="BILLS",
    title="Bills beat Chiefs?",
    event="Bills at Chiefs",
    category="Sports",
    state="open",
    outcomes=("Yes", "No"),
    url="https://kalshi.com/markets/bills",
    rules="If the Bills win, the market resolves to Yes.",
    rules_hash=HASH,
    close_at=AT,
    payout_at=AT,
    seen_at=AT,
)
A_PAIR = RelationRow(
    id=5,
    slug=PAIR,
    title="Bills beat Chiefs",
    category="Sports",
    kind="pair",
    inverse=False,
    status="confirmed",
    status_reason="",
    active=True,
    mode="paper",
    min_net_edge=None,
    score=0.97,
    llm_score=None,
    rules_passed=True,
    approved=(0, 1),
    confirmed_by="alice",
    confirmed_at=AT,
    payout_at=AT,
    terms=pair(PAIR, BILLS, CHIEFS, title="Bills beat Chiefs"),
    markets=(A_MARKET,),
    decisions=(DecisionOnPair("confirmed", ("both texts read",), "alice", AT),),
)
A_REVISION = RevisionRow(
    id=119,
    author="alice",
    reason="weekend",
    at=AT,
    changes=(
        {
            "object": "threshold",
            "key": "min_net_edge",
            "field": "value",
            "before": 25_000,
            "after": 20_000,
        },
    ),
)
A_BREAKER = BreakerRow("paper", "daily_loss", "armed")
A_TRIP = TripRow(
    id=7,
    book="paper",
    breaker="daily_loss",
    seq=81_230,
    at=AT,
    state="cooling",
    reason="Lost $50.12 today, the most is $50.00.",
    limit=50_000_000,
    actual=50_120_000,
    unit="USD",
    until=None,
    released_at=None,
    released_by="",
    released_why="",
)
A_LIMIT = {
    "key": "min_net_edge",
    "value": "2.5",
    "unit": "¢",
    "low": "0",
    "high": "100",
    "shipped": "2.5",
    "is_shipped": True,
    "meaning": "Least net edge of a package.",
    "dormant": "",
}
A_POSITION = PositionRow(
    market=BILLS,
    book="paper",
    qty_yes=Qty(480_000_000),
    qty_no=Qty(0),
    cost_yes=Usd(197_760_000),
    cost_no=Usd(0),
    fees=Usd(8_140_000),
    realised=Usd(0),
    changed_at=AT,
)
SOME_STATS = Stats(
    deals={"balanced": 3},
    orders=8,
    fills=6,
    positions=2,
    locked=Usd(7_310_000),
    planned_profit=Usd(7_500_000),
    fees=Usd(9_020_000),
    refusals={"min_edge": 19},
    journal_seq=81_234,
    leases=1,
    self_tests=SelfTests(
        {"arrived": 9},
        SelfTestEnd(AT, "arrived", 5_100_000, "Two orders stood ready."),
        4_900_000,
        6_200_000,
    ),
)
A_HOLDING = HoldingLine(
    relation="bills-beat-chiefs",
    title="Bills beat Chiefs",
    category="Sports",
    payout_at=AT,
    legs=(
        LegLine("KA", "Bills beat Chiefs", "Yes", Qty(480_000_000), Px(412_000)),
        LegLine("PM", "Bills – Chiefs", "Chiefs", Qty(360_000_000), Px(541_000)),
    ),
    cost=Usd(405_120_000),
    open=Usd(120_000_000),
    worlds=(
        WorldCell("yes", is_tail=False, ppm=0, result=Usd(74_880_000)),
        WorldCell("no", is_tail=False, ppm=0, result=Usd(-45_120_000)),
        WorldCell("settled apart", is_tail=True, ppm=500, result=Usd(-405_120_000)),
    ),
    worst=Usd(-45_120_000),
)
A_HEALTH = Health(
    at=AT,
    redis=True,
    mode="paper",
    revision_saved=119,
    worker=WorkerHealth("main", "6744f1", "paper", AT, False, 119, ()),
)
# By the last words of an address: what a page holds, and what is told whole.
ITEMS: dict[str, dict[str, Any]] = {
    "venues": tell(A_VENUE),
    "markets": tell(A_MARKET),
    "pairs": tell(A_PAIR),
    "edges": tell(AN_EDGE),
    "decisions": {**tell(A_DECISION), "limit": "2.5", "actual": "1.3"},
    "deals": tell(A_DEAL),
    "orders": tell(AN_ORDER),
    "fills": tell(A_FILL),
    "positions": tell(A_POSITION),
    "holdings": tell(A_HOLDING),
    "stats/minutes": tell(A_MINUTE),
    "limits": A_LIMIT,
    "breakers": tell(A_BREAKER),
    "breakers/trips": {**tell(A_TRIP), "limit": "50", "actual": "50.12"},
    "revisions": tell(A_REVISION),
    "commands": tell(A_COMMAND),
}
WHOLES: dict[str, dict[str, Any]] = {
    "health": tell(A_HEALTH),
    "stats": tell(SOME_STATS),
    "deals/{deal_id}": tell(
        DealPage(A_DEAL, (StepRow(81_230, AT, "balanced", "All filled."),), (AN_ORDER,), (A_FILL,))
    ),
    "commands/{number}": tell(A_COMMAND),
}
