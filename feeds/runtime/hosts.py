"""Which of a venue's addresses is used: in order, the next after five failures in thirty seconds,
round and round.
"""

from collections import deque

from markets.terms.units import SECOND, Ns

FAILURES = 5
WITHIN = Ns(30 * SECOND)


class Hosts:
    """An ordered list of addresses, never empty, and the one in use."""

    def __init__(self, urls: tuple[str, ...]) -> None:
        if not urls:
            raise ValueError("a feed needs at least one address")
        self._urls = urls
        self._index = 0
        self._failures: deque[Ns] = deque(maxlen=FAILURES)

    @property
    def url(self) -> str:
        """The address in use."""
        return self._urls[self._index]

    def failed(self, at: Ns) -> None:
        """Note a failure of the address in use, and move on when there were too many."""
        self._failures.append(at)
        if len(self._failures) == FAILURES and at - self._failures[0] <= WITHIN:
            self._index = (self._index + 1) % len(self._urls)
            self._failures.clear()
