"""The registry of venues: slug to the dotted path of its adapter, of what reads recordings
of it, and of its own side, the fake.

Paths are text so that no venue is imported before it is wanted, and venues do not know one another.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

ADAPTERS: dict[str, str] = {
    "kalshi": "feeds.venues.kalshi.adapter.KalshiAdapter",
    "polymarket": "feeds.venues.polymarket.adapter.PolymarketAdapter",
}

EARS: dict[str, str] = {
    "kalshi": "feeds.venues.kalshi.tape.KalshiEar",
    "polymarket": "feeds.venues.polymarket.tape.PolymarketEar",
}

FAKES: dict[str, str] = {
    "kalshi": "feeds.venues.kalshi.fake.KalshiFake",
    "polymarket": "feeds.venues.polymarket.fake.PolymarketFake",
}


def find(registry: dict[str, str], venue: str) -> Callable[..., Any]:
    """The class a registry names for a venue. Errors: `LookupError` naming the venues there are."""
    path = registry.get(venue)
    if path is None:
        known = ", ".join(sorted(registry))
        raise LookupError(f"no venue is called {venue!r}; there are {known}")
    module, _, name = path.rpartition(".")
    found: Callable[..., Any] = getattr(import_module(module), name)
    return found
