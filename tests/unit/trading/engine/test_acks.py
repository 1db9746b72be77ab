"""A venue's first words are counted in few buckets and never told too fast."""

import hypothesis.strategies as st
from hypothesis import given

from markets.terms.units import MS, Ns
from trading.engine.acks import BOUNDS_MS, FULL, Counts, noted, percentile_ms


def counted(*took_ms: int) -> Counts:
    counts: Counts = ()
    for ms in took_ms:
        counts = noted(counts, Ns(ms * MS))
    return counts


def test_nothing_measured_is_nothing() -> None:
    assert percentile_ms(()) == 0


def test_a_percentile_is_the_bound_of_its_bucket() -> None:
    assert percentile_ms(counted(*[20] * 95, *[110] * 5)) == 20
    assert percentile_ms(counted(*[20] * 94, *[110] * 6)) == 120


def test_a_part_of_a_millisecond_counts_as_a_whole_one() -> None:
    assert percentile_ms(noted((), Ns(2 * MS + 1))) == 5


def test_what_takes_longer_than_every_bound_is_in_the_last_bucket() -> None:
    assert percentile_ms(counted(10**6)) == BOUNDS_MS[-1]


def test_old_answers_fade() -> None:
    counts = counted(*[500] * FULL)
    assert sum(counts) == FULL // 2
    assert percentile_ms(noted(counts, Ns(-5))) == 500


@given(st.lists(st.integers(0, 9_000), min_size=1, max_size=60))
def test_at_least_the_part_asked_for_came_within_the_percentile(took: list[int]) -> None:
    bound = percentile_ms(counted(*took))
    assert sum(ms <= bound for ms in took) * 100 >= 95 * len(took)
