import json
from fractions import Fraction
from pathlib import Path

import pytest

from markets.terms.ids import MarketId, RelationId
from markets.terms.lines import AWAY, HOME, Line, Result, match, settle
from markets.terms.packages import least_payout, packages
from markets.terms.relations import HALF_LOST, HALF_WON, LOST, PUSH, WON, Cell, WorldKind, opposite
from markets.terms.tables import Subject
from markets.terms.units import MICRO, Px

S = Subject(RelationId("r"), "r")
A, B, C, D = (MarketId(f"{venue}:x") for venue in "abcd")
TABLE = Path(__file__).parents[5] / "shared" / "data" / "math" / "asian_handicap_settlement.json"


@pytest.mark.parametrize(
    ("quarters", "difference", "cell"),
    [
        (-1, 1, WON),
        (-1, 0, HALF_LOST),
        (1, 0, HALF_WON),
        (1, -1, LOST),
        (-2, 0, LOST),
        (2, 0, WON),
        (-3, 1, HALF_WON),
        (3, -1, HALF_LOST),
        (-4, 1, PUSH),
        (0, 0, PUSH),
    ],
)
def test_a_quarter_line_is_two_half_stakes(quarters: int, difference: int, cell: Cell) -> None:
    assert settle(quarters, difference) == cell
    assert settle(-quarters, -difference) == opposite((cell,))[0]


def test_every_row_of_the_worked_table_is_reproduced() -> None:
    if not TABLE.exists():
        pytest.skip(f"{TABLE} is not there: the worked settlement table was not compared")
    rows = json.loads(TABLE.read_text())["examples"]
    for row in rows:
        quarters = Fraction(str(row["side_handicap"])) * 4
        cell = settle(int(quarters), row["goal_difference_of_side"])
        # A stake at decimal odds buys stake * odds contracts at 1 / odds each.
        stake = Fraction(str(row["stake"]))
        contracts = stake * Fraction(str(row["decimal"]))
        returned = Fraction(cell.fixed, MICRO) * contracts + Fraction(cell.stake_ppm, MICRO) * stake
        assert returned == Fraction(str(row["returned"])), row
    assert len(rows) == 14


def test_opposite_quarter_lines_cover_each_other() -> None:
    relation = match(S, [Line(A, HOME, -1), Line(B, AWAY, 1)])
    across = packages(relation)[0]

    assert [leg.claim for leg in across.legs] == [0, 2]
    # Half of the money comes back in the draw, and the other half wins.
    assert least_payout(relation, across, (Px(480_000), Px(490_000))) == 985_000


def test_a_world_in_which_everything_is_refunded_is_neutral() -> None:
    relation = match(S, [Line(A, HOME, -4), Line(B, AWAY, 4)])
    kinds = {w.name: w.kind for w in relation.worlds}

    assert kinds["home by 1"] is WorldKind.NEUTRAL
    assert [k for n, k in kinds.items() if n != "home by 1"] == [WorldKind.DECISIVE] * 3


def test_draw_no_bet_beside_a_double_chance_covers_every_result() -> None:
    relation = match(S, [Line(A, HOME, 0), Result(B, draw=True, away=True)])
    across = packages(relation)[0]

    assert [w.name for w in relation.worlds] == ["away by 1 or more", "draw", "home by 1 or more"]
    assert [leg.claim for leg in across.legs] == [0, 2]
    assert least_payout(relation, across, (Px(450_000), Px(500_000))) == MICRO


def test_three_results_are_a_field_of_three() -> None:
    bets = [Result(A, home=True), Result(B, draw=True), Result(C, away=True)]
    found = [tuple(leg.claim for leg in p.legs) for p in packages(match(S, bets))]

    assert (0, 2, 4) in found
    assert (1, 3) in found


def test_totals_have_no_world_below_nothing() -> None:
    relation = match(S, [Line(A, HOME, -2), Line(B, AWAY, 10)], total=True)

    assert [w.name for w in relation.worlds] == [
        "total 0",
        "total 1",
        "total 2",
        "total 3",
        "total 4 or more",
    ]
    over, under = relation.claims[0], relation.claims[2]
    assert over.pays == (LOST, WON, WON, WON, WON)
    assert under.pays == (WON, WON, WON, LOST, LOST)


def test_a_result_on_a_total_or_of_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="beside totals"):
        match(S, [Result(A, home=True)], total=True)
    with pytest.raises(ValueError, match="all results or none"):
        match(S, [Result(A)])
