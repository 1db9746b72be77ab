"""The self-test's own world: one venue, two markets, one relation, three cents of edge.

It goes the whole way of a real opportunity, through journal, engine, gates, plan and orders, in a
book of its own: no money, contract, exposure or result of another book is ever touched by it. Not
here: when it is tried, and who takes its orders (the runtime).
"""

from msgspec.structs import replace

from markets.terms.fees_polymarket import schedule
from markets.terms.ids import MarketId, RelationId, VenueId, market_id
from markets.terms.instruments import Market, even_ladder
from markets.terms.relations import pair
from markets.terms.units import MICRO, Ns, Px, Qty, Usd
from trading.engine.book import Book, binary_book
from trading.engine.config import Mode, RelationConfig, Snapshot, VenueConfig
from trading.engine.events import AccountReported, BookChanged, BookStale, Event, FeedUp
from trading.engine.orders import BookKind

VENUE = VenueId("self-test")
RELATION = RelationId("self-test")
_CENT = Px(10_000)
_MARKETS = (market_id(VENUE, "first"), market_id(VENUE, "second"))
_SIZE = Qty(100 * MICRO)
_CASH = Usd(1_000 * MICRO)
# Yes of the first costs 48 cents, No of the second 49: three cents less than the dollar they pay.
_TOPS = ((Px(460_000), Px(480_000)), (Px(510_000), Px(530_000)))


def with_self_test(snapshot: Snapshot) -> Snapshot:
    """The configuration with the self-test's venue, markets and relation added."""
    venue = VenueConfig(VENUE, "Self-test", "ST", Mode.DETECT)
    relation = pair(RELATION, *_MARKETS, title="Self-test")
    return replace(
        snapshot,
        venues=(*snapshot.venues, venue),
        markets=(*snapshot.markets, *(_market(name) for name in _MARKETS)),
        relations=(*snapshot.relations, RelationConfig(relation, (0, 1))),
    )


def opportunity(at: Ns) -> tuple[Event, ...]:
    """What the engine is told of it: an account, a feed, and two books that do not agree."""
    books = tuple(
        BookChanged(at, _book(name, tops, at)) for name, tops in zip(_MARKETS, _TOPS, strict=True)
    )
    return (
        AccountReported(at, VENUE, BookKind.TEST, _CASH),
        FeedUp(at, VENUE),
        *books,
    )


def withdrawn(at: Ns) -> tuple[Event, ...]:
    """Nobody believes its books any more."""
    return tuple(BookStale(at, name, "the self-test is over") for name in _MARKETS)


def _market(name: MarketId) -> Market:
    return Market(
        id=name,
        venue=VENUE,
        native=name.partition(":")[2],
        title="Self-test",
        outcomes=("Yes", "No"),
        ticks=even_ladder(_CENT),
        fees=schedule(0),
        lot=Qty(MICRO),
        min_size=Qty(MICRO),
    )


def _book(name: MarketId, tops: tuple[Px, Px], at: Ns) -> Book:
    bid, ask = tops
    return binary_book(name, ((bid, _SIZE),), ((ask, _SIZE),), at)
