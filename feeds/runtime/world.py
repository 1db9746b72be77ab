"""The demonstration's invented world, the same for who serves it and for who seeds from it.

It begins at a round hour, so that a restart soon after lists the same markets. `LAYOUTS` says where
each fake venue's parts lie on its port.
"""

import msgspec

from feeds.runtime.fakeserver import LOOPBACK
from feeds.sim.scenario import Rates, Scenario
from markets.terms.units import SECOND, Ns

ROUND = 6 * 3_600 * SECOND
SEED = 1
PAIRS = 30
RATE = Rates().moves


class Layout(msgspec.Struct, frozen=True):
    """Path of each named host and of the socket; `prefixes` of hosts that share the port."""

    paths: dict[str, str]
    ws: str
    prefixes: dict[str, str] = {}

    def hosts(self, port: int) -> dict[str, str]:
        """Address of each named host."""
        return {name: f"http://{LOOPBACK}:{port}{path}" for name, path in self.paths.items()}

    def ws_url(self, port: int) -> str:
        """The socket's address."""
        return f"ws://{LOOPBACK}:{port}{self.ws}"


LAYOUTS = {
    "kalshi": Layout({"rest": "/trade-api/v2"}, "/trade-api/ws/v2"),
    "polymarket": Layout(
        {"gamma": "/gamma", "clob": "/clob", "data": "/data", "site": "/site"},
        "/ws/market",
        {"gamma": "gamma", "clob": "clob", "data": "data", "site": "site"},
    ),
}


def world(at: Ns, *, seed: int = SEED, pairs: int = PAIRS, rates: Rates | None = None) -> Scenario:
    """The world at `at`; the same for every time within the same six hours."""
    return Scenario(seed, pairs, Ns(at // ROUND * ROUND), rates)
