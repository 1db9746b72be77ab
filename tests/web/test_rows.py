"""Rows of the live page: which state a picture is in, what changed, which rows a reader sees."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.terms.units import SECOND
from trading import rows, showcase
from trading.engine.pictures import RelationPicture, Verdict
from trading.explain import explain

NOW = 1_795_266_202 * SECOND


def row_of(**facts: Any) -> rows.Row:
    return rows.make_row(picture_of(**facts))


def picture_of(name: str = "game", **facts: Any) -> RelationPicture:
    return showcase.relation(name, facts.pop("title", "Celtics beat Heat"), NOW, **facts)


def test_a_row_passes_only_when_every_gate_did() -> None:
    assert row_of().state == "passed"
    assert row_of(approved=False).state != "passed"
    assert row_of(chain=showcase.readings("kill_switch", Verdict.SAFETY)).state == "safety"


def test_a_refusal_within_a_fifth_of_its_limit_is_near() -> None:
    assert row_of(chain=showcase.readings("min_edge", actual=12_000)).state == "near"
    assert row_of(chain=showcase.readings("min_edge", actual=11_900)).state == "refused"


def test_the_chip_carries_actual_against_limit() -> None:
    chip = row_of(chain=showcase.readings("min_edge", actual=13_000)).chip

    assert (chip.text, chip.detail) == ("near · min edge", "1.30¢ < 1.50¢")


def test_a_leg_older_than_what_is_shown_as_stale_makes_the_row_stale() -> None:
    assert row_of(ages_ms=(300, 5_001)).state == "stale"
    assert row_of(ages_ms=(300, 5_000)).state == "passed"


def test_a_loss_is_no_edge_and_has_no_bar() -> None:
    row = row_of(net=-700)

    assert row.state == "noedge"
    assert row.net == "−0.07"
    assert (row.bar.net, row.bar.cost, row.bar.tail) == (0, 0, 0)


def test_without_a_quote_nothing_is_claimed() -> None:
    row = row_of(net=None)

    assert (row.net, row.profit, row.take, row.annual) == ("–", "–", "–", "–")


def test_a_deal_under_way_is_said_and_linked() -> None:
    chip = row_of(deal="run-7").chip

    assert (chip.kind, chip.deal) == ("deal", "run-7")


def test_both_ways_are_shown() -> None:
    row = row_of()

    assert row.net.startswith("+")
    assert row.other.startswith("−")
    assert row.other_label == "KA No + PM Yes"


def test_numbers_that_move_are_cells_and_not_shape() -> None:
    before, after = row_of(net=13_000), row_of(net=14_100, size=400)

    cells, flags = rows.patch(before, after)

    assert before.shape == after.shape
    assert cells["n"] == "+1.41"
    assert "b0" not in cells
    assert flags["f"] == ["n"]
    assert flags["bar"] == [141, 300, 20]


def test_a_change_of_state_needs_new_markup() -> None:
    assert row_of().shape != row_of(chain=showcase.readings("min_edge", actual=2_600)).shape
    assert row_of().shape != row_of(net=-100).shape


def test_the_bar_ends_at_its_scale() -> None:
    bar = row_of(net=900_000).bar

    assert bar.net + bar.cost + bar.tail == rows.BAR_SCALE


def names(view: rows.View, found: list[rows.Row]) -> list[str]:
    return [row.id for row in rows.window(found, view).rows]


@pytest.fixture
def three() -> list[rows.Row]:
    return [
        row_of(name="a", title="Bulls beat Nets", net=20_000, size=100),
        row_of(name="b", title="Arsenal beat Chelsea", net=26_000, size=10),
        row_of(name="c", title="Rain in Oslo", net=-5_000),
    ]


def test_the_best_annual_return_leads(three: list[rows.Row]) -> None:
    assert names(rows.View(), three) == ["b", "a", "c"]
    assert names(rows.View(reverse=True), three) == ["c", "a", "b"]


def test_names_sort_from_a_to_z_first(three: list[rows.Row]) -> None:
    assert names(rows.View(sort="title"), three) == ["b", "a", "c"]


def test_the_filter_wants_every_word_anywhere(three: list[rows.Row]) -> None:
    assert names(rows.View(q="beat NETS"), three) == ["a"]
    assert names(rows.View(q="kalshi no edge"), three) == ["c"]


def test_views_count_what_the_filter_leaves(three: list[rows.Row]) -> None:
    found = rows.window(three, rows.View(name="tradeable", q="beat"))

    assert found.counts == {"all": 2, "tradeable": 2, "near": 0}


def test_a_window_has_at_most_fifty_rows_and_stays_within_its_pages() -> None:
    many = [row_of(name=f"r{number:03d}") for number in range(101)]

    found = rows.window(many, rows.View(page=99))

    assert (found.page, found.pages, len(found.rows)) == (3, 3, 1)
    assert len(rows.window(many, rows.View()).rows) == 50


@given(st.text(), st.text(), st.text(), st.text())
def test_any_words_make_some_view(name: str, sort: str, q: str, page: str) -> None:
    view = rows.read_view(name, sort, q, page)

    assert view.name in rows.VIEWS
    assert view.sort in rows.SORTS
    assert 1 <= view.page <= rows.MAX_PAGE
    assert len(view.q) <= rows.MAX_FILTER


def test_a_view_is_its_address() -> None:
    view = rows.View(name="near", sort="profit", reverse=True, q="a&b", page=2)

    assert view.query() == "?v=near&sort=-profit&q=a%26b&page=2"
    assert rows.View().query() == "?"


def test_a_swap_of_neighbours_moves_no_row() -> None:
    assert not rows.moves_much(["a", "b", "c"], ["b", "a", "c"])
    assert rows.moves_much(["a", "b", "c"], ["b", "c", "a"])
    assert rows.moves_much(["a", "b"], ["a", "c"])


@given(st.text(min_size=1), st.text(min_size=1))
def test_element_ids_are_plain_and_differ(one: str, other: str) -> None:
    ids = {rows.dom_id(one), rows.dom_id(other)}

    assert all(name.replace("-", "").replace("_", "").isalnum() and name.isascii() for name in ids)
    assert len(ids) == len({one, other})


def test_the_explanation_says_what_would_have_passed() -> None:
    shown = explain(picture_of(chain=showcase.readings("min_edge", actual=13_000)))

    assert shown.lead == "Not taken: min edge."
    assert shown.rest == (
        "Nets +1.30¢ a share, needs 1.50¢. Would pass if min edge were 1.30¢ or less."
    )
    assert [line.verdict for line in shown.gates].index("refused") == 6
    assert shown.sums[-1].amount == "−0.20"


def test_the_explanation_marks_where_the_edge_closes() -> None:
    shown = explain(picture_of())

    assert [line.closes for line in shown.walk] == [False, True, False]
    assert [world.grade for world in shown.worlds] == ["", "", "below", "below"]
