"""What an account may read over REST: its orders, its trades, what the venue thinks it has.

Invariants: pages begin at the cursor `MA==` and end with `LTE=`; balances are the venue's cached
view in base units, until an update is asked for; nobody reads another address's records.
Source: polymarket sheet 3.8, read 2026-11-20.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any

from feeds.venues.base import Reply, Request
from feeds.venues.polymarket.amounts import Amounts, implied_price
from feeds.venues.polymarket.desk.answers import BAD_QUERY, NO_TOKEN, Refused, answer
from feeds.venues.polymarket.desk.keys import Caller
from feeds.venues.polymarket.desk.orders import OrderBook
from feeds.venues.polymarket.desk.records import OPEN
from feeds.venues.polymarket.desk.wallets import COLLATERAL, Vault
from feeds.venues.polymarket.shapes import Shown
from feeds.venues.polymarket.signing import EXCHANGE, EXCHANGE_V3, NEG_RISK_EXCHANGE
from markets.terms.units import SECOND, Ns, Px
from trading.engine.orders import Side

FIRST, END = "MA==", "LTE="
UNLIMITED = str(2**256 - 1)
Call = Callable[[Request, Caller, Ns], Reply]


class Queries:
    """Reads of private records, `page` to a page."""

    def __init__(
        self, vault: Vault, book: OrderBook, markets: Mapping[str, Shown], page: int
    ) -> None:
        self._vault = vault
        self._book = book
        self._markets = markets
        self._page = page

    def calls(self) -> dict[str, Call]:
        """The reads by path."""
        return {
            "/data/orders": self._orders,
            "/data/trades": self._trades,
            "/balance-allowance": self._balance,
            "/balance-allowance/update": self._update,
            "/order-scoring": self._scoring,
        }

    def market(self, token: str) -> Shown | None:
        """The market of a token."""
        return self._markets.get(token)

    def price(self, side: Side, maker: int, taker: int, shown: Shown) -> Px | None:
        """The limit that an order's amounts imply."""
        return implied_price(side, Amounts(maker, taker), shown.step)

    def order(self, request: Request, caller: Caller, at: Ns) -> Reply:
        """`GET /data/order/{id}`: one order in any state."""
        found = self._book.orders.get(request.path.rpartition("/")[2])
        if found is None or found.address != caller.address:
            raise Refused(404, "order not found")
        return answer(found.told())

    def _orders(self, request: Request, caller: Caller, at: Ns) -> Reply:
        asked = dict(request.query)
        found = [p for p in self._book.open_of(caller.address) if p.status in OPEN]
        told = [p.told() for p in found]
        return self._paged(_matching(told, asked, ("market", "asset_id", "id")), asked)

    def _trades(self, request: Request, caller: Caller, at: Ns) -> Reply:
        asked = dict(request.query)
        after, before = _moment(asked, "after"), _moment(asked, "before")
        told = [
            trade.told(caller.address)
            for trade in self._book.trades
            if any(o.address == caller.address for o in trade.orders())
            and (after is None or trade.at // SECOND > after)
            and (before is None or trade.at // SECOND < before)
        ]
        wanted = _matching(told, asked, ("market", "asset_id", "id", "maker_address"))
        return self._paged(wanted, asked)

    def _balance(self, request: Request, caller: Caller, at: Ns) -> Reply:
        address, asset = self._asked(request, caller)
        wallet = self._vault.find(address)
        allowed = UNLIMITED if wallet is not None and wallet.is_approved else "0"
        exchanges = (EXCHANGE, NEG_RISK_EXCHANGE, EXCHANGE_V3)
        return answer(
            {
                "balance": str(self._vault.believed(address, asset)) if wallet else "0",
                "allowances": dict.fromkeys(exchanges, allowed),
            }
        )

    def _update(self, request: Request, caller: Caller, at: Ns) -> Reply:
        self._vault.update(*self._asked(request, caller))
        return answer({})

    def _scoring(self, request: Request, caller: Caller, at: Ns) -> Reply:
        """No order earns rewards here."""
        return answer({"scoring": False})

    def _asked(self, request: Request, caller: Caller) -> tuple[str, str]:
        """The wallet's address and the asset a balance is asked of."""
        asked = dict(request.query)
        kind, token = asked.get("signature_type", "0"), asked.get("token_id", "")
        if not (kind.isascii() and kind.isdecimal()):
            raise Refused(400, BAD_QUERY)
        wallets = self._vault.of_owner(caller.address, int(kind))
        address = wallets[0].address if wallets else caller.address
        match asked.get("asset_type"):
            case "COLLATERAL":
                return address, COLLATERAL
            case "CONDITIONAL" | "CONDITIONAL-V2":
                if token not in self._markets:
                    raise Refused(400, NO_TOKEN)
                return address, token
            case _:
                raise Refused(400, BAD_QUERY)

    def _paged(self, told: list[dict[str, Any]], asked: dict[str, str]) -> Reply:
        start = _place(asked.get("next_cursor", FIRST))
        ends = start + self._page
        following = b64encode(str(ends).encode()).decode() if ends < len(told) else END
        part = told[start:ends] if start >= 0 else []
        return answer(
            {"data": part, "next_cursor": following, "limit": self._page, "count": len(part)}
        )


def _matching(
    told: list[dict[str, Any]], asked: dict[str, str], names: tuple[str, ...]
) -> list[dict[str, Any]]:
    wanted = {name: asked[name] for name in names if asked.get(name)}
    return [t for t in told if all(t[name] == value for name, value in wanted.items())]


def _moment(asked: dict[str, str], name: str) -> int | None:
    told = asked.get(name)
    if told is None:
        return None
    if not (told.isascii() and told.isdecimal()):
        raise Refused(400, BAD_QUERY)
    return int(told)


def _place(cursor: str) -> int:
    try:
        return int(b64decode(cursor.encode(), validate=True))
    except ValueError:
        raise Refused(400, BAD_QUERY) from None
