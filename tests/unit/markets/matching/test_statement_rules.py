import pytest

from markets.matching.facts import Facts, extract
from markets.matching.sides import Side
from markets.matching.statement_rules import (
    act,
    contest,
    edition,
    number,
    opposite_parties,
    place,
    residue,
    subject,
    window,
)
from markets.matching.verdicts import Word
from tests.unit.markets.matching.sides_for_tests import CUP_K, CUP_P, kalshi, poly


def asked(title: str, rules: str = "", **more: str) -> Facts:
    return extract(poly("p", title, rules, **more))


def told(condition: str, ticker: str = "KXT-26-A") -> Facts:
    return extract(kalshi(ticker, "", f"If {condition}, then the market resolves to Yes."))


def test_the_two_texts_on_one_cup_pass_every_rule() -> None:
    a, b = extract(CUP_K), extract(CUP_P)

    for rule in (subject, act, contest, place, number, window, edition, residue):
        assert rule(a, b).word is Word.PASS, rule.__name__


def test_another_name_fails_and_a_part_of_a_name_is_unknown() -> None:
    jane = told("Jane Doe wins the cup")

    assert subject(jane, asked("Will Bob Roe win the cup?")).word is Word.FAIL
    assert subject(jane, asked("Will Doe win the cup?")).word is Word.UNKNOWN
    assert subject(jane, asked("Who wins?")).word is Word.UNKNOWN


def test_a_thing_described_in_words_is_not_refused_as_another_name() -> None:
    one = told("the price of gold is above $5")

    assert subject(one, asked("Will silver be above $5?")).word is not Word.FAIL


def test_a_place_of_a_known_league_is_its_team() -> None:
    one = told("Charlotte wins the 2026 Pro Basketball Finals")

    assert (
        subject(one, asked("Will the Charlotte Hornets win the 2026 NBA Finals?")).word is Word.PASS
    )
    assert subject(one, asked("Will the Miami Heat win the 2026 NBA Finals?")).word is Word.FAIL


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ("Jane Doe wins the prize", "Will Jane Doe win the prize?", Word.PASS),
        ("Jane Doe runs for mayor", "Will Jane Doe win the race for mayor?", Word.FAIL),
        ("Jane Doe is sworn in as mayor", "Will Jane Doe win the race?", Word.UNKNOWN),
        ("Jane Doe sings", "Will Jane Doe win the prize?", Word.UNKNOWN),
    ],
)
def test_deeds(one: str, other: str, word: Word) -> None:
    assert act(told(one), asked(other)).word is word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Owls win the Western Conference", "Will the Owls win the Stanley Cup?"),
        ("Jane Doe wins the governorship", "Will Jane Doe win the Senate race?"),
        ("Poland wins the contest", "Will Poland win the televote of the contest?"),
    ],
)
def test_a_stage_prize_or_post_only_one_side_says_is_refused(one: str, other: str) -> None:
    assert contest(told(one), asked(other)).word is Word.FAIL


def test_a_difference_beside_a_bare_side_asks_a_person() -> None:
    bare = extract(poly("will-it", ""))

    assert contest(told("The Owls win the Western Conference"), bare).word is Word.UNKNOWN


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ("wins the CA-41 House race", "win the CA-41 House seat", Word.PASS),
        ("wins the CA-41 House race", "win the CA-42 House seat", Word.FAIL),
        ("wins the House", "win the CA-42 House seat", Word.FAIL),
        ("wins the Texas Senate race", "win the Ohio Senate race", Word.FAIL),
        ("wins the Senate", "win the Ohio Senate race", Word.FAIL),
        ("wins the fair in Ohio", "win the fair", Word.UNKNOWN),
    ],
)
def test_places(one: str, other: str, word: Word) -> None:
    assert place(told(f"Doe {one}"), asked(f"Will Doe {other}?")).word is word


def test_a_number_on_one_side_only_is_unknown() -> None:
    assert number(told("it is above 5"), asked("Will it be high?")).word is Word.UNKNOWN
    assert number(told("A is a Top 4 finisher"), asked("Will A be in the Top 6?")).word is Word.FAIL


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ("before Apr 1, 2026", "by March 31, 2026", Word.PASS),
        ("before Apr 1, 2026", "by April 30, 2026", Word.FAIL),
        ("in 2026", "by December 31, 2026", Word.UNKNOWN),
        ("in June 2026", "by June 30, 2026", Word.FAIL),
        ("on Dec 31, 2026 at 10:00 AM ET", "on Dec 31, 2026 at 12 PM ET", Word.UNKNOWN),
        ("before Apr 1, 2026", "", Word.UNKNOWN),
    ],
)
def test_windows(one: str, other: str, word: Word) -> None:
    assert (
        window(told(f"Doe visits Rome {one}"), asked(f"Will Doe visit Rome {other}?")).word is word
    )


def test_a_ticker_s_year_alone_does_not_refuse() -> None:
    one = told("Doe wins the prize", "KXPRIZE-30-DOE")

    assert edition(one, asked("Will Doe win the 2026 prize?")).word is Word.UNKNOWN


def test_words_left_over_are_unknown_never_equal() -> None:
    finding = residue(told("Doe wins the prize at home"), asked("Will Doe win the prize?"))

    assert (finding.word, finding.a) == (Word.UNKNOWN, "home")


def control(party: str, what: str) -> Side:
    return poly(party, f"Will the {party} win the {what} in 2026?")


def test_the_two_parties_are_opposite_only_for_a_whole_chamber() -> None:
    senate = [extract(control(party, "Senate")) for party in ("Democrats", "Republicans")]
    ohio = [extract(control(party, "Ohio Senate race")) for party in ("Democrats", "Republicans")]

    assert opposite_parties(*senate)
    assert not opposite_parties(*ohio)
    assert subject(*ohio).word is Word.UNKNOWN


def test_a_stage_that_only_one_side_s_rules_name_asks_a_person() -> None:
    one = asked("Will Doe win the cup?", 'This market will resolve to "Yes" if Doe wins the cup.')
    other = asked(
        "Will Doe win the cup?", 'This market will resolve to "Yes" if Doe wins the cup semifinal.'
    )

    found = contest(one, other)

    assert (found.word, found.b) == (Word.UNKNOWN, "semifinal")
