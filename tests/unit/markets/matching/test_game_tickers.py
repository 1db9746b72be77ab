from datetime import date

import pytest

from markets.matching.game_tickers import game_of_ticker
from tests.unit.markets.matching.sides_for_tests import GAME_K, kalshi


def test_a_game_s_ticker_is_read_whole() -> None:
    game = game_of_ticker(kalshi("KXMLBGAME-26JUL111605COLSF-SF", "Colorado vs San Francisco"))

    assert game is not None
    assert (game.league, game.day, game.minute) == ("mlb", date(2026, 7, 11), 16 * 60 + 5)
    assert (game.kind, game.period, game.backs) == ("win", "full", 1)
    assert [e.code for e in game.entrants] == ["COL", "SF"]


@pytest.mark.parametrize(
    ("ticker", "kind", "period", "low"),
    [
        ("KXMLSSPREAD-26JUL25SDDAL-SD2", "spread", "full", 1_500_000),
        ("KXATPGSPREAD-26JUL22RUBSKA-RUB6", "spread-games", "full", 5_500_000),
        ("KXATPGTOTAL-26JUL22STRNAV-23", "total-games", "full", 22_500_000),
        ("KXMLBF5SPREAD-26JUL221410SFKC-SF2", "spread", "f5", 1_500_000),
        ("KXCS2MAP-26JUL231100ABCDEF-2-ABC", "win", "part2", None),
    ],
)
def test_types_parts_and_lines_are_read(
    ticker: str, kind: str, period: str, low: int | None
) -> None:
    game = game_of_ticker(kalshi(ticker))

    assert game is not None
    assert (game.kind, game.period) == (kind, period)
    assert (game.span.low if game.span else None) == low


def test_what_the_rules_say_of_a_line_comes_before_the_ticker() -> None:
    rules = "If Boston wins the game by more than 11.5 points, then the market resolves to Yes."
    game = game_of_ticker(kalshi("KXNBASPREAD-26MAR10BOSSAS-BOS11", "", rules))

    assert game is not None
    assert game.span is not None
    assert game.span.low == 11_500_000


def test_the_second_game_of_a_day_has_its_number() -> None:
    game = game_of_ticker(kalshi("KXMLBHRR-26JUL221305PITNYYG1-NYYCBELLINGER35-1"))

    assert game is not None
    assert (game.number, game.player) == ("1", "CBELLINGER")
    assert [e.code for e in game.entrants] == ["PIT", "NYY"]


def test_a_three_way_game_is_known_by_its_rules_or_league() -> None:
    soccer = game_of_ticker(kalshi("KXEPLGAME-26MAR14CRYLEE-CRY"))
    tie = game_of_ticker(
        kalshi(
            "KXAFLGAME-26JUL11WCEBUL-BUL", "", "If the game ends in a tie, it resolves to 50/50."
        )
    )

    assert soccer is not None
    assert tie is not None
    assert (soccer.three_way, tie.three_way) == (True, False)


@pytest.mark.parametrize(
    "ticker", ["KXEUROVISION-26-ITA", "KXX-26XYZ11AABB-A", "KXFOO-26JUL11AABB-A"]
)
def test_other_tickers_name_no_game(ticker: str) -> None:
    assert game_of_ticker(kalshi(ticker)) is None


def test_names_come_from_the_title() -> None:
    game = game_of_ticker(GAME_K)

    assert game is not None
    assert [e.name for e in game.entrants] == ["Toronto", "New Orleans"]
