from fractions import Fraction
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from markets.terms.covers import MOST, Rows, covers
from markets.terms.relations import HALF, LOST, PUSH, WON

F = Fraction


def rows(*words: str) -> Rows:
    cells = {"1": WON, "0": LOST, "h": HALF, "p": PUSH}
    return tuple(tuple(cells[letter] for letter in word) for word in words)


def test_three_exclusive_noes_cover_with_half_of_each() -> None:
    found = covers(rows("011", "101", "110"), ())

    assert ((0, F(1, 2)), (1, F(1, 2)), (2, F(1, 2))) in found
    assert len(found) == 4


def test_a_row_that_pays_half_is_needed_twice() -> None:
    assert covers(rows("hh"), ()) == (((0, F(2)),),)


def test_a_world_nobody_pays_in_has_no_cover() -> None:
    assert covers(rows("100", "010"), ()) == ()


def test_where_all_are_refunded_only_the_rest_must_be_covered() -> None:
    assert covers(rows("1p0", "0p1"), ()) == (((0, F(1)), (1, F(1))),)


def test_a_set_asked_for_comes_before_the_bound_cuts_it_off() -> None:
    size = 12
    noes = rows(*("".join("0" if i == j else "1" for j in range(size)) for i in range(size)))
    found = covers(noes, (tuple(range(size)),))

    assert len(found) == MOST
    assert found[0] == tuple((i, F(1, size - 1)) for i in range(size))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("01h", min_size=3, max_size=3), min_size=1, max_size=4, unique=True))
def test_the_cheapest_cover_is_as_cheap_as_any_on_a_grid(words: list[str]) -> None:
    """Every vertex covers, and at several prices no grid point that covers is cheaper than all."""
    table = [[{"1": 2, "0": 0, "h": 1}[letter] for letter in word] for word in words]
    found = covers(rows(*words), ())
    for cover in found:
        for world in range(3):
            assert sum(table[row][world] * weight for row, weight in cover) >= 2
    # The grid counts halves, and a cell counts halves too.
    points = [
        point
        for point in product(range(5), repeat=len(words))
        if all(sum(t[w] * n for t, n in zip(table, point, strict=True)) >= 4 for w in range(3))
    ]
    for prices in ([3, 4, 5, 6], [7, 3, 2, 5], [1, 1, 1, 1]):
        best = min((sum(prices[row] * w for row, w in cover) for cover in found), default=None)
        for point in points:
            assert best is not None
            assert 2 * best <= sum(p * n for p, n in zip(prices, point, strict=False))


def test_a_refund_of_one_does_not_cover_the_loss_of_another() -> None:
    assert covers(rows("1p0", "001"), ()) == ()
    assert covers(rows("1p0", "001", "010"), ()) == (((0, F(1)), (1, F(1)), (2, F(1))),)
