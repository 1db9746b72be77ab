"""The test language: short words for books, pairs, snapshots and what venues say.

Prices are decimal dollars, sizes contracts, times seconds, all as text or plain numbers, so that
a test reads like the situation it is about: `book("kalshi:A", bids="0.41x100", asks="0.43x100
0.44x50")`.
"""

from msgspec.structs import replace

from markets.terms.fees import KALSHI, POLYMARKET
from markets.terms.ids import MarketId, RelationId, RunId, VenueId, native_of, venue_of
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.relations import Relation, TailRisk, pair
from markets.terms.units import SECOND, Ns, Px, Qty, Usd, micros_from_text
from risk.gates.chain import Chain
from trading.engine import events as ev
from trading.engine.book import Book, Levels, binary_book
from trading.engine.config import Limits, Mode, RelationConfig, Snapshot, VenueConfig
from trading.engine.engine import Engine
from trading.engine.intents import Intent, PlaceOrder
from trading.engine.orders import BookKind, Fill, OrderRequest

KA = VenueId("kalshi")
PM = VenueId("polymarket")
FIRST = MarketId("kalshi:A")
SECOND_MARKET = MarketId("polymarket:A")
RELATION = RelationId("a")
START = Ns(1_760_000_000 * SECOND)
_TICKS = even_ladder(Px(10_000))
_KALSHI_FEES = FeeSchedule(KALSHI, rate_ppm=70_000, rev="ka1")
_POLY_FEES = FeeSchedule(POLYMARKET, rate_ppm=0, precision=Usd(10), rev="pm1")


def at(seconds: str | int = 0) -> Ns:
    """A moment, in seconds after the tests' start."""
    return Ns(START + micros_from_text(str(seconds)) * 1000)


def px(text: str) -> Px:
    """A price in dollars."""
    return Px(micros_from_text(text))


def qty(text: str | int) -> Qty:
    """A number of contracts."""
    return Qty(micros_from_text(str(text)))


def usd(text: str | int) -> Usd:
    """An amount of money in dollars."""
    return Usd(micros_from_text(str(text)))


def levels(text: str) -> Levels:
    """Levels from `0.42x100 0.43x50`, in the order given."""
    pairs = [part.split("x") for part in text.split()]
    return tuple((px(price), qty(size)) for price, size in pairs)


def book(market: str, bids: str = "", asks: str = "", when: Ns = START) -> Book:
    """A live book of a binary market from its YES side."""
    return binary_book(MarketId(market), levels(bids), levels(asks), when)


def market(name: str, *, fees: FeeSchedule | None = None, lot: str = "1") -> Market:
    """An open binary market with one-cent ticks and whole contracts, charged as its venue does."""
    venue = venue_of(MarketId(name))
    schedule = fees or (_KALSHI_FEES if venue == KA else _POLY_FEES)
    return Market(
        id=MarketId(name),
        venue=venue,
        native=native_of(MarketId(name)),
        title=f"Will {native_of(MarketId(name))} happen?",
        outcomes=("Yes", "No"),
        ticks=_TICKS,
        fees=schedule,
        lot=qty(lot),
        min_size=qty(1),
    )


def relation(
    name: str = "a",
    first: str = FIRST,
    second: str = SECOND_MARKET,
    *,
    inverse: bool = False,
    tails: tuple[TailRisk, ...] = (),
    payout_at: Ns | None = None,
) -> Relation:
    """The pair of two markets."""
    return pair(
        RelationId(name),
        MarketId(first),
        MarketId(second),
        title=f"Relation {name}",
        inverse=inverse,
        tails=tails,
        payout_at=payout_at,
    )


def venue(name: VenueId, *, mode: Mode = Mode.PAPER, cash: str = "10000") -> VenueConfig:
    """An enabled venue; KA and PM are its chips."""
    short = {"kalshi": "KA", "polymarket": "PM"}.get(name, name[:2].upper())
    return VenueConfig(name, name.capitalize(), short, mode, paper_cash=usd(cash))


# Stories are about one thing at a time: caps that are not theirs are far away.
ROOMY = {
    "max_total_exposure": 10**10,
    "max_category_exposure": 10**10,
    "per_contract_exposure": 10**10,
    "max_contracts_market": 10**12,
    "max_contracts_total": 10**12,
    "max_open_relations": 1000,
    "daily_loss": 0,
    "daily_loss_share": 0,
    "weekly_loss_share": 0,
    "monthly_loss_share": 0,
    "max_drawdown": 0,
    "max_losses": 0,
    "max_errors": 0,
}


