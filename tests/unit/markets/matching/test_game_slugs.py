from datetime import date

import pytest

from markets.matching.game_slugs import game_of_slug
from tests.unit.markets.matching.sides_for_tests import GAME_P, poly, poly_us


@pytest.mark.parametrize(
    ("slug", "kind", "period", "backs", "low"),
    [
        ("aec-mlb-col-sf-2026-07-11", "win", "full", 0, None),
        ("asc-mls-sdg-dal-2026-07-25-neg-1pt5", "spread", "full", 0, 1_500_000),
        ("asc-mls-sdg-dal-2026-07-25-pos-1pt5", "spread", "full", 0, -1_500_000),
        ("asc-mlb-sf-kc-2026-07-22-f5-neg-1pt5", "spread", "f5", 0, 1_500_000),
        ("asc-atp-andrub-timska-2026-07-22-gs-neg-5pt5", "spread-games", "full", 0, 5_500_000),
        ("tsc-atp-janstr-marnav-2026-07-22-tg-22pt5", "total-games", "full", None, 22_500_000),
        ("tsc-mlb-col-sf-2026-07-11-8pt5", "total", "full", None, 8_500_000),
        ("atc-mlb-kc-bal-2026-07-10-f5-bal", "win", "f5", 1, None),
        ("astatc-lol-ban-znt-2026-07-23-game1", "win", "part1", 0, None),
        ("astatc-mlb-mil-pit-2026-07-10-xi", "extra-innings", "full", None, None),
        ("astatc-mlb-min-cle-2026-07-21-hrr-trabaz-gte3", "prop-hrr", "full", None, 3_000_000),
    ],
)
def test_families_of_the_us_venue_are_read(
    slug: str, kind: str, period: str, backs: int | None, low: int | None
) -> None:
    game = game_of_slug(poly_us(slug))

    assert game is not None
    assert (game.kind, game.period, game.backs) == (kind, period, backs)
    assert (game.span.low if game.span else None) == low


def test_a_question_says_who_is_backed_and_who_plays() -> None:
    game = game_of_slug(
        poly_us("astatc-lol-ban-znt-2026-07-23-game1", "Will ZennIT win Game 1 vs The Bandits?")
    )

    assert game is not None
    assert game.backs == 1
    assert [e.name for e in game.entrants] == ["The Bandits", "ZennIT"]


@pytest.mark.parametrize(
    ("tail", "outcomes", "kind", "backs"),
    [
        ("", ("Raptors", "Pelicans"), "win", 0),
        ("-spread-away-1pt5", ("Raptors", "Pelicans"), "spread", 0),
        ("-spread-home-1pt5", ("Pelicans", "Raptors"), "spread", 1),
        ("-total-224pt5", ("Over", "Under"), "total", None),
        ("-1h-moneyline", ("Raptors", "Pelicans"), "win", 0),
    ],
)
def test_offshore_slugs_are_read_with_their_outcomes(
    tail: str, outcomes: tuple[str, ...], kind: str, backs: int | None
) -> None:
    side = poly(
        f"nba-tor-nop-2026-03-11{tail}", "Q", event_title="Raptors vs. Pelicans", outcomes=outcomes
    )

    game = game_of_slug(side)

    assert game is not None
    assert (game.kind, game.backs, game.day) == (kind, backs, date(2026, 3, 11))


def test_under_is_the_other_side_of_over() -> None:
    side = poly("nba-tor-nop-2026-03-11-total-224pt5", "Q", outcomes=("Under", "Over"))

    game = game_of_slug(side)

    assert game is not None
    assert game.span is not None
    assert (game.span.low, game.span.high) == (None, 224_500_000)


def test_the_start_is_told_in_eastern_time_of_the_slug_s_day() -> None:
    late = poly("nba-hou-den-2026-03-11", "Rockets vs. Nuggets", start_at="2026-03-12 02:00:00+00")

    game = game_of_slug(late)

    assert game is not None
    assert game.minute == 22 * 60


@pytest.mark.parametrize("slug", ["will-a-win", "", "nba-tor-nop-2026-13-41"])
def test_other_slugs_name_no_game(slug: str) -> None:
    assert game_of_slug(poly(slug, "Q")) is None


def test_a_winner_without_draws_is_not_three_way() -> None:
    game = game_of_slug(GAME_P)

    assert game is not None
    assert game.three_way is None
