"""A venue's listing of one market: its tradeable terms beside the texts people compare.

Structs only. `market` is what the engine needs; the texts are the venue's own words, untrusted,
never HTML.
"""

import msgspec

from markets.terms.instruments import Market
from markets.terms.units import Ns


class Listing(msgspec.Struct, frozen=True):
    """One market as the venue lists it, with its group (`event`) and rule text."""

    market: Market
    event: str
    event_title: str
    rules: str
    url: str = ""
    open_at: Ns | None = None
    resolution_source: str = ""
