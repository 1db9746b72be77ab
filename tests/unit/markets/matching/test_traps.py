"""The named traps: pairs that look alike and are refused for the right reason."""

import msgspec
import pytest

from markets.matching.decide import judge
from markets.matching.sides import Side
from markets.matching.verdicts import Verdict, Word
from tests.unit.markets.matching.sides_for_tests import GAME_K, GAME_P, kalshi, poly


def weather(station: str, label: str = "58° or above", city: str = "Chicago") -> Side:
    return kalshi(
        "KXHIGHCHI-26MAY04-T57",
        f"Will the high temp in {city} be 58° or above on May 4, 2026?",
        f"If the highest temperature recorded at {station} for May 4, 2026 as reported by the "
        "National Weather Service's Climatological Report (Daily) is at least 58°, then the "
        "market resolves to Yes.",
        label=label,
    )


def forecast(station: str, label: str = "58°F or higher", city: str = "Chicago") -> Side:
    return poly(
        f"highest-temperature-in-{city.lower()}-on-may-4-2026",
        f"Will the highest temperature in {city} be {label} on May 4?",
        "This market will resolve to the temperature range that contains the highest temperature "
        f"recorded at {station} in degrees Fahrenheit on 4 May '26. The resolution source is the "
        "National Weather Service's Climatological Report (Daily).",
        label=label,
        close_at="2026-05-04T12:00:00Z",
    )


@pytest.mark.parametrize(
    ("one", "other", "city"),
    [
        ("Chicago Midway", "Chicago O'Hare International Airport", "Chicago"),
        ("Dallas/Fort Worth", "Dallas Love Field", "Dallas"),
        ("George Bush Intercontinental", "William P. Hobby Airport", "Houston"),
        ("Central Park, New York", "the LaGuardia Airport Station", "New York City"),
        ("CLIMDW", "station KORD", "Chicago"),
    ],
)
def test_another_station_of_one_city_is_refused(one: str, other: str, city: str) -> None:
    judged = judge(weather(one, city=city), forecast(other, city=city))

    assert judged.verdict is Verdict.REJECT
    assert judged.word("place") is Word.FAIL
    assert "another station" in " ".join(judged.reasons)


def test_the_same_station_is_not_refused_for_its_place() -> None:
    assert judge(weather("Chicago Midway"), forecast("KMDW")).word("place") is Word.PASS


def test_at_least_58_is_not_58_to_58_point_9() -> None:
    judged = judge(weather("Chicago Midway"), forecast("KMDW", label="58-58.9°F"))

    assert (judged.verdict, judged.word("number")) == (Verdict.REJECT, Word.FAIL)


def test_six_or_more_is_not_at_most_five_but_its_rest_only_on_whole_numbers() -> None:
    one = kalshi(
        "KXCOUNT-26-6",
        "How many hurricanes in 2026?",
        "If there are at least 6 hurricanes in 2026, then the market resolves to Yes.",
    )
    other = poly(
        "at-most-5-hurricanes",
        "Will there be 5 or fewer hurricanes in 2026?",
        'This market will resolve to "Yes" if there are at most 5 hurricanes in 2026.',
    )

    judged = judge(one, other)

    assert (judged.verdict, judged.word("number")) == (Verdict.REJECT, Word.FAIL)


def nominee(text: str) -> Side:
    return poly("q", text, f'This market will resolve to "Yes" if {text}.')


def test_the_nominee_is_not_the_winner() -> None:
    one = kalshi(
        "KXPRESNOMD-28-JD",
        "Will Jane Doe be the Democratic Presidential nominee in 2028?",
        "If Jane Doe wins and accepts the nomination for the Presidency for the Democratic "
        "party, then the market resolves to Yes.",
    )
    other = poly(
        "will-jane-doe-win-the-2028-us-presidential-election",
        "Will Jane Doe win the 2028 US Presidential Election?",
        "This market will resolve to the person who wins the 2028 US Presidential Election.",
    )

    judged = judge(one, other)

    assert (judged.verdict, judged.word("act")) == (Verdict.REJECT, Word.FAIL)


