"""The invented questions."""

from feeds.sim.questions import questions, strays
from markets.terms.units import DAY, SECOND, Ns

START = Ns(1_795_000_000 * SECOND)


def test_as_many_are_given_as_asked_for_and_none_twice() -> None:
    for count in (1, 30, 300):
        asked = questions(START, count)
        assert len(asked) == count
        assert len({q.kalshi.native for q in asked}) == count
        assert len({q.polymarket.event + q.polymarket.title for q in asked}) == count


def test_every_question_closes_hours_to_years_after_the_start() -> None:
    for question in questions(START, 60):
        assert START + DAY // 4 < question.close_at < START + 800 * DAY


def test_thirty_questions_cover_every_category_and_leave_six_to_a_person() -> None:
    asked = questions(START, 30)
    assert {q.category for q in asked} == {
        "sports",
        "politics",
        "economics",
        "crypto",
        "weather",
    }
    assert sum(not q.plain for q in asked) == 6
    assert sum(q.inverse for q in asked) >= 3


def test_an_inverse_game_names_the_other_team_first_at_polymarket() -> None:
    for question in questions(START, 30):
        if question.category != "sports":
            continue
        first = question.polymarket.outcomes[0]
        code = question.kalshi.native.rpartition("-")[2]
        away_is_ours = question.kalshi.event.split("-")[1][7:].startswith(code)
        assert away_is_ours != question.inverse
        assert question.polymarket.title.startswith(first)


def test_a_game_has_two_different_teams() -> None:
    for question in questions(START, 300):
        if question.category == "sports":
            assert question.polymarket.outcomes[0] != question.polymarket.outcomes[1]


def test_both_venues_have_questions_of_their_own() -> None:
    assert {venue for venue, *_ in strays(START)} == {"kalshi", "polymarket"}


def test_rules_say_how_each_venue_treats_a_game_that_is_not_played() -> None:
    game = questions(START, 1)[0]
    assert "fair price" in game.kalshi.rules
    assert "50-50" in game.polymarket.rules
