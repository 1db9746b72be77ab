from markets.matching.verdicts import Finding, Judgement, Kinship, Verdict, Word


def test_a_judgement_names_its_failures_and_knows_nothing_of_silent_rules() -> None:
    judged = Judgement(
        Verdict.REJECT,
        Kinship.NONE,
        0.5,
        (Finding("a", Word.PASS), Finding("b", Word.FAIL), Finding("c", Word.UNKNOWN)),
        (),
    )

    assert judged.failed == ("b",)
    assert [judged.word(rule) for rule in "abcd"] == [
        Word.PASS,
        Word.FAIL,
        Word.UNKNOWN,
        Word.UNKNOWN,
    ]
