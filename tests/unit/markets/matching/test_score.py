from hypothesis import given
from hypothesis import strategies as st

from markets.matching.facts import extract
from markets.matching.score import WEIGHTS, likeness, score
from markets.matching.verdicts import Finding, Word
from tests.unit.markets.matching.sides_for_tests import CUP_K, CUP_P

A, B = extract(CUP_K), extract(CUP_P)
WORDS = st.lists(st.sampled_from(list(Word)), min_size=1, max_size=8)


def found(words: list[Word]) -> tuple[Finding, ...]:
    return tuple(Finding(name, word) for name, word in zip(WEIGHTS, words, strict=False))


@given(WORDS)
def test_a_score_lies_between_nothing_and_one(words: list[Word]) -> None:
    assert 0 <= score(A, B, found(words)) <= 1


@given(WORDS, st.integers(0, 7))
def test_learning_that_a_rule_passes_never_lowers_it(words: list[Word], place: int) -> None:
    better = list(words)
    better[place % len(words)] = Word.PASS

    assert score(A, B, found(better)) >= score(A, B, found(words))


def test_all_rules_passing_reach_the_least_score_without_any_likeness() -> None:
    assert score(A, B, found([Word.PASS] * 8)) >= 0.95
    assert score(A, B, ()) <= 0.05


def test_likeness_does_not_hang_on_the_order() -> None:
    assert likeness(A, B) == likeness(B, A) > 0
