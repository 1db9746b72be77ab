"""The words of a judgement: what each rule found, what follows, and under which policy.

Structs only. A rule passes, fails or does not know; it always quotes both sides. A judgement says
`auto` (may be confirmed without a person), `review` or `reject`, and how the first outcomes of the
two markets relate.
"""

from enum import StrEnum

import msgspec


class Word(StrEnum):
    """What a hard rule found."""

    PASS = "pass"  # noqa: S105  a verdict, no secret
    FAIL = "fail"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """What is to be done with the two markets."""

    AUTO = "auto"
    REVIEW = "review"
    REJECT = "reject"


class Kinship(StrEnum):
    """How the first outcomes relate: they pay together, one exactly when the other does not, or
    nothing of the kind is proven.
    """

    SAME = "same"
    INVERSE = "inverse"
    NONE = "none"


class Finding(msgspec.Struct, frozen=True):
    """One hard rule's word with the text of each side it rests on, and why."""

    rule: str
    word: Word
    a: str = ""
    b: str = ""
    why: str = ""


class TailLoss(msgspec.Struct, frozen=True):
    """A rare way to settle apart. A pair held across both venues loses `loss_cents` of the dollar
    there; `ppm` is its probability in millionths, a stated prior until settled pairs say better.
    """

    name: str
    ppm: int
    loss_cents: int
    a_first: int = 0  # what the first outcome of side a pays there, in millionths of a dollar
    b_first: int = 0


class SourceAllowance(msgspec.Struct, frozen=True):
    """Two classes of resolution source that may stand for one another, and why. Unordered."""

    a: str
    b: str
    reason: str


class Policy(msgspec.Struct, frozen=True):
    """What a person has decided about deciding: the least score of an automatic confirmation, and
    which differing sources are allowed.
    """

    auto_score: float = 0.92
    sources: tuple[SourceAllowance, ...] = ()


class Judgement(msgspec.Struct, frozen=True):
    """The whole answer on two markets. `rules` are in the rules' own order."""

    verdict: Verdict
    relation: Kinship
    score: float
    rules: tuple[Finding, ...]
    reasons: tuple[str, ...]
    tail_worlds: tuple[TailLoss, ...] = ()

    def word(self, rule: str) -> Word:
        """What a rule found; `unknown` for a rule that did not speak."""
        return next((f.word for f in self.rules if f.rule == rule), Word.UNKNOWN)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the rules that failed, in order."""
        return tuple(f.rule for f in self.rules if f.word is Word.FAIL)
