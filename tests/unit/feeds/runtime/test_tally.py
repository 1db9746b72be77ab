"""What a feed counts."""

from feeds.runtime.tally import AGES_KEPT, Tally
from markets.terms.units import MS, Ns


def test_frames_and_bytes_are_counted_with_the_last_time() -> None:
    tally = Tally("kalshi")

    tally.frame("abc", Ns(5))
    tally.frame("de", Ns(9))

    picture = tally.picture()
    assert (picture.frames, picture.bytes, picture.last_frame_at) == (2, 5, 9)


def test_ages_are_percentiles_of_the_newest_messages_in_whole_milliseconds() -> None:
    tally = Tally("kalshi")
    tally.age(Ns(10**18), Ns(1))  # will have fallen out

    for number in range(AGES_KEPT):
        tally.age(Ns(1_000_000 * MS + number * MS), Ns(1_000_000 * MS))

    assert tally.age_ms(50) == AGES_KEPT // 2
    assert tally.age_ms(95) == AGES_KEPT * 95 // 100
    assert tally.age_ms(100) == AGES_KEPT - 1


def test_a_message_without_a_time_has_no_age_and_a_fast_clock_none_below_zero() -> None:
    tally = Tally("kalshi")

    tally.age(Ns(50), Ns(0))
    assert tally.picture().age_p50_ms is None
    tally.age(Ns(50), Ns(60))

    assert tally.picture().age_p50_ms == 0


def test_a_picture_does_not_change_afterwards() -> None:
    tally = Tally("kalshi")
    tally.faults["gap"] += 1
    picture = tally.picture()

    tally.faults["gap"] += 1

    assert picture.faults == {"gap": 1}
