from markets.terms.ids import VenueId, market_id, native_of, venue_of


def test_a_market_id_names_its_venue_and_keeps_the_venues_own_id() -> None:
    market = market_id(VenueId("kalshi"), "KXFED-26DEC:A")

    assert venue_of(market) == "kalshi"
    assert native_of(market) == "KXFED-26DEC:A"
