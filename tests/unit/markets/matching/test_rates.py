import pytest

from markets.matching.quantities import equal
from markets.matching.rates import STEP, move
from markets.matching.sides import Side
from tests.unit.markets.matching.sides_for_tests import kalshi, poly


def kalshi_move(action: str, code: str) -> Side:
    return kalshi(
        f"KXFEDDECISION-26JUN-{code}",
        f"Will the Federal Reserve {action} at their June 2026 meeting?",
    )


def poly_move(action: str, month: str = "June") -> Side:
    return poly("q", f"Will the Fed {action} after the {month} 2026 meeting?")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Cut rates by 25bps", "C25"), "decrease interest rates by 25 bps"),
        (("Cut rates by >25bps", "C26"), "decrease interest rates by 50+ bps"),
        (("Hike rates by 0bps", "H0"), "leave rates: no change"),
        (("Hike rates by >25bps", "H26"), "increase interest rates by 50+ bps"),
    ],
)
def test_one_move_in_two_venues_words(one: tuple[str, str], other: str) -> None:
    a, b = move(kalshi_move(*one)), move(poly_move(other))

    assert a is not None
    assert b is not None
    assert (a.bank, a.meeting) == (b.bank, b.meeting) == ("fed", (2026, 6))
    assert equal(a.span, b.span, STEP)


def test_25_is_not_25_or_more_and_a_cut_is_no_hike() -> None:
    exact = move(kalshi_move("Cut rates by 25bps", "C25"))
    more = move(poly_move("decrease interest rates by 25+ bps"))
    hike = move(poly_move("increase interest rates by 25 bps"))

    assert exact is not None
    assert more is not None
    assert hike is not None
    assert not equal(exact.span, more.span, STEP)
    assert not equal(exact.span, hike.span, STEP)


def test_another_meeting_is_read_as_such() -> None:
    later = move(poly_move("increase interest rates by 25 bps", "July"))

    assert later is not None
    assert later.meeting == (2026, 7)


def test_a_market_on_no_meeting_is_no_move() -> None:
    assert move(poly("q", "Will the Fed chair resign?")) is None
