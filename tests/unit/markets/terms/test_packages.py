from fractions import Fraction

from msgspec.structs import replace

from markets.terms.fees import NONE
from markets.terms.ids import MarketId, RelationId, VenueId
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.packages import (
    Package,
    label,
    least_payout,
    neutral_loss,
    package_cost,
    packages,
    payout_in,
    share,
    tail_cost,
)
from markets.terms.relations import (
    LOST,
    PUSH,
    WON,
    Claim,
    Relation,
    TailRisk,
    World,
    WorldKind,
    pair,
)
from markets.terms.tables import Certificate, Runner, Subject, field
from markets.terms.units import Px

A, B = MarketId("kalshi:A"), MarketId("polymarket:B")
APART = (
    TailRisk("apart, first yes", 1_000, Px(1_000_000), Px(0)),
    TailRisk("apart, second yes", 3_000, Px(0), Px(1_000_000)),
)


def covers(relation: Relation) -> list[tuple[int, ...]]:
    return [tuple(leg.claim for leg in p.legs) for p in packages(relation)]


def test_a_pair_has_two_packages_across_the_venues_and_one_within_each() -> None:
    assert covers(pair(RelationId("r"), A, B, title="r")) == [(0, 3), (1, 2), (0, 1), (2, 3)]


def test_an_inverse_pair_crosses_yes_with_yes_and_no_with_no() -> None:
    relation = pair(RelationId("r"), A, B, title="r", inverse=True)

    assert covers(relation) == [(0, 2), (1, 3), (0, 1), (2, 3)]


def test_every_package_pays_a_dollar_in_every_decisive_world() -> None:
    for inverse in (False, True):
        relation = pair(RelationId("r"), A, B, title="r", inverse=inverse)
        for package in packages(relation):
            prices = (Px(400_000), Px(500_000))
            assert [payout_in(relation, package, w, prices) for w in (0, 1)] == [1_000_000] * 2
            assert least_payout(relation, package, prices) == package.payout == 1_000_000


def test_claims_that_leave_a_world_open_are_no_package() -> None:
    worlds = (World("home", WorldKind.DECISIVE), World("draw", WorldKind.DECISIVE))
    relation = Relation(
        RelationId("r"), "r", worlds, (Claim(A, 0, (WON, LOST)), Claim(B, 0, (WON, LOST)))
    )

    assert packages(relation) == ()


def test_settling_apart_costs_each_package_its_own_direction() -> None:
    relation = pair(RelationId("r"), A, B, title="r", tails=APART)
    first, second = packages(relation)[:2]
    prices = (Px(420_000), Px(530_000))

    # A yes and B no together get two dollars one way, and nothing the other way.
    assert tail_cost(relation, first, prices) == 2_850
    assert tail_cost(relation, second, prices) == 950


def test_a_tail_that_gains_is_not_counted_as_income() -> None:
    relation = pair(RelationId("r"), A, B, title="r", tails=APART[:1])

    assert tail_cost(relation, packages(relation)[0], (Px(420_000), Px(530_000))) == 0


def test_a_push_returns_the_price_paid_and_may_lose_the_other_leg() -> None:
    worlds = (
        World("over", WorldKind.DECISIVE),
        World("under", WorldKind.DECISIVE),
        World("exactly", WorldKind.NEUTRAL),
    )
    relation = Relation(
        RelationId("r"),
        "r",
        worlds,
        (Claim(A, 0, (WON, LOST, PUSH)), Claim(B, 1, (LOST, WON, LOST))),
    )
    package = packages(relation)[0]
    prices = (Px(400_000), Px(550_000))

    assert not package.outright
    assert payout_in(relation, package, 2, prices) == 400_000
    assert neutral_loss(relation, package, prices) == 550_000
    assert least_payout(relation, package, prices) == 1_000_000
    assert package_cost(package, prices) == 950_000


