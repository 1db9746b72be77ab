"""Which snapshots are wanted, asked for and awaited, by ticker.

A market is either wanted (to be asked for), awaited (asked, not answered) or neither. Questions go
out together and at most four times a second; one that is not answered in three seconds is asked
again, five times in all, and then given up. No frames and no books here.
Source: kalshi sheet 4.5.
"""

from collections.abc import Iterable

import msgspec

from markets.terms.units import MS, SECOND, Ns

ASK_EVERY = 250 * MS
ASK_AGAIN = 3 * SECOND
MAX_TRIES = 5


class _Asked(msgspec.Struct, gc=False):
    at: Ns
    tries: int


class SnapshotAsks:
    """The open questions of one connection that began at `at`."""

    def __init__(self, at: Ns) -> None:
        self._asked_at = at
        self._wanted: dict[str, int] = {}
        self._awaited: dict[str, _Asked] = {}

    def expect(self, tickers: Iterable[str], at: Ns) -> None:
        """These come unasked, as the first snapshots of a subscription do."""
        self._awaited.update({ticker: _Asked(at, 1) for ticker in tickers})

    def want(self, tickers: Iterable[str]) -> None:
        """Ask for these as soon as may be, whatever was asked before."""
        for ticker in tickers:
            self._awaited.pop(ticker, None)
            self._wanted.setdefault(ticker, 1)

    def forget(self, ticker: str) -> None:
        """It came, or is no longer wanted."""
        self._wanted.pop(ticker, None)
        self._awaited.pop(ticker, None)

    def rests(self, at: Ns, ns: int) -> bool:
        """Whether nothing is wanted and nothing was asked for so long."""
        return not self._wanted and at - self._asked_at >= ns

    def due(self, at: Ns) -> list[str]:
        """What to ask for now, and from now on awaited; empty while it is too soon."""
        if not self._wanted or at - self._asked_at < ASK_EVERY:
            return []
        self._asked_at = at
        tickers = list(self._wanted)
        self._awaited.update({name: _Asked(at, tries) for name, tries in self._wanted.items()})
        self._wanted = {}
        return tickers

    def overdue(self, at: Ns) -> list[str]:
        """Want again what did not come in time; returns what is given up."""
        given_up: list[str] = []
        for ticker, asked in list(self._awaited.items()):
            if at - asked.at < ASK_AGAIN:
                continue
            del self._awaited[ticker]
            if asked.tries >= MAX_TRIES:
                given_up.append(ticker)
            else:
                self._wanted[ticker] = asked.tries + 1
        return given_up
