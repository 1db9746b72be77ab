"""What the rig's worker runs: what is saved, allowed at the fakes, no strategy held back."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from feeds import snapshot
from markets.terms.ids import VenueId
from trading.engine.config import Permission, Snapshot

ALLOWED = Permission(VenueId(""), "", allowed=True, reason="the fakes are everywhere")


def encoded_snapshot() -> tuple[int, bytes]:
    """As `feeds.snapshot.encoded_snapshot` gives it, trading allowed."""
    revision, body = snapshot.encoded_snapshot()
    loaded = msgspec.msgpack.decode(body, type=Snapshot)
    allowed = replace(loaded, permissions=(*loaded.permissions, ALLOWED), features=None)
    return revision, msgspec.msgpack.encode(allowed)
