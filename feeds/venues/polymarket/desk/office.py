"""The fake venue's private side put together: keys, wallets, orders, settlement, user socket.

Invariants: everything that time does happens in `ticked`, in one order: heartbeats, delays and
expiries, trades' lives. A decided market ends its orders and pays its holders at once, as if each
had the venue's automatic redemption. Source: polymarket sheet 2 to 7 and 11, read 2026-11-20.
"""

from collections.abc import Mapping

import msgspec

from feeds.sim.chance import Chance
from feeds.sim.faults import Fault
from feeds.venues.polymarket.desk.answers import NO_BALANCE
from feeds.venues.polymarket.desk.channel import UserChannel
from feeds.venues.polymarket.desk.keys import Keys
from feeds.venues.polymarket.desk.orders import OrderBook
from feeds.venues.polymarket.desk.outside import OutsideDesk
from feeds.venues.polymarket.desk.private import PrivateCalls, Rejection
from feeds.venues.polymarket.desk.queries import Queries
from feeds.venues.polymarket.desk.settlement import Pace, Settlement
from feeds.venues.polymarket.desk.wallets import Vault, Wallet
from feeds.venues.polymarket.eip712 import checksummed
from feeds.venues.polymarket.shapes import Shown
from markets.terms.units import SECOND, Ns, Px, Usd


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue does not publish and a fake must decide: its seed, the pace of settlement, how
    far a client's clock may be off, how many records make a page.
    """

    seed: int = 1
    pace: Pace = Pace()
    skew: Ns = Ns(60 * SECOND)
    page: int = 100


class Office:
    """Everything accounts can reach."""

    def __init__(self, of_token: Mapping[str, Shown], habits: Habits) -> None:
        places = {token: (s.id, s.outcome_of(token)) for token, s in of_token.items()}
        self.vault = Vault(places)
        self.keys = Keys(habits.seed, habits.skew)
        self.settlement = Settlement(self.vault, habits.pace, Chance(habits.seed))
        self.book = OrderBook(self.vault, self.settlement)
        queries = Queries(self.vault, self.book, of_token, habits.page)
        self.calls = PrivateCalls(self.keys, self.vault, self.book, queries)
        self.channel = UserChannel(self.keys)
        self.outside = OutsideDesk(self.vault, of_token)

    def open(self, wallet: Wallet) -> None:
        """A wallet that may trade from now on."""
        self.vault.open(wallet)
        self.calls.limiter.promote(checksummed(wallet.owner), wallet.tier)

    def fund(self, address: str, cash: int) -> None:
        """Money comes to a wallet, or leaves it."""
        self.vault.ledger.deposit(checksummed(address), Usd(cash))

    def settle(self, shown: Shown, pays: tuple[Px, Px], at: Ns) -> None:
        """End the market's orders and pay its holders."""
        self.book.clear(shown, at)
        self.vault.ledger.settle(shown.id, pays, at)

    def ticked(self, at: Ns) -> None:
        """Whatever time does."""
        for key in self.calls.heartbeats.lapsed(at):
            self.book.sweep([p for p in self.book.active() if p.key == key], at)
        self.book.ticked(at)

    def misbehave(self, fault: Fault) -> None:
        """Refuse the next orders, let the next cancels come too late, or the next fills fail."""
        count = fault.number("count", 1)
        match fault.kind:
            case "reject":
                self.calls.rejection = Rejection(count, str(fault.args.get("code") or NO_BALANCE))
            case "race":
                self.book.races = count
            case "ghost":
                self.settlement.fail_next = count
