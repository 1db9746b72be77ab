"""A venue's score and its terms."""

from hypothesis import given
from hypothesis import strategies as st

from feeds.books.score import RULES, Measures, score_of, terms_of


def score(**known: int) -> int:
    return score_of(terms_of(Measures(**known)))


def test_a_venue_of_which_nothing_bad_is_known_has_a_hundred() -> None:
    assert score() == 100


def test_each_term_costs_its_points_when_it_is_bad_and_none_when_it_is_good() -> None:
    for rule in RULES:
        assert score(**{rule.key: rule.good}) == 100
        assert score(**{rule.key: rule.bad}) == 100 - rule.points


def test_between_good_and_bad_it_costs_in_proportion_rounded_against_the_venue() -> None:
    assert score(age_p95_ms=1_750) == 100 - 13
    assert score(agreement_ppm=945_000) == 100 - 13


def test_a_clock_behind_counts_like_one_ahead() -> None:
    assert score(clock_ms=-1_000) == score(clock_ms=1_000) == 85


@given(st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**7))
def test_it_stays_between_nothing_and_a_hundred(age: int, agreement: int, gaps: int) -> None:
    found = score(age_p95_ms=age, agreement_ppm=agreement, gaps_hour=gaps, silent_s=10**6)
    assert 0 <= found <= 100


def test_every_term_is_listed_with_its_measure() -> None:
    terms = terms_of(Measures(gaps_hour=60))
    assert [term.rule for term in terms] == list(RULES)
    assert {t.rule.key: (t.actual, t.lost) for t in terms}["gaps_hour"] == (60, 15)
