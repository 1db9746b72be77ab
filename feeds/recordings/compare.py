"""Compares what a recording states of its books with the books built from it.

Three statements are compared. A later snapshot, with the book built so far. A stated best bid and
ask, with the top of the built book. A level or a whole book of outcome 1, with the mirror of
outcome 0. A statement is compared only while the book may be believed. It holds when the book is as
stated at once or within half a second and the next few frames of its market, because one moment is
told in several frames whose order is not promised; else it is a mismatch. Not compared, but
counted: a snapshot that empties a book (`cleared`, how a market closes), and one that differs only
by what trades printed near it took from the top of one side (`traded`: after a trade some venues
send the new book alone).
"""

import msgspec

from feeds.venues.tape import Best, Changed, Said, Traded, Whole
from markets.terms.ids import MarketId
from markets.terms.units import MICRO, MS, Ns, Px, Qty
from trading.engine.book import Ladders, Levels
from trading.engine.orders import Side

PATIENCE_NS = Ns(500 * MS)
PATIENCE_FRAMES = 10
TRADES_KEPT_NS = Ns(2_000 * MS)
TRADES_KEPT = 50
DISAGREED = "top_disagrees"
NAMED = 20

LevelKey = tuple[Side, Px]


class Standing(msgspec.Struct):
    """A market's book as last told, and whether it may be believed."""

    ladders: Ladders
    state: str = "live"
    reason: str = ""


class Tally(msgspec.Struct):
    """Comparisons made and what they said."""

    compared_snapshots: int = 0
    compared_bests: int = 0
    compared_mirror: int = 0
    mismatches: int = 0
    cleared: int = 0
    traded: int = 0


class Mismatch(msgspec.Struct, frozen=True):
    """One statement that does not agree; `said` and `built` are its words and ours."""

    at: Ns
    market: MarketId
    kind: str
    said: str
    built: str


class _Held(msgspec.Struct):
    """A statement that did not hold at once."""

    said: Best | Changed | Whole
    at: Ns
    frames: int = 0


class _Difference(msgspec.Struct):
    """A snapshot's levels that are not the built ones: from what size to which."""

    at: Ns
    levels: dict[LevelKey, tuple[int, int]]
    best_left: bool
    frames: int = 0


