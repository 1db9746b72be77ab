"""A market, an account and orders of ours, as the tests of Polymarket's gateway use them."""

from typing import Any

from msgspec.structs import replace

from feeds.venues.polymarket.credentials import ApiKey
from feeds.venues.polymarket.identity import Identity, identity
from feeds.venues.polymarket.known import Known
from feeds.venues.secret import Secret
from markets.terms.fees_polymarket import schedule
from markets.terms.ids import DealId, MarketId, OrderId, VenueId
from markets.terms.instruments import Market, even_ladder
from markets.terms.units import MICRO, SECOND, Ns, Px, Qty, Usd, micros_from_text
from trading.engine.orders import (
    BookKind,
    Order,
    OrderRequest,
    OrderState,
    Purpose,
    Side,
    TimeInForce,
)

AT = Ns(1_795_000_000 * SECOND)
POSITION = (1 << 248) | (0xABCDEF << 130) | (2 << 104) | (137 << 24) | (1 << 8)
API = ApiKey("0b7c-key", "c2VjcmV0LW9mLXRoZS1hcGk=", "passphrase-of-the-api")
ME: Identity = replace(identity("7".rjust(64, "0"), "0x" + "33" * 20), api=Secret(API))


def market(**changed: Any) -> Market:
    """A market with a tick of a cent."""
    told: dict[str, Any] = {
        "id": MarketId("polymarket:0xaa"),
        "venue": VenueId("polymarket"),
        "native": "0xaa",
        "title": "Will it happen?",
        "outcomes": ("Yes", "No"),
        "ticks": even_ladder(Px(10_000)),
        "fees": schedule(50_000),
        "tokens": ("1" * 77, "2" * 77),
        "min_size": Qty(5 * MICRO),
        "min_notional": Usd(MICRO),
    }
    return Market(**{**told, **changed})


def order(px: str = "0.44", count: str = "10", name: str = "r1-1", **changed: Any) -> OrderRequest:
    """An order to buy YES at once, unless said otherwise."""
    told: dict[str, Any] = {
        "id": OrderId(name),
        "deal": DealId("r1"),
        "leg": 0,
        "market": MarketId("polymarket:0xaa"),
        "outcome": 0,
        "side": Side.BUY,
        "px": Px(micros_from_text(px)),
        "qty": Qty(micros_from_text(count)),
        "tif": TimeInForce.IOC,
        "book": BookKind.LIVE,
        "purpose": Purpose.OPEN,
        "placed_at": AT,
    }
    return OrderRequest(**{**told, **changed})


def remembered(
    *requests: OrderRequest, listed: Market | None = None, state: OrderState = OrderState.UNKNOWN
) -> Known:
    """What is known where the engine remembers these orders."""
    orders = {r.id: Order(r, state, r.placed_at, r.placed_at) for r in requests}
    known = Known(ME, orders.get, lambda: list(orders.values()))
    shown = listed or market()
    known.markets[shown.id] = shown
    known.bars = {}
    return known
