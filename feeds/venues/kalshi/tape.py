"""Reads recordings of Kalshi's socket.

The markets are those the frames name. A connection begins where a command's id does not grow, or
where a channel already open is subscribed again. Its frames are counted from 1 when its beginning
is in the recording; when it is not, the first number is taken as it comes, and a recording without
a header that begins in the middle is read as cut out of a shared subscription: only a falling `seq`
is a gap. The price scale is the one the recorded subscription asked for, else the one on which the
first telling snapshot is no crossed book. Source: kalshi sheet 4.2, 4.4 and 4.5, read 2026-11-20.
"""

from typing import Any

import msgspec

from feeds.venues.kalshi import parse, wire
from feeds.venues.kalshi.numbers import Numbering, Reading
from feeds.venues.kalshi.parse import VENUE
from feeds.venues.kalshi.session import BOOKS, KalshiSession
from feeds.venues.tape import Changed, Nature, Said, Traded, Whole
from markets.terms.ids import market_id
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.units import Px, Qty, micros_from_text, text_from_micros
from trading.engine.book import Levels

UNREADABLE = (msgspec.DecodeError, UnicodeEncodeError, RecursionError)
OLD_MARKS = ('"yes":', '"no":', '"yes_dollars":', '"no_dollars":', '"price":', '"delta":')
UNKNOWN_FEES = FeeSchedule(kind="unknown", rate_ppm=parse.TAKER_PPM)
UNKNOWN_TICKS = even_ladder(Px(100))


class _Body(msgspec.Struct, gc=False):
    market_ticker: str | None = None
    market_tickers: list[str] | None = None
    channel: str | None = None
    sid: int | None = None


class _Frame(msgspec.Struct, gc=False):
    type: str = ""
    sid: int | None = None
    seq: int | None = None
    msg: _Body | list[msgspec.Raw] | None = None


class _Params(msgspec.Struct, gc=False):
    channels: list[str] | None = None
    market_ticker: str | None = None
    market_tickers: list[str] | None = None
    use_yes_price: bool | None = None


class _Command(msgspec.Struct, gc=False):
    cmd: str = ""
    id: int = 0
    params: _Params = msgspec.field(default_factory=_Params)


_frames = msgspec.json.Decoder(_Frame)
_commands = msgspec.json.Decoder(_Command)
_old = msgspec.json.Decoder(dict[str, Any])
_typed: msgspec.json.Decoder[wire.Frame] = msgspec.json.Decoder(wire.Frame)


class _Start(msgspec.Struct):
    """What one connection's frames say of how to read them."""

    is_whole: bool = False
    first_seq: int | None = None
    use_yes_price: bool | None = None


class _Starts:
    """Tells where connections begin; a pass over the recording has one of its own."""

    def __init__(self) -> None:
        self._command = 0
        self._open: set[str] = set()

    def sent(self, command: _Command) -> bool:
        """Whether a command is the first of a new connection."""
        begins = command.id <= self._command and command.cmd == "subscribe"
        if begins:
            self._open.clear()
        self._command = command.id
        return begins

    def heard(self, frame: _Frame) -> bool:
        """Whether a frame shows that a new connection has begun."""
        if frame.type != "subscribed" or not isinstance(frame.msg, _Body):
            return False
        channel = frame.msg.channel or ""
        begins = channel in self._open
        if begins:
            self._open.clear()
        self._open.add(channel)
        return begins