def snapshot(
    *relations: Relation,
    revision: int = 1,
    mode: Mode = Mode.PAPER,
    venues: tuple[VenueConfig, ...] = (),
    packages: tuple[int, ...] = (0, 1),
    **limits: int,
) -> Snapshot:
    """A configuration that trades the given pairs on paper; keyword arguments are limits in base
    units.
    """
    chosen = relations or (relation(),)
    names = dict.fromkeys(claim.market for r in chosen for claim in r.claims)
    return Snapshot(
        revision=revision,
        at=START,
        author="tests",
        exec_mode=mode,
        limits=replace(Limits(), **{**ROOMY, **limits}),
        venues=venues or (venue(KA), venue(PM)),
        markets=tuple(market(name) for name in names),
        relations=tuple(RelationConfig(r, packages) for r in chosen),
        friction_rev="f1",
    )


def limited(limits: dict[str, int]) -> Snapshot:
    """The usual configuration with limits by name."""
    usual = snapshot()
    return replace(usual, limits=replace(usual.limits, **limits))


def started(config: Snapshot | None = None, *, mode: str = "paper", run: str = "r") -> Engine:
    """An engine that runs a configuration and whose venues deliver."""
    engine = Engine(Chain())
    engine.step(ev.RunStarted(START, RunId(run), mode))
    engine.step(ev.ConfigChanged(START, config or snapshot()))
    for name in engine.state.venues:
        engine.step(ev.FeedUp(START, name))
    return engine


def show(engine: Engine, *books: Book) -> list[Intent]:
    """Let the engine see books, each at its own time; all intents in order."""
    return [intent for b in books for intent in engine.step(ev.BookChanged(b.at, b))]


def gap(when: Ns = START, first: str = FIRST, second: str = SECOND_MARKET) -> tuple[Book, Book]:
    """Books with a clear edge: YES of the first costs 42 cents, NO of the second 50."""
    return (
        book(first, bids="0.40x100", asks="0.42x100", when=when),
        book(second, bids="0.50x100", asks="0.52x100", when=when),
    )


def orders(intents: list[Intent]) -> list[OrderRequest]:
    """The orders placed among intents."""
    return [i.request for i in intents if isinstance(i, PlaceOrder)]


def filled(
    request: OrderRequest,
    size: str | None = None,
    *,
    when: Ns = START,
    key: str = "",
    fee: str = "0",
) -> ev.OrderFilled:
    """A fill at the order's own price; the whole order unless a size is given."""
    amount = request.qty if size is None else qty(size)
    name = key or f"{request.id}/{amount}"
    return ev.OrderFilled(
        when,
        Fill(
            name, request.id, request.market, request.outcome, request.side, request.px, amount,
            usd(fee or 0), when,
        ),
    )  # fmt: skip


def rejected(
    request: OrderRequest, text: str = "no money", *, when: Ns = START
) -> ev.OrderRejected:
    """The venue said no."""
    return ev.OrderRejected(when, request.id, "rejected", text)


def cancelled(
    request: OrderRequest, size: str | None = None, *, when: Ns = START
) -> ev.OrderCancelled:
    """The rest of an order is gone; `size` is the venue's word of what was filled."""
    return ev.OrderCancelled(when, request.id, None if size is None else qty(size), "ioc")


def unknown(request: OrderRequest, *, when: Ns = START) -> ev.OrderUnknown:
    """Nobody knows whether the order exists."""
    return ev.OrderUnknown(when, request.id, "timeout")


def cash(where: VenueId, amount: str, *, when: Ns = START) -> ev.AccountReported:
    """A paper account's free money."""
    return ev.AccountReported(when, where, BookKind.PAPER, usd(amount))


def command(
    kind: str, target: str = "", *, when: Ns = START, number: int = 1
) -> ev.CommandReceived:
    """A person's wish."""
    return ev.CommandReceived(when, number, kind, target, "alice", "because")


def tick(key: str, when: Ns) -> ev.TimerFired:
    """A timer is due."""
    return ev.TimerFired(when, key)
