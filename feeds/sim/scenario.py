"""A scripted world: markets that mean the same move together, with lags and mispricings.

`Scenario` is deterministic: the same seed and the same times give the same moves. It knows nothing
of wires; the fakes turn `Listed` into their catalogues and `Move` into their frames. Chance is a
counter-based generator here, never the `random` module.
"""

from collections.abc import Mapping
from hashlib import sha256

import msgspec

from feeds.sim.chance import Chance
from feeds.sim.questions import RATES, Question, Wording, questions, strays
from feeds.sim.quotes import Quotes, Trade
from feeds.sim.walk import Walk
from markets.terms.ids import VenueId
from markets.terms.units import DAY, MICRO, MS, SECOND, Ns, Px, Qty
from trading.engine.book import Levels
from trading.engine.orders import Side

KALSHI = VenueId("kalshi")
POLYMARKET = VenueId("polymarket")
KALSHI_RATE = 70_000
CENT = Px(10_000)
MILL = Px(1_000)
HOUR = Ns(3_600 * SECOND)
SLICE = Ns(20 * MS)
CATCH_UP = Ns(2 * SECOND)
BEGINNING = Ns(0)


class Listed(msgspec.Struct, frozen=True):
    """A market of the scenario as one venue lists it.

    `twin` names the equivalent market at the other venue, empty when there is none. `inverse` says
    that YES here is NO there. `tokens` are two 77-digit decimal texts at venues that have them.
    `confirmed` says that a person has agreed the two mean the same. `starts_at` is when a game
    begins.
    """

    venue: VenueId
    native: str
    event: str
    event_title: str
    title: str
    outcomes: tuple[str, str]
    rules: str
    category: str
    tick: Px
    fee_rate_ppm: int
    open_at: Ns
    close_at: Ns
    twin: str
    inverse: bool = False
    tokens: tuple[str, ...] = ()
    confirmed: bool = True
    starts_at: Ns | None = None


AMENDMENTS = ("reword", "postpone")


def amended(listed: Listed, kind: str, args: Mapping[str, str | int]) -> Listed:
    """The market with the sentence `text` more in its rules, or its game `hours` later.

    A market of no game is not put off. Errors: `ValueError` for an empty sentence.
    """
    if kind == "reword":
        text = str(args.get("text", "")).strip()
        if not text:
            raise ValueError("reword needs a text: the sentence to be added to the rules")
        return msgspec.structs.replace(listed, rules=f"{listed.rules}\n\n{text}")
    if listed.starts_at is None:
        return listed
    later = Ns(listed.starts_at + int(args.get("hours", 24)) * HOUR)
    return msgspec.structs.replace(listed, starts_at=later)


class Move(msgspec.Struct, frozen=True):
    """One market's new full ladders (YES side, best first), and the trade behind them, if any."""

    venue: VenueId
    native: str
    bids: Levels
    asks: Levels
    trade: tuple[Px, Qty, Side] | None = None
    venue_at: Ns = Ns(0)


class Rates(msgspec.Struct, frozen=True):
    """How busy the world is: moves a second in all, trades in a thousand moves, and the mean pause
    between two dislocations of one pair.
    """

    moves: int = 130
    trades_per_mille: int = 25
    rest: Ns = Ns(60 * SECOND)


class _Stall:
    """One market, its ladders, and whose belief it quotes."""

    __slots__ = ("listed", "quotes", "side", "walk")

    def __init__(self, listed: Listed, walk: Walk, side: int, chance: Chance) -> None:
        self.listed = listed
        self.walk = walk
        self.side = side
        self.quotes = Quotes(listed.tick, chance)

    def stand(self) -> bool:
        """Quote what this venue believes now; whether that changed anything."""
        fair = self.walk.fair(self.side)
        is_turned = self.listed.inverse and self.side == 1
        return self.quotes.stand(MICRO - fair if is_turned else fair)

    def move(self, at: Ns, trade: Trade | None = None) -> Move:
        bids, asks = self.quotes.ladders()
        return Move(self.listed.venue, self.listed.native, bids, asks, trade, at)