class Comparison:
    """All comparisons of one recording. `books` is the player's, read only."""

    def __init__(self, books: dict[MarketId, Standing], *, sampled: bool = False) -> None:
        self._books = books
        self._sampled = sampled
        self._held: dict[MarketId, list[_Held]] = {}
        self._differences: dict[MarketId, list[_Difference]] = {}
        self._trades: dict[MarketId, list[tuple[Ns, Qty]]] = {}
        self._at = Ns(0)
        self.tally = Tally()
        self.named: list[Mismatch] = []

    def before(self, said: list[Said], at: Ns) -> None:
        """Snapshots, against the book as built up to now."""
        self._at = at
        for one in said:
            if isinstance(one, Whole) and one.outcome == 0:
                self._snapshot(one)

    def after(self, said: list[Said], at: Ns) -> None:
        """Everything else, against the book with the frame in it."""
        markets: dict[MarketId, None] = {}
        for place, one in enumerate(said):
            markets[one.market] = None
            if isinstance(one, Traded):
                self._trade(one)
            elif isinstance(one, Changed) and one.qty is not None:
                self._changed(one)
            elif isinstance(one, Best):
                self._best(one, said[place + 1 :])
            elif isinstance(one, Whole) and one.outcome:
                self._state(one)
        for market in markets:
            self._review(market, at)

    def lost(self, market: MarketId, reason: str) -> None:
        """The book is in doubt: what waits cannot be decided, unless it is the doubt itself."""
        if reason == DISAGREED:
            for held in self._held.get(market, ()):
                self._miss(held)
        if reason != "top_in_doubt":
            self._held.pop(market, None)
            self._differences.pop(market, None)

    def end(self) -> None:
        """Decide what still waits, as if its time were over."""
        for market in list(self._held):
            self._review(market, Ns(self._at + TRADES_KEPT_NS))
        for market in list(self._differences):
            self._review(market, Ns(self._at + TRADES_KEPT_NS))

    def is_empty(self) -> bool:
        """Whether nothing at all was compared."""
        tally = self.tally
        made = tally.compared_snapshots + tally.compared_bests + tally.compared_mirror
        return not made and not tally.mismatches

    # snapshots

    def _snapshot(self, whole: Whole) -> None:
        built = self._live(whole.market)
        if built is None or self._sampled:
            return
        if Ladders(whole.bids, whole.asks) == built:
            self.tally.compared_snapshots += 1
        elif not whole.bids and not whole.asks:
            self.tally.cleared += 1
        else:
            found = _difference(whole, built, self._at)
            self._differences.setdefault(whole.market, []).append(found)

    def _changed(self, one: Changed) -> None:
        """A change may say what a snapshot just before it already had in it."""
        if one.outcome:
            self._state(one)
        key = _mirrored(one) if one.outcome else (one.side, one.px)
        for difference in self._differences.get(one.market, ()):
            if difference.levels.get(key, (0, -1))[1] == one.qty:
                del difference.levels[key]

    def _trade(self, one: Traded) -> None:
        kept = self._trades.setdefault(one.market, [])
        kept.append((self._at, one.qty))
        del kept[:-TRADES_KEPT]

    def _settle(self, market: MarketId, difference: _Difference, at: Ns) -> bool:
        """Whether the difference is decided."""
        if not difference.levels:
            self.tally.compared_snapshots += 1
            return True
        if not _is_over(difference.at, difference.frames, at):
            return False
        printed = sum(
            qty
            for when, qty in self._trades.get(market, ())
            if abs(when - difference.at) <= TRADES_KEPT_NS
        )
        if _taken(difference) <= printed and difference.best_left:
            self.tally.traded += 1
            return True
        self.tally.compared_snapshots += 1
        self._name(difference.at, market, "snapshot", f"{len(difference.levels)} levels differ", "")
        return True

    # tops and mirrors

    def _best(self, one: Best, rest: list[Said]) -> None:
        """The top after a frame of several changes of one token is stated by the last of them."""
        built = self._live(one.market)
        is_last = not any(
            isinstance(other, Best) and (other.market, other.outcome) == (one.market, one.outcome)
            for other in rest
        )
        if is_last or (built is not None and _holds(one, built)):
            self._state(one)

    def _state(self, one: Best | Changed | Whole) -> None:
        standing = self._books.get(one.market)
        if standing is None or standing.state != "live":
            if standing is not None and standing.reason == "top_in_doubt":
                self._held.setdefault(one.market, []).append(_Held(one, self._at))
            return
        if _holds(one, standing.ladders):
            self._agree(one)
        else:
            self._held.setdefault(one.market, []).append(_Held(one, self._at))

    def _review(self, market: MarketId, at: Ns) -> None:
        """Look again at what waits, now that its market has said something."""
        built = self._live(market)
        kept: list[_Held] = []
        for held in self._held.pop(market, ()):
            held.frames += 1
            if built is not None and _holds(held.said, built):
                self._agree(held.said)
            elif _is_over(held.at, held.frames, at):
                self._miss(held)
            else:
                kept.append(held)
        if kept:
            self._held[market] = kept
        waiting = self._differences.pop(market, [])
        for difference in waiting:
            difference.frames += 1
        left = [one for one in waiting if not self._settle(market, one, at)]
        if left:
            self._differences[market] = left

    def _agree(self, one: Best | Changed | Whole) -> None:
        if isinstance(one, Best):
            self.tally.compared_bests += 1
        else:
            self.tally.compared_mirror += 1

    def _miss(self, held: _Held) -> None:
        self._agree(held.said)
        kind = "best" if isinstance(held.said, Best) else "mirror"
        standing = self._books.get(held.said.market)
        built = "" if standing is None else _top(standing.ladders, held.said.outcome)
        self._name(held.at, held.said.market, kind, _words(held.said), built)

    def _name(self, at: Ns, market: MarketId, kind: str, said: str, built: str) -> None:
        self.tally.mismatches += 1
        if len(self.named) < NAMED:
            self.named.append(Mismatch(at, market, kind, said, built))

    def _live(self, market: MarketId) -> Ladders | None:
        standing = self._books.get(market)
        return standing.ladders if standing is not None and standing.state == "live" else None


