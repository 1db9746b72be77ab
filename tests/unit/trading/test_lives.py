"""Lives of edges out of samples."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.terms.ids import DealId, RelationId
from markets.terms.units import MS, Ns, Px, Qty, Usd
from trading.judgements import DecisionRow, EdgeRow
from trading.lives import lives_of, near


def sample(at_ms: int, net: int, relation: str = "rain", gate: str = "min_edge") -> EdgeRow:
    return EdgeRow(
        relation=RelationId(relation),
        at=Ns(at_ms * MS),
        package=0,
        net=Px(net),
        cost=Px(950_000),
        qty=Qty(10_000_000),
        profit=Usd(net * 10),
        apy_ppm=0,
        gate=gate,
        limit=25_000,
        actual=net,
        leader="kalshi:RAIN",
    )


def approval(at_ms: int, relation: str = "rain") -> DecisionRow:
    words: dict[str, Any] = dict.fromkeys(("gate", "reason", "unit"), "")
    return DecisionRow(
        seq=1,
        relation=RelationId(relation),
        at=Ns(at_ms * MS),
        package=0,
        verdict="approved",
        limit=0,
        actual=0,
        net=Px(0),
        qty=Qty(0),
        profit=Usd(0),
        deal=DealId("d1"),
        **words,
    )


def test_a_life_ends_with_the_first_sample_that_is_not_above_nothing() -> None:
    (life,) = lives_of(
        [sample(0, -1), sample(100, 5), sample(200, 9), sample(400, 0), sample(500, -3)]
    )
    assert (life.began, life.ended, life.net, life.profit) == (100 * MS, 400 * MS, 9, 90)


def test_what_was_forgone_is_the_profit_that_held_so_long_after() -> None:
    (life,) = lives_of([sample(0, 5), sample(100, 9), sample(300, -1)])
    assert life.after == (50, 90, 0)


def test_a_life_that_goes_on_has_no_end() -> None:
    (life,) = lives_of([sample(0, 5)])
    assert life.ended is None
    assert life.after == (50, 50, 50)


def test_relations_live_apart_and_the_newest_stands_first() -> None:
    lives = lives_of([sample(0, 5), sample(10, 5, "sun"), sample(20, -1), sample(30, 6)])
    assert [(x.relation, x.began) for x in lives] == [
        ("rain", 30 * MS),
        ("sun", 10 * MS),
        ("rain", 0),
    ]


def test_a_deal_opened_meanwhile_makes_it_taken() -> None:
    samples = [sample(0, 5), sample(100, -1), sample(200, 5)]
    second, first = lives_of(samples, [approval(50), approval(150), approval(250, "sun")])
    assert (first.deal, second.is_taken) == ("d1", False)


@pytest.mark.parametrize(
    ("gate", "limit", "actual", "is_near"),
    [
        ("min_edge", 25_000, 20_001, True),
        ("min_edge", 25_000, 20_000, False),
        ("min_edge", 25_000, 25_000, False),
        ("skew", 25_000, 24_999, False),
    ],
)
def test_a_near_miss_lacks_less_than_a_fifth(
    gate: str, limit: int, actual: int, is_near: bool
) -> None:
    assert near(gate, limit, actual) is is_near


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(-3, 3)), max_size=20))
def test_lives_of_one_relation_never_overlap(steps: list[tuple[int, int]]) -> None:
    at, samples = 0, []
    for step, net in steps:
        at += step
        samples.append(sample(at, net))
    lives = lives_of(samples)[::-1]
    for before, after in pairwise(lives):
        assert before.ended is not None
        assert before.ended < after.began
    assert sum(len(x.points) for x in lives) == sum(1 for s in samples if s.net > 0)