def test_by_the_end_of_a_month_is_not_in_the_month() -> None:
    one = kalshi(
        "KXVISIT-26JUL01",
        "Will Jane Doe visit Iceland before Jul 1, 2026?",
        "If Jane Doe visits Iceland before Jul 1, 2026, then the market resolves to Yes.",
    )
    other = poly(
        "will-jane-doe-visit-iceland-in-june",
        "Will Jane Doe visit Iceland in June 2026?",
        'This market will resolve to "Yes" if Jane Doe visits Iceland in June 2026.',
    )

    judged = judge(one, other)

    assert (judged.verdict, judged.word("window")) == (Verdict.REJECT, Word.FAIL)
    assert "by against in" in " ".join(judged.reasons)


SOCCER_K = kalshi(
    "KXEPLGAME-26MAR14CRYLEE-CRY",
    "Crystal Palace vs Leeds United Winner?",
    "If Crystal Palace wins the Crystal Palace vs Leeds United professional EPL soccer game "
    "originally scheduled for Mar 14, 2026 after 90 minutes plus stoppage time (does not include "
    "extra time or penalties), then the market resolves to Yes.",
)


def test_draw_no_bet_is_not_three_way() -> None:
    other = poly(
        "epl-cry-lee-2026-03-14",
        "Crystal Palace vs. Leeds United",
        'If Crystal Palace wins, this market will resolve to "Crystal Palace". If the game ends in '
        "a draw, this market will resolve 50-50.",
        outcomes=("Crystal Palace", "Leeds United"),
    )

    judged = judge(SOCCER_K, other)

    assert (judged.verdict, judged.word("draw")) == (Verdict.REJECT, Word.FAIL)
    assert "draw no bet" in " ".join(judged.reasons)


def test_regulation_is_not_overtime() -> None:
    other = poly(
        "epl-cry-lee-2026-03-14-cry",
        "Will Crystal Palace win on 2026-03-14?",
        'If Crystal Palace wins, this market will resolve to "Yes". The result includes any extra '
        "time and penalty shootout.",
        event_title="Crystal Palace vs. Leeds United",
    )

    judged = judge(SOCCER_K, other)

    assert (judged.verdict, judged.word("overtime")) == (Verdict.REJECT, Word.FAIL)


def test_the_other_team_of_a_three_way_game_is_refused_not_inverted() -> None:
    other = poly(
        "epl-cry-lee-2026-03-14-lee",
        "Will Leeds United win on 2026-03-14?",
        'If Leeds United wins, this market will resolve to "Yes".',
        event_title="Crystal Palace vs. Leeds United",
    )

    judged = judge(SOCCER_K, other)

    assert (judged.verdict, judged.word("polarity")) == (Verdict.REJECT, Word.FAIL)


def test_a_season_is_not_a_calendar_year() -> None:
    one = kalshi(
        "KXLEAD-26-JD",
        "Will John Doe score at least 30 goals in the 2025-26 season?",
        "If John Doe scores at least 30 goals in the 2025-26 season, then the market resolves "
        "to Yes.",
    )
    other = poly(
        "john-doe-30-goals",
        "Will John Doe score at least 30 goals in 2026?",
        'This market will resolve to "Yes" if John Doe scores at least 30 goals in 2026.',
    )

    judged = judge(one, other)

    assert judged.verdict is Verdict.REJECT
    assert judged.word("edition") is Word.FAIL
    assert "season against a calendar year" in " ".join(judged.reasons)


@pytest.mark.parametrize(
    "rules",
    [
        "If the number of cases in 2026 is above , then the market resolves to Yes.",
        "If the price is || Above/Below || 5 by Apr 30, 2026, then the market resolves to Yes.",
        "If <team> wins the cup before <date>, then the market resolves to Yes.",
        "If Doe wins the cup, then the market resolves to Yes. All outcomes resolve to Yes.",
    ],
)
def test_an_unfilled_or_contradicting_template_fails_closed(rules: str) -> None:
    broken = kalshi("KXCASES-26-1500", "Will there be more than 1500 cases in 2026?", rules)
    other = poly("cases", "Will there be more than 1500 cases in 2026?", "Yes if more than 1500.")

    judged = judge(broken, other)

    assert (judged.verdict, judged.word("template")) == (Verdict.REJECT, Word.FAIL)


