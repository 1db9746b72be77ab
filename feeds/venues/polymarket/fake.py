"""Polymarket's own side of the conversation, in its exact shapes: what a scenario shows, and what
accounts do to it.

Answers Gamma's keyset pages and the CLOB, and serves both sockets. On the market socket: an array
of books first, then one frame a change with elements for both tokens, a fresh book of each token
after a trade, text PONG, no acknowledgements. Invariants: both tokens are one book seen from two
sides, and every element states the top after it; own orders stand in the same book; what a request
causes on the sockets is said at the next occasion (`ticked`).
Source: polymarket sheet sections 2 to 7 and 11, read 2026-11-20; `docs/fakes.md` says what is not
modelled.
"""

from collections.abc import Mapping

from feeds.sim.faults import Fault
from feeds.sim.ledger import Ledger
from feeds.sim.scenario import AMENDMENTS, Listed, Move, amended
from feeds.venues.base import FakeOutput, Reply, Request
from feeds.venues.polymarket.desk.moods import Mood
from feeds.venues.polymarket.desk.office import Habits, Office
from feeds.venues.polymarket.desk.wallets import Wallet
from feeds.venues.polymarket.publisher import Print, Publisher
from feeds.venues.polymarket.rest import Answers
from feeds.venues.polymarket.shapes import FINE, Shown, Traits, level_elements
from markets.terms.ids import VenueId
from markets.terms.units import MICRO, MS, SECOND, Ns, Px, Qty

