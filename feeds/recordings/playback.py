"""A recording as a scenario: the books of a real day drive a fake's displayed books.

Each recorded market is listed at its own venue and has a twin at the other one, invented, which
shows the same book `LAG` later: as a slower venue would. Time runs as it was recorded, from the
moment it is first asked for; at its end the recording begins again.

Invariants: books are rebuilt by the venue's own session, the code that reads it live; a book in
doubt is not shown anew until it is whole again; the same recording and times give the same moves.
Files are not opened here.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256

from msgspec.structs import replace

from feeds.recordings.lines import BadLine, Line
from feeds.recordings.player import LIVE, Player
from feeds.sim.scenario import CENT, KALSHI, KALSHI_RATE, MILL, POLYMARKET, Listed, Move
from feeds.venues.tape import Ear
from markets.terms.ids import VenueId
from markets.terms.instruments import Market
from markets.terms.units import DAY, MICRO, MS, SECOND, Ns, Px, Qty
from trading.engine.book import Level, Levels

LAG = Ns(1_500 * MS)
PAUSE = Ns(SECOND)
# Where a recording has no times, its lines follow one another so far apart.
STEP = Ns(20 * MS)
DEPTH = 20
TWIN_RATE = 40_000
Reel = Callable[[], tuple[Ear, Iterator[Line | BadLine]]]


class Playback:
    """What `Scenario` is for an invented world: `listed` markets, and `advance`.

    `reel` gives an ear that has learnt the recording and its lines from the beginning; it is asked
    again at each new round. Errors: `ValueError` when the recording speaks of no market.
    """

    def __init__(self, reel: Reel, start: Ns) -> None:
        ear, _ = reel()
        self._reel = reel
        self._venue = ear.venue
        pairs = [_pair(market, start) for market in ear.markets()]
        if not pairs:
            raise ValueError("the recording speaks of no market")
        self._own = {
            market.id: own.native for market, (own, _) in zip(ear.markets(), pairs, strict=True)
        }
        self._twins = {own.native: twin for own, twin in pairs}
        self.listed: tuple[Listed, ...] = tuple(one for pair in pairs for one in pair)
        self._late: list[tuple[Ns, Move]] = []
        self._next: Line | BadLine | None = None
        self._player: Player | None = None

    def advance(self, at: Ns) -> list[Move]:
        """Everything that happened up to `at`, oldest first."""
        moves: list[tuple[Ns, Move]] = []
        player = self._player or self._rewind(at)
        while self._next is not None and self._due(self._next) <= at:
            due = self._due(self._next)
            moves += [(due, move) for move in self._play(player, self._next, due)]
            self._last = due
            self._next = next(self._lines, None)
            if self._next is None:
                player = self._rewind(Ns(self._last + PAUSE))
        self._late += [(Ns(due + LAG), self._twin(move, due)) for due, move in moves]
        ready = [one for one in self._late if one[0] <= at]
        self._late = [one for one in self._late if one[0] > at]
        return [move for _, move in sorted(moves + ready, key=lambda one: one[0])]

    def _rewind(self, start: Ns) -> Player:
        ear, self._lines = self._reel()
        self._player = Player(ear)
        self._round = self._last = start
        self._first: Ns | None = None
        self._next = next(self._lines, None)
        return self._player

    def _due(self, line: Line | BadLine) -> Ns:
        """When a line plays now. One without a time has the number of its line."""
        if isinstance(line, BadLine):
            return self._last
        if self._first is None:
            self._first = line.at
        passed = line.at - self._first if line.stamped else (line.at - self._first) * STEP
        return Ns(max(self._last, self._round + passed))

    def _play(self, player: Player, line: Line | BadLine, due: Ns) -> list[Move]:
        found = []
        for market in player.play(line):
            native = self._own.get(market)
            standing = player.books[market]
            if native is None or standing.state != LIVE:
                continue
            bids, asks = standing.ladders.bids[:DEPTH], standing.ladders.asks[:DEPTH]
            found.append(Move(self._venue, native, bids, asks, venue_at=due))
        return found

    def _twin(self, move: Move, due: Ns) -> Move:
        twin = self._twins[move.native]
        bids, asks = _coarse(move.bids, twin.tick, up=False), _coarse(move.asks, twin.tick, up=True)
        return Move(twin.venue, twin.native, bids, asks, venue_at=Ns(due + LAG))


def _coarse(levels: Levels, tick: Px, *, up: bool) -> Levels:
    """Levels on a coarser grid, moved away from the other side, sizes of one price together."""
    found: dict[Px, int] = {}
    for px, qty in levels:
        step = -(-px // tick) * tick if up else px // tick * tick
        if 0 < step < MICRO:
            found[Px(step)] = found.get(Px(step), 0) + qty
    made: list[Level] = [(px, Qty(qty)) for px, qty in found.items()]
    return tuple(made)


def _pair(market: Market, start: Ns) -> tuple[Listed, Listed]:
    """A recorded market as its venue lists it now, and its twin at the other venue."""
    is_kalshi = market.venue == KALSHI
    own = _listed(market, market.venue, market.native, start)
    other = POLYMARKET if is_kalshi else KALSHI
    native = f"0x{_drawn(market.native):064x}" if is_kalshi else _ticker(market.native)
    twin = _listed(market, other, native, start)
    return _twinned(own, twin), _twinned(twin, own)


def _listed(market: Market, venue: VenueId, native: str, start: Ns) -> Listed:
    is_kalshi = venue == KALSHI
    step = min(band.step for band in market.ticks.bands)
    title = market.title or market.native
    names = (market.outcomes[0], market.outcomes[1])
    own = [token for token in market.tokens if token.isdigit()]
    drawn = (_token(f"{native} yes"), _token(f"{native} no"))
    return Listed(
        venue=venue,
        native=native,
        event=native.rpartition("-")[0] or native,
        event_title=title,
        title=title,
        outcomes=("Yes", "No") if is_kalshi else names,
        rules=f"As recorded of {market.native}.",
        category=market.category or "recorded",
        tick=CENT if step >= CENT else MILL,
        fee_rate_ppm=KALSHI_RATE if is_kalshi else TWIN_RATE,
        open_at=Ns(start - DAY),
        close_at=Ns(start + 14 * DAY),
        twin="",
        tokens=() if is_kalshi else (tuple(own) if len(own) == len(drawn) else drawn),
    )


def _twinned(one: Listed, other: Listed) -> Listed:
    return replace(one, twin=other.native)


def _ticker(native: str) -> str:
    return f"KXRECORDED-{_drawn(native) % 10**8:08d}"


def _token(name: str) -> str:
    """A number of 77 digits, as outcome tokens usually have."""
    least = 10**76
    return str(least + _drawn(name) % (9 * least))


def _drawn(name: str) -> int:
    return int.from_bytes(sha256(f"recorded {name}".encode()).digest())
