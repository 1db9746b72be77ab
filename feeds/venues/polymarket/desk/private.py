"""The CLOB's private calls: who asks is proven first, then the venue's mode and the signer's bucket
are asked, then the order book.

Invariants: answers have the venue's shapes and texts; entries of a batch stand alone; cancels
answer 200 even when nothing was cancelled; what belongs to another address is not found.
Source: polymarket sheet 2, 3.5 to 3.9 and 3.12, read 2026-11-20.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.polymarket.desk.answers import (
    BAD_HEARTBEAT,
    BAD_ORDER,
    BAD_ORDER_ID,
    BANNED,
    CLOSED_ONLY,
    JSON,
    NO_BOOK,
    TOO_MANY,
    TOO_MANY_IDS,
    Refused,
    answer,
)
from feeds.venues.polymarket.desk.checks import SentBody, check
from feeds.venues.polymarket.desk.heartbeats import Heartbeats
from feeds.venues.polymarket.desk.keys import Caller, Keys
from feeds.venues.polymarket.desk.limiter import Lane, Limiter
from feeds.venues.polymarket.desk.moods import Moods
from feeds.venues.polymarket.desk.orders import OrderBook
from feeds.venues.polymarket.desk.queries import Queries
from feeds.venues.polymarket.desk.wallets import Vault
from feeds.venues.polymarket.shapes import Shown
from markets.terms.units import Ns
from trading.engine.orders import Side

MAX_ORDERS = 15
MAX_IDS = 1_000
_body = msgspec.json.Decoder(SentBody)
_ids = msgspec.json.Decoder(list[str])
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, Any])
Call = Callable[[Request, Caller, Ns], Reply]


class Rejection(msgspec.Struct):
    """The next orders refused on purpose: how many, and with which words."""

    left: int = 0
    words: str = ""


class PrivateCalls:
    """Routes every private call."""

    def __init__(self, keys: Keys, vault: Vault, book: OrderBook, queries: Queries) -> None:
        self.moods = Moods()
        self.limiter = Limiter()
        self.heartbeats = Heartbeats()
        self.banned: dict[str, None] = {}
        self.closed_only: dict[str, None] = {}
        self.rejection = Rejection()
        self._keys = keys
        self._vault = vault
        self._book = book
        self._queries = queries
        self._open: dict[tuple[str, str], Callable[[Request, Ns], Reply]] = {
            ("POST", "/auth/api-key"): keys.create,
            ("GET", "/auth/derive-api-key"): keys.derive,
        }
        self._calls: dict[tuple[str, str], Call] = {
            ("GET", "/auth/api-keys"): lambda r, c, at: keys.list_of(c),
            ("DELETE", "/auth/api-key"): lambda r, c, at: keys.delete(c),
            ("GET", "/auth/ban-status/closed-only"): self._ban_status,
            ("POST", "/order"): self._order,
            ("POST", "/orders"): self._orders,
            ("DELETE", "/order"): self._cancel,
            ("DELETE", "/orders"): self._cancel_many,
            ("DELETE", "/cancel-all"): self._cancel_all,
            ("DELETE", "/cancel-market-orders"): self._cancel_market,
            ("POST", "/v1/heartbeats"): self._heartbeat,
            ("GET", "/v1/user/rate-limit-tier"): self._tier,
            **{("GET", path): call for path, call in queries.calls().items()},
        }

    def knows(self, request: Request) -> bool:
        """Whether this is a private call, known or of a known family."""
        place = (request.method, request.path)
        return place in self._open or self._find(place) is not None

    def answer(self, request: Request, at: Ns) -> Reply:
        """The reply; every refusal is one too."""
        try:
            public = self._open.get((request.method, request.path))
            if public is not None:
                return public(request, at)
            call = self._find((request.method, request.path))
            assert call is not None  # noqa: S101  `knows` was asked first
            return call(request, self._keys.caller(request, at), at)
        except Refused as refusal:
            return refusal.reply()

    def marketable(self, request: Request, markets: dict[str, Shown]) -> Shown | None:
        """The market of an order that, by its amounts, would trade at once."""
        try:
            sent = _body.decode(request.body).order
            shown = markets[sent.token_id]
            maker, taker = int(sent.maker_amount), int(sent.taker_amount)
        except (msgspec.DecodeError, KeyError, ValueError):
            return None
        side = Side.BUY if sent.side == "BUY" else Side.SELL
        px = self._queries.price(side, maker, taker, shown)
        outcome = shown.outcome_of(sent.token_id)
        if px is None or not self._book.is_marketable(shown, outcome, side, px):
            return None
        return shown

    def _find(self, place: tuple[str, str]) -> Call | None:
        found = self._calls.get(place)
        if found is None and place[0] == "GET" and place[1].startswith("/data/order/"):
            return self._queries.order
        return found

    def _order(self, request: Request, caller: Caller, at: Ns) -> Reply:
        self.moods.let_order(at)
        return self._limited(
            caller, Lane.ORDER, 1, at, lambda: answer(self._place(request.body, caller, at))
        )

    def _orders(self, request: Request, caller: Caller, at: Ns) -> Reply:
        self.moods.let_order(at)
        try:
            bodies = _raws.decode(request.body)
        except msgspec.DecodeError:
            raise Refused(400, BAD_ORDER) from None
        if not bodies:
            raise Refused(400, BAD_ORDER)
        if len(bodies) > MAX_ORDERS:
            raise Refused(400, TOO_MANY.format(len(bodies), MAX_ORDERS))
        return self._limited(
            caller,
            Lane.ORDER,
            len(bodies),
            at,
            lambda: answer([self._entry(body, caller, at) for body in bodies]),
        )

    def _entry(self, body: msgspec.Raw, caller: Caller, at: Ns) -> dict[str, Any]:
        """One of a batch: refused, it still says success, with the words in `errorMsg`."""
        try:
            return self._place(bytes(body), caller, at)
        except Refused as refusal:
            return {
                "errorMsg": refusal.words,
                "orderID": "",
                "takingAmount": "",
                "makingAmount": "",
                "status": "",
                "success": True,
            }

    def _place(self, raw: bytes, caller: Caller, at: Ns) -> dict[str, Any]:
        try:
            body = _body.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            raise Refused(400, BAD_ORDER) from None
        if caller.address in self.banned:
            raise Refused(400, BANNED.format(caller.address))
        if not body.post_only:
            self.moods.let_taker(at)
        shown = self._queries.market(body.order.token_id)
        if shown is None or shown.is_closed:
            raise Refused(404, NO_BOOK)
        checked = check(body, caller, shown, self._vault, at)
        if caller.address in self.closed_only and checked.side is Side.BUY:
            raise Refused(400, CLOSED_ONLY.format(caller.address))
        if self.rejection.left:
            self.rejection.left -= 1
            raise Refused(400, self.rejection.words)
        return self._book.place(checked, shown, at)

    def _cancel(self, request: Request, caller: Caller, at: Ns) -> Reply:
        self.moods.let_cancel(at)
        name = _objected(request.body).get("orderID")
        if not isinstance(name, str) or not _is_id(name):
            raise Refused(400, BAD_ORDER_ID)
        return self._limited(caller, Lane.CANCEL, 1, at, lambda: self._canceled([name], caller, at))

    def _cancel_many(self, request: Request, caller: Caller, at: Ns) -> Reply:
        self.moods.let_cancel(at)
        try:
            names = _ids.decode(request.body)
        except msgspec.DecodeError:
            raise Refused(400, BAD_ORDER_ID) from None
        if len(names) > MAX_IDS:
            raise Refused(400, TOO_MANY_IDS.format(MAX_IDS))
        if not all(_is_id(name) for name in names):
            raise Refused(400, BAD_ORDER_ID)
        return self._limited(
            caller, Lane.CANCEL, len(names), at, lambda: self._canceled(names, caller, at)
        )

    def _canceled(self, names: list[str], caller: Caller, at: Ns) -> Reply:
        said = {name: self._book.cancel(name, caller.address, at) for name in names}
        return answer(
            {
                "canceled": [name for name, why in said.items() if not why],
                "not_canceled": {name: why for name, why in said.items() if why},
            }
        )

    def _cancel_all(self, request: Request, caller: Caller, at: Ns) -> Reply:
        return self._sweep(caller, at, lambda native, token: True)

    def _cancel_market(self, request: Request, caller: Caller, at: Ns) -> Reply:
        asked = _objected(request.body)
        market, asset = asked.get("market") or "", asked.get("asset_id") or ""
        if not (market or asset):
            raise Refused(400, BAD_ORDER)
        return self._sweep(
            caller, at, lambda n, t: (not market or n == market) and (not asset or t == asset)
        )

    def _sweep(self, caller: Caller, at: Ns, wanted: Callable[[str, str], bool]) -> Reply:
        self.moods.let_cancel(at)

        def carry_out() -> Reply:
            mine = self._book.open_of(caller.address)
            found = [p for p in mine if wanted(p.shown.listed.native, p.token)]
            gone = self._book.sweep(found, at)
            self.limiter.debit(caller.address, Lane.CANCEL, len(gone), at)
            return answer({"canceled": gone, "not_canceled": {}})

        return self._limited(caller, Lane.CANCEL, 1, at, carry_out)

    def _limited(
        self, caller: Caller, lane: Lane, cost: int, at: Ns, call: Callable[[], Reply]
    ) -> Reply:
        """The call's answer with the bucket's headers, unless the bucket is empty."""
        refusal = self.limiter.admit(caller.address, lane, cost, at)
        if refusal is not None:
            return refusal
        try:
            said = call()
        except Refused as refused:
            said = refused.reply()
        headers = (*said.headers, *self.limiter.headers(caller.address, lane, at))
        return msgspec.structs.replace(said, headers=headers)

    def _heartbeat(self, request: Request, caller: Caller, at: Ns) -> Reply:
        name = _objected(request.body).get("heartbeat_id")
        is_right, following = self.heartbeats.beat(caller.key, name or "", at)
        if is_right:
            return answer({"heartbeat_id": following})
        body = {"error_msg": BAD_HEARTBEAT, "heartbeat_id": following}
        return Reply(400, JSON, msgspec.json.encode(body))

    def _ban_status(self, request: Request, caller: Caller, at: Ns) -> Reply:
        return answer({"closed_only": caller.address in self.closed_only})

    def _tier(self, request: Request, caller: Caller, at: Ns) -> Reply:
        return answer({"tier": self.limiter.tier(caller.address).name})


def _objected(body: bytes) -> dict[str, Any]:
    try:
        return _object.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise Refused(400, BAD_ORDER) from None


def _is_id(name: str) -> bool:
    digits = name.removeprefix("0x")
    return len(name) == 66 and all(d in "0123456789abcdefABCDEF" for d in digits)
