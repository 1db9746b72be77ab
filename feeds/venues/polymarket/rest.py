"""The fake venue's REST answers: Gamma's event pages and the public part of the CLOB.

Books come with the best price last and the venue's own hash; a page of events is asked for with
`limit` (at most 100) and `after_cursor`, never with `offset`. Source: polymarket sheet sections
4.1 and 4.3 and `POST /books` there, read 2026-11-20.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Any
from urllib.parse import unquote

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.polymarket.prices import Prices
from feeds.venues.polymarket.shapes import Shown, text
from markets.terms.units import MICRO, MS, SECOND, Ns

LIMIT = 100
USUAL_LIMIT = 20
MAX_BOOKS = 500
FEE_TYPES = {
    "sports": "sports_fees_v3",
    "crypto": "crypto_fees_v2",
    "economics": "economics_fees",
    "politics": "politics_fees",
    "weather": "weather_fees",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JSON = (("content-type", "application/json"),)


class Answers:
    """Answers requests about these markets, grouped by event in the order listed."""

    def __init__(self, markets: tuple[Shown, ...]) -> None:
        self._by_native = {shown.listed.native: shown for shown in markets}
        self._by_token = {token: shown for shown in markets for token in shown.listed.tokens}
        self._prices = Prices(self._by_native, self._by_token)
        self._events: dict[str, list[Shown]] = {}
        for number, shown in enumerate(markets):
            shown.number = 900_000 + number
            self._events.setdefault(shown.listed.event, []).append(shown)

    def answer(self, request: Request, at: Ns) -> Reply:
        """The reply to one request; an unknown path is a 404."""
        query = dict(request.query)
        fixed: dict[str, Callable[[], Reply]] = {
            "/ok": lambda: _reply("OK"),
            "/time": lambda: _reply(at // SECOND),
            "/version": lambda: _reply({"version": 2}),
            "/events/keyset": lambda: self._page(query),
            "/book": lambda: self._book(query.get("token_id", "")),
            "/books": lambda: self._books(request.body),
        }
        found = fixed.get(request.path)
        if found is not None:
            return found()
        if request.path.startswith("/events/slug/"):
            return self._named(unquote(request.path.removeprefix("/events/slug/")))
        if request.path.startswith("/clob-markets/"):
            return self._terms(request.path.rpartition("/")[2])
        return self._prices.answer(request) or _refuse(404, "not found")

    def _page(self, query: dict[str, str]) -> Reply:
        limit = query.get("limit", str(USUAL_LIMIT))
        if "offset" in query or not limit.isdecimal() or not 0 < int(limit) <= LIMIT:
            return _refuse(422, "invalid pagination")
        start = _place(query.get("after_cursor", ""))
        if start is None:
            return _refuse(422, "invalid cursor")
        is_closed = query.get("closed", "false") == "true"
        found = [
            (slug, [one for one in group if one.is_closed == is_closed])
            for slug, group in self._events.items()
        ]
        events = [(slug, group) for slug, group in found if group]
        shown = events[start : start + int(limit)]
        page: dict[str, Any] = {"events": [_event(slug, group) for slug, group in shown]}
        if start + int(limit) < len(events):
            page["next_cursor"] = urlsafe_b64encode(str(start + int(limit)).encode()).decode()
        return _reply(page)

    def _named(self, slug: str) -> Reply:
        group = self._events.get(slug)
        return _refuse(404, "not found") if group is None else _reply(_event(slug, group))

    def _book(self, token: str) -> Reply:
        shown = self._by_token.get(token)
        if not token.isdecimal():
            return _refuse(400, "Invalid token id")
        if shown is None or shown.is_closed:
            return _refuse(404, "No orderbook exists for the requested token id")
        return _reply(hashed_book(shown, shown.outcome_of(token)))

    def _books(self, body: bytes) -> Reply:
        """Unknown tokens are left out without a word."""
        try:
            asked = msgspec.json.decode(body, type=list[dict[str, Any]])
        except msgspec.DecodeError:
            return _refuse(400, "Invalid payload")
        if len(asked) > MAX_BOOKS:
            return _refuse(400, "Payload exceeds the limit")
        names = [str(entry.get("token_id", "")) for entry in asked]
        return _reply(
            [
                hashed_book(self._by_token[name], self._by_token[name].outcome_of(name))
                for name in names
                if name in self._by_token and not self._by_token[name].is_closed
            ]
        )

    def _terms(self, native: str) -> Reply:
        shown = self._by_native.get(native)
        if shown is None:
            return _refuse(404, "market not found")
        listed = shown.listed
        outcomes = zip(listed.tokens, listed.outcomes, strict=True)
        terms: dict[str, Any] = {
            "c": native,
            "t": [{"t": token, "o": name} for token, name in outcomes],
            "mos": shown.traits.min_shares,
            "mts": _number(shown.step),
            "mbf": 0,
            "tbf": 0,
            "ao": shown.is_accepting and not shown.is_closed,
            "nr": shown.traits.neg_risk,
            "rfqe": False,
            "ibce": False,
            "gst": None,
            "r": {},
            "oas": 0,
        }
        if listed.fee_rate_ppm:
            terms["fd"] = {"r": _number(listed.fee_rate_ppm), "e": 1, "to": True}
        if _delay(shown):
            terms["sd"] = _delay(shown)
        if shown.traits.taker_hold:
            terms["itode"] = True
        return _reply(terms)


def hashed_book(shown: Shown, outcome: int) -> dict[str, Any]:
    """A token's book as REST answers it; the hash is SHA-1 over it with an empty hash."""
    bids, asks = shown.sides(outcome)
    book: dict[str, Any] = {
        "market": shown.listed.native,
        "asset_id": shown.listed.tokens[outcome],
        "timestamp": str(shown.said_at // MS),
        "hash": "",
        "bids": [{"price": text(px), "size": text(qty)} for px, qty in bids],
        "asks": [{"price": text(px), "size": text(qty)} for px, qty in asks],
        "min_order_size": str(shown.traits.min_shares),
        "tick_size": text(shown.step),
        "neg_risk": shown.traits.neg_risk,
        "last_trade_price": shown.last_trade,
    }
    book["hash"] = sha1(msgspec.json.encode(book), usedforsecurity=False).hexdigest()
    return book


def _event(slug: str, group: list[Shown]) -> dict[str, Any]:
    first = group[0].listed
    return {
        "id": str(min(shown.number for shown in group)),
        "ticker": slug,
        "slug": slug,
        "title": first.event_title,
        "description": first.rules,
        "startDate": _iso(first.open_at),
        "endDate": _iso(first.close_at),
        "active": True,
        "closed": False,
        "archived": False,
        "restricted": True,
        "enableOrderBook": True,
        "negRisk": group[0].traits.neg_risk,
        "tags": [{"id": "1", "label": first.category.capitalize(), "slug": first.category}],
        "markets": [_market(shown) for shown in group],
    }


def _market(shown: Shown) -> dict[str, Any]:
    """One market as Gamma lists it: list fields are text holding JSON."""
    listed = shown.listed
    bid, ask = shown.top()
    middle = (bid + ask) // 2
    market: dict[str, Any] = {
        "id": str(shown.number),
        "version": shown.traits.version,
        "question": listed.title,
        "conditionId": listed.native,
        "slug": f"{listed.event}-{shown.number}",
        "description": listed.rules,
        "resolutionSource": "",
        "startDate": _iso(listed.open_at),
        "endDate": _iso(listed.close_at),
        "outcomes": _packed(listed.outcomes),
        "outcomePrices": _packed(tuple(text(px) for px in shown.pays or (middle, MICRO - middle))),
        "clobTokenIds": _packed(listed.tokens),
        "active": True,
        "closed": shown.is_closed,
        "archived": False,
        "acceptingOrders": shown.is_accepting and not shown.is_closed,
        "enableOrderBook": True,
        "negRisk": shown.traits.neg_risk,
        "negRiskOther": False,
        "orderMinSize": shown.traits.min_shares,
        "orderPriceMinTickSize": _number(shown.step),
        "bestBid": _number(bid),
        "bestAsk": _number(ask),
        "feesEnabled": listed.fee_rate_ppm > 0,
        "feeType": FEE_TYPES.get(listed.category, "general_fees") if listed.fee_rate_ppm else None,
    }
    if listed.fee_rate_ppm:
        market["feeSchedule"] = {
            "exponent": 1,
            "rate": _number(listed.fee_rate_ppm),
            "takerOnly": True,
            "rebateRate": msgspec.Raw(b"0.25"),
        }
    if listed.starts_at is not None:
        market["gameStartTime"] = _iso(listed.starts_at).replace("T", " ").replace("Z", "+00")
        market["sportsMarketType"] = "moneyline"
    if _delay(shown):
        market["secondsDelay"] = _delay(shown)
    if shown.traits.taker_hold:
        market["eventStartTime"] = _iso(listed.open_at)
    if shown.traits.version == "v2":
        market["positionIds"] = list(listed.tokens)
        market["clobTokenIds"] = "[]"
    return market


def _delay(shown: Shown) -> int:
    """Whole seconds that marketable orders wait (polymarket sheet 3.10)."""
    return -(-shown.delay // SECOND)


def _packed(values: tuple[str, ...]) -> str:
    return msgspec.json.encode(values).decode()


def _number(micros: int) -> msgspec.Raw:
    """A JSON number, written exactly."""
    return msgspec.Raw(text(micros).encode())


def _iso(at: Ns) -> str:
    return (EPOCH + timedelta(seconds=at // SECOND)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _place(cursor: str) -> int | None:
    if not cursor:
        return 0
    try:
        plain = urlsafe_b64decode(cursor.encode()).decode()
    except ValueError:
        return None
    return int(plain) if plain.isdecimal() else None


def _reply(body: object) -> Reply:
    return Reply(200, JSON, msgspec.json.encode(body))


def _refuse(status: int, said: str) -> Reply:
    return Reply(status, JSON, msgspec.json.encode({"error": said}))
