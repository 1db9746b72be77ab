"""Every account's money and shares at one simulated venue: the truth our numbers are compared with.

A venue holds one dollar of collateral for each pair of YES and NO that exists. A buyer of YES meets
a seller of YES (shares change hands), a buyer of NO (a pair is made) or both sell (a pair is given
back): `trade` does all of it from the two parties. Displayed size trades as the account `HOUSE`,
which may owe money and never runs out.

Invariants: of each market as many YES as NO exist, and as many dollars of collateral; cash of all
accounts, collateral, fees taken and fractions kept by rounding together are what was paid in;
nobody but the house holds less than nothing; buyers pay rounded up, sellers and winners receive
rounded down. Money is in pockets (an account and a shard); a market pays from its own shard.

Not here: who may trade at what price (`matching`), which fee is due, when a market settles.
Source: kalshi sheet 3.8-3.10 (netting, shards, collateral), polymarket sheet 6.1, 6.2 and 6.4.
"""

import msgspec

from feeds.sim.matching import HOUSE
from markets.terms.ids import MarketId
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, times
from trading.engine.orders import Side

_NONE = Qty(0)
_FREE = Usd(0)
Pocket = tuple[str, int]


class Party(msgspec.Struct, frozen=True):
    """One side of a trade: whose order, and which outcome it buys or sells."""

    account: str
    order: str
    outcome: int
    side: Side
    fee: Usd = _FREE
    is_maker: bool = False


class Deed(msgspec.Struct, frozen=True):
    """One party's part in a trade, as a venue's list of fills tells it.

    `px` is of the named outcome; `cash` is what the pocket changed by, the fee included.
    """

    key: str
    account: str
    order: str
    market: MarketId
    outcome: int
    side: Side
    px: Px
    qty: Qty
    fee: Usd
    cash: Usd
    at: Ns
    is_maker: bool
    is_reversed: bool = False


class Payout(msgspec.Struct, frozen=True):
    """What a settled market paid one account."""

    account: str
    market: MarketId
    held: tuple[Qty, Qty]
    pays: tuple[Px, Px]
    cash: Usd
    at: Ns


class _Listed(msgspec.Struct):
    shard: int
    nets: bool