def test_a_package_is_named_by_its_venues_and_outcomes() -> None:
    relation = pair(RelationId("r"), A, B, title="r")
    free = FeeSchedule(NONE, 0)
    markets = {
        m: Market(m, VenueId(v), "x", "t", ("Yes", "No"), even_ladder(Px(10_000)), free)
        for m, v in ((A, "kalshi"), (B, "polymarket"))
    }
    shorts = {VenueId("kalshi"): "KA", VenueId("polymarket"): "PM"}

    assert label(relation, packages(relation)[1], markets, shorts) == "KA No + PM Yes"


def test_markets_of_one_venue_are_told_apart_by_what_their_titles_do_not_share() -> None:
    one, two = MarketId("kalshi:46"), MarketId("kalshi:49")
    relation = pair(RelationId("r"), one, two, title="r", inverse=True)
    free = FeeSchedule(NONE, 0)
    markets = {
        m: Market(m, VenueId("kalshi"), "x", title, ("Yes", "No"), even_ladder(Px(10_000)), free)
        for m, title in (
            (one, "Will the high in New York be 46° or less on Monday?"),
            (two, "Will the high in New York be 49° or more on Monday?"),
        )
    }
    shorts = {VenueId("kalshi"): "KA"}
    named = {label(relation, one, markets, shorts) for one in packages(relation)}
    assert "KA Yes (46° or less) + KA Yes (49° or more)" in named
    same = {name: replace(market, title="Rain") for name, market in markets.items()}
    assert "KA Yes (Rain) + KA Yes (Rain)" in {
        label(relation, one, same, shorts) for one in packages(relation)
    }


def field_of(names: str, venues: str = "k") -> Relation:
    runners = [Runner(n, tuple(MarketId(f"{v}:{n}") for v in venues)) for n in names]
    return field(Subject(RelationId("r"), "r"), runners, Certificate("one wins"))


def all_noes(relation: Relation) -> Package:
    return next(
        p
        for p in packages(relation)
        if len(p.legs) == len(relation.worlds)
        and all(relation.claims[leg.claim].outcome == 1 for leg in p.legs)
    )


def test_three_noes_are_half_of_each_and_four_one_of_each_for_three_dollars() -> None:
    three, four = all_noes(field_of("ABC")), all_noes(field_of("ABCD"))

    assert ({leg.weight for leg in three.legs}, three.scale, three.payout) == (
        {500_000}, 1, 1_000_000,
    )  # fmt: skip
    assert ({leg.weight for leg in four.legs}, four.scale, four.payout) == (
        {1_000_000}, 3, 3_000_000,
    )  # fmt: skip
    assert {share(four, leg) for leg in four.legs} == {Fraction(1, 3)}
    assert four.outright


def test_three_noes_at_64_cents_cost_192_cents_and_pay_two_dollars() -> None:
    relation = field_of("ABC")
    package = all_noes(relation)
    prices = (Px(640_000),) * 3

    assert 2 * package_cost(package, prices) == 1_920_000
    assert 2 * least_payout(relation, package, prices) == 2_000_000
    two = next(p for p in packages(relation) if len(p.legs) == 2)
    assert package_cost(two, prices) > least_payout(relation, two, prices)


def test_claims_of_one_row_are_one_leg_whatever_their_venue() -> None:
    relation = field_of("ABC", "kp")
    package = all_noes(relation)

    assert [leg.claims for leg in package.legs] == [(1, 3), (5, 7), (9, 11)]
    assert len(packages(relation, merge=False)) > len(packages(relation))


def test_every_package_of_a_relation_covers_exactly() -> None:
    for relation in (field_of("ABCDE"), field_of("ABC", "kp"), field_of("ABCDEFGHIJ")):
        found = packages(relation)
        assert [p.index for p in found] == list(range(len(found)))
        assert len(found) <= 64
        for package in found:
            for world in range(len(relation.worlds)):
                paid = sum(
                    relation.claims[leg.claim].pays[world].fixed * leg.weight
                    for leg in package.legs
                )
                assert paid >= package.scale * 10**12
