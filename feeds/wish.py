"""What the command line asked of a worker, and what it leaves of a configuration."""

from __future__ import annotations

import msgspec

from markets.terms.ids import VenueId
from trading.engine.config import Mode, Snapshot

MONEY = (Mode.LIVE, Mode.BOTH)
_ORDER = (Mode.DETECT, Mode.PAPER, Mode.LIVE, Mode.BOTH)


class Wish(msgspec.Struct, frozen=True):
    """What the command line asked for; no venues means all."""

    mode: Mode
    venues: tuple[VenueId, ...] = ()
    lease: bool = True

    def wants(self, venue: str) -> bool:
        """Whether the venue was asked for."""
        return not self.venues or venue in self.venues

    def of(self, snapshot: Snapshot) -> Snapshot:
        """It, with `exec_mode` no further than the command line allows, and only its venues."""
        mode = min(snapshot.exec_mode, self.mode, key=_ORDER.index)
        venues = tuple(v for v in snapshot.venues if self.wants(v.id))
        known = {v.id for v in venues}
        markets = tuple(m for m in snapshot.markets if m.venue in known)
        listed = {m.id for m in markets}
        relations = tuple(
            r for r in snapshot.relations if all(c.market in listed for c in r.relation.claims)
        )
        return msgspec.structs.replace(
            snapshot, exec_mode=mode, venues=venues, markets=markets, relations=relations
        )
