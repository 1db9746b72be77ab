from markets.terms.ids import MarketId, RelationId
from markets.terms.relations import HALF, LOST, WON, TailRisk, WorldKind, pair
from markets.terms.units import Px

A, B = MarketId("kalshi:A"), MarketId("polymarket:B")
VOID = TailRisk("first void", 2_000, Px(500_000), Px(0))


def test_a_pair_has_four_claims_over_two_decisive_worlds() -> None:
    relation = pair(RelationId("r"), A, B, title="r")

    assert [w.kind for w in relation.worlds] == [WorldKind.DECISIVE] * 2
    assert [c.pays for c in relation.claims] == [(WON, LOST), (LOST, WON)] * 2


def test_inverse_polarity_is_only_another_table() -> None:
    relation = pair(RelationId("r"), A, B, title="r", inverse=True)

    assert [c.pays for c in relation.claims[2:]] == [(LOST, WON), (WON, LOST)]


def test_a_tail_world_says_what_each_side_pays_and_no_gets_the_rest() -> None:
    relation = pair(RelationId("r"), A, B, title="r", tails=(VOID,))

    assert relation.worlds[2].kind is WorldKind.TAIL
    assert [c.pays[2] for c in relation.claims] == [HALF, HALF, LOST, WON]
