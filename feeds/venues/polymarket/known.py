"""Our orders by the venue's ids, and what our trades have come to.

The venue's id of an order is computed from the order itself, so every order that the engine
remembers is found again after a restart, and nothing is stored for it. Invariants: a trade that is
final stays final. Not here: what an answer means (`replies`), fills (`fills`).
Source: polymarket sheet 3.2, read 2026-11-20.
"""

from feeds.venues.errands import Every, Orders
from feeds.venues.polymarket.encode import Infeasible, exchange_of, id_of
from feeds.venues.polymarket.identity import Identity
from markets.terms.ids import MarketId, OrderId
from markets.terms.instruments import Market
from markets.terms.units import MICRO
from trading.engine.orders import TERMINAL, Order, OrderRequest, Purpose, Side

FINAL = ("CONFIRMED", "FAILED")
ON_CHAIN = ("MINED", *FINAL)


UNCHECKED = ("unchecked", "Whether this account may trade from here was not checked yet.")


class Known:
    """Ids both ways, the status of each trade of ours, and what bars orders.

    `bars` are reasons by code against new deals; `allowances` what each exchange may take, by its
    address in small letters, None while unknown; `waiting` the venue's ids of delayed orders.
    `orders` finds what the engine knows of an order, `every` gives all live ones of this venue.
    """

    def __init__(self, who: Identity, orders: Orders, every: Every) -> None:
        self.who = who
        self.markets: dict[MarketId, Market] = {}
        self._order = orders
        self._every = every
        self.trades: dict[str, str] = {}
        self.waiting: dict[str, None] = {}
        self.bars: dict[str, str] = dict([UNCHECKED])
        self.allowances: dict[str, int] | None = None
        self._requests: dict[str, OrderRequest] = {}
        self._ids: dict[OrderId, str] = {}

    def orders(self) -> list[Order]:
        """Every live order of this venue that the engine remembers."""
        return list(self._every())

    def open_orders(self) -> list[Order]:
        """Those that have not ended."""
        return [order for order in self._every() if order.state not in TERMINAL]

    def add(self, request: OrderRequest, name: str) -> None:
        """An order under the id it has at the venue."""
        self._requests[name] = request
        self._ids[request.id] = name

    def request(self, order: OrderId) -> OrderRequest | None:
        """An order by our id."""
        name = self._ids.get(order)
        if name is not None:
            return self._requests[name]
        found = self._order(order)
        return found.request if found else None

    def id(self, order: OrderId) -> str:
        """The venue's id of an order of ours; empty for one that never could be sent."""
        if order not in self._ids:
            self._learn(self._order(order))
        return self._ids.get(order, "")

    def find(self, name: str) -> OrderRequest | None:
        """Our order of this id; None when it is not ours."""
        if name not in self._requests:
            for order in self._every():
                if order.request.id not in self._ids:
                    self._learn(order)
        return self._requests.get(name)

    def bar(self, request: OrderRequest) -> tuple[str, str] | None:
        """Why an order may not leave: code and text. Hedges and unwinds always may."""
        if request.purpose is not Purpose.OPEN:
            return None
        for code, text in self.bars.items():
            return code, text
        market = self.markets.get(request.market)
        is_told = market is not None and 0 <= request.outcome < len(market.tokens)
        if self.allowances is None or market is None or not is_told or request.side is Side.SELL:
            return None
        contract = exchange_of(market, request.outcome).contract
        if self.allowances.get(contract.lower(), 0) * MICRO >= request.px * request.qty:
            return None
        text = f"The wallet does not allow {contract} to take its money; approve it on the site."
        return "allowance", text

    def market(self, request: OrderRequest) -> Market:
        """The market of an order. Errors: `LookupError` when it is not followed."""
        market = self.markets.get(request.market)
        if market is None:
            raise LookupError(f"market {request.market} of order {request.id} is not known")
        return market

    def token(self, token: str) -> tuple[Market, int] | None:
        """The market and outcome of a token; None when no market we follow has it."""
        for market in self.markets.values():
            if token in market.tokens:
                return market, market.tokens.index(token)
        return None

    def note(self, trade: str, status: str) -> bool:
        """A trade's status; whether it says something new."""
        before = self.trades.get(trade, "")
        if before in FINAL or before == status:
            return False
        self.trades[trade] = status
        return True

    def unsettled(self) -> list[str]:
        """Trades of ours that are not final."""
        return [trade for trade, status in self.trades.items() if status not in FINAL]

    def is_settling(self) -> bool:
        """Whether some trade of ours is matched and not yet on the chain."""
        return any(status not in ON_CHAIN for status in self.trades.values())

    def _learn(self, order: Order | None) -> None:
        if order is None:
            return
        name = order.venue_order
        market = self.markets.get(order.request.market)
        if not name and market is not None:
            try:
                name = id_of(order.request, market, self.who)
            except Infeasible:
                return
        if name:
            self.add(order.request, name)
