"""How long to wait before connecting again.

The ceiling doubles with every failure up to a cap and returns to the start only after a stretch of
healthy frames, so a venue that accepts and drops us at once is not hammered. The wait is a share of
the ceiling chosen by chance (full jitter), and chance is an argument. Nothing sleeps here.
Source: kalshi sheet 4.1 (backoff and jitter, cap 30-60 s).
"""

from markets.terms.units import MS, SECOND, Ns

FULL = 1_000_000


class Backoff:
    """Failures in a row of one connection. `failures` is shown to people, `cap` may be set."""

    __slots__ = ("_first", "_healthy_since", "_reset", "cap", "failures")

    def __init__(
        self, *, first_ms: int = 1_000, cap_s: int = 30, healthy_reset_s: int = 60
    ) -> None:
        self._first = first_ms * MS
        self.cap = Ns(cap_s * SECOND)
        self._reset = healthy_reset_s * SECOND
        self._healthy_since: Ns | None = None
        self.failures = 0

    def healthy(self, at: Ns) -> None:
        """A frame came. Failures are forgotten after 60 s of these without a failure between."""
        if self._healthy_since is None:
            self._healthy_since = at
        elif at - self._healthy_since >= self._reset:
            self.failures = 0

    def failed(self, chance_ppm: int) -> Ns:
        """One more failure; how long to wait: `chance_ppm` millionths of the ceiling, rounded up.

        Errors: `ValueError` when the chance is not within 0..1,000,000.
        """
        if not 0 <= chance_ppm <= FULL:
            raise ValueError(f"chance must be 0..{FULL} millionths, not {chance_ppm}")
        self._healthy_since = None
        self.failures += 1
        return Ns(-(-self.ceiling() * chance_ppm // FULL))

    def ceiling(self) -> Ns:
        """The longest the next wait may be: doubled with each failure, never above the cap."""
        doublings = min(max(self.failures - 1, 0), 32)
        return Ns(min(self._first << doublings, self.cap))