def _is_over(since: Ns, frames: int, at: Ns) -> bool:
    return at - since >= PATIENCE_NS or frames > PATIENCE_FRAMES


def _holds(one: Best | Changed | Whole, built: Ladders) -> bool:
    """Whether the book is as stated; `built` is outcome 0, whatever outcome the words are about."""
    match one:
        case Best():
            return (one.bid, one.ask) == _tops(built, one.outcome)
        case Whole():
            return (one.bids, one.asks) == _seen(built, one.outcome)
        case Changed():
            side, wanted = _mirrored(one) if one.outcome else (one.side, one.px)
            ladder = built.bids if side is Side.BUY else built.asks
            return next((qty for px, qty in ladder if px == wanted), 0) == one.qty


def _tops(built: Ladders, outcome: int) -> tuple[Px | None, Px | None]:
    bid, ask = (side[0][0] if side else None for side in (built.bids, built.asks))
    if outcome == 0:
        return bid, ask
    return (None if ask is None else Px(MICRO - ask), None if bid is None else Px(MICRO - bid))


def _seen(built: Ladders, outcome: int) -> tuple[Levels, Levels]:
    if outcome == 0:
        return built.bids, built.asks
    return _turned(built.asks), _turned(built.bids)


def _turned(levels: Levels) -> Levels:
    return tuple((Px(MICRO - px), qty) for px, qty in levels)


def _mirrored(one: Changed) -> LevelKey:
    return (Side.SELL if one.side is Side.BUY else Side.BUY, Px(MICRO - one.px))


def _difference(whole: Whole, built: Ladders, at: Ns) -> _Difference:
    levels: dict[LevelKey, tuple[int, int]] = {}
    for side, old, new in (
        (Side.BUY, dict(built.bids), dict(whole.bids)),
        (Side.SELL, dict(built.asks), dict(whole.asks)),
    ):
        for px in old.keys() | new.keys():
            if old.get(px, 0) != new.get(px, 0):
                levels[side, px] = (old.get(px, 0), new.get(px, 0))
    return _Difference(at, levels, _is_from_the_top(levels, built))


def _is_from_the_top(levels: dict[LevelKey, tuple[int, int]], built: Ladders) -> bool:
    """Whether one side only lost size, and lost it from its best level on."""
    sides = {side for side, _ in levels}
    if len(sides) != 1:
        return False
    ladder = built.bids if Side.BUY in sides else built.asks
    side = next(iter(sides))
    best = [(side, px) for px, _ in ladder[: len(levels)]]
    if set(best) != set(levels):
        return False
    return (
        all(levels[key][1] == 0 for key in best[:-1]) and levels[best[-1]][1] < levels[best[-1]][0]
    )


def _taken(difference: _Difference) -> int:
    return sum(old - new for old, new in difference.levels.values())


def _top(built: Ladders, outcome: int) -> str:
    bid, ask = _tops(built, outcome)
    return f"{bid} / {ask}"


def _words(one: Best | Changed | Whole) -> str:
    match one:
        case Best():
            return f"outcome {one.outcome} best {one.bid} / {one.ask}"
        case Changed():
            return f"outcome {one.outcome} {one.side} {one.px} x {one.qty}"
        case Whole():
            return f"outcome {one.outcome} whole book"
