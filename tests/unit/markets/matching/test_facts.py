from markets.matching.facts import extract
from tests.unit.markets.matching.sides_for_tests import CUP_K, CUP_P, GAME_K, kalshi, poly, poly_us


def test_an_edition_is_a_season_or_a_year_or_what_the_ticker_says() -> None:
    cup = extract(CUP_K).edition
    other = extract(CUP_P).edition
    ticker = extract(kalshi("KXEUROVISION-26-ITA", "Winner", "If Italy wins it, then …")).edition

    assert cup is not None
    assert other is not None
    assert ticker is not None
    assert (cup.first, cup.last, cup.quote) == (2025, 2026, "2025-26")
    assert (other.first, other.last) == (2026, 2026)
    assert (ticker.first, ticker.quote) == (2026, "KXEUROVISION-26")


def test_the_term_that_begins_later_is_not_the_election_s_year() -> None:
    side = kalshi(
        "KXPRES-28-JD", "", "If Jane Doe is sworn in for the term beginning in 2029, then …"
    )

    edition = extract(side).edition

    assert edition is not None
    assert edition.first == 2028


def test_a_scheduled_day_is_no_deadline() -> None:
    side = poly("p", "Will A win the election?", "The election is scheduled for May 3, 2026.")

    assert extract(side).window is None


def test_the_year_of_a_bare_date_is_the_closing_year() -> None:
    dated = extract(poly("p", "Will A resign by June 30?", close_at="2026-07-01T00:00:00Z"))

    assert dated.window is not None
    assert dated.window.cut is not None
    assert dated.window.cut.year == 2026
    assert extract(poly("p", "Will A resign by June 30?")).window is None


def test_what_only_has_a_slug_is_bare_and_has_no_rules() -> None:
    facts = extract(poly_us("aec-nba-tor-nop-2026-03-11"))

    assert facts.bare
    assert not facts.has_rules
    assert facts.game is not None
    assert not extract(GAME_K).bare


def test_counts_in_words_are_numbers() -> None:
    span = extract(poly("p", "Will no Fed rate cuts happen in 2026?")).span

    assert span is not None
    assert (span.low, span.high) == (0, 0)


def test_overtime_is_told_from_regulation() -> None:
    assert (
        extract(kalshi("K", "", "Decided after 90 minutes plus stoppage time.")).overtime
        == "regulation"
    )
    assert extract(kalshi("K", "", "The final score including overtime.")).overtime == "overtime"
    assert extract(kalshi("K", "", "The winner.")).overtime == ""


def test_a_denial_is_noticed() -> None:
    assert extract(poly("p", "Will A not resign in 2026?")).negated
    assert not extract(poly("p", "Will A resign no later than May 1, 2026?")).negated
