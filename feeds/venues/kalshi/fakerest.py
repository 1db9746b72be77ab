"""Kalshi's own public answers over REST, for the fake: status, series, events, markets, books.

Shapes are those of the recordings; numbers are written as text except where Kalshi writes numbers.
Lists page by `cursor`, a garbage cursor is answered with page one, errors have one of Kalshi's
bodies. `GET /markets` and `/series` come from a cache up to 15 seconds old, status up to one.
Source: kalshi sheet 1 (cache), 3.1-3.6, 3.12 and 9, read 2026-11-20.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from feeds.sim.scenario import Listed
from feeds.venues.base import Reply, Request
from feeds.venues.kalshi.fakeboard import SHARDS, Board, Stand, series_of
from feeds.venues.kalshi.fakelists import Lists
from feeds.venues.kalshi.fakesay import (
    PREFIX,
    asks_rows,
    bad_query,
    bids_rows,
    failure,
    json_reply,
    market_uuid,
    offset,
    price,
    size,
    text_time,
)
from feeds.venues.kalshi.fakesettle import result_fields
from markets.terms.units import MICRO, SECOND, Ns, Px, text_from_micros
from trading.engine.book import Ladders

__all__ = ["KalshiRest", "market_uuid"]
CACHED = {"/markets": 15 * SECOND, "/series": 15 * SECOND, "/exchange/status": SECOND}
SOURCES = [{"name": "Arbsite demo", "url": "https://example.com"}]


class KalshiRest:
    """Answers requests about the board; `prints` are the public trades, oldest first."""

    def __init__(self, board: Board, prints: list[dict[str, Any]], page: int = 200) -> None:
        self._board = board
        self._page = page
        self._series = {series_of(s.listed): s.listed for s in board.stands.values()}
        self._cache: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[Ns, Reply]] = {}
        lists = Lists(board, prints, self.market_object)
        self._fixed: dict[str, Callable[[Request, Ns], Reply]] = {
            "/exchange/status": self._status,
            "/series": self._series_list,
            "/events": self._events_page,
            "/markets/orderbooks": self._books,
            **lists.routes,
        }

    def answer(self, request: Request, at: Ns) -> Reply:
        """The reply to a request, with or without the path's `/trade-api/v2`."""
        path = request.path.removeprefix(PREFIX)
        fixed = self._fixed.get(path)
        if request.method != "GET":
            return failure(404, "not_found")
        if fixed is not None:
            return self._cached(path, fixed, request, at)
        return self._named(path.strip("/").split("/"), request, at)

    def _cached(
        self, path: str, answer: Callable[[Request, Ns], Reply], request: Request, at: Ns
    ) -> Reply:
        if path not in CACHED:
            return answer(request, at)
        key = (path, request.query)
        made, reply = self._cache.get(key, (Ns(0), None))
        if reply is None or not made <= at < made + CACHED[path]:
            reply = answer(request, at)
            self._cache[key] = (at, reply)
        return reply

    def _named(self, parts: list[str], request: Request, at: Ns) -> Reply:
        stands, events = self._board.stands, self._board.events
        match parts:
            case ["series", ticker] if ticker in self._series:
                return json_reply(200, {"series": self._series_object(ticker)})
            case ["events", ticker] if ticker in events:
                return self._event(ticker, request, at)
            case ["markets", ticker] if ticker in stands:
                return json_reply(200, {"market": self.market_object(stands[ticker], at)})
            case ["markets", ticker, "orderbook"] if ticker in stands:
                return self._book(ticker, request)
            case ["markets", *_]:
                return failure(404, "market_not_found")
            case _:
                return failure(404, "not_found")

    def _status(self, _: Request, at: Ns) -> Reply:
        pause = self._board.pause(at)
        flags = {
            "exchange_active": pause != "exchange",
            "trading_active": not pause,
            "intra_exchange_transfers_active": pause != "exchange",
        }
        used = {0, *(stand.shard for stand in self._board.stands.values())}
        shards = [
            {"exchange_index": index, "description": SHARDS[index], **flags}
            for index in sorted(used)
        ]
        return json_reply(200, {**flags, "exchange_index_statuses": shards})

    def _series_list(self, _: Request, __: Ns) -> Reply:
        return json_reply(200, {"series": [self._series_object(ticker) for ticker in self._series]})

    def _series_object(self, ticker: str) -> dict[str, Any]:
        listed = self._series[ticker]
        fee_type, multiplier = self._board.series_fee(listed)
        return {
            "ticker": ticker,
            "title": listed.event_title,
            "category": listed.category,
            "categories": [listed.category],
            "tags": [],
            "frequency": "custom",
            "settlement_sources": SOURCES,
            "contract_url": "",
            "contract_terms_url": "",
            "fee_type": fee_type,
            "fee_multiplier": number(multiplier),
            "additional_prohibitions": [],
            "exchange_index": 0,
        }

    def _events_page(self, request: Request, at: Ns) -> Reply:
        query = dict(request.query)
        limit = query.get("limit", "200")
        if not limit.isdigit() or not 1 <= int(limit) <= 200:
            return bad_query("GetEvents", "Limit", "lte")
        wanted = [ticker for ticker in self._board.events if self._is_listed(ticker, query, at)]
        start = offset(query.get("cursor", ""), len(wanted))
        end = start + min(int(limit), self._page)
        nested = query.get("with_nested_markets") == "true"
        events = [self._event_object(ticker, at, nested=nested) for ticker in wanted[start:end]]
        body: dict[str, Any] = {
            "events": events,
            "cursor": f"page-{end}" if end < len(wanted) else "",
        }
        if query.get("with_milestones") == "true":
            body["milestones"] = [
                row for ticker in wanted[start:end] for row in self._milestones(ticker)
            ]
        return json_reply(200, body)

    def _milestones(self, event: str) -> list[dict[str, Any]]:
        """The game of an event, if it is one's."""
        listed = self._board.events[event][0].listed
        if listed.starts_at is None:
            return []
        return [
            {
                "id": market_uuid(f"game {event}"),
                "category": "Sports",
                "type": "game",
                "title": listed.event_title,
                "start_date": text_time(listed.starts_at),
                "end_date": None,
                "primary_event_tickers": [event],
                "related_event_tickers": [event],
                "details": {},
            }
        ]

    def _is_listed(self, event: str, query: dict[str, str], at: Ns) -> bool:
        """The filter matches an event if any of its markets matches."""
        names = [one for one in query.get("tickers", "").split(",") if one]
        since = query.get("min_updated_ts", "")
        if names and event not in names:
            return False
        if since.isdigit() and not any(
            max(stand.updated_at, stand.listed.open_at) >= int(since) * SECOND
            for stand in self._board.events[event]
        ):
            return False
        if query.get("status") != "open":
            return True
        return any(stand.status(at) == "active" for stand in self._board.events[event])

    def _event(self, ticker: str, request: Request, at: Ns) -> Reply:
        nested = dict(request.query).get("with_nested_markets") == "true"
        body: dict[str, Any] = {"event": self._event_object(ticker, at, nested=nested)}
        if not nested:
            body["markets"] = [self.market_object(one, at) for one in self._board.events[ticker]]
        return json_reply(200, body)

    def _event_object(self, ticker: str, at: Ns, *, nested: bool) -> dict[str, Any]:
        stands = self._board.events[ticker]
        listed = stands[0].listed
        fee_type, multiplier = self._board.overrides.get(ticker, (None, None))
        found: dict[str, Any] = {
            "event_ticker": ticker,
            "series_ticker": series_of(listed),
            "title": listed.event_title,
            "sub_title": "",
            "category": listed.category,
            "mutually_exclusive": False,
            "collateral_return_type": "",
            "settlement_sources": SOURCES,
            "fee_type_override": fee_type,
            "fee_multiplier_override": None if multiplier is None else number(multiplier),
            "exchange_index": stands[0].shard,
            "last_updated_ts": text_time(listed.open_at),
        }
        if nested:
            found["markets"] = [self.market_object(one, at) for one in stands]
        return found

    def market_object(self, stand: Stand, at: Ns) -> dict[str, Any]:
        """A market as REST says it."""
        listed = stand.listed
        close = text_time(stand.close_at)
        return {
            "ticker": listed.native,
            "event_ticker": listed.event,
            "market_type": "binary",
            "title": listed.title,
            "yes_sub_title": listed.outcomes[0],
            "no_sub_title": listed.outcomes[0],
            "status": stand.status(at),
            **result_fields(stand),
            **_times(listed),
            "close_time": close,
            "expected_expiration_time": close,
            "expiration_time": close,
            "latest_expiration_time": close,
            "occurrence_datetime": close,
            "settlement_timer_seconds": self._board.terms.timer // SECOND,
            "notional_value_dollars": "1.0000",
            "price_level_structure": stand.structure,
            "price_ranges": ranges(stand),
            "can_close_early": True,
            "early_close_condition": "",
            "rules_primary": listed.rules,
            "rules_secondary": "",
            "fee_waiver_expiration_time": None,
            "exchange_index": stand.shard,
            "previous_price_dollars": "0.0000",
            "previous_yes_bid_dollars": "0.0000",
            "previous_yes_ask_dollars": "0.0000",
            "last_price_dollars": price(stand.last),
            "volume_fp": size(stand.volume),
            "volume_24h_fp": size(stand.volume),
            "open_interest_fp": size(stand.open_interest),
            **_quotes(Ladders(*stand.matching.book(1))),
        }

    def _book(self, ticker: str, request: Request) -> Reply:
        depth = dict(request.query).get("depth", "0")
        if not depth.isdigit() or int(depth) > 100:
            return bad_query("GetMarketOrderbook", "Depth", "lte")
        return json_reply(200, {"orderbook_fp": self._sides(ticker, int(depth))})

    def _books(self, request: Request, _: Ns) -> Reply:
        """A comma list is one ticker nobody knows, as the parameter must be repeated."""
        tickers = [value for name, value in request.query if name == "tickers"]
        found = [
            {"ticker": ticker, "orderbook_fp": self._sides(ticker, 0)}
            for ticker in tickers[:100]
            if ticker in self._board.stands
        ]
        return json_reply(200, {"orderbooks": found})

    def _sides(self, ticker: str, depth: int) -> dict[str, list[list[str]]]:
        """Best is last, so the best levels are the tail; depth 0 is all of them."""
        bids, asks = self._board.stands[ticker].matching.book()
        return {
            "yes_dollars": bids_rows(bids)[-depth:],
            "no_dollars": asks_rows(asks)[-depth:],
        }


def number(ppm: int) -> msgspec.Raw:
    """A multiplier as the JSON number it is."""
    return msgspec.Raw(text_from_micros(ppm, 0).encode())


def ranges(stand: Stand) -> list[dict[str, str]]:
    """The price grid."""
    return [{"start": price(a), "end": price(b), "step": price(s)} for a, b, s in stand.bands]


def _times(listed: Listed) -> dict[str, str]:
    opened = text_time(listed.open_at)
    return {"created_time": opened, "updated_time": opened, "open_time": opened}


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
    }
