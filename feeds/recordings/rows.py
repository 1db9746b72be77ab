"""Books as rows of a table: at each change of what is shown, or at even times.

A row is `at_ns, market, outcome, state` and, for each level shown, bid price, bid size, ask price
and ask size: decimal dollars and contracts, empty where there is no level. The levels of a book
that is not live are the last ones told. Nothing is written here.
"""

from collections.abc import Iterable, Iterator

from feeds.recordings.compare import Standing
from markets.terms.ids import MarketId, native_of
from markets.terms.units import Ns, Px, text_from_micros
from trading.engine.book import Ladders, Levels

Row = list[str]


def columns(levels: int) -> Row:
    """The names of the columns; the first level carries no number."""
    names = ["at_ns", "market", "outcome", "state"]
    for place in range(1, levels + 1):
        mark = "" if place == 1 else str(place)
        names += [f"bid{mark}_px", f"bid{mark}_sz", f"ask{mark}_px", f"ask{mark}_sz"]
    return names


class Rows:
    """Rows of one recording. `outcomes` of each market wanted; a market that is not in it has no
    rows. `every` 0: a row at each change.
    """

    def __init__(
        self,
        books: dict[MarketId, Standing],
        outcomes: dict[MarketId, tuple[int, ...]],
        levels: int,
        every: Ns,
    ) -> None:
        self._books = books
        self._outcomes = outcomes
        self._levels = levels
        self._every = every
        self._next: int | None = None
        self._shown: dict[tuple[MarketId, int], tuple[str, ...]] = {}

    def until(self, at: Ns) -> Iterator[Row]:
        """With `every`: the rows of the even times before `at`, the books as they were."""
        if not self._every:
            return
        if self._next is None:
            self._next = -(-at // self._every) * self._every
        while self._next < at:
            for market in self._books:
                yield from self._of(market, Ns(self._next))
            self._next += self._every

    def changed(self, markets: Iterable[MarketId], at: Ns) -> Iterator[Row]:
        """Without `every`: rows of what now shows something else."""
        if self._every:
            return
        for market in markets:
            for row in self._of(market, at):
                key, shown = (market, int(row[2])), tuple(row[3:])
                if self._shown.get(key) != shown:
                    self._shown[key] = shown
                    yield row

    def _of(self, market: MarketId, at: Ns) -> Iterator[Row]:
        standing = self._books.get(market)
        if standing is None:
            return
        for outcome in self._outcomes.get(market, ()):
            cells = _cells(standing.ladders, outcome, self._levels)
            yield [str(at), native_of(market), str(outcome), standing.state, *cells]


def _cells(built: Ladders, outcome: int, levels: int) -> Row:
    bids, asks = built.bids[:levels], built.asks[:levels]
    if outcome:
        bids, asks = _turned(asks), _turned(bids)
    cells: Row = []
    for place in range(levels):
        cells += _cell(bids, place) + _cell(asks, place)
    return cells


def _turned(levels: Levels) -> Levels:
    return tuple((Px(1_000_000 - px), qty) for px, qty in levels)


def _cell(levels: Levels, place: int) -> Row:
    if place >= len(levels):
        return ["", ""]
    px, qty = levels[place]
    return [text_from_micros(px, 2), text_from_micros(qty, 2)]
