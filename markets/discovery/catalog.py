"""A venue's listing of one market: its tradeable terms beside the texts people compare.

Structs only. `market` is what the engine needs; the texts are the venue's own words, untrusted,
never HTML. `details` is what else the venue says and matching reads; empty means not said.
"""

import msgspec

from markets.terms.instruments import Market
from markets.terms.units import Ns


class Details(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a venue says of a market beside its texts.

    `label` is its short name within the event, `slug` its readable name. `main_rules` is how many
    characters of the rule text are its first part. `kind` and `line` are a sports market's sort and
    handicap, `strike` the comparison and its bounds. `exclusive` says that at most one market of
    the event pays, `augmented` that outcomes may still be added, `other` that this is the rest.
    `starts_at` is the game's start by the venue's own field; `period` its state, in its words.
    """

    label: str = ""
    slug: str = ""
    series: str = ""
    main_rules: int = 0
    kind: str = ""
    line: str = ""
    strike: str = ""
    floor: str = ""
    cap: str = ""
    exclusive: bool = False
    augmented: bool = False
    other: bool = False
    early_close: str = ""
    starts_at: Ns | None = None
    live: bool = False
    ended: bool = False
    period: str = ""


class Listing(msgspec.Struct, frozen=True):
    """One market as the venue lists it, with its group (`event`) and rule text."""

    market: Market
    event: str
    event_title: str
    rules: str
    url: str = ""
    open_at: Ns | None = None
    resolution_source: str = ""
    details: Details = Details()
