"""What orders at Polymarket cost before they leave: hashing, signing, sealing, encoding."""

from __future__ import annotations

from collections.abc import Callable

import coincurve
from msgspec.structs import replace

from feeds.runtime.connection import address_of, head_of
from feeds.venues.polymarket import encode
from feeds.venues.polymarket.credentials import ApiKey, l2_seal
from feeds.venues.polymarket.identity import Identity, identity
from feeds.venues.polymarket.signing import signed
from feeds.venues.polymarket.trader import PolymarketTrader
from feeds.venues.secret import Secret
from markets.terms.fees_polymarket import schedule
from markets.terms.ids import DealId, MarketId, OrderId, VenueId
from markets.terms.instruments import Market, even_ladder
from markets.terms.units import MICRO, SECOND, Ns, Px, Qty
from tests.bench.measure import Result, each_us
from trading.engine.orders import BookKind, OrderRequest, Purpose, Side, TimeInForce

ROUNDS = 2_000
AT = Ns(1_795_000_000 * SECOND)
KEY = "7" * 64
API = Secret(ApiKey("0b7c", "c2VjcmV0LW9mLXRoZS1hcGktMzItYnl0ZXMtbG9uZw==", "pass"))
MARKET = Market(
    id=MarketId("polymarket:0xaa"),
    venue=VenueId("polymarket"),
    native="0xaa",
    title="",
    outcomes=("Yes", "No"),
    ticks=even_ladder(Px(10_000)),
    fees=schedule(50_000),
    tokens=("1" * 77, "2" * 77),
)
REQUEST = OrderRequest(
    id=OrderId("r1-1"),
    deal=DealId("r1"),
    leg=0,
    market=MARKET.id,
    outcome=0,
    side=Side.BUY,
    px=Px(440_000),
    qty=Qty(10 * MICRO),
    tif=TimeInForce.IOC,
    book=BookKind.LIVE,
    purpose=Purpose.OPEN,
    placed_at=AT,
)


def measure() -> list[Result]:
    """One signature alone, an order of each kind of wallet, a seal, an intent as bytes."""
    key, message = coincurve.PrivateKey(bytes.fromhex(KEY)), b"\1" * 32
    raw = _each(lambda: key.sign_recoverable(message, hasher=None))
    plain = replace(identity(KEY), api=API)
    nested = replace(identity(KEY, "0x" + "33" * 20), api=API)
    body = encode.sealed_order(REQUEST, MARKET, nested).body
    results = [Result("secp256k1 signature alone (coincurve)", raw, "µs")]
    for name, who in (("plain key", plain), ("deposit wallet", nested)):
        cost = _each(_signing(who))
        results.append(
            Result(f"sign an order of Polymarket, {name}", cost, "µs", "a signature", cost / raw)
        )
    seal = _each(lambda: l2_seal(API.reveal().secret, "1795000000", "POST", "/order", body))
    results.append(Result("seal a call of Polymarket (HMAC)", seal, "µs"))
    trader = PolymarketTrader(nested, lambda name: None)
    whole = _each(lambda: _bytes(trader))
    results.append(Result("intent to bytes, Polymarket", whole, "µs", "a signature", whole / raw))
    return results


def _signing(who: Identity) -> Callable[[], object]:
    order = encode.order_of(REQUEST, MARKET, who)
    exchange = encode.exchange_of(MARKET, 0)
    key = who.key.reveal()
    return lambda: signed(key, order, exchange)


def _bytes(trader: PolymarketTrader) -> bytes:
    """An order from the engine's intent to what is written to the socket."""
    order = encode.place(encode.sealed_order(REQUEST, MARKET, trader.known.who))
    sent = trader.signed(order, AT)
    return head_of(sent, ADDRESS) + sent.body


ADDRESS = address_of("https://clob.polymarket.com")


def _each(work: Callable[[], object]) -> float:
    return each_us(lambda: [work() for _ in range(ROUNDS)], ROUNDS)
