"""A small market at the fake Polymarket, and clients that sign what they send."""

import json
from typing import Any

import msgspec

from feeds.sim.scenario import Listed, Move
from feeds.venues.base import Reply, Request, ToClient
from feeds.venues.polymarket import credentials
from feeds.venues.polymarket.amounts import Amounts, buy_amounts, limit_amounts
from feeds.venues.polymarket.desk.office import Habits
from feeds.venues.polymarket.desk.settlement import Pace
from feeds.venues.polymarket.desk.wallets import Wallet
from feeds.venues.polymarket.eip712 import address_of
from feeds.venues.polymarket.fake import PolymarketFake
from feeds.venues.polymarket.shapes import Traits
from feeds.venues.polymarket.signing import (
    Exchange,
    OrderToSign,
    WalletKind,
    exchange_for,
    order_id,
    sign_order,
)
from markets.terms.units import MICRO, MS, SECOND, Ns, Px, Qty, Usd, micros_from_text
from tests.contract.test_polymarket import POLYMARKET, listed
from trading.engine.book import Levels
from trading.engine.orders import Side

START = Ns(1_795_000_000 * SECOND)
PROXY, SAFE, DEPOSIT = ("0x" + digit * 40 for digit in "123")
# Module 1, a base hash, arity 2, chain 137, condition 1; the outcome is the last byte.
POSITION = (1 << 248) | (0xABCDEF << 130) | (2 << 104) | (137 << 24) | (1 << 8)
CALM = Habits(pace=Pace(failed_per_mille=0, retried_per_mille=0))


def private_key(number: int) -> bytes:
    return number.to_bytes(32)


def money(text: str) -> Usd:
    return Usd(micros_from_text(text))


def shares(text: str) -> Qty:
    return Qty(micros_from_text(text))


def levels(text: str) -> Levels:
    """`0.42x100 0.41x5` as levels."""
    pairs = (part.split("x") for part in text.split())
    return tuple((Px(micros_from_text(px)), Qty(micros_from_text(qty))) for px, qty in pairs)


class Desk:
    """A venue with one market (and a spare), a clock that only moves when told, and a log of what
    its sockets said.
    """

    def __init__(
        self,
        *,
        traits: Traits | None = None,
        wallets: tuple[Wallet, ...] = (),
        habits: Habits = CALM,
        category: str = "weather",
        tick: Px | None = None,
        fee_ppm: int = 50_000,
    ) -> None:
        first = msgspec.structs.replace(listed(0, category), fee_rate_ppm=fee_ppm)
        if tick:
            first = msgspec.structs.replace(first, tick=tick)
        if traits is not None and traits.version == "v2":
            first = msgspec.structs.replace(first, tokens=(str(POSITION), str(POSITION + 1)))
        self.listed: Listed = first
        self.traits = traits or Traits()
        both = {first.native: self.traits} if traits else {}
        self.fake = PolymarketFake((first, listed(1)), traits=both, wallets=wallets, habits=habits)
        self.at = START
        self.heard: list[tuple[int, dict[str, Any]]] = []
        self.conns = 0
        self.moves("0.42x100 0.41x50", "0.44x80 0.45x20")

    @property
    def native(self) -> str:
        return self.listed.native

    @property
    def tokens(self) -> tuple[str, str]:
        yes, no = self.listed.tokens
        return yes, no

    def moves(
        self, bids: str, asks: str, trade: tuple[Px, Qty, Side] | None = None
    ) -> list[dict[str, Any]]:
        move = Move(POLYMARKET, self.native, levels(bids), levels(asks), trade, self.at)
        return self.log(self.fake.moved(move, self.at))

    def log(self, outputs: list[Any]) -> list[dict[str, Any]]:
        said = [(o.conn, json.loads(o.text)) for o in outputs if isinstance(o, ToClient)]
        for conn, frame in said:
            parts = frame if isinstance(frame, list) else [frame]
            self.heard += [(conn, part) for part in parts]
        return [frame for _, frame in said]

    def passes(self, seconds: float) -> None:
        self.at = Ns(self.at + int(seconds * 1_000) * MS)
        self.log(self.fake.ticked(self.at))

    def ask(
        self, method: str, path: str, body: bytes = b"", *query: tuple[str, str], **more: Any
    ) -> Reply:
        headers = tuple((k.lower(), v) for k, v in more.get("headers", ()))
        reply = self.fake.request(Request(method, "clob", path, query, headers, body), self.at)
        self.log(self.fake.ticked(self.at))
        return reply

    def get(self, path: str, *query: tuple[str, str]) -> Any:
        return said(self.ask("GET", path, b"", *query))

    def follow(self) -> int:
        """A market socket that follows both tokens."""
        self.conns += 1
        self.fake.connected(self.conns, "/ws/market", self.at)
        ask = {"assets_ids": list(self.tokens), "type": "market", "custom_feature_enabled": True}
        self.log(self.fake.received(self.conns, json.dumps(ask), self.at))
        return self.conns

    def frames(self, conn: int, kind: str = "") -> list[dict[str, Any]]:
        """What a connection has heard, of one type."""
        return [f for c, f in self.heard if c == conn and kind in ("", f.get("event_type"))]

    def book(self, outcome: int = 0) -> tuple[dict[str, str], dict[str, str]]:
        """Bids and asks of a token as REST tells them, price to size."""
        told = self.get("/book", ("token_id", self.tokens[outcome]))
        bids, asks = ({x["price"]: x["size"] for x in told[side]} for side in ("bids", "asks"))
        return bids, asks


