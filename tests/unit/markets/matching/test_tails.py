import msgspec

from markets.matching.facts import extract
from markets.matching.tails import PRIORS, tail_worlds
from tests.unit.markets.matching.sides_for_tests import GAME_K, GAME_P

FAIR = "If the game is cancelled, the market will resolve to a fair price."


def test_fall_backs_that_differ_become_worlds_with_a_loss() -> None:
    priced = msgspec.structs.replace(GAME_K, more_rules=FAIR)

    worlds = tail_worlds(extract(priced), extract(GAME_P))

    assert [(w.name, w.loss_cents) for w in worlds] == [
        ("postponed: open against silent", 100),
        ("void: fair against half", 100),
    ]
    assert worlds[1].ppm == PRIORS["void"][0]
    assert (worlds[1].a_first, worlds[1].b_first) == (0, 500_000)


def test_the_same_fall_backs_are_no_world() -> None:
    assert tail_worlds(extract(GAME_P), extract(GAME_P)) == ()


def test_the_order_of_the_sides_changes_no_loss() -> None:
    a, b = extract(GAME_K), extract(GAME_P)

    assert [(w.name, w.loss_cents) for w in tail_worlds(a, b)] == [
        (w.name, w.loss_cents) for w in tail_worlds(b, a)
    ]


def test_every_prior_has_its_reason() -> None:
    assert all(0 < ppm < 20_000 and reason for ppm, reason in PRIORS.values())
