import pytest

from markets.matching.leagues import LEAGUES, team, teams


@pytest.mark.parametrize(
    ("league", "said", "code"),
    [
        ("nba", "Charlotte Hornets", "cha"),
        ("nba", "Los Angeles L", "lal"),
        ("nhl", "CBJ Blue Jackets", "cbj"),
        ("nhl", "veg", "vgk"),
        ("mlb", "A's", "ath"),
        ("mlb", "the New York Mets", "nym"),
        ("epl", "Man City", "mci"),
    ],
)
def test_a_team_is_known_by_code_place_nickname_and_full_name(
    league: str, said: str, code: str
) -> None:
    found = team(league, said)

    assert found is not None
    assert found.code == code


def test_a_place_with_two_teams_names_neither() -> None:
    assert team("mlb", "Chicago") is None


@pytest.mark.parametrize(("league", "count"), [("nba", 30), ("nhl", 32), ("nfl", 32), ("mlb", 30)])
def test_the_big_leagues_are_whole(league: str, count: int) -> None:
    assert len(teams(league)) == count


@pytest.mark.parametrize("league", sorted(LEAGUES))
def test_no_code_stands_for_two_teams_of_a_league(league: str) -> None:
    codes = [code for found in teams(league) for code in found.codes]

    assert len(codes) == len(set(codes))


def test_a_league_without_a_table_has_no_teams() -> None:
    assert teams("atp") == ()
