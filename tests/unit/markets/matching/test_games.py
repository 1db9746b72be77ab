from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.matching.games import (
    Entrant,
    Game,
    dressed,
    line_from_slug,
    line_span,
    meeting,
    negated,
    same_entrant,
    same_player,
)

DAY = date(2026, 7, 11)


def game(league: str, *entrants: Entrant) -> Game:
    return Game(league, DAY, entrants, "win", "full")


def test_two_lists_of_entrants_meet_in_order_or_crossed() -> None:
    one = game("mlb", Entrant("COL", "Colorado"), Entrant("SF", "San Francisco"))
    same = game("mlb", Entrant("col", "Colorado Rockies"), Entrant("sf", "San Francisco Giants"))
    turned = game("mlb", *reversed(same.entrants))
    others = game("mlb", Entrant("nyy"), Entrant("bos"))

    assert (meeting(one, same).same, meeting(one, same).crossed) == (True, False)
    assert (meeting(one, turned).same, meeting(one, turned).crossed) == (True, True)
    assert meeting(one, others).same is False


def test_one_known_entrant_tells_the_order_but_not_the_game() -> None:
    one = game("cs2", Entrant("HON", "Honvéd"), Entrant("CYB", ""))
    other = game("cs2", Entrant("cshp"), Entrant("hon"))

    assert (meeting(one, other).same, meeting(one, other).crossed) == (None, True)


def test_a_game_of_one_entrant_meets_nothing() -> None:
    assert meeting(game("mlb", Entrant("a")), game("mlb", Entrant("a"), Entrant("b"))).same is None


@pytest.mark.parametrize(
    ("a", "b", "one"),
    [
        (Entrant("VGK"), Entrant("veg"), True),
        (Entrant("BOS"), Entrant("buf"), False),
    ],
)
def test_codes_of_a_league_are_looked_up(a: Entrant, b: Entrant, one: bool) -> None:
    assert same_entrant("nhl", a, b) is one


@pytest.mark.parametrize(
    ("a", "b", "one"),
    [
        (Entrant("RUB", ""), Entrant("andrub", ""), True),
        (Entrant("CRA", "Cruz Azul"), Entrant("caz", "CF Cruz Azul"), True),
        (Entrant("KC", "Karmine Corp"), Entrant("kcg", "Karmine Corp GC"), None),
        (Entrant("A", "Alpha"), Entrant("b", "Beta"), False),
        (Entrant("XYZ", ""), Entrant("abc", ""), None),
    ],
)
def test_entrants_without_a_table_are_compared_by_code_and_name(
    a: Entrant, b: Entrant, one: bool | None
) -> None:
    assert same_entrant("", a, b) is one


def test_names_are_given_to_the_codes_they_fit() -> None:
    first, second = dressed("mlb", ("atl", "stl"), ("St. Louis Cardinals", "Atlanta Braves"))

    assert (first.name, second.name) == ("Atlanta Braves", "St. Louis Cardinals")


@pytest.mark.parametrize(
    ("a", "b", "one"),
    [
        ("Steven Kwan", "Steven Kwan", True),
        ("SKWAN", "stekwa", True),
        ("SKWAN", "trabaz", False),
        ("SKWAN", "stebaz", None),
        ("", "stekwa", None),
    ],
)
def test_players_are_names_or_codes(a: str, b: str, one: bool | None) -> None:
    assert same_player(a, b) is one


@pytest.mark.parametrize(("text", "line"), [("2pt5", 2_500_000), ("224", 224_000_000), ("x", None)])
def test_a_slug_s_line_is_read(text: str, line: int | None) -> None:
    assert line_from_slug(text) == line


@given(st.integers(-50, 50), st.booleans())
def test_the_other_entrant_s_margin_is_told_back_the_same(line: int, at_least: bool) -> None:
    span = line_span(line, at_least=at_least)

    assert negated(negated(span)).bounds == span.bounds
