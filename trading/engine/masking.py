"""Our own resting orders taken out of the books we judge: our quote is no liquidity, and no best
price.

A venue shows our resting orders among everybody's. Every order with money that may rest counts as
shown, also one sent a moment ago or in doubt: too little depth costs an edge, too much costs money.
A market with such orders keeps its book as shown in `unmasked`; `books` holds what is left of it,
made again with every new book and every change of an order, so that nothing is taken away twice.
Without such orders nothing is done at all. Paper orders are on no venue's book.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from markets.terms.ids import MarketId
from markets.terms.units import MICRO, Px, Qty
from trading.engine.book import Book, Ladders, Levels
from trading.engine.orders import TERMINAL, BookKind, Order, Side, TimeInForce
from trading.engine.state import EngineState

_Place = tuple[int, Side, Px]


def shown_of(order: Order) -> Qty:
    """Contracts of an order that its venue may be showing; 0 for one that cannot rest there."""
    request = order.request
    rests = request.book is BookKind.LIVE and request.tif is TimeInForce.GTC
    if not rests or order.state in TERMINAL:
        return Qty(0)
    return Qty(max(0, request.qty - order.filled - order.taken_back))


def masked(book: Book, orders: Iterable[Order]) -> Book:
    """A book as shown less our own `orders` of its market; the same book where none may rest.

    A level never goes below 0, one with nothing left is gone. A purchase of an outcome whose
    ladders are derived stands among the asks of the other one, at 1 less its price.
    """
    own: dict[_Place, int] = {}
    for order in orders:
        shown = shown_of(order)
        if shown:
            place = _place(book, order)
            own[place] = own.get(place, 0) + shown
    if not own:
        return book
    ladders = tuple(
        Ladders(_less(x.bids, own, i, Side.BUY), _less(x.asks, own, i, Side.SELL))
        for i, x in enumerate(book.ladders)
    )
    return replace(book, ladders=ladders)


def _place(book: Book, order: Order) -> _Place:
    """The stored ladder, side and price where an order stands."""
    request = order.request
    if request.outcome < len(book.ladders):
        return request.outcome, request.side, request.px
    other = Side.SELL if request.side is Side.BUY else Side.BUY
    return 0, other, Px(MICRO - request.px)


def _less(levels: Levels, own: dict[_Place, int], ladder: int, side: Side) -> Levels:
    left = ((px, Qty(qty - own.get((ladder, side, px), 0))) for px, qty in levels)
    return tuple(level for level in left if level[1] > 0)


def shown(state: EngineState, market: MarketId) -> Book | None:
    """The book as its venue shows it, our own orders included; None without one."""
    return state.unmasked.get(market) or state.books.get(market)


def keep_book(state: EngineState, book: Book) -> None:
    """Remember a book as its venue shows it, and what of it is not ours."""
    names = state.quotes.get(book.market) if state.quotes else None
    if names is None:
        state.books[book.market] = book
        return
    state.unmasked[book.market] = book
    state.books[book.market] = masked(book, [state.orders[name] for name in names])


def drop_book(state: EngineState, market: MarketId) -> None:
    """Forget a market's book."""
    state.unmasked.pop(market, None)
    state.books.pop(market, None)


def follow(state: EngineState, order: Order) -> None:
    """Let the book of an order's market follow what became of the order, which is stored
    already.
    """
    request = order.request
    names = state.quotes.get(request.market, ())
    shows = shown_of(order) > 0
    if not shows and request.id not in names:
        return
    others = tuple(name for name in names if name != request.id)
    after = (*others, request.id) if shows else others
    book = shown(state, request.market)
    if after:
        state.quotes[request.market] = after
    else:
        del state.quotes[request.market]
        state.unmasked.pop(request.market, None)
    if book is not None:
        keep_book(state, book)
        state.dirty.update(dict.fromkeys(state.touched.get(request.market, ())))


def rebuild(state: EngineState) -> None:
    """Make the index of our orders and the masked books anew from books as shown and orders."""
    state.books.update(state.unmasked)
    state.unmasked = {}
    state.quotes = {}
    for order in state.orders.values():
        follow(state, order)
