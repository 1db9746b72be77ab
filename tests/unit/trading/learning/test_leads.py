"""Who moves first is named only when it does so again and again."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from markets.terms.ids import MarketId
from markets.terms.units import SECOND, Ns
from trading.learning.leads import MOST_LAG, Asked, bars, best_lag, lead, moves

A, B = MarketId("kalshi:A"), MarketId("polymarket:A")
BAR, WINDOW = Ns(5 * SECOND), Ns(600 * SECOND)
ASKED = Asked(BAR, WINDOW, 4, 3)
NOW = Ns(4 * WINDOW)


def walk(seed: int, shift: int, sign: int = 1) -> list[tuple[Ns, int]]:
    """Mids that move every bar by chance, `shift` bars late."""
    chance = random.Random(seed)  # noqa: S311  the same walk each time
    px, found = 1_000_000, []
    for number in range(4 * 120):
        px += sign * chance.choice((-10_000, 0, 10_000))
        found.append((Ns((number + shift) * BAR + SECOND), px))
    return found


def test_a_bar_ends_with_the_last_mid_known() -> None:
    mids = [(Ns(1), 10), (Ns(4), 12), (Ns(11), 15)]

    assert bars(mids, Ns(0), Ns(15), Ns(5)) == [12, 12, 15]
    assert bars(mids[2:], Ns(0), Ns(15), Ns(5)) == [None, None, 15]
    assert moves([None, 12, 15, 15]) == [0, 3, 0]


def test_a_market_that_follows_by_two_bars_is_led_by_ten_seconds() -> None:
    found = lead((A, walk(1, 0)), (B, walk(1, 2)), NOW, ASKED)

    assert (found.leader, found.lag, found.agreed, found.judged) == (A, 10 * SECOND, 4, 4)
    other = lead((B, walk(1, 2)), (A, walk(1, 0)), NOW, ASKED)
    assert (other.leader, other.lag) == (A, 10 * SECOND)


def test_the_opposite_outcome_leads_just_as_well() -> None:
    assert lead((A, walk(1, 0)), (B, walk(1, 2, sign=-1)), NOW, ASKED).leader == A


def test_markets_that_move_together_or_apart_have_no_leader() -> None:
    assert lead((A, walk(1, 0)), (B, walk(1, 0)), NOW, ASKED).leader is None
    assert lead((A, walk(1, 0)), (B, walk(2, 0)), NOW, ASKED).leader is None
    assert lead((A, []), (B, walk(2, 0)), NOW, ASKED).judged == 0


def test_too_few_windows_that_agree_name_nobody() -> None:
    led = [(at, px) for at, px in walk(1, 2) if at >= 2 * WINDOW]

    found = lead((A, walk(1, 0)), (B, led), NOW, ASKED)

    assert (found.leader, found.agreed) == (None, 2)
    assert lead((A, walk(1, 0)), (B, led), NOW, Asked(BAR, WINDOW, 4, 2)).leader == A


@given(st.lists(st.integers(-3, 3), min_size=20, max_size=60))
def test_a_lag_is_bounded_and_turns_its_sign_with_the_sides(shifts: list[int]) -> None:
    late = [0, 0, 0, *shifts]
    lag, strength = best_lag(shifts, late)
    back, same = best_lag(late, shifts)

    assert abs(lag) <= MOST_LAG
    assert abs(strength - same) < 1e-9
    assert not any(shifts) or lag == -back or strength < 1 or not lag
