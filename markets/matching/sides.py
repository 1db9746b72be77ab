"""One venue's market as the matcher sees it: its texts and the few fields venues fill in.

Read from the record format of the labelled pairs (`kalshi` and `polymarket` objects), or from a
listing of the catalogue. Texts are the venue's own words, untrusted. Nothing is understood here.
Source: ../shared/data/pairs/README.md, record format; Polymarket US slugs, same file.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from markets.discovery.catalog import Listing
from markets.terms.ids import native_of

KALSHI = "kalshi"
POLYMARKET = "polymarket"
POLYMARKET_US = "polymarket-us"


class Side(msgspec.Struct, frozen=True):
    """A market's texts. Empty means not stated. `rules` is the main rule text, `more_rules` what
    else the venue adds; `series_rules` an example from the same series, evidence of stations and
    sources only. `label` is the short name of the market in its event.
    """

    venue: str
    id: str
    event: str = ""
    title: str = ""
    event_title: str = ""
    label: str = ""
    rules: str = ""
    more_rules: str = ""
    series_rules: str = ""
    slug: str = ""
    outcomes: tuple[str, ...] = ()
    source: str = ""
    close_at: str = ""
    start_at: str = ""
    line: str = ""
    kind: str = ""
    neg_risk: bool = False
    augmented: bool = False

    @property
    def is_kalshi(self) -> bool:
        """Whether the tickers follow Kalshi's conventions."""
        return self.venue == KALSHI

    @property
    def texts(self) -> str:
        """Every text a person would read, most telling first."""
        parts = (self.title, self.label, self.event_title, self.rules, self.more_rules)
        return "\n".join(part for part in parts if part)


def kalshi_side(record: Mapping[str, Any]) -> Side:
    """A side from a Kalshi market object."""
    ticker = _text(record, "ticker")
    return Side(
        venue=KALSHI,
        id=ticker,
        event=_text(record, "event_ticker") or ticker.rpartition("-")[0],
        title=_text(record, "title"),
        event_title=_text(record, "event_title"),
        label=_text(record, "yes_sub_title"),
        rules=_text(record, "rules_primary"),
        more_rules=_text(record, "rules_secondary"),
        series_rules=_text(record, "series_rule_example"),
        slug=ticker,
        outcomes=("Yes", "No"),
        close_at=_text(record, "close_time"),
    )


def polymarket_side(record: Mapping[str, Any]) -> Side:
    """A side from a Polymarket market object, of either of its venues."""
    slug = _text(record, "slug")
    return Side(
        venue=_text(record, "venue") or POLYMARKET,
        id=_text(record, "condition_id") or slug or _text(record, "id"),
        event=_text(record, "event_slug"),
        title=_text(record, "question"),
        event_title=_text(record, "event_title"),
        label=_text(record, "group_item_title"),
        rules=_text(record, "description"),
        slug=slug,
        outcomes=_outcomes(record.get("outcomes")),
        source=_text(record, "resolution_source"),
        close_at=_text(record, "end_date"),
        start_at=_text(record, "game_start_time"),
        line=_text(record, "line"),
        kind=_text(record, "sport_type"),
        neg_risk=bool(record.get("neg_risk")),
        augmented=bool(record.get("neg_risk_augmented")),
    )


def listing_side(listing: Listing) -> Side:
    """A side from a market of the catalogue; its venue is the market's own."""
    market = listing.market
    native = native_of(market.id)
    return Side(
        venue=str(market.venue),
        id=native,
        event=listing.event,
        title=market.title,
        event_title=listing.event_title,
        rules=listing.rules,
        slug=native,
        outcomes=market.outcomes,
        source=listing.resolution_source,
        neg_risk=market.neg_risk,
    )


def sides_of_record(record: Mapping[str, Any]) -> tuple[Side, Side]:
    """Both sides of one record of pairs, Kalshi's first.

    Errors: `ValueError` when one of the two objects is missing.
    """
    found = []
    for name in ("kalshi", "polymarket"):
        part = record.get(name)
        if not isinstance(part, Mapping) or not part:
            raise ValueError(f"it has no object {name}")
        found.append(part)
    return kalshi_side(found[0]), polymarket_side(found[1])


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    return "" if value is None else str(value).strip()


def _outcomes(value: Any) -> tuple[str, ...]:
    """Outcome names; Gamma writes the list as JSON in a string."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return ()
    return tuple(str(name) for name in value) if isinstance(value, list | tuple) else ()
