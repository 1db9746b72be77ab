"""A live order has a twin where run, engine, relation and its own venue all say both."""

import pytest
from msgspec.structs import replace

from tests.builders import (
    FIRST,
    KA,
    PM,
    START,
    gap,
    orders,
    qty,
    show,
    snapshot,
    started,
    usd,
    venue,
)
from trading.engine.config import Mode
from trading.engine.events import TwinTold
from trading.engine.orders import BookKind, OrderState
from trading.engine.twins import is_twinned

BOTH, LIVE = Mode.BOTH, Mode.LIVE


@pytest.mark.parametrize(
    ("run", "engine", "first", "relation", "wanted"),
    [
        (BOTH, BOTH, BOTH, BOTH, True),
        (LIVE, BOTH, BOTH, BOTH, False),
        (BOTH, LIVE, BOTH, BOTH, False),
        (BOTH, BOTH, LIVE, BOTH, False),
        (BOTH, BOTH, BOTH, LIVE, False),
    ],
)
def test_every_part_must_say_both(
    run: Mode, engine: Mode, first: Mode, relation: Mode, wanted: bool
) -> None:
    paper = started()
    request = orders(show(paper, *gap()))[0]
    assert request.market == FIRST
    config = snapshot(mode=engine, venues=(venue(KA, mode=first), venue(PM, mode=LIVE)))
    config = replace(config, relations=(replace(config.relations[0], mode=relation),))
    state = paper.state
    state.mode, state.config = run.value, config
    state.venues = {v.id: v for v in config.venues}
    state.entries = {
        name: replace(entry, config=config.relations[0]) for name, entry in state.entries.items()
    }

    assert is_twinned(state, replace(request, book=BookKind.LIVE)) is wanted
    assert not is_twinned(state, request)


def test_an_order_of_a_deal_or_relation_nobody_knows_has_no_twin() -> None:
    engine = started()
    request = replace(orders(show(engine, *gap()))[0], book=BookKind.LIVE)
    engine.state.entries.clear()

    assert not is_twinned(engine.state, request)
    engine.state.deals.clear()
    assert not is_twinned(engine.state, request)


def test_what_happens_to_a_twin_changes_nothing_the_engine_remembers_or_does() -> None:
    engine = started()
    request = orders(show(engine, *gap()))[0]
    before = engine.dump()
    told = TwinTold(START, request.id, OrderState.FILLED, START, qty(30), usd(12), usd(1), START)

    assert engine.step(told) == []
    assert engine.dump() == before
