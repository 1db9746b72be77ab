from markets.matching.candidates import Candidate, candidates, features, keys
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