def said(reply: Reply) -> Any:
    return json.loads(reply.body)


def words(reply: Reply) -> tuple[int, str]:
    """Status and error of a refusal."""
    return reply.status, said(reply).get("error", "")


class Client:
    """One key, its wallet and its credentials."""

    def __init__(
        self, desk: Desk, number: int = 7, kind: WalletKind = WalletKind.EOA, cash: str = "1000"
    ) -> None:
        self.desk = desk
        self.key = private_key(number)
        self.address = address_of(self.key)
        self.kind = kind
        own = {
            WalletKind.EOA: self.address,
            WalletKind.PROXY: PROXY,
            WalletKind.SAFE: SAFE,
            WalletKind.DEPOSIT: DEPOSIT,
        }
        self.wallet = own[kind]
        self.salt = 1_000 * number
        wallet = Wallet(address=self.wallet, owner=self.address, kind=kind, cash=money(cash))
        desk.fake.office.open(wallet)
        told = said(self.l1("POST", "/auth/api-key"))
        self.creds = msgspec.convert(told, credentials.ApiKey)

    # calls

    def l1(
        self, method: str, path: str, nonce: int = 0, changed: dict[str, str] | None = None
    ) -> Reply:
        seconds = self.desk.at // SECOND
        told = dict(credentials.l1_headers(self.key, seconds, nonce, 137)) | (changed or {})
        return self.desk.ask(method, path, headers=tuple(told.items()))

    def call(
        self, method: str, path: str, body: object = None, *query: tuple[str, str], **changed: str
    ) -> Reply:
        raw = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
        seconds = self.desk.at // SECOND
        sealed = credentials.l2_headers(self.creds, self.address, seconds, (method, path, raw))
        told = dict(sealed) | changed
        return self.desk.ask(method, path, raw, *query, headers=tuple(told.items()))

    def get(self, path: str, *query: tuple[str, str]) -> Any:
        return said(self.call("GET", path, None, *query))

    # orders

    def sign(
        self,
        side: Side,
        amounts: Amounts,
        outcome: int = 0,
        *,
        exchange: Exchange | None = None,
        kind: WalletKind | None = None,
        **changed: Any,
    ) -> tuple[OrderToSign, Exchange, str]:
        traits = self.desk.traits
        right = exchange_for(traits.version, neg_risk=traits.neg_risk)
        used = self.kind if kind is None else kind
        self.salt += 1
        order = OrderToSign(
            salt=changed.get("salt", self.salt),
            maker=changed.get("maker", self.wallet),
            signer=changed.get(
                "signer", self.wallet if used is WalletKind.DEPOSIT else self.address
            ),
            token=changed.get("token", self.desk.tokens[outcome]),
            maker_amount=amounts.maker,
            taker_amount=amounts.taker,
            side=side,
            kind=used,
            timestamp=self.desk.at // MS,
        )
        exchange = exchange or right
        return order, exchange, sign_order(changed.get("key", self.key), order, exchange)

    def body(
        self,
        side: Side,
        amounts: Amounts,
        outcome: int = 0,
        *,
        tif: str = "GTC",
        post_only: bool | None = None,
        expiration: str = "0",
        owner: str | None = None,
        **changed: Any,
    ) -> dict[str, Any]:
        order, _, signature = self.sign(side, amounts, outcome, **changed)
        told: dict[str, Any] = {
            "deferExec": False,
            "order": {
                "salt": order.salt,
                "maker": order.maker,
                "signer": order.signer,
                "tokenId": order.token,
                "makerAmount": str(order.maker_amount),
                "takerAmount": str(order.taker_amount),
                "side": "BUY" if side is Side.BUY else "SELL",
                "signatureType": int(order.kind),
                "timestamp": str(order.timestamp),
                "expiration": expiration,
                "metadata": order.metadata,
                "builder": order.builder,
                "signature": changed.get("signature", signature),
            },
            "owner": self.creds.api_key if owner is None else owner,
            "orderType": tif,
        }
        return told if post_only is None else {**told, "postOnly": post_only}

    def limit(
        self, side: Side, px: str, size: str, outcome: int = 0, **more: Any
    ) -> dict[str, Any]:
        """The body of a limit order."""
        step = self.desk.fake._shown[self.desk.native].step
        amounts = limit_amounts(side, step, Px(micros_from_text(px)), shares(size))
        return self.body(side, amounts, outcome, **more)

    def spend(self, px: str, budget: str, outcome: int = 0, **more: Any) -> dict[str, Any]:
        """The body of a FAK (or other) order that spends money."""
        amounts = buy_amounts(self.desk.listed.tick, Px(micros_from_text(px)), money(budget))
        return self.body(Side.BUY, amounts, outcome, **{"tif": "FAK", **more})

    def place(self, body: dict[str, Any]) -> Reply:
        return self.call("POST", "/order", body)

    def buy(self, px: str, size: str, outcome: int = 0, **more: Any) -> Any:
        return said(self.place(self.limit(Side.BUY, px, size, outcome, **more)))

    def sell(self, px: str, size: str, outcome: int = 0, **more: Any) -> Any:
        return said(self.place(self.limit(Side.SELL, px, size, outcome, **more)))

    def id_of(self, body: dict[str, Any]) -> str:
        """The id the venue must give this body's order."""
        told = body["order"]
        traits = self.desk.traits
        order = OrderToSign(
            salt=told["salt"],
            maker=told["maker"],
            signer=told["signer"],
            token=told["tokenId"],
            maker_amount=int(told["makerAmount"]),
            taker_amount=int(told["takerAmount"]),
            side=Side.BUY if told["side"] == "BUY" else Side.SELL,
            kind=WalletKind(told["signatureType"]),
            timestamp=int(told["timestamp"]),
        )
        return order_id(order, exchange_for(traits.version, neg_risk=traits.neg_risk))

    def cancel(self, name: str) -> Any:
        return said(self.call("DELETE", "/order", {"orderID": name}))

    def listen(self, *markets: str, **changed: str) -> int:
        """A user socket."""
        self.desk.conns += 1
        conn = self.desk.conns
        self.desk.fake.connected(conn, "/ws/user", self.desk.at)
        auth = {
            "apiKey": self.creds.api_key,
            "secret": self.creds.secret,
            "passphrase": self.creds.passphrase,
        } | changed
        ask: dict[str, Any] = {"type": "user", "auth": auth}
        if markets:
            ask["markets"] = list(markets)
        self.desk.log(self.desk.fake.received(conn, json.dumps(ask), self.desk.at))
        return conn

    # what is true

    def cash(self) -> int:
        return self.desk.fake.office.vault.true(self._own(), "")

    def held(self, outcome: int = 0) -> int:
        return self.desk.fake.office.vault.true(self._own(), self.desk.tokens[outcome])

    def _own(self) -> str:
        wallet = self.desk.fake.office.vault.find(self.wallet)
        assert wallet is not None
        return wallet.address

    def balance(self, token: str = "") -> int:
        asset = ("asset_type", "CONDITIONAL" if token else "COLLATERAL")
        more = (("token_id", token),) if token else ()
        kind = ("signature_type", str(int(self.kind)))
        return int(self.get("/balance-allowance", asset, kind, *more)["balance"])

    def update(self, token: str = "") -> None:
        asset = ("asset_type", "CONDITIONAL" if token else "COLLATERAL")
        more = (("token_id", token),) if token else ()
        kind = ("signature_type", str(int(self.kind)))
        self.call("GET", "/balance-allowance/update", None, asset, kind, *more)


def whole(text: str) -> int:
    """Millionths of a plain decimal."""
    return micros_from_text(text)


__all__ = ["CALM", "DEPOSIT", "MICRO", "PROXY", "SAFE", "START", "Client", "Desk"]
