"""Token buckets of one process."""

import pytest

from feeds.books.rates import Bucket, Draw, LocalBuckets, hold_of, told_second, window
from markets.terms.units import MS, SECOND, Ns

START = Ns(1_795_000_000 * SECOND)
TEN = Bucket("ten", capacity=10, refill=10_000, reserve=4)


def after(ms: int) -> Ns:
    return Ns(START + ms * MS)


def test_a_full_bucket_pays_at_once_and_an_empty_one_says_how_long_to_wait() -> None:
    buckets = LocalBuckets()

    assert buckets.take((Draw(TEN, 6),), START) == 0
    assert buckets.take((Draw(TEN, 1),), START) == 100 * MS
    assert buckets.take((Draw(TEN, 1),), after(99)) == 1 * MS
    assert buckets.take((Draw(TEN, 1),), after(100)) == 0


def test_the_reserve_is_for_what_is_urgent() -> None:
    buckets = LocalBuckets()
    buckets.take((Draw(TEN, 6),), START)

    assert buckets.take((Draw(TEN, 1),), START) > 0
    assert buckets.take((Draw(TEN, 4),), START, urgent=True) == 0


def test_a_draw_from_two_buckets_takes_from_both_or_from_none() -> None:
    buckets = LocalBuckets()
    small = Bucket("small", capacity=1, refill=1_000)
    both = (Draw(Bucket("wide", 2, 1_000)), Draw(small))

    assert buckets.take(both, START) == 0
    assert buckets.take(both, START) == SECOND
    assert buckets.take((both[0],), START) == 0


def test_a_venue_that_asks_for_peace_gets_it_even_from_what_is_urgent() -> None:
    buckets = LocalBuckets()
    buckets.hold((Draw(TEN),), START, after(2_000))

    assert buckets.take((Draw(TEN),), START, urgent=True) == 2 * SECOND
    assert buckets.take((Draw(TEN),), after(2_000)) == 0


def test_half_a_bucket_holds_half_and_fills_at_half_the_speed() -> None:
    buckets = LocalBuckets(share=2)
    plain = Bucket("plain", capacity=10, refill=10_000)

    taken = sum(buckets.take((Draw(plain),), START) == 0 for _ in range(10))

    assert taken == 5
    assert buckets.take((Draw(plain),), START) == 200 * MS


def test_no_window_ever_holds_more_than_its_limit() -> None:
    buckets, draw = LocalBuckets(), window("w", 500, 10)

    times = [ms for ms in range(0, 30_000, 5) if buckets.take((draw,), after(ms)) == 0]

    assert max(sum(t <= u < t + 10_000 for u in times) for t in times) <= 500
    assert len(times) > 1_300


def test_owners_do_not_share_a_bucket() -> None:
    buckets = LocalBuckets()
    mine, yours = (Bucket("b", 1, 1_000, owner=name) for name in ("me", "you"))

    assert buckets.take((Draw(mine),), START) == 0
    assert buckets.take((Draw(yours),), START) == 0


def test_a_cost_above_the_bucket_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="never fits bucket ten"):
        LocalBuckets().take((Draw(TEN, 7),), START)


def test_retry_after_is_honoured_in_seconds_and_as_a_date() -> None:
    assert hold_of(429, (("retry-after", "7"),), START, 3) == 7 * SECOND
    date = (("retry-after", "Wed, 18 Nov 2026 10:40:05 GMT"),)
    said = told_second(date[0][1])
    assert said is not None
    assert hold_of(503, date, Ns(said - 5 * SECOND), 0) == 5 * SECOND
    assert hold_of(503, date, Ns(said + 5 * SECOND), 0) == 0


def test_a_refusal_without_a_time_doubles_with_each_in_a_row() -> None:
    assert [hold_of(429, (), START, n) // SECOND for n in range(8)] == [1, 2, 4, 8, 16, 32, 32, 32]


def test_other_answers_ask_for_nothing() -> None:
    assert hold_of(200, (("retry-after", "7"),), START, 0) == 0
    assert hold_of(503, (), START, 5) == 0
    assert hold_of(429, (("retry-after", "soon"),), START, 0) == SECOND
    assert told_second("18 Nov 2026") is None
