"""Signatures made before they are needed, for paths that are known beforehand.

What Kalshi signs covers time, method and path, not the body (sheet 2.1), so the headers of the
order path can lie ready while an order is still unthought of. Each is used once and thrown away
when older than `FRESH`, well inside the venue's window of five seconds (sheet 2.2). A path that is
not kept, or whose signatures are used up, is signed on the spot.
"""

from collections import deque

from feeds.venues.kalshi import sign
from markets.terms.units import MS, SECOND, Ns

FRESH = Ns(2 * SECOND)
RENEWED = Ns(1 * SECOND)
KEPT = 4

Headers = tuple[tuple[str, str], ...]


class SignedRing:
    """The signatures of one key. `ripen` fills up; `headers` takes."""

    def __init__(
        self, key_id: str, key: sign.PrivateKey, kept: tuple[tuple[str, str], ...]
    ) -> None:
        self._key_id = key_id
        self._key = key
        self._ready: dict[tuple[str, str], deque[tuple[Ns, Headers]]] = {
            path: deque() for path in kept
        }
        self.made = 0

    def headers(self, at: Ns, method: str, path: str) -> Headers:
        """The three headers of a request that leaves at `at`; `path` begins at the root."""
        ready = self._ready.get((method, path))
        while ready:
            signed_at, headers = ready.popleft()
            if 0 <= at - signed_at < FRESH:
                return headers
        return self._sign(at, method, path)

    def ripen(self, at: Ns) -> None:
        """Replace what is getting old; call it about four times a second.

        One signature a path and call at most: an RSA signature holds everything up for a
        millisecond.
        """
        for (method, path), ready in self._ready.items():
            while ready and not 0 <= at - ready[0][0] < RENEWED:
                ready.popleft()
            # Never two of one moment: equal texts would give equal Ed25519 signatures.
            if len(ready) < KEPT and (not ready or at - ready[-1][0] >= MS):
                ready.append((at, self._sign(at, method, path)))

    def _sign(self, at: Ns, method: str, path: str) -> Headers:
        self.made += 1
        return sign.headers(self._key_id, self._key, at, method, path)
