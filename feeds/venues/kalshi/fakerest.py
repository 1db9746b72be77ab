"""Kalshi's own answers over REST, for the fake: status, series, events, markets and books.

Shapes are those of the recordings; numbers are written as text except where Kalshi writes numbers.
Lists page by `cursor`, a garbage cursor is answered with page one, errors have one of Kalshi's
bodies. Only what a market adapter reads is here; orders and accounts are not.
Source: kalshi sheet 3.1-3.6, 3.12 and 9, read 2026-11-20.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from feeds.sim.scenario import Listed
from feeds.venues.base import Reply, Request
from markets.terms.units import MICRO, Ns, Px, text_from_micros
from trading.engine.book import Ladders, Levels

PREFIX = "/trade-api/v2"
TAKER_PPM = 70_000
EMPTY = Ladders((), ())

_JSON = (("content-type", "application/json"),)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Rows = list[list[str]]


def price(px: int) -> str:
    """Dollars with four decimals."""
    return text_from_micros(px, 4)


def size(qty: int) -> str:
    """Contracts with two decimals."""
    return text_from_micros(qty, 2)


def bids_rows(levels: Levels) -> Rows:
    """Bids for YES, ascending, best last."""
    return [[price(px), size(qty)] for px, qty in sorted(levels)]


def asks_rows(levels: Levels) -> Rows:
    """Asks of YES as the bids for NO they are, ascending, best last."""
    return [[price(px), size(qty)] for px, qty in sorted((MICRO - px, qty) for px, qty in levels)]


def text_time(at: Ns) -> str:
    """RFC 3339 to the microsecond."""
    moment = _EPOCH + timedelta(microseconds=at // 1_000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def market_uuid(ticker: str) -> str:
    """A market's id, always the same for the same ticker."""
    raw = sha256(ticker.encode()).hexdigest()
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:32]}"


def series_of(listed: Listed) -> str:
    """The series ticker; this fake's own tickers begin with it."""
    return listed.native.partition("-")[0]


def json_reply(status: int, body: object) -> Reply:
    """A JSON answer."""
    return Reply(status, _JSON, msgspec.json.encode(body))


def failure(status: int, code: str, message: str) -> Reply:
    """Kalshi's usual error body."""
    return json_reply(status, {"error": {"code": code, "message": message}})


