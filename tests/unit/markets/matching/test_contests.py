import pytest

from markets.matching.contests import atoms, implied


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the 2026 Pro Basketball Finals", "the 2026 NBA Finals"),
        ("the 2026 Men's World Cup", "the 2026 FIFA World Cup"),
        ("Stanley Cup Finals", "NHL Stanley Cup"),
        ("Western Conference Finals", "Western Conference Champion"),
        ("nomination for the Presidency", "nomination for U.S. President"),
        ("Cote d'Ivoire", "Côte d'Ivoire"),
    ],
)
def test_phrases_of_both_venues_become_one_atom(one: str, other: str) -> None:
    assert atoms(one) == atoms(other)


def test_a_longer_phrase_is_taken_before_a_shorter_one() -> None:
    assert "vicepresidency" in atoms("Vice President").split()
    assert atoms("NBA Finals MVP") == "nba finalsmvp"


def test_a_phrase_inside_a_word_is_left_alone() -> None:
    assert atoms("nbastar ethics") == "nbastar ethics"


def test_an_atom_says_its_league_too() -> None:
    assert implied(frozenset(["stanleycup"])) == {"stanleycup", "nhl"}
