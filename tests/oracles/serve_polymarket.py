"""Serves Polymarket's fake for its SDKs: one market, and the wallets of a key everybody knows.

Trades settle within a second here, because one SDK waits for them before it answers.
"""

from __future__ import annotations

from feeds.runtime.fakeserver import LOOPBACK, FakeServer
from feeds.runtime.world import LAYOUTS
from feeds.sim.scenario import Listed, Move
from feeds.venues.polymarket.desk.office import Habits
from feeds.venues.polymarket.desk.settlement import Pace
from feeds.venues.polymarket.desk.wallets import Wallet
from feeds.venues.polymarket.fake import PolymarketFake
from feeds.venues.polymarket.signing import WalletKind
from markets.terms.ids import VenueId
from markets.terms.units import DAY, Px, Qty, Usd
from tests.oracles.served import Served
from trading.runtime.clock import SystemClock

OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
# The addresses that the venue's factories give this owner.
WALLETS = {
    WalletKind.EOA: OWNER,
    WalletKind.PROXY: "0x365f0CA36Ae1f641E02fE3B7743673da42A13A70",
    WalletKind.SAFE: "0xd93B25cb943D14d0d34FBaF01Fc93a0f8b5F6E47",
    WalletKind.DEPOSIT: "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50",
}
CASH = Usd(1_000_000_000)
QUICK = Habits(
    pace=Pace(mined_ms=(300, 600), confirmed_ms=(300, 600), failed_per_mille=0, retried_per_mille=0)
)
TOKENS = (str(71 * 10**75 + 1), str(71 * 10**75 + 2))
NATIVE = "0x" + "ab" * 32


async def serve() -> Served:
    """The fake on a free port; the scripts are told its address, the market and the wallets."""
    clock = SystemClock()
    now = clock.now()
    venue = VenueId("polymarket")
    market = Listed(
        venue=venue,
        native=NATIVE,
        event="will-it-rain",
        event_title="Rain",
        title="Will it rain?",
        outcomes=("Yes", "No"),
        rules='This market will resolve to "Yes" if it rains.',
        category="weather",
        tick=Px(10_000),
        fee_rate_ppm=50_000,
        open_at=now,
        close_at=type(now)(now + DAY),
        twin="",
        tokens=TOKENS,
    )
    wallets = tuple(
        Wallet(address=address, owner=OWNER, kind=kind, cash=CASH)
        for kind, address in WALLETS.items()
    )
    fake = PolymarketFake((market,), wallets=wallets, habits=QUICK)
    bids = ((Px(420_000), Qty(1_000_000_000)),)
    asks = ((Px(440_000), Qty(1_000_000_000)),)
    fake.moved(Move(venue, NATIVE, bids, asks, None, now), now)
    server = FakeServer(fake, clock, prefixes=LAYOUTS["polymarket"].prefixes)
    port = await server.start()
    named = tuple(WALLETS[kind] for kind in WalletKind)
    return Served((f"http://{LOOPBACK}:{port}", NATIVE, *TOKENS, *named), server.stop)
