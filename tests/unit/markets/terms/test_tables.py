import pytest

from markets.terms.ids import MarketId, RelationId, VenueId
from markets.terms.packages import packages
from markets.terms.relations import (
    HALF,
    LOST,
    PUSH,
    WON,
    Relation,
    WorldKind,
    faults,
    pair,
)
from markets.terms.tables import (
    NONE_OF_THESE,
    Certificate,
    Mishap,
    Range,
    Runner,
    Subject,
    certify,
    field,
    implied,
    ranges,
    with_mishaps,
)

S = Subject(RelationId("r"), "r")
SURE = Certificate("the rules say so")
K, P = VenueId("kalshi"), VenueId("polymarket")


def runners(*names: str) -> list[Runner]:
    return [Runner(name, (MarketId(f"kalshi:{name}"),)) for name in names]


def row(relation: Relation, market: str, outcome: int = 0) -> str:
    """The claim's cells as a word: 1 won, 0 lost."""
    claim = next(c for c in relation.claims if (c.market, c.outcome) == (market, outcome))
    return "".join({WON: "1", LOST: "0", HALF: "h", PUSH: "p"}[cell] for cell in claim.pays)


def test_a_certified_field_has_a_world_for_each_runner() -> None:
    relation = field(S, runners("A", "B", "C"), SURE)

    assert [w.name for w in relation.worlds] == ["A", "B", "C"]
    assert row(relation, "kalshi:B") == "010"
    assert row(relation, "kalshi:B", 1) == "101"
    assert faults(relation) == []


def test_without_a_certificate_all_may_lose_and_buying_every_yes_is_no_package() -> None:
    relation = field(S, runners("A", "B"), None)

    assert relation.worlds[-1].name == NONE_OF_THESE
    covers = [{leg.claim for leg in p.legs} for p in packages(relation)]
    assert {0, 2} not in covers
    assert {0, 2} in [
        {leg.claim for leg in p.legs} for p in packages(field(S, runners("A", "B"), SURE))
    ]


@pytest.mark.parametrize(
    "name", ["Other", "Another party", "Someone else", "Person A", "Candidate 3", "The field"]
)
def test_a_list_with_a_placeholder_gets_no_certificate(name: str) -> None:
    refused = certify(["Anna", name], "one of them wins")

    assert isinstance(refused, str)
    assert name in refused


def test_an_augmented_list_or_one_without_reason_gets_no_certificate() -> None:
    assert isinstance(certify(["A1x", "B1x"], "one wins", augmented=True), str)
    assert isinstance(certify(["Anna", "Ben"], "  "), str)
    assert certify(["Anna", "The Otherworldly"], "one wins") == Certificate("one wins")


def test_a_runner_or_market_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="runner A appears twice"):
        field(S, runners("A", "A"), SURE)
    with pytest.raises(ValueError, match="market kalshi:A appears twice"):
        field(S, [*runners("A"), Runner("B", (MarketId("kalshi:A"),))], SURE)


def test_a_subset_pays_only_where_its_superset_does() -> None:
    relation = implied(S, MarketId("kalshi:narrow"), MarketId("polymarket:wide"))

    assert row(relation, "kalshi:narrow") == "100"
    assert row(relation, "polymarket:wide") == "110"
    assert [leg.claim for leg in packages(relation)[0].legs] == [1, 2]


def test_at_least_and_above_differ_in_the_world_of_the_strike_itself() -> None:
    at_least = Range(MarketId("kalshi:5"), low=5_000_000)
    above = Range(MarketId("polymarket:5"), low=5_000_000, low_in=False)
    relation = ranges(S, [at_least, above])

    assert [w.name for w in relation.worlds] == ["below 5", "exactly 5", "above 5"]
    assert row(relation, "kalshi:5") == "011"
    assert row(relation, "polymarket:5") == "001"


def test_equal_strikes_share_their_worlds_across_venues() -> None:
    relation = ranges(
        S, [Range(MarketId("kalshi:5"), 5_000_000), Range(MarketId("polymarket:5"), 5_000_000)]
    )

    assert len(relation.worlds) == 2
    assert row(relation, "kalshi:5") == row(relation, "polymarket:5") == "01"


def test_brackets_and_thresholds_stand_in_one_table() -> None:
    relation = ranges(
        S,
        [
            Range(MarketId("kalshi:low"), high=2_000_000),
            Range(MarketId("kalshi:mid"), 2_000_000, 3_500_000),
            Range(MarketId("kalshi:high"), 3_500_000),
            Range(MarketId("polymarket:top"), 3_000_000),
        ],
    )

    assert [w.name for w in relation.worlds] == [
        "below 2", "at least 2, below 3", "at least 3, below 3.5", "at least 3.5",
    ]  # fmt: skip
    assert row(relation, "kalshi:mid") == "0110"
    assert row(relation, "polymarket:top") == "0011"


def test_a_range_without_a_strike_or_an_empty_one_is_refused() -> None:
    with pytest.raises(ValueError, match="no strike"):
        ranges(S, [Range(MarketId("kalshi:x"))])
    with pytest.raises(ValueError, match="empty range"):
        ranges(S, [Range(MarketId("kalshi:x"), 3_000_000, 3_000_000)])


def test_a_fair_price_void_is_two_tail_worlds_of_one_venue() -> None:
    base = pair(RelationId("r"), MarketId("kalshi:A"), MarketId("polymarket:A"), title="r")
    relation = with_mishaps(base, [Mishap(K, "fair", 3_000)])

    assert [(w.kind, w.ppm) for w in relation.worlds[2:]] == [(WorldKind.TAIL, 1_500)] * 2
    assert row(relation, "kalshi:A") == "1001"
    assert row(relation, "kalshi:A", 1) == "0110"
    assert row(relation, "polymarket:A") == "1000"


def test_fifty_fifty_and_refund_are_one_world_each() -> None:
    base = pair(RelationId("r"), MarketId("kalshi:A"), MarketId("polymarket:A"), title="r")
    relation = with_mishaps(base, [Mishap(P, "half", 10), Mishap(K, "refund", 20)])

    assert row(relation, "polymarket:A", 1) == "01h0"
    assert row(relation, "kalshi:A") == "100p"
    with pytest.raises(ValueError, match="no way to settle"):
        with_mishaps(base, [Mishap(K, "vanish", 1)])


def test_what_is_wrong_with_a_table_is_said_in_a_sentence() -> None:
    good = field(S, runners("A", "B"), SURE)
    twice = Relation(good.id, "r", (good.worlds[0], good.worlds[0]), good.claims)
    short = Relation(good.id, "r", good.worlds[:1], good.claims)

    assert faults(twice) == ["r names the world A twice: give each world its own name."]
    assert "has 2 cells for 1 worlds" in faults(short)[0]
    assert faults(Relation(good.id, "r", (), ()))[0].startswith("r has no decisive world")
