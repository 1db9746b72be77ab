import msgspec
import pytest

from markets.matching.facts import Facts, extract
from markets.matching.game_rules import (
    RULES,
    day,
    draw,
    kind,
    league,
    line,
    oriented,
    overtime,
    player,
)
from markets.matching.sides import Side
from markets.matching.verdicts import Word
from tests.unit.markets.matching.sides_for_tests import GAME_K, GAME_P, kalshi, poly, poly_us


def both(a: Side, b: Side) -> tuple[Facts, Facts]:
    return extract(a), extract(b)


def test_two_texts_on_one_game_pass_every_rule() -> None:
    a, b = both(GAME_K, GAME_P)

    assert {name: rule(a, b).word for name, _, rule in RULES} == {
        name: Word.PASS for name, _, _ in RULES
    }


@pytest.mark.parametrize(
    ("slug", "start", "word"),
    [
        ("nba-tor-nop-2026-03-11", "", Word.PASS),
        ("nba-tor-nop-2026-03-12", "", Word.UNKNOWN),
        ("nba-tor-nop-2026-03-14", "", Word.FAIL),
    ],
)
def test_days(slug: str, start: str, word: Word) -> None:
    other = msgspec.structs.replace(GAME_P, slug=slug, start_at=start)

    assert day(*both(GAME_K, other)).word is word


@pytest.mark.parametrize(
    ("start", "word"),
    [
        ("2026-07-11T20:05:00Z", Word.PASS),
        ("2026-07-12T00:35:00Z", Word.UNKNOWN),
        ("2026-07-12T20:05:00Z", Word.FAIL),
    ],
)
def test_start_times_decide_where_both_state_them(start: str, word: Word) -> None:
    one = kalshi("KXMLBGAME-26JUL111605COLSF-SF", "Colorado vs San Francisco")
    other = poly_us("aec-mlb-col-sf-2026-07-11", "Colorado Rockies vs. San Francisco Giants")

    assert day(*both(one, msgspec.structs.replace(other, start_at=start))).word is word


def test_codes_alone_do_not_refuse() -> None:
    one, other = kalshi("KXMLBGAME-26APR26CLETOR-CLE"), poly_us("aec-nba-cle-tor-2026-04-26")

    assert league(*both(one, other)).word is Word.UNKNOWN
    titled = msgspec.structs.replace(one, title="Cleveland vs Toronto")
    asked = msgspec.structs.replace(other, title="Cleveland Cavaliers vs. Toronto Raptors")
    assert league(*both(titled, asked)).word is Word.FAIL


def spread(ticker: str, slug: str) -> tuple[Facts, Facts]:
    return both(kalshi(ticker), poly_us(slug))


@pytest.mark.parametrize(
    ("slug", "word"),
    [
        ("asc-mls-sdg-dal-2026-07-25-pos-2pt5", Word.PASS),
        ("asc-mls-sdg-dal-2026-07-25-pos-1pt5", Word.FAIL),
        ("asc-mls-dal-sdg-2026-07-25-neg-2pt5", Word.PASS),
    ],
)
def test_a_line_is_told_of_either_entrant(slug: str, word: Word) -> None:
    assert line(*spread("KXMLSSPREAD-26JUL25SDDAL-DAL3", slug)).word is word


def test_whose_margin_it_is_must_be_known() -> None:
    a, b = spread("KXXXSPREAD-26JUL25AAABBB-BBB3", "asc-xx-ccc-ddd-2026-07-25-pos-2pt5")

    assert a.game is not None
    assert b.game is not None
    assert oriented(a.game, b.game) is None


def test_a_draw_that_one_side_does_not_mention_is_unknown() -> None:
    one = kalshi("KXMLBF5-26JUL102015ATLSTL-ATL", "Atlanta vs St. Louis: First 5 Innings")
    other = poly_us("atc-mlb-atl-stl-2026-07-10-f5-atl", "Will the Atlanta Braves win it?")

    assert draw(*both(one, other)).word is Word.UNKNOWN


def test_another_player_is_refused() -> None:
    one = kalshi("KXMLBHRR-26JUL211840MINCLE-CLESKWAN38-2", "Minnesota vs Cleveland")
    other = poly_us("astatc-mlb-min-cle-2026-07-21-hrr-trabaz-gte2")

    assert player(*both(one, other)).word is Word.FAIL


def test_a_rule_for_games_refuses_to_speak_of_anything_else() -> None:
    with pytest.raises(ValueError, match="on none"):
        kind(*both(GAME_K, poly("will-a-win", "Will A win?")))


def test_a_text_that_leaves_overtime_out_is_not_one_that_says_nothing() -> None:
    told = GAME_P.rules.replace("including any overtime periods", "excluding overtime")
    ordinary = msgspec.structs.replace(GAME_P, rules=told)

    assert overtime(*both(GAME_K, ordinary)).word is Word.UNKNOWN
    assert overtime(*both(GAME_P, ordinary)).word is Word.FAIL
