"""Two venues, markets that mean the same at both, and a confirmed pair: what most pages need."""

from __future__ import annotations

from markets import services
from markets.discovery.catalog import Listing
from markets.models import Relation
from markets.pair_view import ALL
from markets.terms.ids import VenueId, market_id
from markets.terms.instruments import FeeSchedule, Market, MarketState, even_ladder
from markets.terms.relations import TailRisk
from markets.terms.units import Ns, Px
from risk import services as limits

AUTHOR = "alice"
RULES = "Resolves to Yes if it rains in Oslo on the first of June, by the airport's gauge."
TAILS = (TailRisk("settled apart", 500, Px(0), Px(1_000_000)),)


def listing(venue: str, native: str, *, rules: str = RULES, title: str = "Rain in Oslo") -> Listing:
    """An open binary market."""
    slug = VenueId(venue)
    return Listing(
        market=Market(
            id=market_id(slug, native),
            venue=slug,
            native=native,
            title=title,
            outcomes=("Yes", "No"),
            ticks=even_ladder(Px(10_000)),
            fees=FeeSchedule(kind="kalshi", rate_ppm=70_000),
            state=MarketState.OPEN,
            close_at=Ns(1_800_000_000_000_000_000),
            payout_at=Ns(1_800_086_400_000_000_000),
            category="Weather",
        ),
        event="oslo",
        event_title="Oslo weather",
        rules=rules,
        url="https://example.com/oslo",
    )


def two_venues(*, enabled: bool = True, mode: str = "paper") -> None:
    """Kalshi and Polymarket."""
    for slug, name, short in (("kalshi", "Kalshi", "KA"), ("polymarket", "Polymarket", "PM")):
        services.set_venue(
            slug, AUTHOR, "for a test", name=name, short=short, enabled=enabled, mode=mode
        )


def candidate(native: str = "RAIN", *, rules: str = RULES) -> Relation:
    """A candidate pair of two listed markets."""
    services.apply_catalogue("kalshi", [listing("kalshi", native, rules=rules)])
    services.apply_catalogue("polymarket", [listing("polymarket", native, rules=rules)])
    facts = services.PairFacts(f"kalshi:{native}", f"polymarket:{native}", tails=TAILS)
    return services.propose_pair(facts, AUTHOR)


def confirmed(native: str = "RAIN") -> str:
    """The slug of a pair confirmed with both cross-venue packages, at two enabled venues."""
    limits.ensure_limits(AUTHOR, "for a test")
    two_venues()
    slug = candidate(native).slug
    services.confirm_pair(slug, [0, 1], AUTHOR, "the same gauge", [ALL])
    return slug
