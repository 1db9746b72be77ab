import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.matching.wording import alike, name_words, nearly, plain, sentences, words


def test_accents_dashes_quotes_and_marks_are_made_plain() -> None:
    assert plain("**Édouard**  \u2013 \u201cŁódź\u201d \u201926") == 'Edouard - "Lodz" \'26'


def test_words_lose_possessives_and_dots() -> None:
    assert words("The U.S.'s CA-41 seat isn't Bob's") == (
        "the",
        "us",
        "ca-41",
        "seat",
        "isnt",
        "bob",
    )


def test_abbreviations_do_not_end_a_sentence() -> None:
    text = "The U.S. wins vs. St. Louis. Otherwise (e.g. a tie), it is No.\nSource: X."

    assert sentences(text) == (
        "The U.S. wins vs. St. Louis.",
        "Otherwise (e.g. a tie), it is No.",
        "Source: X.",
    )


def test_a_school_named_saint_or_state_is_written_out() -> None:
    assert name_words("Michigan St.") == ("michigan", "state")
    assert name_words("St. Louis") == ("saint", "louis")


@pytest.mark.parametrize(
    ("a", "b", "one"),
    [
        ("LeBron James", "Lebron James", True),
        ("J.B. Pritzker", "JB Pritzker", True),
        ("Mike Smith", "Michael Smith", True),
        ("the Atlanta Hawks", "Atlanta Hawks", True),
        ("Jair Bolsonaro", "Flávio Bolsonaro", False),
        ("South Korea", "South Africa", False),
        ("Anna Lee", "Bob Roe", False),
        ("Tarcisio de Frietas", "Tarcisio de Freitas", None),
        ("John Doe", "John Doe Jr.", None),
        ("Florida", "Florida St.", None),
        ("Starmer", "Keir Starmer", None),
        ("", "Bob Roe", None),
    ],
)
def test_names_are_one_another_or_unknown(a: str, b: str, one: bool | None) -> None:
    assert alike(a, b) is one


@given(st.text(max_size=30), st.text(max_size=30))
def test_whether_two_names_are_one_does_not_hang_on_their_order(a: str, b: str) -> None:
    assert alike(a, b) is alike(b, a)


@pytest.mark.parametrize(
    ("a", "b", "near"),
    [
        ("Hilary Clinton", "Hillary Clinton", True),
        ("Jane Doe", "Jane Rowe", False),
        ("Carolina Hurricanes", "Carolina u21 Hurricanes", False),
    ],
)
def test_a_letter_more_is_a_slip_a_word_more_is_another(a: str, b: str, near: bool) -> None:
    assert nearly(a, b) is near


def test_the_women_s_or_the_youth_s_team_is_never_the_team() -> None:
    assert alike("Anaheim Womens Ducks", "Anaheim Ducks") is None
    assert alike("Austria U21", "Austria") is None