class KalshiRest:
    """Answers requests about the listed markets; `ladders` gives their books of the moment."""

    def __init__(
        self, markets: tuple[Listed, ...], ladders: Mapping[str, Ladders], page: int = 200
    ) -> None:
        self._markets = {listed.native: listed for listed in markets}
        self._ladders = ladders
        self._page = page
        self._events: dict[str, list[Listed]] = {}
        for listed in markets:
            self._events.setdefault(listed.event, []).append(listed)
        self._series = {series_of(listed): listed for listed in markets}
        self._fixed: dict[str, Callable[[Request, Ns], Reply]] = {
            "/exchange/status": self._status,
            "/series": self._series_list,
            "/events": self._events_page,
            "/markets/orderbooks": self._books,
        }

    def answer(self, request: Request, at: Ns) -> Reply:
        """The reply to a request, with or without the path's `/trade-api/v2`."""
        path = request.path.removeprefix(PREFIX)
        fixed = self._fixed.get(path)
        if request.method != "GET":
            return failure(404, "not_found", "not found")
        if fixed is not None:
            return fixed(request, at)
        return self._named(path.strip("/").split("/"), request, at)

    def _named(self, parts: list[str], request: Request, at: Ns) -> Reply:
        match parts:
            case ["series", ticker] if ticker in self._series:
                return json_reply(200, {"series": self._series_object(ticker)})
            case ["events", ticker] if ticker in self._events:
                return self._event(ticker, request, at)
            case ["markets", ticker] if ticker in self._markets:
                return json_reply(200, {"market": self._market(self._markets[ticker], at)})
            case ["markets", ticker, "orderbook"] if ticker in self._markets:
                return self._book(ticker, request)
            case ["markets", *_]:
                return failure(404, "market_not_found", "market not found")
            case _:
                return failure(404, "not_found", "not found")

    def _status(self, _: Request, __: Ns) -> Reply:
        flags = {
            "exchange_active": True,
            "trading_active": True,
            "intra_exchange_transfers_active": True,
        }
        shard = {"exchange_index": 0, "description": "Default", **flags}
        return json_reply(200, {**flags, "exchange_index_statuses": [shard]})

    def _series_list(self, _: Request, __: Ns) -> Reply:
        return json_reply(200, {"series": [self._series_object(ticker) for ticker in self._series]})

    def _series_object(self, ticker: str) -> dict[str, Any]:
        listed = self._series[ticker]
        multiplier = text_from_micros(listed.fee_rate_ppm * MICRO // TAKER_PPM, 0)
        return {
            "ticker": ticker,
            "title": listed.event_title,
            "category": listed.category,
            "tags": [],
            "frequency": "custom",
            "settlement_sources": [{"name": "Arbsite demo", "url": "https://example.com"}],
            "fee_type": "quadratic",
            "fee_multiplier": msgspec.Raw(multiplier.encode()),
            "exchange_index": 0,
        }

    def _events_page(self, request: Request, at: Ns) -> Reply:
        query = dict(request.query)
        limit = query.get("limit", "200")
        if not limit.isdigit() or not 1 <= int(limit) <= 200:
            return json_reply(400, {"msg": "Parameter validation failed: limit"})
        wanted = [ticker for ticker in self._events if self._is_listed(ticker, query, at)]
        start = _offset(query.get("cursor", ""), len(wanted))
        end = start + min(int(limit), self._page)
        nested = query.get("with_nested_markets") == "true"
        events = [self._event_object(ticker, at, nested=nested) for ticker in wanted[start:end]]
        cursor = f"page-{end}" if end < len(wanted) else ""
        return json_reply(200, {"events": events, "cursor": cursor})

    def _is_listed(self, event: str, query: dict[str, str], at: Ns) -> bool:
        """The filter matches an event if any of its markets matches."""
        if query.get("status") != "open":
            return True
        return any(_status_of(listed, at) == "active" for listed in self._events[event])

    def _event(self, ticker: str, request: Request, at: Ns) -> Reply:
        nested = dict(request.query).get("with_nested_markets") == "true"
        body: dict[str, Any] = {"event": self._event_object(ticker, at, nested=nested)}
        if not nested:
            body["markets"] = [self._market(listed, at) for listed in self._events[ticker]]
        return json_reply(200, body)

    def _event_object(self, ticker: str, at: Ns, *, nested: bool) -> dict[str, Any]:
        markets = self._events[ticker]
        listed = markets[0]
        found: dict[str, Any] = {
            "event_ticker": ticker,
            "series_ticker": series_of(listed),
            "title": listed.event_title,
            "sub_title": "",
            "category": listed.category,
            "mutually_exclusive": False,
            "collateral_return_type": "",
            "settlement_sources": [{"name": "Arbsite demo", "url": "https://example.com"}],
            "fee_type_override": None,
            "fee_multiplier_override": None,
            "exchange_index": 0,
            "last_updated_ts": text_time(listed.open_at),
        }
        if nested:
            found["markets"] = [self._market(one, at) for one in markets]
        return found

    def _market(self, listed: Listed, at: Ns) -> dict[str, Any]:
        return {
            "ticker": listed.native,
            "event_ticker": listed.event,
            "market_type": "binary",
            "title": listed.title,
            "yes_sub_title": listed.outcomes[0],
            "no_sub_title": listed.outcomes[0],
            "status": _status_of(listed, at),
            "result": "",
            "created_time": text_time(listed.open_at),
            "updated_time": text_time(listed.open_at),
            "open_time": text_time(listed.open_at),
            "close_time": text_time(listed.close_at),
            "expected_expiration_time": text_time(listed.close_at),
            "latest_expiration_time": text_time(listed.close_at),
            "settlement_timer_seconds": 60,
            "notional_value_dollars": "1.0000",
            "price_level_structure": "linear_cent" if listed.tick == 10_000 else "deci_cent",
            "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": price(listed.tick)}],
            "can_close_early": True,
            "rules_primary": listed.rules,
            "rules_secondary": "",
            "fee_waiver_expiration_time": None,
            "exchange_index": 0,
            **_quotes(self._ladders.get(listed.native, EMPTY)),
        }

    def _book(self, ticker: str, request: Request) -> Reply:
        depth = dict(request.query).get("depth", "0")
        if not depth.isdigit() or int(depth) > 100:
            return json_reply(400, {"msg": "Parameter validation failed: depth"})
        return json_reply(200, {"orderbook_fp": self._sides(ticker, int(depth))})

    def _books(self, request: Request, _: Ns) -> Reply:
        tickers = [value for name, value in request.query if name == "tickers"]
        found = [
            {"ticker": ticker, "orderbook_fp": self._sides(ticker, 0)}
            for ticker in tickers[:100]
            if ticker in self._markets
        ]
        return json_reply(200, {"orderbooks": found})

    def _sides(self, ticker: str, depth: int) -> dict[str, Rows]:
        """Best is last, so the best levels are the tail; depth 0 is all of them."""
        ladders = self._ladders.get(ticker, EMPTY)
        return {
            "yes_dollars": bids_rows(ladders.bids)[-depth:],
            "no_dollars": asks_rows(ladders.asks)[-depth:],
        }


def _offset(cursor: str, count: int) -> int:
    """Where a page begins; anything that is no cursor of ours is page one (sheet 3.1)."""
    number = cursor.removeprefix("page-")
    if not cursor.startswith("page-") or not (number.isascii() and number.isdigit()):
        return 0
    return int(number) if int(number) < count else 0


def _status_of(listed: Listed, at: Ns) -> str:
    if at < listed.open_at:
        return "initialized"
    return "active" if at < listed.close_at else "closed"


def _quotes(ladders: Ladders) -> dict[str, str]:
    bid, bid_size = ladders.bids[0] if ladders.bids else (Px(0), 0)
    ask, ask_size = ladders.asks[0] if ladders.asks else (Px(MICRO), 0)
    return {
        "yes_bid_dollars": price(bid),
        "yes_ask_dollars": price(ask),
        "no_bid_dollars": price(MICRO - ask),
        "no_ask_dollars": price(MICRO - bid),
        "yes_bid_size_fp": size(bid_size),
        "yes_ask_size_fp": size(ask_size),
        "last_price_dollars": "0.0000",
        "volume_fp": "0.00",
        "volume_24h_fp": "0.00",
        "open_interest_fp": "0.00",
    }
