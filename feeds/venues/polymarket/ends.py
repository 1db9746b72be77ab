"""How the markets of a Polymarket socket end: announced there, or found when they are asked about.

The socket's word does not always come, and never for half and half, so each market's record is
asked for in turn. Source: polymarket sheet 5.3 and 6.4, read 2026-11-30.
"""

from collections.abc import Iterable

import msgspec

from feeds.books.endings import Endings
from feeds.venues.base import Emit, Fault, Fetch, Output
from feeds.venues.polymarket import parse, resolutions, wire
from feeds.venues.polymarket.keeper import BookKeeper
from markets.terms.instruments import MarketState
from markets.terms.units import MICRO, Ns, Px
from trading.engine.events import MarketClosed, MarketSettled

END = "end"


class Ends:
    """The ends of the markets of these keepers."""

    def __init__(self, keepers: Iterable[BookKeeper]) -> None:
        kept = list(keepers)
        self._by_native = {keeper.market.native: keeper for keeper in kept}
        self._by_token = {token: keeper for keeper in kept for token in keeper.market.tokens}
        self._endings = Endings(keeper.market for keeper in kept)

    def opened(self, at: Ns) -> None:
        """A connection began: ends are asked about anew."""
        self._endings.opened(at)

    def announced(self, frame: wire.MarketResolved, at: Ns) -> list[Output]:
        """Announced to everybody, so markets we do not follow are no fault."""
        known = (self._by_token[token] for token in frame.assets_ids if token in self._by_token)
        keeper = next(known, None)
        if keeper is None or keeper.ended:
            return []
        out = _end(keeper, at)
        if frame.winning_asset_id in keeper.market.tokens:
            pays = tuple(
                Px(MICRO if token == frame.winning_asset_id else 0)
                for token in keeper.market.tokens
            )
            return [*out, self._settle(keeper, pays, at)]
        self._endings.hurry(keeper.market, at)
        if frame.winning_asset_id:
            out.append(Fault("unknown_winner", str(keeper.market.id)))
        return out

    def due(self, at: Ns) -> Fetch | None:
        """The question about the market whose turn it is; None when it is none's."""
        market = self._endings.due(at)
        if market is None:
            return None
        return Fetch(f"{END}:{market.native}", resolutions.request_of(market))

    def told(self, native: str, body: bytes, at: Ns) -> list[Output]:
        """The venue's record of a market: its end where it says one, else nothing."""
        keeper = self._by_native.get(native)
        if keeper is None:
            return []
        try:
            pays = resolutions.pays_of(keeper.market, body)
        except ValueError as problem:
            return [Fault("record_malformed", str(problem)[: parse.DETAIL])]
        if pays is None:
            return []
        out = [] if keeper.ended else _end(keeper, at)
        return [*out, self._settle(keeper, pays, at)]

    def _settle(self, keeper: BookKeeper, pays: tuple[Px, ...], at: Ns) -> Output:
        self._endings.settled(keeper.market)
        return Emit(MarketSettled(at, keeper.market.id, pays))


def _end(keeper: BookKeeper, at: Ns) -> list[Output]:
    keeper.ended = True
    keeper.lose("resolved", at)
    keeper.market = msgspec.structs.replace(keeper.market, state=MarketState.DETERMINED)
    return [Emit(MarketClosed(at, keeper.market.id))]