class Ledger:
    """The books of one venue. `fees` is what it took, `dust` fractions it kept by rounding."""

    def __init__(self) -> None:
        self.fees = _FREE
        self.dust = _FREE
        self.deeds: list[Deed] = []
        self.payouts: list[Payout] = []
        self.paid_in = _FREE
        self._cash: dict[Pocket, Usd] = {}
        self._held: dict[tuple[str, MarketId], list[int]] = {}
        self._pairs: dict[MarketId, int] = {}
        self._markets: dict[MarketId, _Listed] = {}
        self._reserved: dict[str, tuple[Pocket, Usd]] = {}

    # accounts

    def deposit(self, account: str, cash: Usd, shard: int = 0) -> None:
        """Money from outside (negative: to outside) into a pocket, which exists from now on."""
        self.paid_in = Usd(self.paid_in + cash)
        self._move((account, shard), cash)

    def endow(self, account: str, market: MarketId, held: tuple[Qty, Qty]) -> None:
        """Shares held from before; the house holds their other halves, collateral is paid in."""
        yes, no = held
        self._hold(account, market, yes, no)
        self._hold(HOUSE, market, no, yes)
        self._pairs[market] = self._pairs.get(market, 0) + yes + no
        self.paid_in = Usd(self.paid_in + yes + no)
        self._net(account, market)

    def transfer(self, account: str, cash: Usd, source: int, target: int) -> bool:
        """Money between an account's shards; whether there was enough that is not reserved."""
        if cash < 0 or self.free(account, source) < cash:
            return False
        self._move((account, source), Usd(-cash))
        self._move((account, target), cash)
        return True

    def has(self, account: str, shard: int = 0) -> bool:
        """Whether the pocket was ever funded."""
        return (account, shard) in self._cash

    def cash(self, account: str, shard: int = 0) -> Usd:
        """Money in a pocket."""
        return self._cash.get((account, shard), _FREE)

    def pockets(self, account: str) -> dict[int, Usd]:
        """Money by shard."""
        return {shard: cash for (name, shard), cash in self._cash.items() if name == account}

    def reserve(self, order: str, account: str, cash: Usd, shard: int = 0) -> None:
        """Money an open order has spoken for, replacing what it had; 0 releases it."""
        if cash:
            self._reserved[order] = ((account, shard), cash)
        else:
            self._reserved.pop(order, None)

    def free(self, account: str, shard: int = 0) -> Usd:
        """Money in a pocket that no open order has spoken for."""
        spoken = sum(c for pocket, c in self._reserved.values() if pocket == (account, shard))
        return Usd(self.cash(account, shard) - spoken)

    # shares

    def open(self, market: MarketId, *, shard: int = 0, nets: bool = False) -> None:
        """A market to trade: the shard that pays for it, and whether YES and NO of one account
        give their dollar back at once.
        """
        self._markets[market] = _Listed(shard, nets)

    def held(self, account: str, market: MarketId, outcome: int) -> Qty:
        """Contracts of one outcome."""
        return Qty(self._held.get((account, market), [0, 0])[outcome])

    def holdings(self, account: str) -> dict[tuple[MarketId, int], Qty]:
        """Everything held, without zeros."""
        return {
            (market, outcome): Qty(qty)
            for (name, market), pair in self._held.items()
            if name == account
            for outcome, qty in enumerate(pair)
            if qty
        }

    def pairs(self, market: MarketId) -> Qty:
        """Pairs of YES and NO that exist, each backed by a dollar."""
        return Qty(self._pairs.get(market, 0))

    def intent(self, account: str, market: MarketId, side: Side, qty: Qty) -> int:
        """The outcome an account trades in that buys or sells YES `qty`, as a netting venue sees
        it: closing what it holds of the other side comes before opening.

        1 is only answered when the whole size closes NO, or opens it for want of YES.
        """
        if side is Side.BUY:
            return 1 if self.held(account, market, 1) >= qty else 0
        return 0 if self.held(account, market, 0) >= qty else 1

    def trade(
        self,
        key: str,
        market: MarketId,
        level: tuple[Px, Qty],
        parties: tuple[Party, Party],
        at: Ns,
    ) -> tuple[Deed, Deed]:
        """Books a trade at the YES price and size of `level` between two parties, one of whom buys
        YES or sells NO and the other the contrary.

        Errors: `ValueError` when both stand on the same side, or one sells what it has not.
        """
        px, qty = level
        stances = {_is_long(party) for party in parties}
        if len(stances) != 2:
            raise ValueError(f"trade {key}: both parties are on the same side")
        for party in parties:
            if party.side is Side.SELL and party.account != HOUSE:
                self._must_hold(key, party, market, qty)
        first, second = (self._book(key, market, (px, qty), p, at) for p in parties)
        made = sum(_pair_part(p) for p in parties)
        self._pairs[market] = self._pairs.get(market, 0) + made // 2 * qty
        self.dust = Usd(
            self.dust - first.cash - second.cash - first.fee - second.fee - made // 2 * qty
        )
        self.deeds += (first, second)
        for party in parties:
            self._net(party.account, market)
        return first, second

    def house(self, market: MarketId, side: Side, qty: Qty, order: str = "") -> Party:
        """The house as a party that buys or sells YES, from what it holds where it can."""
        outcome = self.intent(HOUSE, market, side, qty)
        bought = (side is Side.BUY) == (outcome == 0)
        return Party(HOUSE, order, outcome, Side.BUY if bought else Side.SELL)

    def reverse(self, key: str) -> bool:
        """Takes a trade back, as one that failed after it was matched; whether it could be.

        It cannot when somebody no longer has what the trade gave them, when the market has settled,
        or when it is unknown.
        """
        deeds = [d for d in self.deeds if d.key == key and not d.is_reversed]
        gone = any(
            d.side is Side.BUY
            and d.account != HOUSE
            and self.held(d.account, d.market, d.outcome) < d.qty
            for d in deeds
        )
        if not deeds or gone or deeds[0].market not in self._pairs:
            return False
        made = 0
        for deed in deeds:
            sign = 1 if deed.side is Side.BUY else -1
            self._change(deed.account, deed.market, deed.outcome, -sign * deed.qty)
            self._move(self._pocket(deed.account, deed.market), Usd(-deed.cash))
            self.fees = Usd(self.fees - deed.fee)
            made += sign * deed.qty
            place = self.deeds.index(deed)
            self.deeds[place] = msgspec.structs.replace(deed, is_reversed=True)
        market = deeds[0].market
        self._pairs[market] -= made // 2
        self.dust = Usd(self.dust + sum(d.cash + d.fee for d in deeds) + made // 2)
        self._mend(market)
        return True

    def settle(self, market: MarketId, pays: tuple[Px, Px], at: Ns) -> list[Payout]:
        """Pays every holder; the market's shares and collateral are gone.

        Errors: `ValueError` unless the two outcomes together pay one dollar.
        """
        if sum(pays) != MICRO or min(pays) < 0:
            raise ValueError(f"{market} cannot pay {pays[0]} and {pays[1]}: not one dollar")
        paid: list[Payout] = []
        left = self._pairs.pop(market, 0)
        for account, owner in [key for key in self._held if key[1] == market]:
            yes, no = self._held.pop((account, owner))
            if not (yes or no):
                continue
            cash = Usd(
                times(pays[0], Qty(yes), Rounding.DOWN) + times(pays[1], Qty(no), Rounding.DOWN)
            )
            left -= cash
            self._move(self._pocket(account, market), cash)
            paid.append(Payout(account, market, (Qty(yes), Qty(no)), pays, cash, at))
        self.dust = Usd(self.dust + left)
        self.payouts += paid
        return paid

    # proof

    def statement(self) -> dict[str, object]:
        """Every account but the house, in words: cash by shard and holdings, in millionths."""
        names = sorted({name for name, _ in self._cash if name != HOUSE})
        return {
            "accounts": {
                name: {
                    "cash": {str(shard): cash for shard, cash in self.pockets(name).items()},
                    "holdings": {f"{m}/{o}": qty for (m, o), qty in self.holdings(name).items()},
                }
                for name in names
            },
            "fees": self.fees,
            "trades": len({deed.key for deed in self.deeds}),
            "problems": self.problems(),
        }

    def problems(self) -> list[str]:
        """What of the invariants does not hold, in words; empty when all is well."""
        found: list[str] = []
        everything = sum(self._cash.values()) + sum(self._pairs.values()) + self.fees + self.dust
        if everything != self.paid_in:
            found.append(f"{self.paid_in} was paid in, {everything} is there")
        for market, pairs in self._pairs.items():
            for outcome in (0, 1):
                shares = sum(h[outcome] for (_, m), h in self._held.items() if m == market)
                if shares != pairs:
                    found.append(f"{market}: {shares} of outcome {outcome} for {pairs} pairs")
        found += [
            f"{account} holds {pair} of {market}"
            for (account, market), pair in self._held.items()
            if min(pair) < 0
        ]
        return found

    def _must_hold(self, key: str, party: Party, market: MarketId, qty: Qty) -> None:
        held = self.held(party.account, market, party.outcome)
        if held < qty:
            raise ValueError(
                f"trade {key}: {party.account} sells {qty} of outcome {party.outcome} of {market} "
                f"and holds {held}"
            )

    def _book(
        self, key: str, market: MarketId, level: tuple[Px, Qty], party: Party, at: Ns
    ) -> Deed:
        px, qty = level
        own = px if party.outcome == 0 else Px(MICRO - px)
        if party.side is Side.BUY:
            cash = Usd(-times(own, qty, Rounding.UP) - party.fee)
            self._change(party.account, market, party.outcome, qty)
        else:
            cash = Usd(times(own, qty, Rounding.DOWN) - party.fee)
            self._change(party.account, market, party.outcome, -qty)
        self.fees = Usd(self.fees + party.fee)
        self._move(self._pocket(party.account, market), cash)
        return Deed(
            key,
            party.account,
            party.order,
            market,
            party.outcome,
            party.side,
            own,
            qty,
            party.fee,
            cash,
            at,
            party.is_maker,
        )

    def _net(self, account: str, market: MarketId) -> None:
        listed = self._markets.get(market)
        if account != HOUSE and (listed is None or not listed.nets):
            return
        both = min(self._held.get((account, market), (0, 0)))
        if both > 0:
            self._hold(account, market, -both, -both)
            self._pairs[market] -= both
            self._move(self._pocket(account, market), Usd(both))

    def _mend(self, market: MarketId) -> None:
        """The house makes the pairs it needs to give back what it no longer has."""
        short = -min(self._held.get((HOUSE, market), (0, 0)))
        if short > 0:
            self._hold(HOUSE, market, short, short)
            self._pairs[market] += short
            self._move(self._pocket(HOUSE, market), Usd(-short))

    def _pocket(self, account: str, market: MarketId) -> Pocket:
        listed = self._markets.get(market)
        return account, listed.shard if listed else 0

    def _move(self, pocket: Pocket, cash: Usd) -> None:
        self._cash[pocket] = Usd(self._cash.get(pocket, _FREE) + cash)

    def _change(self, account: str, market: MarketId, outcome: int, qty: int) -> None:
        self._hold(account, market, qty if outcome == 0 else 0, qty if outcome == 1 else 0)

    def _hold(self, account: str, market: MarketId, yes: int, no: int) -> None:
        pair = self._held.setdefault((account, market), [0, 0])
        pair[0] += yes
        pair[1] += no


def _is_long(party: Party) -> bool:
    """Whether the party wants YES to win."""
    return (party.side is Side.BUY) == (party.outcome == 0)


def _pair_part(party: Party) -> int:
    return 1 if party.side is Side.BUY else -1