def test_a_moneyline_is_not_a_spread() -> None:
    spread = msgspec.structs.replace(
        GAME_P,
        id="nba-tor-nop-2026-03-11-spread-away-1pt5",
        slug="nba-tor-nop-2026-03-11-spread-away-1pt5",
        title="Spread: Raptors (-1.5)",
        event_title="Raptors vs. Pelicans",
    )

    judged = judge(GAME_K, spread)

    assert (judged.verdict, judged.word("kind")) == (Verdict.REJECT, Word.FAIL)


def test_a_prize_of_the_finals_is_not_the_prize_of_the_season() -> None:
    one = kalshi(
        "KXNBAFINMVP-26-JD",
        "Who will win Finals MVP?",
        "If Jane Doe wins the Pro basketball Finals Most Valuable Player in the 2026 season, then "
        "the market resolves to Yes.",
    )
    other = poly(
        "will-jane-doe-win-the-20252026-nba-mvp",
        "Will Jane Doe win the 2025-2026 NBA MVP?",
        'This market will resolve to "Yes" if Jane Doe is awarded the 2025-26 regular season NBA '
        "Most Valuable Player (MVP) Award.",
    )

    assert judge(one, other).verdict is Verdict.REJECT


def fed_rate(day: str, ticker: str) -> Side:
    return kalshi(
        ticker,
        f"Will the federal funds rate be above 3.50% following the {day} meeting?",
        "If the upper bound of the target federal funds rate is greater than 3.50% following the "
        f"Federal Reserve's {day} meeting, then the market resolves to Yes.",
    )


def test_the_same_number_after_another_meeting_is_refused() -> None:
    one, other = fed_rate("Dec 9, 2026", "KXFED-26DEC"), fed_rate("Jun 17, 2026", "KXFED-26JUN")

    judged = judge(one, other)

    assert (judged.verdict, judged.word("window")) == (Verdict.REJECT, Word.FAIL)


def party(name: str) -> Side:
    return kalshi(
        f"GOVPARTYTX-26-{name[0]}",
        f"Will the {name} party win the governorship in Texas",
        f"If a representative of the {name} party is inaugurated as the governor of Texas pursuant "
        "to the 2026 election, then the market resolves to Yes.",
    )


def test_the_other_party_of_a_race_is_never_confirmed() -> None:
    assert judge(party("Democratic"), party("Republican")).verdict is not Verdict.AUTO


def coach(team: str) -> Side:
    return kalshi(
        f"KXCOACHOUT-26SEP01-{team[:3]}",
        "Which coaches will be out before Sep 1, 2026?",
        f"If the head coach of the {team} pro football team leaves before Sep 1, 2026, then the "
        "market resolves to Yes.",
    )


def test_names_that_differ_in_the_middle_are_other_names() -> None:
    assert judge(coach("Green Bay"), coach("Tampa Bay")).verdict is not Verdict.AUTO


def test_a_bare_number_is_a_word_that_must_stand_on_both_sides() -> None:
    asked = "Will the upper bound of the target federal funds rate be {} at the end of 2026?"
    rules = "This market will resolve according to the upper bound after the December 2026 meeting."
    low, high = (poly(n, asked.format(n), rules) for n in ("1.0%", "1.5%"))

    assert judge(low, high).verdict is not Verdict.AUTO


def test_parties_that_win_other_things_together_are_never_confirmed() -> None:
    def sweep(last: str) -> Side:
        said = (
            "the Democratic party wins the House, the Republican party wins the Senate, and "
            f"the {last} party wins the Presidency in the 2028 election"
        )
        return kalshi(f"POWER-28-{last[0]}", "", f"If {said}, then the market resolves to Yes.")

    assert judge(sweep("Democratic"), sweep("Republican")).verdict is not Verdict.AUTO
