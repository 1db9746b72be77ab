"""Two rule texts clause by clause: what each side says, where they part, and what that means.

Clauses of one kind stand beside one another; words only one side has are marked. A row's grade is
the worst of what the hard rules found for it: `apart` may settle differently in an ordinary course
(or is not understood), `tail` only in a rare world that has a price, `harmless` is other words for
the same. Nothing is hidden: every sentence of both texts stands in exactly one row.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from enum import StrEnum

import msgspec

from markets.matching.clauses import Clause
from markets.matching.verdicts import Finding, TailLoss, Word

_TOKEN = re.compile(r"\s+|[^\s]+")
_TELLING = re.compile(
    r"\d|[%°$≥≤<>]|^(?:not|no|only|exactly|least|above|below|higher|lower|before|after|between|more|less|"
    r"rounded|nearest|overtime|regulation|cancelled|canceled|postponed|fair|refund|earliest|first)$",
    re.I,
)
_ALIKE = 0.6  # above it two sentences are one sentence with changes

LABELS: tuple[tuple[str, str], ...] = (
    ("condition", "Question"),
    ("according", "Measured on"),
    ("definition", "Definitions"),
    ("scope", "Scope"),
    ("rounding", "Odd sizes"),
    ("overtime", "Overtime"),
    ("tie", "Tie"),
    ("schedule", "When"),
    ("early", "Early close"),
    ("postponed", "Postponed"),
    ("void", "Void or unknown"),
    ("eliminated", "Out of the contest"),
    ("source", "Source"),
    ("exclusive", "Other outcomes"),
    ("notice", "Notices"),
    ("unread", "Not understood"),
)
# The hard rules that speak for a clause; every other rule speaks for the question itself.
SPEAKS: dict[str, tuple[str, ...]] = {
    "source": ("source",),
    "overtime": ("overtime", "draw", "period"),
    "tie": ("draw",),
    "rounding": ("number", "line", "move"),
    "schedule": ("window", "day", "meeting"),
    "unread": ("clauses",),
    "definition": ("clauses",),
}
_TAILS = ("void", "postponed", "tie", "eliminated")
_PLAIN = ("notice", "exclusive", "early", "schedule")
_APART_ALONE = ("rounding", "scope", "overtime", "definition", "unread")
_OWN = frozenset(name for names in SPEAKS.values() for name in names) | {
    "texts", "template", "payoff", "clauses", "polarity",
}  # fmt: skip


class Grade(StrEnum):
    """What a difference can cost."""

    SAME = "same"
    HARMLESS = "harmless"
    TAIL = "tail"
    APART = "apart"


class Part(msgspec.Struct, frozen=True):
    """A run of a text; `mark` is empty, or the word for what only this side has."""

    text: str
    mark: str = ""


class Row(msgspec.Struct, frozen=True):
    """One kind of clause on both sides. `meaning` is a sentence, empty when there is nothing to say."""

    kind: str
    label: str
    a: tuple[Part, ...]
    b: tuple[Part, ...]
    grade: Grade
    meaning: str = ""


def align(
    a: Sequence[Clause],
    b: Sequence[Clause],
    found: Iterable[Finding] = (),
    tails: Iterable[TailLoss] = (),
) -> tuple[Row, ...]:
    """Rows in the order of `LABELS`, those that neither side has left out."""
    findings, worlds = tuple(found), tuple(tails)
    rows = []
    for kind, label in LABELS:
        one = " ".join(c.text for c in a if c.kind == kind)
        two = " ".join(c.text for c in b if c.kind == kind)
        if one or two:
            rows.append(_row(kind, label, (one, two), findings, worlds))
    return tuple(rows)


def _row(
    kind: str,
    label: str,
    texts: tuple[str, str],
    found: tuple[Finding, ...],
    tails: tuple[TailLoss, ...],
) -> Row:
    one, two = texts
    grade, meaning = _graded(kind, one, two, found, tails)
    if grade is Grade.SAME:
        return Row(kind, label, _whole(one), _whole(two), grade, meaning)
    left, right = marked(one, two, grade.value)
    return Row(kind, label, left, right, grade, meaning)


def _whole(text: str) -> tuple[Part, ...]:
    return (Part(text),) if text else ()


def _graded(
    kind: str, one: str, two: str, found: tuple[Finding, ...], tails: tuple[TailLoss, ...]
) -> tuple[Grade, str]:
    if _folded(one) == _folded(two):
        return Grade.SAME, ""
    told = [f for f in found if _speaks(f.rule, kind)]
    for word in (Word.FAIL, Word.UNKNOWN):
        said = [f for f in told if f.word is word]
        if said and kind != "definition":
            return Grade.APART, " ".join(_sentence(f) for f in said[:3])
    if kind in _TAILS:
        return _tail(kind, tails)
    if told and all(f.word is Word.PASS for f in told) and kind not in _APART_ALONE:
        return (Grade.HARMLESS, "Other words; the rules read the same facts from both.")
    return _unsaid(kind, one, two)


def _speaks(rule: str, kind: str) -> bool:
    return rule not in _OWN if kind == "condition" else rule in SPEAKS.get(kind, ())


def _tail(kind: str, tails: tuple[TailLoss, ...]) -> tuple[Grade, str]:
    world = next((t for t in tails if t.name.partition(":")[0] == kind), None)
    if world is None:
        return Grade.HARMLESS, "Both settle alike here, in other words."
    cost = world.ppm * world.loss_cents / 1_000_000
    return Grade.TAIL, (
        f"{world.name[:1].upper()}{world.name[1:]}. Loses up to {world.loss_cents}¢ of a dollar, "
        f"once in {max(1, round(1_000_000 / max(1, world.ppm))):,}: {cost:.2f}¢ a share."
    )


def _unsaid(kind: str, one: str, two: str) -> tuple[Grade, str]:
    if kind in _APART_ALONE:
        what = "Only one side says this" if not (one and two) else "The two say different things"
        return Grade.APART, f"{what}, and the rules cannot tell what it does. Read it."
    if kind in _PLAIN:
        return Grade.HARMLESS, "Decides nothing by itself."
    if not (one and two):
        return Grade.APART, "Only one side says this. Read it."
    return Grade.APART, "No rule compared these. Read both."


def _sentence(finding: Finding) -> str:
    verb = "differs" if finding.word is Word.FAIL else "is not known to agree"
    why = f": {finding.why}" if finding.why else ""
    return f"The {finding.rule} {verb}{why}."


def counts(rows: Iterable[Row]) -> dict[Grade, int]:
    """How many rows have each grade; every grade has a number."""
    found = dict.fromkeys(Grade, 0)
    for row in rows:
        found[row.grade] += 1
    return found


# --- words ----------------------------------------------------------------------------------------


def marked(one: str, two: str, mark: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """Both texts with the words marked that only one has.

    Shape: the parts of each side joined are its text. Of two sentences that are hardly alike only
    telling words (numbers, limits, negations) are marked.
    """
    left, right = _TOKEN.findall(one), _TOKEN.findall(two)
    matcher = SequenceMatcher(None, _keys(left), _keys(right), autojunk=False)
    if matcher.ratio() >= _ALIKE:
        kept_left, kept_right = set(), set()
        for block in matcher.get_matching_blocks():
            kept_left |= set(range(block.a, block.a + block.size))
            kept_right |= set(range(block.b, block.b + block.size))
        return (
            _parts([(t, i not in kept_left) for i, t in enumerate(left)], mark),
            _parts([(t, i not in kept_right) for i, t in enumerate(right)], mark),
        )
    return _parts(_telling(left, right), mark), _parts(_telling(right, left), mark)


def changes(before: str, after: str) -> tuple[Part, ...]:
    """One text with what went (`gone`) and what came (`new`), in reading order.

    Shape: the parts that are not `new` joined are `before`, those not `gone` are `after`.
    """
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    found: list[Part] = []
    for kind, i, j, k, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Part("".join(old[i:j])))
            continue
        if j > i:
            found.append(Part("".join(old[i:j]), "gone"))
        if end > k:
            found.append(Part("".join(new[k:end]), "new"))
    return tuple(found)


def _telling(tokens: list[str], others: list[str]) -> list[tuple[str, bool]]:
    there = set(_keys(others))
    return [
        (token, bool(_TELLING.search(key)) and key not in there)
        for token, key in zip(tokens, _keys(tokens), strict=True)
    ]


def _keys(tokens: list[str]) -> list[str]:
    """Words as they are compared: folded, without the marks around them; white space is one."""
    return [" " if t.isspace() else t.casefold().strip(".,;:!?\"'()[]“”") or t for t in tokens]


def _parts(tokens: list[tuple[str, bool]], mark: str) -> tuple[Part, ...]:
    """Runs of one kind joined; white space between two marked words is marked too."""
    found: list[Part] = []
    for place, (token, is_marked) in enumerate(tokens):
        between = (
            token.isspace()
            and 0 < place < len(tokens) - 1
            and tokens[place - 1][1]
            and tokens[place + 1][1]
        )
        said = mark if (is_marked and not token.isspace()) or between else ""
        if found and found[-1].mark == said:
            found[-1] = Part(found[-1].text + token, said)
        else:
            found.append(Part(token, said))
    return tuple(found)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
