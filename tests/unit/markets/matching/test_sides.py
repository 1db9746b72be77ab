import pytest

from markets.discovery.catalog import Listing
from markets.matching.sides import (
    POLYMARKET,
    POLYMARKET_US,
    kalshi_side,
    listing_side,
    polymarket_side,
    sides_of_record,
)
from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.units import Px
from tests.unit.markets.matching.sides_for_tests import kalshi


def test_a_kalshi_object_becomes_a_side() -> None:
    side = kalshi_side({"ticker": "KXNHL-26-BUF", "title": "T", "rules_primary": "R"})

    assert (side.venue, side.id, side.event, side.rules) == (
        "kalshi",
        "KXNHL-26-BUF",
        "KXNHL-26",
        "R",
    )
    assert side.outcomes == ("Yes", "No")
    assert side.is_kalshi


@pytest.mark.parametrize(
    ("outcomes", "read"),
    [(["A", "B"], ("A", "B")), ('["A", "B"]', ("A", "B")), ("A", ()), (None, ())],
)
def test_polymarket_outcomes_are_read_as_a_list_or_in_a_string(
    outcomes: object, read: tuple[str, ...]
) -> None:
    side = polymarket_side({"slug": "s", "question": "Q", "outcomes": outcomes})

    assert (side.venue, side.id, side.outcomes) == (POLYMARKET, "s", read)


def test_the_us_venue_is_kept_apart() -> None:
    assert polymarket_side({"slug": "aec-x", "venue": POLYMARKET_US}).venue == POLYMARKET_US


def test_a_record_without_one_of_its_sides_is_refused() -> None:
    with pytest.raises(ValueError, match="no object polymarket"):
        sides_of_record({"kalshi": {"ticker": "K"}})


def test_a_listing_of_the_catalogue_becomes_a_side() -> None:
    market = Market(
        MarketId("kalshi:K-1"), VenueId("kalshi"), "K-1", "Will it?", ("Yes", "No"),
        even_ladder(Px(10_000)), FeeSchedule("none", 0), neg_risk=True,
    )  # fmt: skip

    side = listing_side(Listing(market, "K", "Event", "If so, Yes.", resolution_source="league"))

    assert (side.id, side.rules, side.source, side.neg_risk) == (
        "K-1",
        "If so, Yes.",
        "league",
        True,
    )


def test_the_texts_are_those_that_are_stated() -> None:
    assert kalshi("K", "T", "R").texts == "T\nR"
