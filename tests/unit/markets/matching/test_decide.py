import msgspec

from markets.matching.decide import judge
from markets.matching.verdicts import Kinship, Policy, Verdict
from tests.unit.markets.matching.sides_for_tests import CUP_K, CUP_P, GAME_K, GAME_P


def test_two_texts_on_one_cup_are_confirmed_as_the_same() -> None:
    judged = judge(CUP_K, CUP_P)

    assert (judged.verdict, judged.relation) == (Verdict.AUTO, Kinship.SAME)


def test_the_other_team_of_a_game_is_its_inverse() -> None:
    turned = msgspec.structs.replace(GAME_P, outcomes=("Pelicans", "Raptors"))

    assert judge(GAME_K, GAME_P).relation is Kinship.SAME
    assert judge(GAME_K, turned).relation is Kinship.INVERSE


def test_a_missing_rule_text_keeps_a_pair_from_being_confirmed() -> None:
    silent = msgspec.structs.replace(CUP_P, rules="")

    assert judge(CUP_K, silent).verdict is Verdict.REVIEW


def test_a_higher_least_score_sends_a_pair_to_a_person() -> None:
    assert judge(CUP_K, CUP_P, Policy(auto_score=1.01)).verdict is Verdict.REVIEW
