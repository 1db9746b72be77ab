import pytest

from markets.matching import candidates as candidates_module
from markets.matching.candidates import Candidate, candidates, features, keys, marks
from tests.unit.markets.matching.sides_for_tests import (
    CUP_K,
    CUP_P,
    GAME_K,
    GAME_P,
    kalshi,
    poly,
    poly_us,
)


def found(first: list[int], result: list[Candidate]) -> dict[int, list[int]]:
    return {n: [c.second for c in result if c.first == n] for n in first}


def test_each_market_finds_its_like_and_not_the_others() -> None:
    result = candidates([CUP_K, GAME_K], [GAME_P, CUP_P, poly("x", "Will it snow in Rome?")])

    assert found([0, 1], result) == {0: [1], 1: [0]}


def test_tickers_without_titles_meet_by_league_day_and_team() -> None:
    one = kalshi("KXNHLGAME-26MAY06ANAVGK-ANA")
    same, next_day, other = (
        poly_us(f"aec-nhl-{slug}")
        for slug in ("ana-veg-2026-05-06", "ana-veg-2026-05-07", "bos-buf-2026-05-06")
    )

    assert found([0], candidates([one], [other, next_day, same])) == {0: [1, 2]}


def test_rate_decisions_meet_by_bank_and_meeting() -> None:
    one = kalshi("KXFEDDECISION-26JUN-C25")
    other = poly("q", "Will the Fed decrease interest rates by 25 bps after the June 2026 meeting?")

    assert keys(one) == keys(other)
    assert found([0], candidates([one], [other])) == {0: [0]}


def test_no_more_than_asked_for_are_found_by_words() -> None:
    many = [
        poly(f"s{n}", f"Will the Buffalo Sabres win the Stanley Cup in Game {n}?") for n in range(9)
    ]

    assert len(candidates([CUP_K], many, top=3, least=0.01)) == 3


def test_empty_lists_have_no_candidates() -> None:
    assert candidates([], [CUP_P]) == []
    assert candidates([CUP_K], []) == []


def test_features_are_words_that_say_something() -> None:
    assert "sabres" in features(CUP_P)
    assert "will" not in features(CUP_P)


def test_numbers_days_and_districts_are_spelt_one_way() -> None:
    one = kalshi(
        "KXBTCMAX-26AUG31-149999.99", "Will Bitcoin be above $149,999.99 before Sep 1, 2026?"
    )
    other = poly("btc-150k-08-31-2026", "Bitcoin to hit $150,000 by August 31, 2026?")

    assert set(marks(one)) & set(marks(other)) == {"#1.50e+11", "@2026-08-31"}
    assert marks(poly("x-13-45-2026-7m")) == ("#7.00e+12",)
    assert marks(kalshi("HOUSECA9-26-D", "The House race for CA-9?")) == ("%CA-09",)


def test_a_word_that_many_say_counts_together_with_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates_module, "COMMON_LEAST", 4)
    monkeypatch.setattr(candidates_module, "COMMON", 0.0)
    days = ("May 1", "June 1", "July 1", "August 1", "October 1")
    ours = [kalshi(f"K-{d}", f"Bitcoin up before {d}, 2026?") for d in days]
    theirs = [poly(f"p-{d}", f"Bitcoin up before {d}, 2026?") for d in reversed(days)]

    found = candidates(ours, theirs, top=1)

    assert [(c.first, c.second) for c in found] == [(0, 4), (1, 3), (2, 2), (3, 1), (4, 0)]
