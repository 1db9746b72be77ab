"""The life of the Kalshi fake's markets: close, sweep, empty book, result, timer, payment.

Nothing announces that a market opens or closes by the clock. Past its close every resting order is
cancelled, a little later the book is cleared by an empty snapshot. A result starts the timer, and
only at its end is anybody paid. `inactive` and back cancels all resting orders.
Source: kalshi sheet 4.4 (0.4 to 13 s after the close), 7.1, 7.2, 6.4, 1 (pauses).
"""

from typing import Any

from feeds.sim.chance import Chance
from feeds.venues.kalshi.fakeboard import Board, Stand
from feeds.venues.kalshi.fakefloor import Floor
from feeds.venues.kalshi.fakenews import Cleared, Life, Settled
from feeds.venues.kalshi.fakerows import settlement_row
from feeds.venues.kalshi.fakesay import price, text_time
from markets.terms.units import MICRO, MS, SECOND, Ns, Px

CLEARED_AFTER = Ns(2 * SECOND)
LEAST_MS, MOST_MS = 400, 13_000


class Lifecycle:
    """Moves every market on with the time, and does what faults and tests ask for."""

    def __init__(self, board: Board, floor: Floor, chance: Chance | None) -> None:
        self._board = board
        self._floor = floor
        self._chance = chance
        self._clears: dict[str, Ns] = {}
        self._was_paused = False

    def ticked(self, at: Ns) -> None:
        """Whatever is due by now."""
        paused = bool(self._board.pause(at))
        if paused and not self._was_paused:
            self._floor.sweep("HaltCancel", at, only_pausing=True)
        self._was_paused = paused
        self._floor.expire(at)
        for stand in self._board.stands.values():
            if at >= stand.close_at and not stand.cleared:
                self._close(stand, at)
            ended = stand.determined_at
            is_waiting = ended is not None and stand.settled_at is None
            if is_waiting and ended is not None and at >= ended + self._board.terms.timer:
                self._finalize(stand, at)

    def close(self, ticker: str, at: Ns) -> None:
        """Closes the market now. Errors: `ValueError` when there is none of that name."""
        stand = self._find(ticker)
        stand.close_at = at
        self._tell(stand, "close_date_updated", at, close_ts=at // SECOND)
        self._close(stand, at)

    def reopen(self, ticker: str, close_at: Ns, at: Ns) -> None:
        """Moves the close of a market not yet determined; a closed one trades again."""
        stand = self._find(ticker)
        was_closed = at >= stand.close_at
        stand.close_at, stand.swept, stand.cleared = close_at, False, False
        self._clears.pop(ticker, None)
        self._tell(stand, "close_date_updated", at, close_ts=close_at // SECOND)
        if was_closed:
            self._tell(stand, "activated", at)

    def deactivate(self, ticker: str, at: Ns) -> None:
        """Halts a market."""
        stand = self._find(ticker)
        stand.is_inactive = True
        self._tell(stand, "deactivated", at, is_deactivated=True)

    def activate(self, ticker: str, at: Ns) -> None:
        """Ends the halt: all resting orders are cancelled."""
        stand = self._find(ticker)
        stand.is_inactive = False
        self._floor.sweep("HaltCancel", at, ticker)
        self._tell(stand, "activated", at)

    def determine(self, ticker: str, pays: Px, at: Ns) -> None:
        """Says the result, closing the market first if it has not; YES will pay `pays`.

        Errors: `ValueError` for a value outside a dollar and for a market already paid.
        """
        stand = self._find(ticker)
        if not 0 <= pays <= MICRO or stand.settled_at is not None:
            raise ValueError(f"{ticker} cannot be settled at {pays}")
        if at < stand.close_at:
            self.close(ticker, at)
        stand.pays, stand.determined_at = pays, at
        stand.result = {0: "no", MICRO: "yes"}.get(pays, "scalar")
        self._tell(
            stand,
            "determined",
            at,
            result=stand.result,
            settlement_value=price(pays),
            determination_ts=at // SECOND,
        )

    def _find(self, ticker: str) -> Stand:
        stand = self._board.stands.get(ticker)
        if stand is None:
            raise ValueError(f"there is no market {ticker!r} at kalshi")
        return stand

    def _close(self, stand: Stand, at: Ns) -> None:
        if not stand.swept:
            stand.swept = True
            self._floor.sweep("CloseCancel", at, stand.ticker)
            late = self._chance.between(LEAST_MS, MOST_MS) * MS if self._chance else CLEARED_AFTER
            self._clears[stand.ticker] = Ns(stand.close_at + late)
        if at >= self._clears[stand.ticker]:
            stand.cleared = True
            stand.matching.show((), (), at)
            self._floor.news.append(Cleared(stand.ticker, at))

    def _finalize(self, stand: Stand, at: Ns) -> None:
        pays = stand.pays or Px(0)
        stand.settled_at = at
        for position, cash in self._floor.accounts.settle(stand, pays, at):
            account, _, sub = position.holder.rpartition("/")
            row = settlement_row(position, cash, pays, stand.result, at)
            self._floor.news.append(Settled(account, int(sub), stand.ticker, row, at))
        self._tell(stand, "settled", at, settled_ts=at // SECOND)

    def _tell(self, stand: Stand, event: str, at: Ns, **more: Any) -> None:
        body = {"market_ticker": stand.ticker, "event_type": event, **more}
        self._floor.news.append(Life("market_lifecycle_v2", body, at))


def result_fields(stand: Stand) -> dict[str, Any]:
    """What a market object says of its result."""
    found: dict[str, Any] = {"result": stand.result, "expiration_value": ""}
    if stand.pays is not None:
        found["settlement_value_dollars"] = price(stand.pays)
        found["expiration_value"] = price(stand.pays)
    if stand.settled_at is not None:
        found["settlement_ts"] = text_time(stand.settled_at)
    return found
