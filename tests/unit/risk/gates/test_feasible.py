"""A plan whose orders a venue does not take is refused by name, and says which leg and why."""

import pytest
from msgspec.structs import replace

from markets.terms.instruments import Market
from markets.terms.units import Px, Qty, Usd
from risk.gates.feasible import feasible
from tests.builders import FIRST, KA, PM, SECOND_MARKET, gap, market, qty, show, snapshot, started
from tests.builders import command as told
from tests.builders import venue as configured
from tests.unit.risk.gates.test_gates import plan, ready
from trading.engine.config import Snapshot
from trading.engine.intents import PlaceOrder, PlanRefused
from trading.engine.orders import TimeInForce
from trading.engine.strategies import Strategy


def with_second(**terms: object) -> Snapshot:
    """A configuration whose second market has these terms."""
    second: Market = replace(market(SECOND_MARKET), **terms)
    return replace(snapshot(), markets=(market(FIRST), second))


def reason(config: Snapshot, **changed: object) -> str:
    """Why the gap's plan is refused, with something of it or of its second leg changed."""
    state = ready(config)
    wanted = replace(plan(state), **changed)
    found = feasible(wanted, state)
    return found.reason if found else ""


def test_a_kind_of_order_that_a_venue_does_not_know_refuses() -> None:
    only_resting = replace(configured(PM), tifs=(TimeInForce.GTC,))
    config = snapshot(venues=(configured(KA), only_resting))

    assert reason(config) == "Polymarket takes no order that is immediate or cancel."


@pytest.mark.parametrize(
    ("lacks", "words"),
    [
        ({"tifs": (TimeInForce.IOC,)}, "Kalshi takes no order that is resting."),
        ({"post_only": False}, "Kalshi takes no order that only rests."),
        ({"cancels": False}, "Kalshi cancels no order, so none may rest there."),
    ],
)
def test_a_makers_order_needs_more_of_its_venue(lacks: dict[str, object], words: str) -> None:
    config = snapshot(venues=(replace(configured(KA), **lacks), configured(PM)))

    assert reason(config) == ""
    assert reason(config, strategy=Strategy.MAKER_HEDGE, leader=0) == words
    assert reason(config, strategy=Strategy.MAKER_HEDGE, leader=1) == ""


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"lot": qty(30)}, "takes lots of 30, 100 are none."),
        ({"min_size": qty(101)}, "takes no order below 101, this is 100."),
        ({"min_notional": Usd(60_000_000)}, "takes no order below $60.00, this is $50.00."),
        ({"money_step": Usd(70_000)}, "takes whole steps of $0.07 only."),
    ],
)
def test_a_size_that_a_market_does_not_take_refuses(terms: dict[str, object], words: str) -> None:
    state = ready()
    wanted = plan(state)
    state.markets[SECOND_MARKET] = replace(state.markets[SECOND_MARKET], **terms)
    second = next(i for i, leg in enumerate(wanted.legs) if leg.market == SECOND_MARKET)
    legs = list(wanted.legs)
    legs[second] = replace(legs[second], qty=qty(100), limit=Px(500_000))

    found = feasible(replace(wanted, legs=tuple(legs)), state)
    assert found is not None
    assert found.reason == f"Polymarket {words}"


def test_a_price_off_the_grid_refuses() -> None:
    state = ready()
    wanted = plan(state)
    legs = (replace(wanted.legs[0], limit=Px(435_000)), *wanted.legs[1:])

    found = feasible(replace(wanted, legs=legs), state)
    assert found is not None
    assert found.reason == "Kalshi has no price 43.50¢."


def test_a_pair_is_refused_when_one_legs_least_is_more_than_the_other_leg_offers() -> None:
    config = with_second(min_size=qty(500))
    engine = started(config)
    out = [intent for shown in gap() for intent in show(engine, shown)]

    assert not [intent for intent in out if isinstance(intent, PlaceOrder)]
    (refused,) = [intent for intent in out if isinstance(intent, PlanRefused)]
    assert (refused.gate, refused.limit, refused.actual) == ("feasible", qty(500), qty(100))
    assert refused.reason == "Polymarket takes no order below 500, Kalshi offers 100."


def test_a_thin_book_alone_is_not_why() -> None:
    state = ready()

    assert feasible(replace(plan(state), size=Qty(0)), state) is None


def test_a_good_plan_passes_while_watching() -> None:
    engine = started()
    engine.step(told("view_only"))
    show(engine, *gap())

    assert feasible(plan(engine.state), engine.state) is None
