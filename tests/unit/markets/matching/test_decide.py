import msgspec
from hypothesis import given
from hypothesis import strategies as st

from markets.matching.decide import judge, payoff
from markets.matching.sides import Side
from markets.matching.verdicts import Kinship, Policy, Verdict, Word
from markets.terms.relations import faults
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


SIDES = (CUP_K, CUP_P, GAME_K, GAME_P)


@given(st.sampled_from(SIDES), st.sampled_from(SIDES), st.booleans())
def test_swapping_the_sides_changes_neither_verdict_nor_relation(
    a: Side, b: Side, silent: bool
) -> None:
    b = msgspec.structs.replace(b, rules="") if silent else b
    one, other = judge(a, b), judge(b, a)

    assert (one.verdict, one.relation, one.score) == (other.verdict, other.relation, other.score)
    assert [(f.rule, f.word) for f in one.rules] == [(f.rule, f.word) for f in other.rules]


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_texts_that_say_nothing_known_are_never_confirmed(a: str, b: str, rules: str) -> None:
    one = Side("kalshi", "K", title=a, rules=rules, outcomes=("Yes", "No"))
    other = Side("polymarket", "p", title=b, rules=rules, outcomes=("Yes", "No"))

    judged = judge(one, other)

    unknown = any(f.word is Word.UNKNOWN for f in judged.rules)
    assert judged.verdict is not Verdict.AUTO or not unknown


def test_the_inverse_of_an_inverse_is_the_same() -> None:
    once = msgspec.structs.replace(GAME_P, outcomes=("Pelicans", "Raptors"))
    twice = msgspec.structs.replace(once, outcomes=("Raptors", "Pelicans"))

    assert judge(GAME_K, once).relation is Kinship.INVERSE
    assert judge(GAME_K, twice).relation is Kinship.SAME


def test_every_finding_quotes_or_explains_itself() -> None:
    for finding in judge(GAME_K, CUP_P).rules:
        assert finding.word is Word.PASS or finding.a or finding.b or finding.why


def test_the_payoff_table_has_its_tails_and_turns_with_the_relation() -> None:
    tails = judge(GAME_K, GAME_P).tail_worlds
    same = payoff(GAME_K, GAME_P, Kinship.SAME, tails)
    inverse = payoff(GAME_K, GAME_P, Kinship.INVERSE, tails)

    assert same is not None
    assert inverse is not None
    assert faults(same) == faults(inverse) == []
    assert len(same.worlds) == 2 + len(tails)
    assert same.claims[2].pays[:2] == tuple(reversed(inverse.claims[2].pays[:2]))
    assert payoff(GAME_K, GAME_P, Kinship.NONE, tails) is None
