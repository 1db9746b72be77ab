import pytest

from markets.matching.clauses import clauses, faults, unread
from tests.unit.markets.matching.sides_for_tests import kalshi


@pytest.mark.parametrize(
    ("sentence", "kind", "settles"),
    [
        ("If A wins, then the market resolves to Yes.", "condition", ""),
        ('If the Owls win, the market will resolve to "Owls".', "condition", ""),
        ("If the game is canceled, this market will resolve 50-50.", "void", "half"),
        ("If it is cancelled, the market will resolve to a fair price.", "void", "fair"),
        ("If the game is postponed, this market will remain open.", "postponed", "open"),
        ("In the event of a tie, the listed order decides.", "tie", ""),
        ("If it becomes impossible, this market resolves to No.", "eliminated", "no"),
        ("The resolution source is the league.", "source", ""),
        ("Any overtime counts.", "overtime", ""),
        ("For the purposes of this market, a visit means a stay of a day.", "definition", ""),
        ("The moon must be full.", "unread", ""),
        ("Unless a tie is declared, this market resolves to No.", "unread", "no"),
    ],
)
def test_a_sentence_is_told_by_its_kind(sentence: str, kind: str, settles: str) -> None:
    clause = clauses(kalshi("K", "", sentence))[0]

    assert (clause.kind, clause.settles) == (kind, settles)


def test_what_is_not_understood_is_named() -> None:
    found = clauses(kalshi("K", "", "The moon must be full. Any overtime counts."))

    assert unread(found) == ("The moon must be full.",)


def test_a_whole_text_has_no_fault() -> None:
    assert (
        faults(kalshi("K", "Above 5?", "If it is above 5, then the market resolves to Yes.")) == ()
    )
