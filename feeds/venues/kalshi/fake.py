"""Kalshi's own side of the conversation, without input or output of its own.

It puts the parts together: who asks (`fakeauth`), what it costs (`fakelimits`), orders
(`fakeorders`, `fakefloor`, `fakegroups`), money (`fakeaccounts`), markets and their lives
(`fakeboard`, `fakesettle`), reads (`fakerest`, `fakelists`, `fakeportfolio`, late by `fakeviews`)
and sockets (`fakesocket`, `fakeframes`). Faults happen only when asked for. Time is an argument;
chance is counted from a seed, and without one nothing is left to chance: reads are not late and
answers come in order.
Source: kalshi sheet, read 2026-11-20; docs/fakes.md says what is modelled where.
"""

from typing import Any

from feeds.sim.chance import Chance
from feeds.sim.ledger import Ledger
from feeds.sim.scenario import Listed, Move
from feeds.venues.base import FakeOutput, Reply, Request
from feeds.venues.kalshi import sign
from feeds.venues.kalshi.fakeaccounts import Accounts, holder_of
from feeds.venues.kalshi.fakeauth import OPEN_ACCOUNT, Doorman, Key
from feeds.venues.kalshi.fakeboard import VENUE, Board, Terms
from feeds.venues.kalshi.fakedesk import Desk
from feeds.venues.kalshi.fakefloor import Floor
from feeds.venues.kalshi.fakeframes import EMPTY, Teller
from feeds.venues.kalshi.fakelimits import Meter
from feeds.venues.kalshi.fakenews import Filled, Life, News, Print, Settled, Shift, Updated
from feeds.venues.kalshi.fakeportfolio import Portfolio
from feeds.venues.kalshi.fakerest import KalshiRest, ranges
from feeds.venues.kalshi.fakerows import fill_row, order_row, position_row
from feeds.venues.kalshi.fakesay import Refused, market_uuid
from feeds.venues.kalshi.fakesettle import Lifecycle
from feeds.venues.kalshi.fakeviews import Views
from markets.terms.units import MICRO, SECOND, Ns, Px, Usd
from trading.engine.book import Ladders

BEGINNING = Ns(0)
OPEN_CASH = Usd(100_000 * MICRO)
_PAUSES = {
    "paused": "trading",
    "cancel_only": "trading",
    "post_only": "trading",
    "restart": "exchange",
    "disabled": "exchange",
    "open": "",
}


