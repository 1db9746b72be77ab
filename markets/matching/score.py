"""The deterministic score of two markets, between 0 and 1: rules weighed, then likeness of words.

A rule that passes counts whole, one that does not know a third, one that fails nothing. Likeness of
words adds at most a tenth: it orders the review, it never confirms.
"""

from markets.matching.facts import Facts
from markets.matching.verdicts import Finding, Word

WEIGHTS = {
    "texts": 2.0, "template": 1.0, "subject": 3.0, "entrants": 3.0, "act": 2.0, "contest": 2.0, "kind": 2.0,
    "number": 2.0, "line": 2.0, "move": 2.0, "window": 2.0, "day": 2.0, "polarity": 2.0,
}  # fmt: skip
_HALF_KNOWN = 0.3
_LIKENESS = 0.05


def score(a: Facts, b: Facts, found: tuple[Finding, ...]) -> float:
    """The weighted share of rules that pass, and a little likeness; rounded to four decimals."""
    total = sum(WEIGHTS.get(f.rule, 1.0) for f in found)
    worth = {Word.PASS: 1.0, Word.UNKNOWN: _HALF_KNOWN, Word.FAIL: 0.0}
    passed = sum(WEIGHTS.get(f.rule, 1.0) * worth[f.word] for f in found)
    share = passed / total if total else 0.0
    return round(share * (1 - _LIKENESS) + _LIKENESS * likeness(a, b), 4)


def likeness(a: Facts, b: Facts) -> float:
    """How much of the smaller side's words the other side shares, between 0 and 1."""
    one, two = a.statement.support, b.statement.support
    if not one or not two:
        return 0.0
    return len(one & two) / min(len(one), len(two))
