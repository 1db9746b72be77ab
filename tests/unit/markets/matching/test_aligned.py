"""Two rule texts clause by clause."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markets.matching.aligned import Grade, Part, Row, align, changes, counts, marked
from markets.matching.clauses import Clause
from markets.matching.verdicts import Finding, TailLoss, Word

TEXTS = st.text(alphabet="ab 1.\n", max_size=60)
SENTENCES = st.sampled_from(["It rains.", "It snows in 2026.", "No fair price.", "Only overtime."])
KINDS = st.sampled_from(["condition", "source", "void", "unread", "notice"])
CLAUSES = st.lists(st.builds(Clause, kind=KINDS, text=SENTENCES), max_size=6)


def joined(parts: tuple[Part, ...]) -> str:
    return "".join(part.text for part in parts)


def marks(parts: tuple[Part, ...]) -> list[str]:
    return [part.text for part in parts if part.mark]


def one(kind: str, a: str, b: str, *found: Finding, tails: tuple[TailLoss, ...] = ()) -> Row:
    left = [Clause(kind, a)] if a else []
    right = [Clause(kind, b)] if b else []
    (row,) = align(left, right, found, tails)
    return row


@settings(max_examples=60, deadline=None)
@given(CLAUSES, CLAUSES)
def test_every_sentence_of_both_texts_stands_in_exactly_one_row(
    a: list[Clause], b: list[Clause]
) -> None:
    rows = align(a, b)

    for side, clauses in (("a", a), ("b", b)):
        shown = sorted(w for row in rows for w in joined(getattr(row, side)).split())
        assert shown == sorted(w for c in clauses for w in c.text.split())
    assert sum(counts(rows).values()) == len(rows)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS)
def test_marking_never_changes_a_text(first: str, second: str) -> None:
    left, right = marked(first, second, "apart")
    assert (joined(left), joined(right)) == (first, second)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS)
def test_a_diff_tells_both_versions(before: str, after: str) -> None:
    parts = changes(before, after)
    assert joined(tuple(p for p in parts if p.mark != "new")) == before
    assert joined(tuple(p for p in parts if p.mark != "gone")) == after


def test_the_same_sentence_in_other_spacing_is_the_same() -> None:
    row = one("rounding", "Rounded  up.", "rounded up.")
    assert (row.grade, marks(row.a), marks(row.b)) == (Grade.SAME, [], [])


def test_words_that_only_one_of_two_like_sentences_has_are_marked() -> None:
    left, right = marked("Settles at 5 pm ET on Friday.", "Settles at 6 pm ET on Friday.", "apart")
    assert (marks(left), marks(right)) == (["5"], ["6"])


def test_of_two_unlike_sentences_only_telling_words_are_marked() -> None:
    left, right = marked(
        "The high in the park is at least 58 degrees.", "Whoever reads 59 or more there wins.", "x"
    )
    assert (marks(left), marks(right)) == (["least 58"], ["59", "more"])


def test_a_rule_that_fails_sets_its_clause_apart_and_says_why() -> None:
    finding = Finding("source", Word.FAIL, "CF", "Binance", "another index")
    row = one("source", "By the CF index.", "By the Binance candle.", finding)
    assert (row.grade, row.meaning) == (Grade.APART, "The source differs: another index.")


def test_what_a_rule_does_not_know_is_apart_too() -> None:
    row = one("source", "By the CF index.", "By a candle.", Finding("source", Word.UNKNOWN))
    assert row.grade is Grade.APART
    assert "not known to agree" in row.meaning


def test_other_words_for_the_facts_a_rule_found_alike_are_harmless() -> None:
    row = one("condition", "Boston wins.", "Celtics win.", Finding("entrants", Word.PASS))
    assert row.grade is Grade.HARMLESS


@pytest.mark.parametrize("kind", ["unread", "definition", "rounding", "scope"])
def test_what_only_one_side_says_and_nobody_understands_must_be_read(kind: str) -> None:
    assert one(kind, "A half counts as one.", "").grade is Grade.APART


def test_a_void_clause_that_differs_is_a_tail_with_its_price() -> None:
    tail = TailLoss("void: fair against half", 2_000, 50)
    row = one("void", "Fair price.", "50-50.", tails=(tail,))
    assert row.grade is Grade.TAIL
    assert "50¢" in row.meaning
    assert "once in 500: 0.10¢" in row.meaning


def test_a_void_clause_without_a_tail_world_settles_alike() -> None:
    assert one("void", "Resolves to no if void.", "If void, it is no.").grade is Grade.HARMLESS


def test_a_notice_decides_nothing() -> None:
    assert one("notice", "Not affiliated with the league.", "").grade is Grade.HARMLESS


def test_a_clause_no_rule_compared_must_be_read() -> None:
    assert one("according", "By the close.", "By the average.").grade is Grade.APART
    assert one("according", "By the close.", "").grade is Grade.APART