class KalshiFake:
    """The venue `kalshi` for the markets listed there.

    `keys` (or one `public_pem` with its `key_id`) make it judge signatures; without them everybody
    is the open account, which has play money.
    """

    heartbeat = b"heartbeat"

    def __init__(
        self,
        markets: tuple[Listed, ...],
        *,
        page: int = 200,
        key_id: str = "",
        public_pem: bytes | None = None,
        keys: tuple[Key, ...] = (),
        terms: Terms | None = None,
        seed: int | None = None,
    ) -> None:
        self.venue = VENUE
        if public_pem is not None:
            keys = (*keys, Key(key_id, sign.public_key(public_pem)))
        chance = None if seed is None else Chance(seed)
        said = terms or Terms()
        self.board = Board(markets, said)
        self.accounts = Accounts(said.regime, said.precision)
        self.floor = Floor(self.board, self.accounts)
        self.life = Lifecycle(self.board, self.floor, chance)
        self._doorman = Doorman(keys)
        self._meter = Meter(said.tiers, chance) if keys else None
        self._views = Views(chance)
        self._portfolio = Portfolio(self.floor, self._views)
        self._teller = Teller(self.board, self.floor, chance)
        self.rest = KalshiRest(self.board, self._teller.prints, page)
        self.desk = Desk(self.floor, self._portfolio, self._doorman, self._meter, chance)
        self._entering: list[str] = []
        self._late: list[FakeOutput] = []
        for stand in self.board.stands.values():
            self.accounts.ledger.open(stand.id, shard=stand.shard, nets=True)
        if not keys:
            for shard in self.board.shards:
                self.fund(OPEN_ACCOUNT, OPEN_CASH, shard=shard)

    @property
    def ledger(self) -> Ledger:
        """The truth about everybody's cash and shares."""
        return self.accounts.ledger

    def ladders(self, native: str) -> Ladders:
        """The book as it truly is."""
        stand = self.board.stands.get(native)
        return stand.ladders() if stand else EMPTY

    def fund(
        self, account: str, cash: Usd, *, shard: int = 0, subaccount: int = 0, at: Ns = BEGINNING
    ) -> None:
        """Money from outside into a shard's pocket."""
        self.accounts.ledger.deposit(holder_of(account, subaccount), cash, shard)
        self._portfolio.note_balance(account, subaccount, at)

    # the conversation

    def request(self, request: Request, at: Ns) -> Reply:
        """The answer to a REST request; public ones are served without a signature.

        What a write changed is told on the sockets with the next outputs of any kind.
        """
        caller = self._doorman.admit(request, at)
        if isinstance(caller, Reply):
            return caller
        if self._meter is not None:
            refusal = self._meter.charge(caller.account, request, at)
            if refusal is not None:
                return refusal
        try:
            found = self.desk.answer(request, caller, at)
            return self.rest.answer(request, at) if found is None else found
        except Refused as refused:
            return refused.reply
        finally:
            self._late += self._drain(at)

    def upgrade(self, request: Request, at: Ns) -> Reply | None:
        """None lets the socket in; a refusal has one of the bodies of sheet 2.5."""
        caller = self._doorman.upgrade(request, at)
        if isinstance(caller, Reply):
            return caller
        self._entering.append(caller.account)
        return None

    def connected(self, conn: int, path: str, at: Ns) -> list[FakeOutput]:
        """A socket opened, the oldest one let in; Kalshi says nothing until asked."""
        account = self._entering.pop(0) if self._entering else OPEN_ACCOUNT
        self._teller.sockets.open(conn, account)
        return []

    def received(self, conn: int, text: str, at: Ns) -> list[FakeOutput]:
        """The answer to a command."""
        return [*self._flush(), *self._teller.sockets.received(conn, text, at)]

    def disconnected(self, conn: int, at: Ns) -> None:
        """The socket is gone, and its subscriptions with it."""
        self._teller.sockets.close(conn)

    def ticked(self, at: Ns) -> list[FakeOutput]:
        """What time alone does: expiries, pauses, closes, settlements."""
        self.life.ticked(at)
        self.desk.ticked(at)
        outputs = self._teller.sockets.catch_up(at)
        return [*self._flush(), *outputs, *self._drain(at)]

    def moved(self, move: Move, at: Ns) -> list[FakeOutput]:
        """One delta for each level that differs, and the trade that caused it.

        Resting orders that the trade or the new ladders reach are filled as makers.
        """
        stand = self.board.stands.get(move.native)
        if stand is None or at >= stand.close_at:
            return self._flush()
        stamp = move.venue_at or at
        rest = 0
        if move.trade is not None:
            px, qty, side = move.trade
            trades = stand.matching.traded(px, qty, side, stamp)
            self.floor.fill(stand, trades, stamp)
            rest = qty - sum(trade.qty for trade in trades)
        self.floor.fill(stand, stand.matching.show(move.bids, move.asks, stamp), stamp)
        self.floor.news.append(Shift(move.native, stamp))
        if move.trade is not None and rest > 0:
            self._print(move, rest, stamp)
        self.floor.restrain(at)
        return [*self._flush(), *self._drain(at)]

    # faults, asked for by tests and demonstrations

    def fault(self, kind: str, at: Ns, **args: str | int) -> list[FakeOutput]:
        """Misbehaves as asked; kinds Kalshi does not know are ignored. Errors: `ValueError`."""
        count, market = int(args.get("count", 1)), str(args.get("market", ""))
        self.board.amend(kind, market, at, args)
        match kind:
            case "partial":
                self.floor.clip = (count, int(args.get("percent", 50)))
            case "reject":
                self.desk.orders.refusals += [str(args.get("code", "invalid_order"))] * count
            case "race":
                self.floor.races += count
            case "tick":
                self.regrid(market, int(args.get("step", 1_000)), at)
            case "close":
                self.life.close(market, at)
            case "settle":
                self.life.determine(market, Px(int(args.get("pays", MICRO))), at)
            case "mode":
                return self._mode(str(args.get("mode", "open")), int(args.get("seconds", 0)), at)
        return [*self._flush(), *self._drain(at)]

    def regrid(self, ticker: str, step: int, at: Ns) -> None:
        """Another price grid, announced. Errors: `ValueError`."""
        stand = self.board.regrid(ticker, step)
        body = {
            "market_ticker": ticker,
            "event_type": "price_level_structure_updated",
            "price_level_structure": stand.structure,
            "price_ranges": ranges(stand),
        }
        self.floor.news.append(Life("market_lifecycle_v2", body, at))

    def override_fee(
        self, event: str, fee_type: str | None, multiplier_ppm: int | None, at: Ns
    ) -> list[FakeOutput]:
        """An event gets a fee of its own; nulls clear it. Announced and listed."""
        self.board.overrides[event] = (fee_type, multiplier_ppm)
        self.board.fee_changes.append((event, fee_type, multiplier_ppm, at))
        multiplier = None if multiplier_ppm is None else multiplier_ppm / MICRO
        body: dict[str, Any] = {
            "event_ticker": event,
            "fee_type_override": fee_type,
            "fee_multiplier_override": multiplier,
        }
        self.floor.news.append(Life("event_fee_update", body, at))
        return [*self._flush(), *self._drain(at)]

    def gap(self, frames: int = 1) -> None:
        """Every book subscription loses its next frames, numbers and all."""
        for sub in self._teller.sockets.books():
            sub.lose += frames

    def duplicate(self) -> None:
        """Every book subscription sends its next frame twice."""
        for sub in self._teller.sockets.books():
            sub.repeat += 1

    def overflow(self, at: Ns) -> list[FakeOutput]:
        """Every book subscription dies of code 25: the client read too slowly."""
        return self._teller.sockets.overflow(at)

    def hang_up(self) -> list[FakeOutput]:
        """Every socket is closed."""
        return self._teller.sockets.hang_up()

    def _mode(self, mode: str, seconds: int, at: Ns) -> list[FakeOutput]:
        if mode not in _PAUSES:
            raise ValueError(f"kalshi has no mode {mode!r}; it has {', '.join(_PAUSES)}")
        pause = _PAUSES[mode]
        self.board.mode = "exchange" if pause == "exchange" else "trading" if pause else ""
        self.board.mode_until = Ns(at + seconds * SECOND) if seconds else None
        return self.hang_up() if mode == "restart" else []

    # telling

    def _print(self, move: Move, rest: int, at: Ns) -> None:
        if move.trade is None:
            return
        px, qty, side = move.trade
        stand = self.board.stands[move.native]
        stand.last, stand.volume = px, stand.volume + rest
        key = market_uuid(f"{move.native} trade {len(self._teller.prints) + 1}")
        self.floor.news.append(Print(move.native, key, side, px, type(qty)(rest), at))

    def _flush(self) -> list[FakeOutput]:
        late, self._late = self._late, []
        return late

    def _drain(self, at: Ns) -> list[FakeOutput]:
        news, self.floor.news = self.floor.news, []
        if not news:
            return []
        self._remember(news, at)
        return self._teller.tell(news, at)

    def _remember(self, news: list[News], at: Ns) -> None:
        """What reads will see of it, later."""
        own = [one for one in news if isinstance(one, Updated | Filled | Settled)]
        if not own:
            return
        visible = self._views.visible(at)
        holders: set[tuple[str, int]] = set()
        for one in own:
            if isinstance(one, Settled):
                holder = holder_of(one.account, one.subaccount)
                self._views.settlements.put(f"{one.ticker} {holder} {one.at}", one.record, visible)
                self._views.positions.put(f"{one.ticker} {holder}", None, visible)
                holders.add((one.account, one.subaccount))
                continue
            order = one.order
            holders.add((order.account, order.subaccount))
            self._views.orders.put(order.id, order_row(order), visible)
            if isinstance(one, Filled):
                self._views.fills.put(f"{one.key} {order.id}", fill_row(one), visible)
                position = self.accounts.positions[(order.holder, order.ticker)]
                row = position_row(position)
                self._views.positions.put(f"{order.ticker} {order.holder}", row, visible)
        for account, subaccount in holders:
            self._portfolio.note_balance(account, subaccount, visible)
