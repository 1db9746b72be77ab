"""One market socket of Polymarket as a state machine told the time.

Subscribes at once, pings in text, routes frames to the keeper of their market, counts snapshots
against what was asked, fetches books that are missing, lost or suspiciously silent. Invariants: no
PING before the subscription; a frame that may have carried a change and could not be read makes the
books it may have touched stale; nothing survives a reconnect. How a book is kept true is the
keeper's, what a frame says of each market is in `changes`, how markets end in `ends`.
Source: polymarket sheet sections 5.1 to 5.4, read 2026-11-20.
"""

import msgspec

from feeds.venues.base import Drop, Emit, Fault, Fetch, Output, Reply, Send
from feeds.venues.polymarket import parse, wire
from feeds.venues.polymarket.changes import Group, elements
from feeds.venues.polymarket.ends import END, Ends
from feeds.venues.polymarket.keeper import BookKeeper
from feeds.venues.polymarket.spot import tokens_request
from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from markets.terms.units import SECOND, Ns
from trading.engine.events import TradeSeen

PING_EVERY = Ns(10 * SECOND)
PONG_WITHIN = Ns(30 * SECOND)
SNAPSHOT_WITHIN = Ns(3 * SECOND)
SILENT_AFTER = Ns(60 * SECOND)
LIVELY_FRAMES = 20
FETCH_AT_ONCE = 250


