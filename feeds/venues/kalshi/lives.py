"""What becomes of markets on a Kalshi socket beside their books: terms, fees, ends.

Frames announce, REST tells: an event's fees and a market's result are asked for when something
says that they changed, and a market that never said so is asked about in turn. A result counts once
it is final, since it may be disputed. Source: kalshi sheet 4.6, 6.3 and 7.1, read 2026-11-20.
"""

import msgspec

from feeds.books.endings import Endings
from feeds.venues.base import Emit, Fault, Fetch, Output, Reply, Request
from feeds.venues.kalshi import parse, wire
from feeds.venues.kalshi.catalogue import schedule_of
from markets.terms.instruments import Market
from markets.terms.units import Ns
from trading.engine.events import MarketChanged, MarketSettled

# REST says only "finalized"; the older word is met in recordings.
FINAL = ("finalized", "settled")

_MARKETS = msgspec.json.Decoder(wire.MarketReply)
_EVENTS = msgspec.json.Decoder(wire.EventReply)
_SERIES = msgspec.json.Decoder(wire.SeriesReply)


class Lives:
    """The markets of one session by ticker, as they are now."""

    def __init__(self, markets: tuple[Market, ...]) -> None:
        self.markets = {market.native: market for market in markets}
        self._endings = Endings(markets)
        self._events: dict[str, wire.Event] = {}

    def opened(self, at: Ns) -> None:
        """A connection began: ends are asked about anew."""
        self._endings.opened(at)

    def fetched(self, tag: str, reply: Reply | None, at: Ns) -> list[Output]:
        """The answer to one of our questions about a market's end or an event's fees."""
        topic, _, name = tag.partition(":")
        if reply is None or reply.status != 200:
            return [Fault("no_answer", tag)]
        try:
            if topic == "settled":
                return self._on_settled(_MARKETS.decode(reply.body).market, at)
            if topic == "end":
                return self._on_asked(_MARKETS.decode(reply.body).market, at)
            if topic == "event":
                return self._on_event(_EVENTS.decode(reply.body))
            return self._on_series(name, _SERIES.decode(reply.body).series, at)
        except ValueError as problem:
            return [Fault("unreadable_answer", f"{tag}: {problem}")]

    def ask_settled(self, ticker: str) -> Output:
        """What a market that was settled pays."""
        return Fetch(f"settled:{ticker}", _market_request(ticker))

    def ask_ends(self, at: Ns) -> list[Output]:
        """The question about the market whose turn it is; none when it is none's."""
        market = self._endings.due(at)
        if market is None:
            return []
        return [Fetch(f"end:{market.native}", _market_request(market.native))]

    def ask_fees(self, frame: wire.FeeUpdate) -> list[Output]:
        """The event tells which markets, and its series' fees when an override was cleared."""
        ticker = frame.msg.event_ticker
        query = (("with_nested_markets", "true"),)
        return [Fetch(f"event:{ticker}", Request("GET", "rest", f"/events/{ticker}", query))]

    def over(self, at: Ns) -> list[str]:
        """Markets past their close: no frame says so (sheet 4.6)."""
        return [
            ticker
            for ticker, market in self.markets.items()
            if market.close_at is not None and market.close_at <= at
        ]

    def _on_settled(self, found: wire.Market, at: Ns) -> list[Output]:
        market = self.markets.get(found.ticker)
        if market is None:
            return [Fault("unknown_market", found.ticker[:80])]
        paid = parse.pays(found.result, found.settlement_value_dollars)
        if paid is None:
            return [Fault("unknown_result", f"{found.ticker}: {found.result}"[:200])]
        self._endings.settled(market)
        return [Emit(MarketSettled(at=at, market=market.id, pays=paid))]

    def _on_asked(self, found: wire.Market, at: Ns) -> list[Output]:
        """What a market's record says: its end once it is final."""
        return self._on_settled(found, at) if found.status in FINAL else []

    def _on_event(self, reply: wire.EventReply) -> list[Output]:
        event = reply.event
        markets = event.markets or reply.markets or []
        if not any(market.ticker in self.markets for market in markets):
            return []
        self._events[event.event_ticker] = msgspec.structs.replace(event, markets=markets)
        path = f"/series/{event.series_ticker or ''}"
        return [Fetch(f"series:{event.event_ticker}", Request("GET", "rest", path))]

    def _on_series(self, name: str, series: wire.Series, at: Ns) -> list[Output]:
        event = self._events.pop(name, None)
        if event is None:
            return [Fault("unknown_event", name[:80])]
        schedule = schedule_of(event, series)
        outputs: list[Output] = []
        for listed in event.markets or ():
            market = self.markets.get(listed.ticker)
            if market is not None and market.fees != schedule:
                after = msgspec.structs.replace(market, fees=schedule)
                self.markets[listed.ticker] = after
                outputs.append(Emit(MarketChanged(at=at, market=after)))
        return outputs


def _market_request(ticker: str) -> Request:
    return Request("GET", "rest", f"/markets/{ticker}")
