from typing import Any

import pytest

from markets.terms.fees import KALSHI, NONE, POLYMARKET, UNKNOWN
from markets.terms.instruments import FeeSchedule
from markets.terms.relations import HALF_WON, LOST, WON, WorldKind
from markets.terms.written import Unreadable, micros, read

WORLDS: list[Any] = ["yes", {"name": "void", "kind": "tail", "probability": "0.002"}]


def claim(name: str = "a", **more: Any) -> dict[str, Any]:
    return {"id": name, "venue": "kalshi", "fee": {}, "pays": {"yes": "1"}, **more}


def fees_of(**more: Any) -> FeeSchedule:
    found = read({"worlds": WORLDS, "claims": [claim(**more)]})
    return next(iter(found.markets.values())).fees


def test_worlds_and_cells_are_read_without_a_float() -> None:
    cell = {"fixed": "0.5", "stake": "0.5"}
    found = read({"worlds": WORLDS, "claims": [claim(), claim("b", pays={"yes": cell})]})

    assert [(w.kind, w.ppm) for w in found.relation.worlds] == [
        (WorldKind.DECISIVE, 0), (WorldKind.TAIL, 2_000),
    ]  # fmt: skip
    assert found.relation.claims[0].pays == (WON, LOST)
    assert found.relation.claims[1].pays == (HALF_WON, LOST)
    assert found.names == ("a", "b")


def test_claims_of_one_market_share_its_book() -> None:
    both = [claim("y", market="m"), claim("n", market="m", outcome="1", pays={})]
    found = read({"worlds": WORLDS, "claims": both})

    assert [(c.market, c.outcome) for c in found.relation.claims] == [
        ("kalshi:m", 0), ("kalshi:m", 1),
    ]  # fmt: skip
    assert len(found.markets) == 1


def test_a_fee_is_read_by_its_kind_or_its_venue() -> None:
    assert fees_of().kind == NONE
    assert fees_of(fee={"rate": "0.035"}) == FeeSchedule(KALSHI, 35_000, rev="file")
    assert fees_of(fee={"kind": "polymarket", "rate": "0.05"}).kind == POLYMARKET
    assert fees_of(fee={"kind": "polymarket"}).kind == UNKNOWN
    assert fees_of(fee=None).kind == UNKNOWN


def test_steps_of_a_venue_are_read_where_they_are_written() -> None:
    steps = claim(lot="1", tick="0.01", min_size="5", money_step="0.01")
    found = read({"worlds": WORLDS, "claims": [steps]})
    market = next(iter(found.markets.values()))

    assert (market.lot, market.min_size, market.money_step) == (1_000_000, 5_000_000, 10_000)
    assert not market.ticks.is_legal(micros("0.415", "price"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "must be an object"),
        ({"worlds": WORLDS}, "names no claims"),
        ({"worlds": [3], "claims": [claim()]}, "World 1 must be an object"),
        ({"worlds": WORLDS, "claims": [claim(pays=None)]}, "What a pays must be an object"),
        ({"worlds": WORLDS, "claims": [claim(lot="0")]}, "not above 0"),
        ({"worlds": WORLDS, "claims": [claim(pays={"yes": "0.1234567"})]}, "at most six decimals"),
        ({"worlds": [WORLDS[1]], "claims": [claim(pays={})]}, "no decisive world"),
    ],
)
def test_what_is_wrong_is_said(content: Any, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read(content)
