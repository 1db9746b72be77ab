"""Times from change to decision: every one counted, percentiles never too low."""

from hypothesis import given
from hypothesis import strategies as st

from markets.terms.ids import VenueId
from markets.terms.units import SECOND, Ns
from tests.fakes import ManualClock
from trading.engine.pictures import DECISION_BOUNDS_US
from trading.runtime.decisions import SPANS, Decisions, span_of, top_of

KA, PM = VenueId("kalshi"), VenueId("polymarket")
US = 1_000
START = ManualClock().now()


def after(seconds: int) -> Ns:
    return Ns(START + seconds * SECOND)


@given(st.integers(0, 10**9))
def test_a_span_holds_its_number_and_is_at_most_a_sixteenth_wide(value: int) -> None:
    span = span_of(value)
    top = top_of(span)

    assert value <= top <= value + value // SPANS
    assert span_of(top) == span
    assert span_of(top + 1) == span + 1


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=200), st.sampled_from([50, 95, 99]))
def test_a_percentile_is_never_too_low_and_at_most_a_sixteenth_too_high(
    took: list[int], percent: int
) -> None:
    found = Decisions()
    for value in took:
        found.note(KA, START, Ns(START + value * US))
    said = found.told(KA, after(20))
    assert said is not None

    exact = sorted(took)[-(-len(took) * percent // 100) - 1]
    shown = {50: said.p50_us, 95: said.p95_us, 99: said.p99_us}[percent]
    assert exact <= shown <= exact + exact // SPANS
    assert (said.count, sum(said.spans)) == (len(took), len(took))


def test_each_venue_has_its_own_and_none_is_said_of_one_that_said_nothing() -> None:
    found = Decisions()
    found.note(KA, START, Ns(START + DECISION_BOUNDS_US[0] * US))
    said = found.told(KA, START)

    assert said is not None
    assert said.spans == (0, 1, *[0] * (len(DECISION_BOUNDS_US) - 1))
    assert found.told(PM, START) is None


def test_what_is_old_is_forgotten_in_two_steps() -> None:
    found = Decisions()
    found.note(KA, START, START)
    found.note(KA, after(601), after(601))
    both = found.told(KA, after(601))
    assert both is not None
    assert both.count == 2

    later = found.told(KA, after(1_300))
    assert later is not None
    assert later.count == 1
    assert found.told(KA, after(10_000)) is None


def test_a_clock_that_went_back_counts_as_no_time() -> None:
    found = Decisions()
    found.note(KA, after(1), START)
    said = found.told(KA, START)
    assert said is not None
    assert said.p99_us == 0
