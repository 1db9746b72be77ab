from markets.matching.tally import OVERALL, Judged, tallies
from markets.matching.verdicts import Finding, Judgement, Kinship, Verdict, Word


def judged(
    label: str, verdict: Verdict, relation: Kinship = Kinship.NONE, *, texts: bool = True
) -> Judged:
    failed = (Finding("number", Word.FAIL),) if verdict is Verdict.REJECT else ()
    return Judged("sports", label, texts, Judgement(verdict, relation, 1.0, failed, ()))


def test_shares_are_of_the_right_wholes() -> None:
    found = tallies(
        [
            judged("same", Verdict.AUTO, Kinship.SAME),
            judged("inverse", Verdict.REVIEW, Kinship.SAME),
            judged("same", Verdict.REVIEW, texts=False),
            judged("same", Verdict.REJECT),
            judged("different", Verdict.REJECT),
            judged("different", Verdict.AUTO, Kinship.SAME, texts=False),
            judged("", Verdict.AUTO, Kinship.SAME),
        ]
    )

    figures = found[OVERALL].figures()
    assert (figures["records"], figures["true"], figures["different"]) == (7, 4, 2)
    assert figures["recall_at_review"] == 0.75
    assert figures["recall_auto"] == round(1 / 3, 4)
    assert (figures["auto_precision"], figures["false_auto"]) == (0.5, 1)
    assert (figures["with_polarity"], figures["polarity_errors"]) == (2, 1)
    assert figures["auto_without_texts"] == 1
    assert figures["refused_by"] == {"number": 2}
    assert list(found) == ["sports", OVERALL]


def test_a_share_of_nothing_is_none() -> None:
    assert tallies([])[OVERALL].figures()["recall_auto"] is None
