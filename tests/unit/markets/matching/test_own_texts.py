"""The texts of one market beside one another: statements."""

from typing import Any

import msgspec
import pytest

from markets.matching.decide import judge
from markets.matching.facts import extract
from markets.matching.own_texts import disagreements
from markets.matching.sides import Side
from markets.matching.verdicts import Verdict, Word
from tests.unit.markets.matching.sides_for_tests import CUP_K, CUP_P, kalshi, poly

YES = 'This market will resolve to "Yes" if '


def said(side: Side) -> str:
    return "; ".join(disagreements(extract(side)))


def asked(title: str, told: str, **more: Any) -> str:
    return said(poly("p", title, f"{YES}{told}.", **more))


def test_texts_that_agree_say_nothing() -> None:
    assert said(CUP_K) == said(CUP_P) == ""


def test_a_market_without_rules_cannot_contradict_itself() -> None:
    assert said(msgspec.structs.replace(CUP_P, rules="")) == ""


def test_a_contradiction_keeps_a_pair_for_a_person_and_is_quoted() -> None:
    other = msgspec.structs.replace(
        CUP_P, title="Will the Buffalo Sabres win the 2027 NHL Stanley Cup?"
    )

    judged = judge(CUP_K, other)

    found = next(f for f in judged.rules if f.rule == "agreement")
    assert (judged.verdict, found.word) == (Verdict.REVIEW, Word.UNKNOWN)
    assert found.b == "years apart: 2026 and 2027"


@pytest.mark.parametrize(
    ("title", "told", "why"),
    [
        ("Will Doe win the 2026 cup?", "Doe wins the 2027 cup", "years apart: 2027 and 2026"),
        (
            "Will Doe win the 2026-27 cup?",
            "Doe wins the 2025-26 cup",
            "years apart: 2025-26 and 2026-27",
        ),
        ("Will Doe win the 2026 cup?", "Doe wins the 2025-26 cup", ""),
        ("Will Doe visit Oslo by June 30, 2026?", "Doe visits Oslo by June 30, 2026", ""),
        (
            "Will Doe win the senate nomination?",
            "Doe wins the senate election",
            "nominee in the title, win in the rules",
        ),
        (
            "Will Doe be the choice?",
            "Doe runs for the choice",
            "nothing in the title, run in the rules",
        ),
        (
            "Will Doe win the cup?",
            "Doe does not win the cup",
            "only one of title and rules says not",
        ),
        ("Will Doe win the Owls cup?", "Doe wins the cup", "only the title says owls"),
        ("Will Doe win the Pacific cup?", "Doe wins the listed division cup", ""),
        (
            "Will Doe visit Oslo by June 30, 2026?",
            "Doe visits Oslo by July 31, 2026",
            "until 2026-06-30 in the title, 2026-07-31 in the rules",
        ),
        ("Will Oslo be above 58°?", "Oslo is above 60°", "above 58° beside above 60°"),
        ("Will Oslo be above 58°?", "Oslo is above 58°", ""),
    ],
)
def test_title_and_condition_are_held_beside_one_another(title: str, told: str, why: str) -> None:
    found = asked(title, told)

    assert why in found if why else not found


def test_a_label_is_the_subject_and_its_number_the_condition_s() -> None:
    assert "Roe Ville on the label, Doe in the text" in asked(
        "Will Doe win the cup?", "Doe wins the cup", label="Roe Ville"
    )
    assert not asked("Will Doe win the cup?", "Doe wins the cup", label="Doe")
    assert not asked("Will Doe win the cup?", "Doe wins the cup", label="::")
    assert not asked("Which team is it?", "the listed team wins it", label="Owls")
    assert "58° or above beside" in asked("Oslo?", "Oslo is at least 60°", label="58° or above")


def test_rules_that_say_nothing_that_decides_are_not_trusted() -> None:
    assert "no sentence of the rules" in said(poly("p", "Will Doe win?", "Read the terms."))
    assert "no sentence" in said(
        kalshi("K", "Doe?", "If Doe wins, then the market resolves to No.")
    )


def test_a_second_way_to_be_paid_is_seen() -> None:
    rules = f'{YES}Doe wins the cup. It will also resolve to "Yes" if Doe withdraws from it.'

    assert "pay in more than one way: Doe withdraws" in said(
        poly("p", "Will Doe win the cup?", rules)
    )


def test_what_is_scheduled_is_what_is_asked() -> None:
    rules = "The Oslo mayoral primary is scheduled for May 4, 2026. " + YES + "Doe wins it."

    found = said(poly("p", "Will Doe win the 2026 Oslo mayoral election?", rules))

    assert "the rules speak of Oslo mayoral primary" in found


def test_a_year_of_the_schedule_counts_one_of_a_fall_back_does_not() -> None:
    title = "Will Doe win the 2026 Oslo election?"
    held = "The Oslo election is scheduled for May 4, 2027. " + YES + "Doe wins the Oslo election."
    late = (
        YES + "Doe wins the Oslo election. If no winner is declared by May 4, 2027, it is no one."
    )

    assert "years apart: 2026 and 2027" in said(poly("p", title, held))
    assert "years apart" not in said(poly("p", title, late))