class KalshiEar:
    """An ear for one recording."""

    def __init__(self, nature: Nature) -> None:
        self.venue = VENUE
        self._nature = nature
        self._known: dict[str, Market] = {}
        self._found: dict[str, Market] = {}
        self._starts = [_Start()]
        self._learning = _Starts()
        self._hearing = _Starts()
        self._connection = 0
        self._sids: set[int] = set()

    def know(self, market: Market) -> None:
        """A market's terms as the recording gives them."""
        self._known[market.native] = market

    def learn(self, frame: str, *, is_out: bool) -> None:
        """Take note of the markets and of how this connection counts and quotes."""
        if is_out:
            self._learn_command(frame)
            return
        seen = _decoded(frame)
        if seen is None:
            return
        if self._learning.heard(seen):
            self._starts.append(_Start())
        start = self._starts[-1]
        if seen.type == "subscribed":
            start.is_whole = start.first_seq is None
        if isinstance(seen.msg, _Body):
            self._find(seen.msg)
        if seen.type in ("orderbook_snapshot", BOOKS) and seen.sid is not None:
            self._sids.add(seen.sid)
            start.first_seq = seen.seq if start.first_seq is None else start.first_seq
        if seen.type == "orderbook_snapshot" and start.use_yes_price is None:
            start.use_yes_price = _scale(frame)

    def markets(self) -> tuple[Market, ...]:
        """Every market the frames name, in order of appearance."""
        return tuple(self._known.get(native, market) for native, market in self._found.items())

    def remarks(self) -> list[str]:
        """What a reader of the figures should know."""
        start = self._starts[0]
        if self._reading(start).numbering is not Numbering.CUT or self._nature.filtered:
            return []
        return [
            f"There is no header, and the first sequence number is {start.first_seq}: read as cut "
            "out of a shared subscription, where only a falling number is a gap."
        ]

    def begins(self, frame: str, *, is_out: bool) -> bool:
        """Whether a new connection begins with this frame."""
        if is_out:
            command = _command(frame)
            begins = command is not None and self._hearing.sent(command)
        else:
            seen = _decoded(frame) if '"subscribed"' in frame else None
            begins = seen is not None and self._hearing.heard(seen)
        self._connection += begins
        return begins

    def session(self, depth: int) -> KalshiSession:
        """The session of the connection that has just begun."""
        place = min(self._connection, len(self._starts) - 1)
        return KalshiSession(self.markets(), depth, self._reading(self._starts[place]))

    def present(self, frame: str) -> str:
        """A book frame in cents and whole contracts, as sent before 2026-03-12, in dollars."""
        return _renewed(frame) if any(mark in frame for mark in OLD_MARKS) else frame

    def said(self, frame: str) -> list[Said]:
        """What the frame states of books and trades."""
        try:
            seen = _typed.decode(frame)
            match seen:
                case wire.Snapshot():
                    return [self._whole(seen.msg)]
                case wire.Delta():
                    market = market_id(VENUE, seen.msg.market_ticker)
                    return [Changed(market, 0, parse.side_of(seen.msg.side))]
                case wire.Trade():
                    market = market_id(VENUE, seen.msg.market_ticker)
                    return [Traded(market, Qty(micros_from_text(seen.msg.count_fp)))]
                case _:
                    return []
        except (*UNREADABLE, ValueError):
            return []

    def is_counted(self, frame: str) -> bool:
        """Whether the frame's number belongs to the counter of the books."""
        seen = _decoded(frame)
        return seen is not None and seen.sid in self._sids

    def _learn_command(self, frame: str) -> None:
        command = _command(frame)
        if command is None:
            return
        if self._learning.sent(command):
            self._starts.append(_Start())
        start = self._starts[-1]
        if command.cmd != "subscribe":
            return
        start.is_whole = start.is_whole or start.first_seq is None
        self._find(_Body(command.params.market_ticker, command.params.market_tickers))
        if BOOKS in (command.params.channels or ()):
            start.use_yes_price = command.params.use_yes_price or False

    def _find(self, body: _Body) -> None:
        for native in (body.market_ticker, *(body.market_tickers or ())):
            if native and native not in self._found:
                self._found[native] = _unlisted(native)

    def _reading(self, start: _Start) -> Reading:
        numbering = Numbering.CUT
        if start.is_whole or (not self._nature.has_header and start.first_seq == 1):
            numbering = Numbering.WHOLE
        elif self._nature.has_header:
            numbering = Numbering.MIDWAY
        if self._nature.filtered:
            numbering = Numbering.CUT
        return Reading(numbering, start.use_yes_price or False)

    def _whole(self, body: wire.SnapshotBody) -> Whole:
        place = min(self._connection, len(self._starts) - 1)
        scale = self._starts[place].use_yes_price or False
        bids, asks = parse.levels(body.yes_dollars_fp, body.no_dollars_fp, use_yes_price=scale)
        return Whole(
            market_id(VENUE, body.market_ticker),
            0,
            _ordered(bids, is_bid=True),
            _ordered(asks, is_bid=False),
        )


def _renewed(frame: str) -> str:
    """The frame with the present keys where only older ones are; anything else as it is."""
    try:
        old = _old.decode(frame)
    except UNREADABLE:
        return frame
    body = dict(old.get("msg") or {}) if isinstance(old.get("msg"), dict) else {}
    try:
        if old.get("type") == "orderbook_snapshot":
            for side in ("yes", "no"):
                _renew_side(body, side)
        elif old.get("type") == BOOKS:
            _renew_change(body)
        else:
            return frame
    except (TypeError, ValueError):
        return frame
    return msgspec.json.encode({**old, "msg": body}).decode()


def _renew_side(body: dict[str, Any], side: str) -> None:
    if f"{side}_dollars_fp" in body:
        return
    if body.get(f"{side}_dollars"):
        rows = [[str(px), str(qty)] for px, qty in body[f"{side}_dollars"]]
    else:
        rows = [[_dollars(px), str(qty)] for px, qty in body.get(side) or ()]
    if rows:
        body[f"{side}_dollars_fp"] = rows


def _renew_change(body: dict[str, Any]) -> None:
    if "price_dollars" not in body and "price" in body:
        body["price_dollars"] = _dollars(body["price"])
    if "delta_fp" not in body and "delta" in body:
        body["delta_fp"] = str(body["delta"])


def _dollars(cents: object) -> str:
    """Errors: `TypeError` for what is not a whole number of cents."""
    if not isinstance(cents, int):
        raise TypeError(f"not cents: {cents!r}")
    return text_from_micros(cents * parse.CENT, 4)


def _ordered(levels: list[tuple[Px, Qty]], *, is_bid: bool) -> Levels:
    return tuple(sorted((level for level in levels if level[1]), reverse=is_bid))


def _decoded(frame: str) -> _Frame | None:
    try:
        return _frames.decode(frame)
    except UNREADABLE:
        return None


def _command(frame: str) -> _Command | None:
    try:
        return _commands.decode(frame)
    except UNREADABLE:
        return None


def _scale(frame: str) -> bool | None:
    """Whether NO prices stand on the YES scale; None when the snapshot does not tell."""
    try:
        seen = _typed.decode(frame)
        if not isinstance(seen, wire.Snapshot):
            return None
        bids, asks = parse.levels(
            seen.msg.yes_dollars_fp, seen.msg.no_dollars_fp, use_yes_price=False
        )
    except (*UNREADABLE, ValueError):
        return None
    if not bids or len(asks) < 2:
        return None
    is_crossed = max(px for px, _ in bids) >= min(px for px, _ in asks)
    return is_crossed and parse.is_turned_round(bids, asks)


def _unlisted(native: str) -> Market:
    """A market of which only the ticker is known; its terms are never used to trade."""
    return Market(
        id=market_id(VENUE, native),
        venue=VENUE,
        native=native,
        title=native,
        outcomes=("Yes", "No"),
        ticks=UNKNOWN_TICKS,
        fees=UNKNOWN_FEES,
    )
