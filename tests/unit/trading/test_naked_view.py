"""The panel of a naked leg: words for each choice, and when nobody may press anything."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from markets.terms.ids import DealId, RelationId
from markets.terms.units import SECOND, Ns, Px, Usd
from trading.engine.pictures import ChoicePicture, NakedPicture
from trading.naked_view import NakedPanel, naked_panel
from trading.showcase import engine

NOW = 1_760_000_000 * SECOND
OPTIONS = tuple(
    ChoicePicture(kind, px, Usd(-420_000), Usd(-2_000_000), 380_000, 20_000, allowed=True)
    for kind, px in (
        ("wait", None),
        ("hedge", Px(515_000)),
        ("cross", Px(552_000)),
        ("unwind", Px(400_000)),
    )
)
NAKED = NakedPicture(
    DealId("d1"), RelationId("rain"), "Rain", "120 sh of KA Yes", "120 PM No", Usd(-50_000_000),
    Usd(70_000_000), Ns(NOW - 10 * SECOND), Ns(NOW + 30 * SECOND), "hedging", "wait", "", "",
    waits=False, open=True, options=OPTIONS,
)  # fmt: skip


def panel(now: int = NOW, **changes: Any) -> NakedPanel:
    picture = replace(engine(NOW), naked_deals=(replace(NAKED, **changes),))
    found = naked_panel(picture, "d1", now)
    assert found is not None
    return found


def test_a_deal_that_is_not_naked_and_an_engine_nobody_heard_have_no_panel() -> None:
    assert naked_panel(None, "d1", NOW) is None
    assert naked_panel(replace(engine(NOW), naked_deals=(NAKED,)), "d2", NOW) is None


def test_the_bar_is_the_part_of_the_time_allowed_that_has_passed() -> None:
    assert (panel().age, panel().allowed, panel().bar) == ("10s", "40s", 250)
    assert panel(since=Ns(NOW + SECOND)).bar == 0
    assert panel(due=Ns(NOW - 5 * SECOND)).bar == 1000
    assert panel(policy="", state="residual").allowed == ""


def test_each_choice_says_its_price_its_chance_and_when_it_happens() -> None:
    waits, rests, crosses, sells = panel().choices
    assert [c.title for c in (waits, rests, crosses, sells)] == [
        "Wait", "Rest a hedge at 51.5¢", "Cross now at 55.2¢", "Unwind now at 40.0¢",
    ]  # fmt: skip
    assert (waits.chance, waits.left, waits.policy) == ("–", "20s", True)
    assert (rests.chance, rests.left, rests.policy) == ("38%", "20s", False)
    assert (crosses.left, sells.left) == ("now", "now")
    assert (crosses.expected, crosses.worst) == (-420_000, -2_000_000)
    assert [c.chosen for c in panel(chosen="hedge").choices] == [False, True, False, False]


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({}, ""),
        ({"urgent": "The depth is gone."}, "The depth is gone."),
        ({"state": "residual"}, "The policy has done what it may. A person must choose."),
        ({"chosen": "cross", "state": "residual"}, "Asked: cross now."),
        ({"waits": True, "chosen": "cross"}, "An order is on its way. Nothing else is sent until"),
    ],
)
def test_the_note_is_the_first_thing_that_matters(changes: dict[str, Any], note: str) -> None:
    assert panel(**changes).note.startswith(note)
    assert bool(panel(**changes).note) == bool(note)


def test_a_silent_engine_offers_nothing_to_press() -> None:
    silent = panel(now=NOW + 4 * SECOND, waits=True)
    assert silent.note == "The engine is silent. Trade by hand at the venue."
    assert not silent.is_open
    assert panel().is_open
    assert not panel(open=False).is_open
