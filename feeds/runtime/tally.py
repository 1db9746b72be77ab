"""What one venue's feed has seen, counted: for the venue page and `stats`.

Counts only; judges nothing.
"""

from collections import Counter, deque

import msgspec

from markets.terms.units import MS, Ns

AGES_KEPT = 1024


class FeedPicture(msgspec.Struct, frozen=True):
    """A tally at one moment.

    Ages are milliseconds from the venue's time to ours, None before the first.
    """

    venue: str
    up: bool
    url: str
    markets: int
    sockets: int
    frames: int
    bytes: int
    reconnects: int
    unknown_markets: int
    last_frame_at: Ns | None
    age_p50_ms: int | None
    age_p95_ms: int | None
    faults: dict[str, int]
    down_reason: str


class Tally:
    """Counts that only grow, and the newest message ages."""

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.up = False
        self.url = ""
        self.markets = 0
        self.sockets = 0
        self.frames = 0
        self.bytes = 0
        self.reconnects = 0
        self.unknown_markets = 0
        self.last_frame_at: Ns | None = None
        self.faults: Counter[str] = Counter()
        self.down_reason = ""
        self._ages: deque[int] = deque(maxlen=AGES_KEPT)

    def frame(self, text: str, at: Ns) -> None:
        """Count one frame that came in."""
        self.frames += 1
        self.bytes += len(text)
        self.last_frame_at = at

    def age(self, at: Ns, venue_at: Ns) -> None:
        """Keep how old a message was; a venue clock ahead of ours counts as no age."""
        if venue_at > 0:
            self._ages.append(max(0, at - venue_at))

    def age_ms(self, percent: int) -> int | None:
        """The age below which `percent` of the newest messages were, in whole ms (down)."""
        if not self._ages:
            return None
        ordered = sorted(self._ages)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] // MS

    def picture(self) -> FeedPicture:
        """Everything at this moment, as one value."""
        return FeedPicture(
            venue=self.venue,
            up=self.up,
            url=self.url,
            markets=self.markets,
            sockets=self.sockets,
            frames=self.frames,
            bytes=self.bytes,
            reconnects=self.reconnects,
            unknown_markets=self.unknown_markets,
            last_frame_at=self.last_frame_at,
            age_p50_ms=self.age_ms(50),
            age_p95_ms=self.age_ms(95),
            faults=dict(sorted(self.faults.items())),
            down_reason=self.down_reason,
        )
