"""The Kalshi fake's other public lists: markets, trades, schedule, fee changes, cut-offs.

Source: kalshi sheet 3.1 (page limits), 3.2, 3.5, 3.6.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.kalshi.fakeboard import Board, Stand, series_of
from feeds.venues.kalshi.fakesay import (
    Refused,
    bad_query,
    json_reply,
    market_uuid,
    page_of,
    text_time,
)
from markets.terms.units import DAY, MS, Ns, text_from_micros

STATUSES = {
    "unopened": ("initialized",),
    "open": ("active",),
    "paused": ("inactive",),
    "closed": ("closed", "determined"),
    "settled": ("finalized",),
}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LIVE_FOR = Ns(60 * DAY)


class Lists:
    """Lists of the board, by path."""

    def __init__(
        self,
        board: Board,
        prints: list[dict[str, Any]],
        market_object: Callable[[Stand, Ns], dict[str, Any]],
    ) -> None:
        self._board = board
        self._prints = prints
        self._market = market_object
        self.routes: dict[str, Callable[[Request, Ns], Reply]] = {
            "/markets": self._markets,
            "/markets/trades": self._trades,
            "/exchange/schedule": self._schedule,
            "/exchange/user_data_timestamp": self._as_of,
            "/series/fee_changes": self._series_changes,
            "/events/fee_changes": self._event_changes,
            "/historical/cutoff": self._cutoff,
        }

    def _markets(self, request: Request, at: Ns) -> Reply:
        query = dict(request.query)
        wanted = query.get("status", "")
        if wanted and wanted not in STATUSES:
            raise Refused(bad_query("GetMarkets", "Status", "oneof"))
        found: list[object] = [
            stand
            for stand in self._board.stands.values()
            if (not wanted or stand.status(at) in STATUSES[wanted]) and _is_asked(stand, query)
        ]
        page, cursor = page_of(query, "GetMarkets", found, (100, 1_000))
        rows = [self._market(stand, at) for stand in page if isinstance(stand, Stand)]
        return json_reply(200, {"markets": rows, "cursor": cursor})

    def _trades(self, request: Request, at: Ns) -> Reply:
        query = dict(request.query)
        ticker = query.get("ticker", "")
        rows: list[object] = [
            _trade_row(one)
            for one in reversed(self._prints)
            if not ticker or one["market_ticker"] == ticker
        ]
        page, cursor = page_of(query, "GetTrades", rows, (100, 1_000))
        return json_reply(200, {"trades": page, "cursor": cursor})

    def _schedule(self, _: Request, __: Ns) -> Reply:
        whole = [{"open_time": "00:00", "close_time": "00:00"}]
        thursday = [
            {"open_time": "00:00", "close_time": "03:00"},
            {"open_time": "05:00", "close_time": "00:00"},
        ]
        hours: dict[str, Any] = dict.fromkeys(DAYS, whole)
        hours["thursday"] = thursday if self._board.terms.thursdays else whole
        spans = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2099-01-01T00:00:00Z"}
        body = {"standard_hours": [{**spans, **hours}], "maintenance_windows": []}
        return json_reply(200, {"schedule": body})

    def _as_of(self, _: Request, at: Ns) -> Reply:
        return json_reply(200, {"as_of_time": text_time(at)})

    def _series_changes(self, request: Request, _: Ns) -> Reply:
        return json_reply(200, {"series_fee_change_arr": []})

    def _event_changes(self, request: Request, _: Ns) -> Reply:
        query = dict(request.query)
        asked = query.get("event_ticker", "")
        rows: list[object] = [
            {
                "id": market_uuid(f"fee {number}"),
                "event_ticker": event,
                "fee_type_override": fee_type,
                "fee_multiplier_override": None
                if multiplier is None
                else msgspec.Raw(text_from_micros(multiplier, 0).encode()),
                "scheduled_ts": text_time(at),
            }
            for number, (event, fee_type, multiplier, at) in enumerate(self._board.fee_changes)
            if not asked or event == asked
        ]
        page, cursor = page_of(query, "GetEventFeeChanges", rows, (100, 1_000))
        return json_reply(200, {"event_fee_change_arr": page, "cursor": cursor})

    def _cutoff(self, _: Request, at: Ns) -> Reply:
        then = text_time(Ns(at - LIVE_FOR))
        names = ("market_settled_ts", "trades_created_ts", "market_positions_last_updated_ts")
        body = {**dict.fromkeys(names, then), "orders_updated_ts": text_time(Ns(at - 14 * DAY))}
        return json_reply(200, body)


def _is_asked(stand: Stand, query: dict[str, str]) -> bool:
    tickers = [one for one in query.get("tickers", "").split(",") if one]
    if query.get("mve_filter") == "only" or (tickers and stand.ticker not in tickers):
        return False
    if query.get("event_ticker", stand.listed.event) != stand.listed.event:
        return False
    series = series_of(stand.listed)
    return query.get("series_ticker", series) == series


def _trade_row(one: dict[str, Any]) -> dict[str, Any]:
    row = {name: value for name, value in one.items() if name not in ("ts", "ts_ms")}
    row["ticker"] = row.pop("market_ticker")
    row["created_time"] = text_time(Ns(one["ts_ms"] * MS))
    return row
