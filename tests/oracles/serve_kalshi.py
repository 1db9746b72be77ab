"""Serves the Kalshi fake for Kalshi's own SDK: one RSA key, money on one shard, a book of its own.

Nothing is left to chance here, so that a read sees what was just written.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from feeds.runtime.fakeserver import LOOPBACK, FakeServer
from feeds.sim.scenario import Listed, Move
from feeds.venues.kalshi.fake import KalshiFake
from feeds.venues.kalshi.fakeauth import Key
from feeds.venues.kalshi.fakeboard import VENUE, Terms
from markets.terms.units import DAY, MICRO, Ns, Px, Qty, Usd
from tests.oracles.served import Served
from trading.runtime.clock import SystemClock

TICKER = "KXRAIN-30-T1"


async def serve() -> Served:
    """Arguments: the base address, the key's id, the file of its private half, a ticker."""
    clock = SystemClock()
    now = clock.now()
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    fake = KalshiFake(
        (_listed(now),),
        keys=(Key("11111111-2222-4333-8444-555555555555", private.public_key(), "member"),),
        terms=Terms(thursdays=False),
    )
    fake.fund("member", Usd(100 * MICRO))
    bids, asks = ((Px(470_000), Qty(3 * MICRO)),), ((Px(520_000), Qty(3 * MICRO)),)
    fake.moved(Move(VENUE, TICKER, bids, asks), now)
    server = FakeServer(fake, clock)
    port = await server.start()
    folder = tempfile.TemporaryDirectory()
    file = Path(folder.name) / "key.pem"
    file.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )

    async def stop() -> None:
        await server.stop()
        folder.cleanup()

    base = f"http://{LOOPBACK}:{port}/trade-api/v2"
    return Served((base, "11111111-2222-4333-8444-555555555555", str(file), TICKER), stop)


def _listed(now: Ns) -> Listed:
    return Listed(
        venue=VENUE,
        native=TICKER,
        event="KXRAIN-30",
        event_title="Rain",
        title="Will it rain?",
        outcomes=("Yes", "No"),
        rules="",
        category="Weather",
        tick=Px(10_000),
        fee_rate_ppm=70_000,
        open_at=Ns(now - DAY),
        close_at=Ns(now + DAY),
        twin="",
    )