class MarketSession:
    """The conversation of one socket about the given markets, two tokens each."""

    def __init__(self, markets: tuple[Market, ...], depth: int = 10) -> None:
        self._lost: list[BookKeeper] = []
        self._keepers = [BookKeeper(m, depth, self._lost) for m in markets if len(m.tokens) == 2]
        self._untradable = [m for m in markets if len(m.tokens) != 2]
        self._by_token = {
            token: (keeper, index)
            for keeper in self._keepers
            for index, token in enumerate(keeper.market.tokens)
        }
        self._by_native = {keeper.market.native: keeper for keeper in self._keepers}
        self._ends = Ends(self._keepers)
        self._is_open = False
        self._pinged_at = Ns(0)
        self._ponged_at = Ns(0)
        self._checked_at = Ns(0)
        self._asked = 0
        self._in_flight: dict[str, bool] = {}

    def opened(self, at: Ns) -> list[Output]:
        """The subscription, before anything else."""
        self._is_open = True
        self._pinged_at = self._ponged_at = self._checked_at = at
        self._in_flight = {}
        self._ends.opened(at)
        for keeper in self._keepers:
            keeper.restart(at, SNAPSHOT_WITHIN)
        ask = wire.Subscription(assets_ids=list(self._by_token))
        out: list[Output] = [Send(msgspec.json.encode(ask).decode())]
        out.extend(Fault("no_tokens", str(market.id)) for market in self._untradable)
        return out

    def received(self, frame: str, at: Ns) -> list[Output]:
        """One text message: PONG, an empty keep-alive, one frame or an array of frames."""
        if frame == "PONG":
            self._ponged_at = at
            return []
        if not frame or frame.isspace():
            return []
        out: list[Output] = []
        for part in parse.frames(frame):
            try:
                out.extend(self._take(part, at))
            except ValueError as problem:
                out.append(Fault("impossible_value", str(problem)[: parse.DETAIL]))
        return out + self._fetch_lost(at) if self._lost else out

    def fetched(self, tag: str, reply: Reply | None, at: Ns) -> list[Output]:
        """The books asked for; an answer meant for an earlier connection is ignored."""
        if tag not in self._in_flight:
            return []
        is_check = self._in_flight.pop(tag)
        topic, _, native = tag.partition(":")
        if reply is None or reply.status != 200:
            said = "no answer" if reply is None else f"status {reply.status}"
            return [Fault("record_unavailable" if topic == END else "books_unavailable", said)]
        if topic == END:
            return self._ends.told(native, reply.body, at)
        try:
            books = parse.books(reply.body)
        except ValueError as problem:
            return [Fault("books_malformed", str(problem)[: parse.DETAIL])]
        out: list[Output] = []
        for book in books:
            out.extend(self._compare(book, at) if is_check else self._reseed(book, at))
        return out + self._fetch_lost(at)

    def ticked(self, at: Ns) -> list[Output]:
        """Pings, watchdogs and fetches that have become due."""
        if not self._is_open:
            return []
        if at - self._ponged_at >= PONG_WITHIN:
            return self._drop("no PONG for 30 s", at)
        out: list[Output] = []
        if at - self._pinged_at >= PING_EVERY:
            self._pinged_at = at
            out.append(Send("PING"))
        for keeper in self._keepers:
            out.extend(keeper.overdue(at))
        return out + self._fetch_due(at) + self._check_silent(at) + self._ask_end(at)

    def closed(self, at: Ns, reason: str) -> list[Output]:
        """Nothing is believed any more; replies still on their way are ignored."""
        self._is_open = False
        self._in_flight = {}
        return self._silence_all(f"disconnected: {reason}", at)

    def doubted(self, market: MarketId, reason: str, at: Ns) -> list[Output]:
        """The book is not what the venue says elsewhere: fetch it again."""
        for keeper in self._keepers:
            if keeper.market.id == market and not keeper.waiting and self._is_open:
                fault = Fault(reason, str(market))
                return [fault, *keeper.lose(reason, at), *self._fetch_lost(at)]
        return []

    def _take(self, frame: wire.Frame | parse.Bad, at: Ns) -> list[Output]:  # noqa: C901  a table
        match frame:
            case wire.PriceChange():
                return self._price_change(frame, at)
            case wire.BookFrame():
                return self._book(frame, at)
            case wire.LastTrade():
                return self._trade(frame, at)
            case wire.BestBidAsk():
                return self._best(frame, at)
            case wire.TickSizeChange():
                return self._retick(frame, at)
            case wire.MarketResolved():
                return self._ends.announced(frame, at)
            case wire.NewMarket():
                return []
            case parse.Bad():
                return self._bad(frame, at)

    def _price_change(self, frame: wire.PriceChange, at: Ns) -> list[Output]:
        """Group the elements by market; usually there is one."""
        groups: dict[int, Group] = {}
        out: list[Output] = []
        for element in elements(frame):
            found = self._by_token.get(element.asset_id)
            if found is None:
                out.append(Fault("unknown_asset", element.asset_id[: parse.DETAIL]))
                continue
            keeper, outcome = found
            group = groups.setdefault(id(keeper), Group(keeper))
            try:
                group.add(element, outcome)
            except ValueError as problem:
                out.append(Fault("impossible_value", str(problem)[: parse.DETAIL]))
                group.is_broken = True
        venue_at = parse.stamp(frame.timestamp)
        for group in groups.values():
            out.extend(group.close(at, venue_at))
        return out

    def _book(self, frame: wire.BookFrame, at: Ns) -> list[Output]:
        keeper, outcome = self._by_token.get(frame.asset_id, (None, 0))
        if keeper is None:
            return [Fault("unknown_asset", frame.asset_id[: parse.DETAIL])]
        try:
            bids, asks = parse.ladder(frame.bids), parse.ladder(frame.asks)
        except ValueError as problem:
            fault = Fault("impossible_value", str(problem)[: parse.DETAIL])
            return [fault, *keeper.lose("impossible_value", at)]
        venue_at = parse.stamp(frame.timestamp)
        if outcome == 0:
            return keeper.snapshot(tuple(bids), tuple(asks), at, venue_at)
        seen = parse.top_of(bids, asks)
        return keeper.check([seen.mirrored()], at, venue_at)

    def _trade(self, frame: wire.LastTrade, at: Ns) -> list[Output]:
        keeper, outcome = self._by_token.get(frame.asset_id, (None, 0))
        if keeper is None:
            return [Fault("unknown_asset", frame.asset_id[: parse.DETAIL])]
        px, qty = parse.price(frame.price), parse.size(frame.size)
        return [Emit(TradeSeen(at, keeper.market.id, outcome, px, qty, parse.side(frame.side)))]

    def _best(self, frame: wire.BestBidAsk, at: Ns) -> list[Output]:
        keeper, outcome = self._by_token.get(frame.asset_id, (None, 0))
        if keeper is None:
            return [Fault("unknown_asset", frame.asset_id[: parse.DETAIL])]
        said = parse.top(frame.best_bid, frame.best_ask)
        if said is None:
            return []
        yes = said.mirrored() if outcome else said
        return keeper.check([yes], at, parse.stamp(frame.timestamp))

    def _retick(self, frame: wire.TickSizeChange, at: Ns) -> list[Output]:
        keeper, _ = self._by_token.get(frame.asset_id, (None, 0))
        if keeper is None:
            return [Fault("unknown_asset", frame.asset_id[: parse.DETAIL])]
        return keeper.retick(parse.price(frame.new_tick_size), at)

    def _bad(self, bad: parse.Bad, at: Ns) -> list[Output]:
        out: list[Output] = [Fault(bad.reason, bad.detail)]
        if bad.lost:
            for keeper in self._touched(bad):
                out.extend(keeper.lose(bad.reason, at))
        return out

    def _touched(self, bad: parse.Bad) -> list[BookKeeper]:
        """Whose book an unreadable frame may have changed: everybody's when it does not say."""
        if bad.asset in self._by_token:
            return [self._by_token[bad.asset][0]]
        if bad.market in self._by_native:
            return [self._by_native[bad.market]]
        return [keeper for keeper in self._keepers if not keeper.ended]

    def _reseed(self, book: wire.BookBody, at: Ns) -> list[Output]:
        keeper, outcome = self._by_token.get(book.asset_id, (None, 0))
        if keeper is None or outcome or keeper.ended or not keeper.waiting:
            return []
        try:
            bids, asks = parse.ladder(book.bids), parse.ladder(book.asks)
        except ValueError as problem:
            return [Fault("impossible_value", str(problem)[: parse.DETAIL])]
        return keeper.reseed(tuple(bids), tuple(asks), at, parse.stamp(book.timestamp))

    def _compare(self, book: wire.BookBody, at: Ns) -> list[Output]:
        """A spot check: a silent socket whose book differs from REST has frozen."""
        keeper, outcome = self._by_token.get(book.asset_id, (None, 0))
        if keeper is None or outcome or keeper.waiting or not self._is_open:
            return []
        try:
            bids, asks = parse.ladder(book.bids), parse.ladder(book.asks)
        except ValueError as problem:
            return [Fault("impossible_value", str(problem)[: parse.DETAIL])]
        best = parse.top_of(bids, asks)
        if best == keeper.top() or at - keeper.heard_at < SILENT_AFTER:
            return []
        return [Fault("silent_feed", str(keeper.market.id)), *self._drop("silent feed", at)]

    def _fetch_lost(self, at: Ns) -> list[Output]:
        """Fetch at once what was just lost; what must wait its second is found by `ticked`."""
        due = list({id(k): k for k in self._lost if k.is_due(at)}.values()) if self._is_open else []
        self._lost.clear()
        return self._ask(due, at, check=False)

    def _fetch_due(self, at: Ns) -> list[Output]:
        due = [keeper for keeper in self._keepers if keeper.is_due(at)] if self._is_open else []
        return self._ask(due, at, check=False)

    def _check_silent(self, at: Ns) -> list[Output]:
        if not self._is_open or at - self._checked_at < SILENT_AFTER:
            return []
        quiet = [
            keeper
            for keeper in self._keepers
            if keeper.frames >= LIVELY_FRAMES
            and not keeper.waiting
            and at - keeper.heard_at >= SILENT_AFTER
        ]
        if quiet:
            self._checked_at = at
        return self._ask(quiet, at, check=True)

    def _ask_end(self, at: Ns) -> list[Output]:
        asked = self._ends.due(at)
        if asked is None:
            return []
        self._in_flight[asked.tag] = False
        return [asked]

    def _ask(self, keepers: list[BookKeeper], at: Ns, *, check: bool) -> list[Output]:
        out: list[Output] = []
        for start in range(0, len(keepers), FETCH_AT_ONCE):
            some = keepers[start : start + FETCH_AT_ONCE]
            self._asked += 1
            tag = f"{'check' if check else 'books'}:{self._asked}"
            self._in_flight[tag] = check
            for keeper in () if check else some:
                keeper.asked(at)
            out.append(Fetch(tag, tokens_request(k.market.tokens[0] for k in some)))
        return out

    def _drop(self, reason: str, at: Ns) -> list[Output]:
        self._is_open = False
        self._in_flight = {}
        return [*self._silence_all(reason, at), Drop(reason)]

    def _silence_all(self, reason: str, at: Ns) -> list[Output]:
        out: list[Output] = []
        for keeper in self._keepers:
            out.extend(keeper.silence(reason, at))
        return out