class Scenario:
    """The world from `start` on: `listed` are its markets, `advance` what happened to them.

    Shape: the first call of `advance` begins with every market's first ladders. Time is cut into
    slices of 20 ms, so how often it is called does not matter; after a pause of more than two
    seconds what happened in between is not told.
    """

    def __init__(
        self, seed: int, pairs: int = 30, start: Ns = BEGINNING, rates: Rates | None = None
    ) -> None:
        self._rates = rates or Rates()
        self._seed = seed
        self._chance = Chance(seed)
        self._at = start
        self._left = 0
        self._is_new = True
        self._stalls: list[_Stall] = []
        self._groups: list[tuple[Walk, list[_Stall]]] = []
        for number, question in enumerate(questions(start, pairs)):
            self._add_pair(question, start, self._chance.fork(number))
        for number, (venue, category, base, close_at, wording) in enumerate(strays(start)):
            chance = self._chance.fork(1_000_000 + number)
            walk = Walk(base, (0, 0), Ns(DAY), chance.fork(1), start)
            listed = _list(VenueId(venue), wording, _Terms(seed, category, base, start, close_at))
            self._add(walk, [_Stall(listed, walk, 0, chance.fork(2))])
        self.listed: tuple[Listed, ...] = tuple(stall.listed for stall in self._stalls)

    def advance(self, at: Ns) -> list[Move]:
        """Everything that happened up to `at`, oldest first."""
        moves: list[Move] = []
        if self._is_new:
            self._is_new = False
            for stall in self._stalls:
                stall.stand()
                moves.append(stall.move(self._at))
        if at - self._at > CATCH_UP:
            self._at = Ns(self._at + (at - CATCH_UP - self._at) // SLICE * SLICE)
        while self._at + SLICE <= at:
            self._at = Ns(self._at + SLICE)
            moves.extend(self._slice(self._at))
        return moves

    def _slice(self, at: Ns) -> list[Move]:
        moves: list[Move] = []
        for walk, stalls in self._groups:
            if walk.advance(at):
                moves.extend(stall.move(at) for stall in stalls if stall.stand())
        self._left += self._rates.moves * SLICE
        while self._left >= SECOND:
            self._left -= SECOND
            moves.append(self._stir(at))
        return moves

    def _stir(self, at: Ns) -> Move:
        stall = self._chance.pick(self._stalls)
        if self._chance.below(1_000) < self._rates.trades_per_mille:
            return stall.move(at, stall.quotes.trade())
        stall.quotes.shake()
        return stall.move(at)

    def _add_pair(self, question: Question, start: Ns, chance: Chance) -> None:
        rate = RATES[question.category]
        terms = _Terms(
            self._seed,
            question.category,
            question.base,
            start,
            question.close_at,
            question.starts_at,
        )
        ours = _list(KALSHI, question.kalshi, terms)
        theirs = _list(POLYMARKET, question.polymarket, terms)
        same = {"inverse": question.inverse, "confirmed": question.plain}
        ours = msgspec.structs.replace(ours, twin=theirs.native, **same)
        theirs = msgspec.structs.replace(theirs, twin=ours.native, **same)
        walk = Walk(question.base, (KALSHI_RATE, rate), self._rates.rest, chance.fork(1), start)
        self._add(
            walk,
            [_Stall(ours, walk, 0, chance.fork(2)), _Stall(theirs, walk, 1, chance.fork(3))],
        )

    def _add(self, walk: Walk, stalls: list[_Stall]) -> None:
        self._groups.append((walk, stalls))
        self._stalls.extend(stalls)


class _Terms(msgspec.Struct, frozen=True):
    seed: int
    category: str
    base: int
    open_at: Ns
    close_at: Ns
    starts_at: Ns | None = None


def _list(venue: VenueId, wording: Wording, terms: _Terms) -> Listed:
    """A venue's listing. Kalshi's ids are its tickers; Polymarket's are drawn for the question,
    so that the same words about another day are another market.
    """
    is_kalshi = venue == KALSHI
    is_fine = not is_kalshi and not 150_000 < terms.base < 850_000
    named = f"{terms.seed} {wording.native} {terms.close_at}"
    return Listed(
        venue=venue,
        native=wording.native if is_kalshi else f"0x{_drawn(named):064x}",
        event=wording.event,
        event_title=wording.event_title,
        title=wording.title,
        outcomes=wording.outcomes,
        rules=wording.rules,
        category=terms.category,
        tick=MILL if is_fine else CENT,
        fee_rate_ppm=KALSHI_RATE if is_kalshi else RATES[terms.category],
        open_at=Ns(terms.open_at - 14 * DAY),
        close_at=terms.close_at,
        twin="",
        tokens=() if is_kalshi else (_token(f"{named} yes"), _token(f"{named} no")),
        starts_at=terms.starts_at,
    )


def _drawn(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest())


def _token(name: str) -> str:
    """A number of 77 digits, as outcome tokens usually have."""
    least = 10**76
    return str(least + _drawn(name) % (9 * least))
