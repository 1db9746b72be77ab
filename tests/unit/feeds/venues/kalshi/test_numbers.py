"""A socket's numbers: in sequence, after a hole, or a repeat, each subscription by itself."""

import pytest

from feeds.venues.kalshi.numbers import IN_SEQUENCE, Counted, Numbering, Numbers


def counted(numbering: Numbering, *seqs: int) -> list[Counted]:
    numbers = Numbers(numbering)
    return [numbers.count(1, seq) for seq in seqs]


def test_a_socket_begins_at_one_and_misses_nothing() -> None:
    assert counted(Numbering.WHOLE, 1, 2, 3) == [IN_SEQUENCE] * 3
    assert counted(Numbering.WHOLE, 2) == [Counted("gap", 1)]
    assert counted(Numbering.WHOLE, 1, 3, 4)[1:] == [Counted("gap", 2), IN_SEQUENCE]


def test_a_repeat_is_broken_and_let_by() -> None:
    assert counted(Numbering.WHOLE, 1, 2, 2)[-1] == Counted("repeat", 3, is_repeat=True)


def test_each_subscription_has_its_own_numbers() -> None:
    numbers = Numbers(Numbering.WHOLE)
    assert [numbers.count(sid, 1) for sid in (1, 2)] == [IN_SEQUENCE] * 2


def test_a_recording_from_the_middle_begins_with_whatever_comes() -> None:
    assert counted(Numbering.MIDWAY, 7, 8) == [IN_SEQUENCE] * 2
    assert counted(Numbering.MIDWAY, 7, 9)[-1] == Counted("gap", 8)


@pytest.mark.parametrize(
    ("seqs", "last"),
    [
        ((7, 12), Counted()),
        ((7, 7), Counted(is_repeat=True)),
        ((7, 9, 4), Counted("repeat", 10)),
    ],
)
def test_where_other_markets_were_cut_out_only_a_falling_number_is_broken(
    seqs: tuple[int, ...], last: Counted
) -> None:
    assert counted(Numbering.CUT, *seqs)[-1] == last
