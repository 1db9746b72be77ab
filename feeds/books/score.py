"""One number for how far a venue may be trusted now, 0 to 100, and every term behind it.

Each term costs nothing up to its `good` value and its full points from its `bad` one, in proportion
between, rounded up. What is not known costs nothing. The score gates nothing by itself.
"""

import msgspec

from markets.terms.units import Rounding, divide

FULL = 100


class Measures(msgspec.Struct, frozen=True, gc=False):
    """What is known of a venue; None where there is nothing to measure yet."""

    age_p95_ms: int | None = None
    gaps_hour: int = 0
    rejects_hour: int = 0
    agreement_ppm: int | None = None
    silent_s: int = 0
    clock_ms: int | None = None
    reconnects_hour: int = 0


class Rule(msgspec.Struct, frozen=True, gc=False):
    """A term: `points` are lost when the measure is `bad`, none when it is `good`."""

    key: str
    name: str
    unit: str
    good: int
    bad: int
    points: int


class Term(msgspec.Struct, frozen=True, gc=False):
    """A term with its measure and what it costs."""

    rule: Rule
    actual: int | None
    lost: int


RULES: tuple[Rule, ...] = (
    Rule("age_p95_ms", "message age, 95th percentile", "ms", 500, 3_000, 25),
    Rule("gaps_hour", "gaps in the last hour", "", 2, 60, 15),
    Rule("rejects_hour", "rejects in the last hour", "", 10, 600, 10),
    Rule("agreement_ppm", "streamed books agreeing with REST", "%", 990_000, 900_000, 25),
    Rule("silent_s", "silent now", "s", 5, 60, 20),
    Rule("clock_ms", "clock offset", "ms", 100, 1_000, 15),
    Rule("reconnects_hour", "reconnects in the last hour", "", 3, 30, 15),
)


def terms_of(measures: Measures) -> tuple[Term, ...]:
    """Every term, in the order of `RULES`."""
    return tuple(
        Term(rule, getattr(measures, rule.key), _lost(rule, getattr(measures, rule.key)))
        for rule in RULES
    )


def score_of(terms: tuple[Term, ...]) -> int:
    """100 less what the terms cost, never below 0."""
    return max(0, FULL - sum(term.lost for term in terms))


def _lost(rule: Rule, actual: int | None) -> int:
    if actual is None:
        return 0
    sign = 1 if rule.bad > rule.good else -1
    over = sign * (abs(actual) - rule.good)
    if over <= 0:
        return 0
    return min(rule.points, divide(rule.points * over, abs(rule.bad - rule.good), Rounding.UP))
