"""Message ages and slow venues."""

from feeds.books.ages import Ages
from markets.terms.units import MS, SECOND, Ns

START = Ns(1_795_000_000 * SECOND)


def slow_for(seconds: int, age_ms: int = 2_001) -> Ages:
    ages = Ages()
    for second in range(seconds + 1):
        at = Ns(START + second * SECOND)
        ages.heard(at, Ns(at - age_ms * MS))
    return ages


def test_ten_seconds_of_late_messages_make_a_venue_slow() -> None:
    assert slow_for(10).is_slow()
    assert not slow_for(9).is_slow()
    assert not slow_for(60, age_ms=2_000).is_slow()


def test_how_late_and_for_how_long_can_be_changed_while_it_runs() -> None:
    ages = slow_for(5, age_ms=600)
    assert not ages.is_slow()

    ages.late, ages.late_for = Ns(500 * MS), Ns(3 * SECOND)
    for second in (6, 7, 8, 9):
        at = Ns(START + second * SECOND)
        ages.heard(at, Ns(at - 600 * MS))
    assert ages.is_slow()


def test_one_message_in_time_clears_it() -> None:
    ages = slow_for(20)

    ages.heard(Ns(START + 21 * SECOND), Ns(START + 20 * SECOND))

    assert not ages.is_slow()


def test_a_new_connection_is_judged_anew() -> None:
    ages = slow_for(20)
    ages.forget_slow()
    assert not ages.is_slow()


def test_percentiles_are_of_the_newest_messages() -> None:
    ages = Ages()
    assert ages.ms(50) is None
    for n in range(1, 101):
        ages.heard(START, Ns(START - n * MS))
    assert (ages.ms(50), ages.ms(95)) == (51, 96)


def test_the_clocks_offset_is_taken_out() -> None:
    ages = Ages()
    ages.offset = 400 * MS  # the venue's clock is ahead: its stamps look too young
    ages.heard(START, Ns(START + 300 * MS))
    assert ages.ms(50) == 100


def test_a_message_without_a_time_says_nothing() -> None:
    ages = Ages()
    ages.heard(START, Ns(0))
    assert ages.ms(50) is None
