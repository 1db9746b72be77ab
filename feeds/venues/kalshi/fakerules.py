"""What an order of the Kalshi fake may do now, and in which words it is refused.

Nothing here changes anything.
Source: kalshi sheet 3.8 (outcome table), 3.9, 7.1, recorded 2026-06-11 and 2026-09-26.
"""

from feeds.venues.base import Reply
from feeds.venues.kalshi.fakeaccounts import Accounts
from feeds.venues.kalshi.fakeboard import Board, Stand
from feeds.venues.kalshi.fakenews import Order
from feeds.venues.kalshi.fakesay import Refused, failure
from markets.terms.units import Ns

UNFUNDED = (
    "Exchange user not found. For Predictions: reference documentation Exchange Sharding "
    "documentation."
)


class Rules:
    """The tests an order must pass."""

    def __init__(self, board: Board, accounts: Accounts) -> None:
        self.board = board
        self.accounts = accounts
        self.orders: dict[str, Order] = {}
        self.clients: set[tuple[str, str]] = set()

    def stand_of(self, ticker: str, shard: int | None) -> Stand:
        """The market where it is looked for. Errors: `Refused` market_not_found."""
        stand = self.board.stands.get(ticker)
        if stand is None or (shard is not None and shard >= 0 and shard != stand.shard):
            raise Refused(failure(404, "market_not_found"))
        return stand

    def must_be_funded(self, holder: str, shard: int) -> None:
        """Errors: `Refused` user_not_found when the shard's pocket was never funded."""
        if not self.accounts.ledger.has(holder, shard):
            raise Refused(failure(404, "user_not_found", details=UNFUNDED))

    def must_trade(self, stand: Stand, at: Ns) -> None:
        """Errors: `Refused` unless new and changed orders are taken now."""
        pause = self.board.pause(at)
        if pause:
            word = f"{pause.upper()}_PAUSED"
            raise Refused(failure(400, word.lower(), word))
        if stand.status(at) != "active":
            raise Refused(failure(400, "market_inactive", "MARKET_INACTIVE"))

    def must_cancel(self, stand: Stand, at: Ns) -> None:
        """Errors: `Refused` in an exchange pause and after the close; a trading pause is no
        hindrance.
        """
        if self.board.pause(at) == "exchange":
            raise Refused(failure(400, "exchange_paused", "EXCHANGE_PAUSED"))
        if stand.status(at) not in ("active", "inactive", "initialized"):
            raise Refused(failure(400, "market_inactive", "MARKET_INACTIVE"))

    def must_be_new(self, account: str, client_id: str) -> None:
        """Errors: `Refused` when the account ever used the id."""
        if client_id and (account, client_id) in self.clients:
            raise Refused(failure(409, "order_already_exists"))

    def resting(self, account: str, order_id: str, shard: int) -> Order:
        """An order that rests there. Errors: `Refused`, the same 404 for whatever reason."""
        order = self.orders.get(order_id)
        if (
            order is None
            or order.account != account
            or order.shard != shard
            or order.status != "resting"
        ):
            raise Refused(failure(404, "not_found"))
        return order


def refusal(word: str) -> Reply:
    """The reply to an order that the book did not take."""
    match word:
        case "fok":
            return failure(409, "fill_or_kill_insufficient_resting_volume")
        case "post_only":
            return failure(400, "invalid_order", details="post only cross")
        case "off_grid":
            return failure(400, "invalid_price")
        case "size":
            return failure(400, "invalid_order_size")
        case _:
            return failure(400, "invalid_order", details=word)
