"""The texts of one market beside its ticker or slug: games and rate decisions."""

import msgspec
import pytest

from markets.matching.facts import extract
from markets.matching.own_texts import disagreements
from markets.matching.sides import Side
from tests.unit.markets.matching.sides_for_tests import GAME_K, GAME_P, kalshi, poly

FED_K = kalshi(
    "KXFEDDECISION-26APR-C25",
    "Will the Federal Reserve Cut rates by 25bps at their April 2026 meeting?",
    "If the Federal Reserve does a Cut of 25bps on April 29, 2026, then the market resolves to "
    "Yes.",
)
FED_P = poly(
    "will-the-fed-decrease-interest-rates-by-25-bps-after-the-april-2026-meeting",
    "Will the Fed decrease interest rates by 25 bps after the April 2026 meeting?",
    "This market will resolve to the amount of basis points the upper bound of the target federal "
    "funds rate is changed by versus the level it was prior to the Federal Reserve's April 2026 "
    "meeting. The source is the statement after the meeting scheduled for April 28-29, 2026.",
    event_title="Fed decision in April?",
)


def said(side: Side) -> str:
    return "; ".join(disagreements(extract(side)))


def reworded(side: Side, old: str, new: str) -> str:
    assert old in side.rules + side.title
    return said(
        msgspec.structs.replace(
            side, rules=side.rules.replace(old, new), title=side.title.replace(old, new)
        )
    )


def test_texts_that_agree_say_nothing() -> None:
    for side in (GAME_K, GAME_P, FED_K, FED_P):
        assert said(side) == ""


@pytest.mark.parametrize(
    ("side", "old", "new", "why"),
    [
        (GAME_K, "Mar 11", "Mar 12", "2026-03-12 in the rules, 2026-03-11 by name"),
        (GAME_K, "professional", "NHL", "nhl in the rules, nba by name"),
        (GAME_K, "professional", "college", "college in the texts, nba by name"),
        (GAME_P, "NBA game", "NBA Summer League game", "Summer League in the texts"),
        (GAME_P, "final score", "first half score", "first half in the texts"),
        (GAME_K, "wins", "loses", "not a plain win: loses"),
        (GAME_K, "wins", "meets", "not a plain win: meets"),
        (GAME_K, "wins", "does not win", "not a plain win: does, not"),
        (GAME_K, "If Toronto", "Unless Toronto", "no sentence of the rules says what pays"),
        (GAME_P, "If the Raptors win", "If the Raptors lead", "not a plain win: lead"),
        (GAME_P, "If the Raptors win", "If the Raptors", "not a plain win: "),
        (FED_K, "Cut", "Hike", "hike of 25bps in the texts"),
        (FED_K, "25bps", "50bps", "in the texts, 25 bp by name"),
        (FED_P, "Will the Fed", "Will the Bank of England", "boe in the texts, fed by name"),
        (FED_K, "April 29, 2026", "June 17, 2026", "2026-06-17 in the texts, another meeting"),
        (FED_K, "If the", "Unless the", "no sentence of the rules says what decides"),
        (FED_K, "does a Cut", "does not Cut", "the question or the condition denies"),
        (FED_P, "Will the Fed", "Will the Fed not", "the question or the condition denies"),
        (FED_K, "does a Cut", "signals a Cut", "more than a move: signals"),
        (FED_P, "April 28-29, 2026", "June 16-17, 2026", "2026-06-16 in the texts"),
    ],
)
def test_what_the_texts_say_is_held_beside_the_name(
    side: Side, old: str, new: str, why: str
) -> None:
    assert why in reworded(side, old, new)


def test_a_tie_a_cancellation_and_the_rest_are_no_second_way_to_win() -> None:
    more = (
        " If the game ends in a tie, the market will resolve to 50-50. If it is cancelled, this "
        "market will resolve to 50-50. Otherwise, this market will resolve to the last price."
    )
    assert said(msgspec.structs.replace(GAME_P, rules=GAME_P.rules + more)) == ""


def test_only_a_whole_game_s_winner_is_read_that_closely() -> None:
    half = poly("nba-tor-nop-2026-03-11-1h-moneyline", "Raptors vs. Pelicans: 1H", GAME_P.rules)
    total = poly(
        "nba-tor-nop-2026-03-11-total-220pt5", "Raptors vs. Pelicans: O/U 220.5", GAME_P.rules
    )
    unknown = poly(
        "xyz-tor-nop-2026-03-11",
        "Raptors vs. Pelicans",
        "An NBA game.",
        outcomes=("Raptors", "Pelicans"),
    )

    assert "the whole game" not in said(half)
    assert "plain win" not in said(total)
    assert "by name" not in said(unknown)


def test_a_decision_without_a_meeting_says_nothing_of_meetings() -> None:
    bare = poly(
        "fed", "Fed decision: cut of 25 bps?", "This market will resolve to the cut of the fed."
    )

    assert "another meeting" not in said(bare)
