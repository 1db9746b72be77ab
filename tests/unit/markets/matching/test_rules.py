from pathlib import Path

import msgspec
import pytest

from markets.matching.facts import extract
from markets.matching.rules import (
    COMMON,
    RATES,
    binary,
    clauses,
    findings,
    kinship,
    polarity,
    rate_bank,
    rate_meeting,
    rate_move,
    shape,
    source,
    table,
    template,
    texts,
)
from markets.matching.sides import Side
from markets.matching.verdicts import Kinship, Policy, SourceAllowance, Word
from tests.unit.markets.matching.sides_for_tests import (
    CUP_K,
    CUP_P,
    GAME_K,
    kalshi,
    poly,
    poly_us,
)

STANDARD = Policy()


def test_every_rule_of_every_pair_speaks_once_and_in_order() -> None:
    names = [f.rule for f in findings(extract(CUP_K), extract(CUP_P), STANDARD)]

    assert names[: len(COMMON)] == [name for name, _, _ in COMMON]
    assert names[-1] == "polarity"
    assert len(names) == len(set(names))


def test_texts_and_clauses_are_unknown_when_a_text_is_missing() -> None:
    silent = extract(msgspec.structs.replace(CUP_P, rules=""))

    assert texts(extract(CUP_K), silent).word is Word.UNKNOWN
    assert clauses(extract(CUP_K), silent).word is Word.UNKNOWN


def test_one_unread_sentence_is_enough_to_ask_a_person() -> None:
    odd = msgspec.structs.replace(CUP_K, more_rules="The moon must be full.")

    finding = clauses(extract(odd), extract(CUP_P))

    assert (finding.word, finding.a) == (Word.UNKNOWN, "The moon must be full.")


def test_more_than_two_outcomes_are_no_pair() -> None:
    three = extract(msgspec.structs.replace(CUP_P, outcomes=("A", "B", "C")))
    unsaid = extract(msgspec.structs.replace(CUP_P, outcomes=()))

    assert binary(extract(CUP_K), three).word is Word.FAIL
    assert binary(extract(CUP_K), unsaid).word is Word.UNKNOWN


def test_a_game_beside_a_statement_is_unknown_and_has_no_polarity() -> None:
    a, b = extract(GAME_K), extract(CUP_P)

    assert shape(a, b).word is Word.UNKNOWN
    assert kinship(a, b) is Kinship.NONE


def test_a_fault_of_either_side_fails() -> None:
    broken = extract(msgspec.structs.replace(CUP_K, rules="If it is above , then the market …"))

    assert template(extract(CUP_P), broken).word is Word.FAIL
    assert template(broken, extract(CUP_P)).word is Word.FAIL


def priced(publisher: str) -> Side:
    return poly(
        "p",
        "Will Bitcoin be above $90,000 on May 1, 2026?",
        f'This market will resolve to "Yes" if it is above $90,000 on {publisher}.',
    )


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ("Binance", "Binance", Word.PASS),
        ("Binance", "Coinbase", Word.FAIL),
        ("Binance", "an exchange", Word.UNKNOWN),
    ],
)
def test_figures_need_one_publisher(one: str, other: str, word: Word) -> None:
    assert source(extract(priced(one)), extract(priced(other))).word is word


def test_a_source_outside_the_allowlist_asks_a_person() -> None:
    only = (SourceAllowance("x", "y", "nothing else is allowed"),)

    assert source(extract(CUP_K), extract(CUP_P)).word is Word.PASS
    assert source(extract(CUP_K), extract(CUP_P), only).word is Word.UNKNOWN


def fed(code: str, month: str = "JUN") -> Side:
    return kalshi(f"KXFEDDECISION-26{month}-{code}")


def test_rate_decisions_are_compared_by_bank_meeting_and_move() -> None:
    a, b = extract(fed("C25")), extract(fed("C26"))

    assert rate_bank(a, b).word is Word.PASS
    assert rate_meeting(a, extract(fed("C25", "JUL"))).word is Word.FAIL
    assert rate_move(a, b).word is Word.FAIL
    assert kinship(a, a) is Kinship.SAME
    assert kinship(a, b) is Kinship.NONE
    assert [name for name, _, _ in RATES] == ["bank", "meeting", "move"]
    with pytest.raises(ValueError, match="on none"):
        rate_bank(a, extract(CUP_P))


def test_a_denial_or_a_no_first_turns_or_hides_the_polarity() -> None:
    turned = extract(msgspec.structs.replace(CUP_P, outcomes=("No", "Yes")))
    denied = extract(
        poly("p", "Will the Buffalo Sabres not win the 2026 NHL Stanley Cup?", CUP_P.rules)
    )

    assert kinship(extract(CUP_K), turned) is Kinship.INVERSE
    assert kinship(extract(CUP_K), denied) is Kinship.NONE


def test_a_side_told_by_the_order_of_a_slug_alone_is_nobody_s_word() -> None:
    one = extract(kalshi("KXWTAMATCH-26JUL11DOEROE-DOE", "Doe vs Roe", label="Jane Doe"))
    told = extract(poly_us("aec-wta-jandoe-annroe-2026-07-11", "Will Jane Doe win vs Ann Roe?"))
    silent = extract(poly_us("aec-wta-jandoe-annroe-2026-07-11", "Jane Doe vs. Ann Roe"))

    assert kinship(one, told) is Kinship.SAME
    assert kinship(one, silent) is Kinship.NONE
    found = polarity(one, silent)
    assert (found.word, found.b) == (Word.UNKNOWN, "Jane Doe")
    assert "only the order of the slug" in found.why


def test_the_document_s_table_is_the_code_s() -> None:
    document = (Path(__file__).parents[4] / "docs" / "matching.md").read_text()

    assert (
        "\n".join(f"| `{name}` | {where} | {asks} |" for name, where, asks in table()) in document
    )