MARKET, USER = "/market", "/user"
NOT_FOUND = Reply(404, (("content-type", "text/plain"),), b"404 page not found")
HALF = Px(MICRO // 2)
PERCENT = 100
PLACING = (("POST", "/order"), ("POST", "/orders"))


class PolymarketFake:
    """The venue as `feeds.runtime.fakeserver` serves it.

    `traits` by native id say what a market is beside its listing, `wallets` who may trade. For
    tests and operators: `lose(n)` swallows the next frames of changes, `freeze(on)` keeps the
    socket alive and mute, `retick`, `resolve`, `fund` and `fault` do what the venue or a chain
    would.
    """

    venue = VenueId("polymarket")

    def __init__(
        self,
        markets: tuple[Listed, ...],
        *,
        traits: Mapping[str, Traits] | None = None,
        wallets: tuple[Wallet, ...] = (),
        habits: Habits | None = None,
    ) -> None:
        known = traits or {}
        self._shown = {
            m.native: Shown(m, known.get(m.native)) for m in markets if m.venue == self.venue
        }
        self._of_token = {token: s for s in self._shown.values() for token in s.listed.tokens}
        self._publisher = Publisher(self._of_token)
        self._answers = Answers(tuple(self._shown.values()))
        self.office = Office(self._of_token, habits or Habits())
        self._waiting: list[FakeOutput] = []
        self._thin = (0, PERCENT)
        for wallet in wallets:
            self.office.open(wallet)

    # REST

    def request(self, request: Request, at: Ns) -> Reply:
        """Answer REST; an unknown path is a 404."""
        self._pass(at)
        if self.office.calls.knows(request):
            if (request.method, request.path) in PLACING:
                self._make_thin(at)
            reply = self.office.calls.answer(request, at)
            self._collect(at)
            return reply
        return self.office.outside.answer(request) or self._answers.answer(request, at)

    def hold(self, request: Request, at: Ns) -> Ns:
        """How long a call is kept before it is looked at: orders of takers in some markets."""
        if (request.method, request.path) != ("POST", "/order"):
            return Ns(0)
        shown = self.office.calls.marketable(request, self._of_token)
        return shown.traits.taker_hold if shown else Ns(0)

    # sockets

    def upgrade(self, request: Request, at: Ns) -> Reply | None:
        """Accept the market and the user socket, refuse every other path."""
        return None if request.path.rstrip("/").endswith((MARKET, USER)) else NOT_FOUND

    def connected(self, conn: int, path: str, at: Ns) -> list[FakeOutput]:
        """The venue says nothing until it is asked."""
        if path.rstrip("/").endswith(USER):
            self.office.channel.connected(conn)
        else:
            self._publisher.connected(conn)
        return []

    def received(self, conn: int, text: str, at: Ns) -> list[FakeOutput]:
        """A subscription, a change of it, or a PING; anything else ends the connection."""
        if self.office.channel.is_here(conn):
            return self.office.channel.received(conn, text)
        return self._publisher.received(conn, text)

    def disconnected(self, conn: int, at: Ns) -> None:
        """Nothing survives a connection."""
        self.office.channel.disconnected(conn)
        self._publisher.disconnected(conn)

    # time and the scenario

    def ticked(self, at: Ns) -> list[FakeOutput]:
        """What time and requests have caused since the last occasion."""
        self._pass(at)
        said, self._waiting = self._waiting, []
        return said

    def moved(self, move: Move, at: Ns) -> list[FakeOutput]:
        """One frame of changed levels for both tokens; after a trade also the trade and books.

        Resting orders that the trade or the new display reaches are filled.
        """
        shown = self._shown.get(move.native) if move.venue == self.venue else None
        if shown is None or shown.is_closed:
            return []
        shown.display = (move.bids, move.asks)
        met = shown.matching.traded(*move.trade, at) if move.trade else []
        trades = [(0, *move.trade)] if move.trade and not met else []
        met += shown.matching.show(*shown.display, at)
        said = self._say(shown, trades, Ns(move.venue_at or at))
        if met:
            self.office.book.shown_trades(shown, met, at)
        said += self._follow(shown, at)
        self._collect(at)
        waiting, self._waiting = self._waiting, []
        return said + waiting

    # what an operator or a chain does

    def retick(self, native: str, step: Px, at: Ns) -> list[FakeOutput]:
        """The market's grid of prices changes; levels stay where they are."""
        shown = self._shown[native]
        old, shown.said_at = shown.step, at
        shown.retick(step)
        return self._publisher.reticked(shown, old, at)

    def resolve(self, native: str, winner: int | None, at: Ns) -> list[FakeOutput]:
        """The market is decided (None: each pays half); every connection hears it, followed or not.

        Errors: `ValueError` for half and half in a neg-risk market, which cannot be.
        """
        shown = self._shown[native]
        if winner is None and shown.traits.neg_risk:
            raise ValueError(f"{native} is neg-risk and cannot pay half and half; name a winner.")
        pays = (HALF, HALF) if winner is None else (Px(MICRO * (1 - winner)), Px(MICRO * winner))
        return self._settle(shown, pays, at)

    def fund(self, address: str, cash: int, at: Ns) -> None:
        """Money comes to a wallet from outside, or (negative) leaves it."""
        self.office.fund(address, cash)
        self._pass(at)

    @property
    def ledger(self) -> Ledger:
        """Every wallet's money and shares, as they truly are."""
        return self.office.vault.ledger

    def fault(self, kind: str, at: Ns, **args: str | int) -> list[FakeOutput]:
        """Misbehave as asked (`feeds.sim.faults`); what is not this venue's to do is ignored.

        Errors: `ValueError` saying what is wrong with the arguments.
        """
        fault = Fault(kind, Ns(int(args.pop("lasting", 0))), args)
        native = str(fault.args.get("market", ""))
        shown = self._shown.get(native)
        if shown and kind in AMENDMENTS:
            shown.listed = amended(shown.listed, kind, fault.args)
            return []
        match fault.kind:
            case "tick" if shown:
                return self.retick(native, Px(fault.number("step")), at)
            case "close" if shown:
                shown.is_accepting = False
            case "settle" if shown:
                pays = Px(fault.number("pays", MICRO))
                return self._settle(shown, (pays, Px(MICRO - pays)), at)
            case "partial":
                self._thin = (fault.number("count", 1), fault.number("percent", 50))
            case "delayed":
                self.office.book.delay_all(Ns(fault.number("ms") * MS), Ns(at + fault.lasting))
            case "mode":
                self._mode(str(fault.args.get("mode", "")), fault.lasting, at)
            case _:
                self.office.misbehave(fault)
        return []

    def lose(self, frames: int) -> None:
        """Swallow the next frames of changes, as a faulty connection would."""
        self._publisher.lost = frames

    def freeze(self, *, on: bool) -> None:
        """Say nothing but PONG while books keep moving."""
        self._publisher.is_frozen = on

    def _mode(self, mode: str, lasting: Ns, at: Ns) -> None:
        moods = self.office.calls.moods
        if mode == "restart":
            moods.restart(at, lasting or Ns(10 * SECOND))
        elif mode == "post_only":
            moods.post_only(Ns(at + (lasting or Ns(120 * SECOND))))
        else:
            moods.switch(Mood.OPEN if mode in ("open", "paused") else Mood(mode), at, lasting)
            for shown in self._shown.values():
                shown.is_accepting = mode != "paused"

    def _settle(self, shown: Shown, pays: tuple[Px, Px], at: Ns) -> list[FakeOutput]:
        shown.is_closed = True
        shown.pays = pays
        self.office.settle(shown, pays, at)
        self._collect(at)
        return self._publisher.resolved(shown, pays, at)

    def _make_thin(self, at: Ns) -> None:
        """An order comes while others have taken part of what was shown."""
        count, percent = self._thin
        if not count:
            return
        self._thin = (count - 1, percent)
        for shown in self._shown.values():
            bids, asks = (
                tuple((px, Qty(qty * percent // PERCENT)) for px, qty in side)
                for side in shown.display
            )
            met = shown.matching.show(bids, asks, at)
            self.office.book.shown_trades(shown, met, at)

    def _pass(self, at: Ns) -> None:
        self.office.ticked(at)
        self._collect(at)

    def _collect(self, at: Ns) -> None:
        """Say on the sockets what accounts' orders have caused."""
        touched, self.office.book.touched = self.office.book.touched, []
        for shown, made in touched:
            trades = [(t.outcome, t.px, t.qty, t.side) for t in made]
            self._waiting += self._say(shown, trades, at)
            self._waiting += self._follow(shown, at)
        news, self.office.book.news = self.office.book.news, []
        self._waiting += self.office.channel.tell(news)

    def _say(self, shown: Shown, trades: list[Print], at: Ns) -> list[FakeOutput]:
        """What has changed of a market's book, and these trades."""
        shown.said_at = at
        changes = level_elements(shown, *shown.matching.book())
        return self._publisher.changed(shown, changes, trades, at)

    def _follow(self, shown: Shown, at: Ns) -> list[FakeOutput]:
        """The grid becomes finer once the price nears an end."""
        return self.retick(shown.listed.native, FINE, at) if shown.wants_finer() else []
