"""Keys from the environment for the adapters that need them; never in a snapshot, row or log.

Kalshi's sockets ask for a signed handshake even for public books: `KALSHI_API_KEY_ID` and
`KALSHI_PRIVATE_KEY_PATH` (PEM, RSA or Ed25519). Without both, its socket opens only where no
signature is asked for, such as at the fake venue. Polymarket's books are public.
"""

from __future__ import annotations

import os
from pathlib import Path

from feeds.venues import ADAPTERS, find
from feeds.venues.base import Adapter
from feeds.venues.kalshi.adapter import Credentials


class BadCredentials(Exception):
    """A key is named but cannot be used; one sentence says which and what to do."""


def adapter_of(venue: str) -> Adapter:
    """The venue's adapter with whatever key the environment names. Errors: `BadCredentials`."""
    make = find(ADAPTERS, venue)
    try:
        adapter: Adapter = make(_kalshi()) if venue == "kalshi" else make()
    except ValueError as problem:
        raise BadCredentials(f"KALSHI_PRIVATE_KEY_PATH: {problem}") from None
    return adapter


def _kalshi() -> Credentials | None:
    key_id = os.environ.get("KALSHI_API_KEY_ID", "")
    path = os.environ.get("KALSHI_PRIVATE_KEY_PATH", "")
    if not key_id and not path:
        return None
    if not (key_id and path):
        missing = "KALSHI_PRIVATE_KEY_PATH" if key_id else "KALSHI_API_KEY_ID"
        raise BadCredentials(f"{missing} is not set; Kalshi needs the key's id and its file.")
    try:
        pem = Path(path).read_bytes()
    except OSError as problem:
        raise BadCredentials(
            f"KALSHI_PRIVATE_KEY_PATH {path} cannot be read: {problem.strerror}."
        ) from None
    return Credentials(key_id, pem)
