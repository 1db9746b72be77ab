"""Names of things, kept apart by the type checker at no run-time cost.

A `MarketId` is `<venue>:<the venue's own id>`; a claim is a market and the index of one of its
outcomes
(index 0 is YES or the first named side). Nothing here parses a venue's ticker.
"""

from typing import NewType

VenueId = NewType("VenueId", str)
MarketId = NewType("MarketId", str)
RelationId = NewType("RelationId", str)
PackageId = NewType("PackageId", str)
DealId = NewType("DealId", str)
OrderId = NewType("OrderId", str)
RunId = NewType("RunId", str)


def market_id(venue: VenueId, native: str) -> MarketId:
    """The market's id across venues: `venue:native`."""
    return MarketId(f"{venue}:{native}")


def venue_of(market: MarketId) -> VenueId:
    """The venue part of a market id."""
    return VenueId(market.partition(":")[0])


def native_of(market: MarketId) -> str:
    """The venue's own id of a market, as the venue spells it."""
    return market.partition(":")[2]
