"""Wallets that may trade, and what the venue believes they can spend.

The ledger is the truth; what the venue believes lags behind it: what a trade brought counts only
once the trade is mined, or when the client asks for an update. Open orders have spoken for money
and shares. Invariants: what a trade took counts at once; nobody spends what is not believed.
Source: polymarket sheet 2.5, 3.8 (reservation) and 11 ("balance cache"), read 2026-11-20.
"""

from collections.abc import Mapping

import msgspec

from feeds.sim.ledger import Ledger
from feeds.sim.matching import HOUSE
from feeds.venues.polymarket.eip712 import checksummed
from feeds.venues.polymarket.signing import WalletKind
from markets.terms.ids import MarketId
from markets.terms.units import Qty, Usd
from trading.engine.orders import Side

COLLATERAL = ""


class Wallet(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet as the venue opens it. `owner` is the address of the key that signs for it; a plain
    key (`EOA`) is one the venue has allow-listed. `held` is by token.
    """

    address: str
    owner: str
    kind: WalletKind
    cash: Usd = Usd(0)
    held: tuple[tuple[str, Qty], ...] = ()
    is_approved: bool = True
    tier: str = "Standard"


class Vault:
    """Every wallet's money and shares."""

    def __init__(self, places: Mapping[str, tuple[MarketId, int]]) -> None:
        self.ledger = Ledger()
        for market, _ in places.values():
            self.ledger.open(market)
        self._places = places
        self._wallets: dict[str, Wallet] = {}
        self._unseen: dict[str, list[tuple[str, str, int]]] = {}

    def open(self, wallet: Wallet) -> None:
        """A wallet from now on, with its first money and shares."""
        address = checksummed(wallet.address)
        self._wallets[address] = msgspec.structs.replace(
            wallet, address=address, owner=checksummed(wallet.owner)
        )
        self.ledger.deposit(address, wallet.cash)
        for token, qty in wallet.held:
            market, outcome = self._places[token]
            held = (qty, Qty(0)) if outcome == 0 else (Qty(0), qty)
            self.ledger.endow(address, market, held)

    def find(self, address: str) -> Wallet | None:
        """The wallet at an address, however it is written."""
        try:
            return self._wallets.get(checksummed(address))
        except ValueError:
            return None

    def of_owner(self, owner: str, kind: int | None = None) -> list[Wallet]:
        """The wallets a key signs for."""
        return [
            w
            for w in self._wallets.values()
            if w.owner == owner and (kind is None or w.kind == kind)
        ]

    def true(self, address: str, asset: str) -> int:
        """What there is of a token, or of money."""
        if asset == COLLATERAL:
            return self.ledger.cash(address)
        return self.ledger.held(address, *self._places[asset])

    def believed(self, address: str, asset: str) -> int:
        """What the venue's cache says there is."""
        unseen = sum(
            amount
            for part in self._unseen.values()
            for who, what, amount in part
            if (who, what) == (address, asset)
        )
        return max(0, self.true(address, asset) - unseen)

    def incoming(self, trade: str, address: str, asset: str, amount: int) -> None:
        """A trade has brought this, which the cache does not know yet."""
        self._unseen.setdefault(trade, []).append((address, asset, amount))

    def take_back(self, keys: tuple[str, ...]) -> bool:
        """Undo a trade in the ledger, whole or not at all; whether it could be."""
        needs: dict[tuple[str, MarketId, int], int] = {}
        for deed in self.ledger.deeds:
            if deed.key in keys and deed.side is Side.BUY and deed.account != HOUSE:
                place = (deed.account, deed.market, deed.outcome)
                needs[place] = needs.get(place, 0) + deed.qty
        if any(self.ledger.held(*place) < qty for place, qty in needs.items()):
            return False
        return all(self.ledger.reverse(key) for key in keys)

    def seen(self, trade: str) -> None:
        """The cache knows what this trade brought."""
        self._unseen.pop(trade, None)

    def update(self, address: str, asset: str) -> None:
        """The client asked the venue to look again."""
        for trade, part in self._unseen.items():
            self._unseen[trade] = [p for p in part if p[:2] != (address, asset)]
