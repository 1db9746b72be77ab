import pytest

from markets.matching.statements import (
    acts,
    condition_of,
    left_over,
    same_subject,
    statement,
    untold,
)
from tests.unit.markets.matching.sides_for_tests import CUP_K, CUP_P, kalshi, poly


@pytest.mark.parametrize(
    ("rules", "condition"),
    [
        ("If A wins it, then the market resolves to Yes.", "A wins it"),
        ('Intro. This market will resolve to "Yes" if A wins it. Otherwise no.', "A wins it"),
        ("This market will resolve according to the team that wins it.", "the team that wins it"),
        ("Nothing is said.", ""),
    ],
)
def test_the_condition_is_taken_out_of_its_frame(rules: str, condition: str) -> None:
    assert condition_of(poly("p", "Q", rules)) == condition


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("jane doe wins the nomination", "nominee"),
        ("jane doe will run for mayor", "run"),
        ("jane doe finishes in second place", "place"),
        ("jane doe leaves office", "leave"),
        ("jane doe wins the cup", "win"),
    ],
)
def test_the_most_special_deed_comes_first(text: str, first: str) -> None:
    assert acts(text)[0] == first


def test_subject_and_core_of_both_venues_agree() -> None:
    one, other = statement(CUP_K), statement(CUP_P)

    assert same_subject(one, other) is True
    assert one.core == {"stanleycup", "nhl"}
    assert left_over(one, other) == untold(one, other) == (frozenset(), frozenset())


def test_the_label_is_the_subject_where_the_question_holds_it() -> None:
    assert statement(poly("p", "Will the Owls win it?", label="Owls")).subject == "Owls"
    assert statement(poly("p", "Will the Owls win it?", label="50+")).subject == "Owls"


def test_a_word_only_the_condition_says_is_untold() -> None:
    one = kalshi("K", "Owls?", "If the Owls win the cup at home, then the market resolves to Yes.")
    other = poly("p", "Will the Owls win the cup?")

    assert untold(statement(one), statement(other))[0] == {"home"}
