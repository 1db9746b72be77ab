"""The paper desk: what venues tell fills orders, at the time the exchange says."""

from feeds.runtime.gateways import PaperDesk
from feeds.sim.exchange import Exchange
from markets.terms.fees import KALSHI
from markets.terms.ids import DealId, MarketId, OrderId, VenueId
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.units import MICRO, MS, Ns, Px, Qty, Usd
from trading.engine.book import binary_book
from trading.engine.events import BookChanged, Event, MarketSettled, OrderFilled, TradeSeen
from trading.engine.orders import BookKind, OrderRequest, Purpose, Side, TimeInForce
from trading.runtime.clock import EventClock

KA = VenueId("kalshi")
A = MarketId("kalshi:A")
MARKET = Market(
    A, KA, "A", "A", ("Yes", "No"), even_ladder(Px(10_000)), FeeSchedule(KALSHI, 70_000)
)
START = Ns(10**18)
RESTING = OrderRequest(
    OrderId("o"),
    DealId("d"),
    0,
    A,
    0,
    Side.BUY,
    Px(400_000),
    Qty(5 * MICRO),
    TimeInForce.GTC,
    BookKind.PAPER,
    Purpose.OPEN,
)


def desk() -> tuple[PaperDesk, EventClock, list[Event]]:
    clock, said = EventClock(START), list[Event]()
    exchange = Exchange({KA: 100}, {KA: Usd(100 * MICRO)})
    exchange.list_markets((MARKET,))
    made = PaperDesk(exchange, clock, said.append)
    tell(made, 410_000)
    exchange.submit(RESTING, START)
    exchange.advance(Ns(START + 100 * MS))
    return made, clock, said


def tell(made: PaperDesk, ask: int) -> None:
    book = binary_book(A, (), ((Px(ask), Qty(9 * MICRO)),), START)
    made.hear(BookChanged(START, book))


def fills(said: list[Event]) -> list[int]:
    return [event.fill.qty // MICRO for event in said if isinstance(event, OrderFilled)]


def test_a_book_that_crosses_a_resting_order_fills_it_when_the_news_has_travelled() -> None:
    made, clock, said = desk()
    tell(made, 390_000)
    clock.advance_to(Ns(START + 49 * MS))
    assert said == []
    clock.advance_to(Ns(START + 50 * MS))
    assert fills(said) == [5]


def test_a_public_sale_of_yes_or_purchase_of_no_fills_a_resting_purchase() -> None:
    for outcome, px, side in ((0, 400_000, Side.SELL), (1, 600_000, Side.BUY)):
        made, clock, said = desk()
        made.hear(TradeSeen(START, A, outcome, Px(px), Qty(2 * MICRO), side))
        clock.advance_to(Ns(START + 50 * MS))
        assert fills(said) == [2]


def test_a_settled_market_pays_what_the_desk_holds() -> None:
    made, _, _ = desk()
    tell(made, 390_000)
    before = made.exchange.accounts[KA].cash
    made.hear(MarketSettled(START, A, (Px(MICRO), Px(0))))
    assert made.exchange.accounts[KA].cash == before + 5 * MICRO
