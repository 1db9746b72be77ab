"""Reads recordings of Polymarket's market socket.

A market is a condition id with its tokens. Which token is outcome 0: the terms in the recording if
it has them, else an announcement naming both, else the token whose book (failing that, whose
change) comes first. A connection begins with a sent subscription, or, in a recording of received
frames only, with an array that repeats a book already given. Source: polymarket sheet 5.1 and 5.3,
read 2026-11-20.
"""

import msgspec

from feeds.venues.polymarket import parse, wire
from feeds.venues.polymarket.catalogue import VENUE
from feeds.venues.polymarket.changes import elements
from feeds.venues.polymarket.session import MarketSession
from feeds.venues.tape import Best, Changed, Nature, Said, Traded, Whole
from markets.terms.ids import MarketId, market_id
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.units import Px
from trading.engine.book import Level, Levels

UNKNOWN_FEES = FeeSchedule(kind="unknown", rate_ppm=70_000)
UNKNOWN_TICKS = even_ladder(Px(1_000))


class _Sent(msgspec.Struct, gc=False):
    type: str = ""
    assets_ids: list[str] = []
    operation: str = ""


_sent = msgspec.json.Decoder(_Sent)


class _Tokens(msgspec.Struct):
    """The tokens of one market by how surely their order is known."""

    announced: list[str] = []
    booked: list[str] = []
    changed: list[str] = []

    def pair(self) -> tuple[str, str]:
        """Both tokens; a name nothing is called by stands in for one that never appears."""
        found = list(dict.fromkeys((*self.announced, *self.booked, *self.changed)))
        return (found[0], found[1] if len(found) > 1 else f"~{found[0]}")


class PolymarketEar:
    """An ear for one recording."""

    def __init__(self, nature: Nature) -> None:
        self.venue = VENUE
        self._known: dict[str, Market] = {}
        self._found: dict[str, _Tokens] = {}
        self._met: set[str] = set()
        self._has_sent = False
        self._sent_first = False
        self._by_token: dict[str, tuple[MarketId, int]] = {}

    def know(self, market: Market) -> None:
        """A market's terms as the recording gives them."""
        self._known[market.native] = market

    def learn(self, frame: str, *, is_out: bool) -> None:
        """Take note of the markets and their tokens."""
        if is_out:
            self._has_sent = self._has_sent or _is_subscription(frame)
            return
        for part in parse.frames(frame):
            match part:
                case wire.BookFrame():
                    _add(self._tokens(part.market or part.asset_id).booked, part.asset_id)
                case wire.PriceChange():
                    for element in elements(part):
                        owner = part.market or element.asset_id
                        _add(self._tokens(owner).changed, element.asset_id)
                case wire.LastTrade() | wire.BestBidAsk() | wire.TickSizeChange():
                    _add(self._tokens(part.market or part.asset_id).changed, part.asset_id)
                case wire.NewMarket() | wire.MarketResolved() if part.market:
                    self._announced(part.market, part.assets_ids or [])

    def markets(self) -> tuple[Market, ...]:
        """Every market of which a book, change or trade is in the frames."""
        return tuple(
            self._known.get(native) or _unlisted(native, tokens.pair())
            for native, tokens in self._found.items()
            if tokens.booked or tokens.changed
        )

    def remarks(self) -> list[str]:
        """What a reader of the figures should know."""
        guessed = [
            native
            for native, tokens in self._found.items()
            if native not in self._known and not tokens.announced and tokens.booked
        ]
        if not guessed:
            return []
        return [
            f"{len(guessed)} of the markets are not described in the recording: the token whose "
            "book comes first is outcome 0."
        ]

    def begins(self, frame: str, *, is_out: bool) -> bool:
        """Whether a new connection begins with this frame."""
        if is_out:
            first, is_subscription = not self._sent_first, _is_subscription(frame)
            self._sent_first = self._sent_first or is_subscription
            return is_subscription and not first
        if self._has_sent or not frame.lstrip().startswith("["):
            return False
        books = [part for part in parse.frames(frame) if isinstance(part, wire.BookFrame)]
        tokens = {book.asset_id for book in books}
        begins = bool(tokens & self._met)
        self._met = tokens if begins else self._met | tokens
        return begins

    def session(self, depth: int) -> MarketSession:
        """The session of the connection that has just begun."""
        found = self.markets()
        self._by_token = {
            token: (market.id, index)
            for market in found
            for index, token in enumerate(market.tokens)
        }
        return MarketSession(found, depth)

    def present(self, frame: str) -> str:
        """The session understands the older form itself."""
        return frame

    def said(self, frame: str) -> list[Said]:
        """What the frame states of books, tops and trades."""
        found: list[Said] = []
        for part in parse.frames(frame):
            try:
                found.extend(self._stated(part))
            except ValueError:
                continue
        return found

    def is_counted(self, frame: str) -> bool:
        """Nothing is numbered here."""
        return False

    def _stated(self, part: wire.Frame | parse.Bad) -> list[Said]:
        match part:
            case wire.BookFrame():
                return self._whole(part)
            case wire.PriceChange():
                return [said for element in elements(part) for said in self._changed(element)]
            case wire.BestBidAsk():
                return self._best(part)
            case wire.LastTrade():
                owner = self._by_token.get(part.asset_id)
                return [Traded(owner[0], parse.size(part.size))] if owner else []
            case _:
                return []

    def _whole(self, book: wire.BookFrame) -> list[Said]:
        owner = self._by_token.get(book.asset_id)
        if owner is None:
            return []
        bids, asks = parse.ladder(book.bids), parse.ladder(book.asks)
        return [Whole(*owner, _ordered(bids, is_bid=True), _ordered(asks, is_bid=False))]

    def _changed(self, element: wire.Element) -> list[Said]:
        owner = self._by_token.get(element.asset_id)
        if owner is None:
            return []
        px, qty = parse.price(element.price), parse.size(element.size)
        return [Changed(*owner, parse.side(element.side), px, qty), *self._best(element)]

    def _best(self, stated: wire.Element | wire.BestBidAsk) -> list[Said]:
        owner = self._by_token.get(stated.asset_id)
        top = parse.top(stated.best_bid, stated.best_ask)
        return [Best(*owner, top.bid, top.ask)] if owner and top else []

    def _tokens(self, native: str) -> _Tokens:
        return self._found.setdefault(native, _Tokens())

    def _announced(self, native: str, tokens: list[str]) -> None:
        found = self._tokens(native)
        if not found.announced and len(tokens) == 2:
            found.announced = list(tokens)


def _add(tokens: list[str], token: str) -> None:
    if token not in tokens:
        tokens.append(token)


def _ordered(levels: list[Level], *, is_bid: bool) -> Levels:
    return tuple(sorted((level for level in levels if level[1]), reverse=is_bid))


def _is_subscription(frame: str) -> bool:
    try:
        sent = _sent.decode(frame)
    except parse.UNREADABLE:
        return False
    return bool(sent.type) and not sent.operation


def _unlisted(native: str, tokens: tuple[str, str]) -> Market:
    """A market of which only the ids are known; its terms are never used to trade."""
    return Market(
        id=market_id(VENUE, native),
        venue=VENUE,
        native=native,
        title=native,
        outcomes=("Yes", "No"),
        ticks=UNKNOWN_TICKS,
        fees=UNKNOWN_FEES,
        tokens=tokens,
    )
