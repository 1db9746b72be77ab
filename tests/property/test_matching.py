"""What must hold of the matcher whatever the texts: a true pair turned false is never confirmed."""

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import product

import pytest

from markets.matching.decide import judge
from markets.matching.sides import Side, sides_of_record
from markets.matching.verdicts import Kinship, Verdict
from tests.property.perturbed import changed
from tests.tapes import SHARED
from tests.unit.markets.matching.sides_for_tests import CUP_K, CUP_P, GAME_K, GAME_P, kalshi, poly

LABELLED = SHARED / "pairs" / "labelled.jsonl"
Pair = tuple[Side, Side]
WRITTEN: tuple[Pair, ...] = (
    (CUP_K, CUP_P),
    (GAME_K, GAME_P),
    (
        kalshi(
            "KXPRESNOMD-28-JDOE",
            "Will Jane Doe be the Democratic Presidential nominee in 2028?",
            "If Jane Doe wins and accepts the nomination for the Presidency for the Democratic "
            "party, then the market resolves to Yes.",
        ),
        poly(
            "will-jane-doe-win-the-2028-democratic-presidential-nomination",
            "Will Jane Doe win the 2028 Democratic presidential nomination?",
            'This market will resolve to "Yes" if the named individual wins and accepts the 2028 '
            "nomination of the Democratic Party for U.S. president. Otherwise, this market will "
            'resolve to "No".',
            event_title="Democratic Presidential Nominee 2028",
        ),
    ),
    (
        kalshi(
            "KXNHLPACIFIC-26-EDM",
            "Will Edmonton Oilers win the NHL Pacific Division?",
            "If the Edmonton Oilers win the 2025-2026 NHL Pacific Division, then the market "
            "resolves to Yes.",
        ),
        poly(
            "will-the-edmonton-oilers-win-the-pacific-division",
            "Will the Edmonton Oilers win the Pacific Division?",
            "This market will resolve according to the team that wins the listed division during "
            "the 2025-26 NHL regular season.",
            event_title="NHL: Pacific Division Winner",
        ),
    ),
    (
        kalshi(
            "KXMENWORLDCUP-26-NO",
            "Will the Norway win the 2026 Men's World Cup?",
            "If Norway wins the 2026 Men's World Cup, then the market resolves to Yes.",
        ),
        poly(
            "will-norway-win-the-2026-fifa-world-cup",
            "Will Norway win the 2026 FIFA World Cup?",
            "This market will resolve according to the national team that wins the 2026 FIFA World "
            "Cup.",
            label="Norway",
        ),
    ),
)


def wrongly_confirmed(pair: Pair) -> list[str]:
    """The changes to either market after which the pair is still confirmed as it was."""
    first, second = pair
    was = judge(first, second)
    assert was.verdict is Verdict.AUTO, (first.title, was.reasons)
    found = []
    for name, made in changed(first):
        found.append((name, first.venue, judge(made, second)))
    for name, made in changed(second):
        found.append((name, second.venue, judge(first, made)))
    assert found
    return [
        f"{name} at {venue}: {first.title} | {second.title}"
        for name, venue, now in found
        if now.verdict is Verdict.AUTO and now.relation is was.relation
    ]


@pytest.mark.parametrize("pair", WRITTEN, ids=[pair[0].id for pair in WRITTEN])
def test_a_true_pair_turned_false_is_never_confirmed(pair: Pair) -> None:
    assert wrongly_confirmed(pair) == []


def labelled() -> Iterator[Pair]:
    """The labelled pairs that are one market and have both rule texts."""
    if not LABELLED.exists():
        pytest.skip(f"no labelled pairs at {LABELLED}")
    for line in LABELLED.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        first, second = sides_of_record(record)
        if record["label"] == "same" and first.rules and second.rules:
            yield first, second


def test_no_labelled_pair_turned_false_is_confirmed() -> None:
    families: dict[str, Pair] = {}
    for first, second in labelled():
        series = first.id.partition("-")[0]
        if series not in families and judge(first, second).verdict is Verdict.AUTO:
            families[series] = (first, second)
    assert len(families) >= 20
    found = {series: wrongly_confirmed(pair) for series, pair in families.items()}
    assert {series: names for series, names in found.items() if names} == {}


def test_markets_of_two_true_pairs_crossed_are_never_confirmed() -> None:
    held: dict[str, list[Pair]] = defaultdict(list)
    for pair in labelled():
        series = pair[0].id.partition("-")[0]
        if len(held[series]) < 6:
            held[series].append(pair)
    crossed = [
        (one, other)
        for pairs in held.values()
        for (one, own), (_, other) in product(pairs, pairs)
        if other.id != own.id
    ]
    for one, other in crossed:
        judged = judge(one, other)
        told = (judged.verdict, judged.relation)
        assert told != (Verdict.AUTO, Kinship.SAME), (one.title, other.title)
