"""What each account of the Kalshi fake holds, has paid and has won, as `/portfolio` tells it.

The ledger is the truth about cash and shares; beside it stands what only a venue's statements say:
cost of the open position, realized profit, everything ever traded, fees. YES and NO of one market
net at once and the pair's dollar comes back. A subaccount is a pocket holder of its own.
Source: kalshi sheet 3.10 (netting recorded to the cent 2026-07-06), 6.3, 6.4.
"""

import msgspec

from feeds.sim.ledger import Ledger, Party
from feeds.sim.matching import HOUSE
from feeds.venues.kalshi.fakeboard import Stand
from markets.terms import fees_kalshi
from markets.terms.fees import trade_fee
from markets.terms.instruments import FeeSchedule
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, divide, times
from trading.engine.orders import Side

PAID_STEP = 100
_UNIT = MICRO**4


class Position(msgspec.Struct):
    """One holder's position in one market. `held` is signed: NO is negative."""

    holder: str
    ticker: str
    event: str
    shard: int
    held: int = 0
    cost: int = 0
    realized: int = 0
    traded: int = 0
    contracts: int = 0
    fees: int = 0
    updated: Ns = Ns(0)


class Part(msgspec.Struct, frozen=True):
    """A party of a trade: `side` is of YES. An empty holder is the house."""

    holder: str
    order: str
    side: Side
    is_maker: bool


class Charged(msgspec.Struct, frozen=True):
    """What a fill cost its party."""

    cost: Usd
    fee: Usd
    position: Position


def holder_of(account: str, subaccount: int) -> str:
    """Who holds: an account's main part, or one of its subaccounts."""
    return f"{account}/{subaccount}"


class Accounts:
    """Every holder's cash and positions."""

    def __init__(self, regime: fees_kalshi.Regime, precision: Usd) -> None:
        self.ledger = Ledger()
        self.positions: dict[tuple[str, str], Position] = {}
        self._regime = regime
        self._precision = precision
        self._saved: dict[str, Usd] = {}

    def position(self, holder: str, stand: Stand) -> Position:
        """The holder's position, made empty when there is none."""
        key = (holder, stand.ticker)
        if key not in self.positions:
            self.positions[key] = Position(holder, stand.ticker, stand.listed.event, stand.shard)
        return self.positions[key]

    def held(self, holder: str, ticker: str) -> int:
        """Signed contracts."""
        found = self.positions.get((holder, ticker))
        return found.held if found else 0

    def book(
        self,
        key: str,
        stand: Stand,
        level: tuple[Px, Qty],
        parts: tuple[Part, Part],
        at: Ns,
        fees: FeeSchedule,
    ) -> tuple[Charged | None, Charged | None]:
        """Books a trade at the YES price of `level`; what it cost each party, None for the house.

        Everybody buys, one YES and one NO; what that pairs up gives its dollar back at once.
        """
        charges = [self._fee(part, stand.ticker, level, fees) for part in parts]
        self.ledger.trade(
            key,
            stand.id,
            level,
            (_party(parts[0], charges[0]), _party(parts[1], charges[1])),
            at,
        )
        first, second = (
            self._note(part, stand, level, fee, at)
            for part, fee in zip(parts, charges, strict=True)
        )
        return first, second

    def need(self, holder: str, stand: Stand, side: Side, px: Px, qty: Qty, spoken: int) -> Usd:
        """Collateral of an order: what its opening part costs at its limit, rounded up.

        `spoken` is how much of the position other orders on the same side would close.
        """
        held = self.held(holder, stand.ticker)
        closes = max(0, (-held if side is Side.BUY else held) - spoken)
        own = px if side is Side.BUY else Px(MICRO - px)
        return times(own, Qty(max(0, qty - closes)), Rounding.UP)

    def settle(self, stand: Stand, pays: Px, at: Ns) -> list[tuple[Position, Usd]]:
        """Pays every holder, down to the hundredth of a cent; positions of the market are gone.

        What the flooring leaves over stays with the house.
        """
        paid = self.ledger.settle(stand.id, (pays, Px(MICRO - pays)), at)
        found: list[tuple[Position, Usd]] = []
        for payout in paid:
            position = self.positions.pop((payout.account, stand.ticker), None)
            if position is None:
                continue
            rest = Usd(payout.cash % PAID_STEP)
            self.ledger.deposit(payout.account, Usd(-rest), stand.shard)
            self.ledger.deposit(HOUSE, rest, stand.shard)
            found.append((position, Usd(payout.cash - rest)))
        for key in [key for key in self.positions if key[1] == stand.ticker]:
            del self.positions[key]
        return found

    def _fee(self, part: Part, ticker: str, level: tuple[Px, Qty], fees: FeeSchedule) -> Usd:
        if not part.holder:
            return Usd(0)
        px, qty = level
        held = self.held(part.holder, ticker)
        closing = (-held if part.side is Side.BUY else held) >= qty
        bought = px if part.side is Side.BUY else Px(MICRO - px)
        own = Px(MICRO - bought) if closing else bought
        fee = trade_fee(fees, own, qty, maker=part.is_maker, selling=closing)
        rate = fees.maker_rate_ppm if part.is_maker else fees.rate_ppm
        model = rate * fees.multiplier_ppm * qty * px * (MICRO - px)
        rounding = Usd(max(0, fee - divide(model, _UNIT, Rounding.UP)))
        saved = self._saved.get(part.order, Usd(0))
        back, left = fees_kalshi.rounding_rebate(
            saved, rounding, fee, self._regime, self._precision
        )
        self._saved[part.order] = left
        return Usd(fee - back)

    def _note(
        self, part: Part, stand: Stand, level: tuple[Px, Qty], fee: Usd, at: Ns
    ) -> Charged | None:
        """The statement's side of a fill: cost by average, profit of what is closed."""
        if not part.holder:
            return None
        px, qty = level
        own = px if part.side is Side.BUY else Px(MICRO - px)
        cost = times(own, qty, Rounding.UP)
        sign = 1 if part.side is Side.BUY else -1
        position = self.position(part.holder, stand)
        closes = min(qty, max(0, -sign * position.held))
        if closes:
            freed = position.cost * closes // abs(position.held)
            spent = times(own, Qty(closes), Rounding.UP)
            position.realized += closes - freed - spent
            position.cost -= freed
        position.cost += times(own, Qty(qty - closes), Rounding.UP)
        position.held += sign * qty
        position.traded += cost
        position.contracts += qty
        position.fees += fee
        position.updated = at
        return Charged(cost, fee, position)


def _party(part: Part, fee: Usd) -> Party:
    outcome = 0 if part.side is Side.BUY else 1
    return Party(part.holder or HOUSE, part.order, outcome, Side.BUY, fee, part.is_maker)
