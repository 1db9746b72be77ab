"""Money is free where it lies: an order draws from its own market's shard and no other."""

from msgspec.structs import replace

from markets.terms.fees import trade_fee
from markets.terms.units import MICRO, Usd
from risk.gates import gates
from tests.builders import (
    FIRST,
    KA,
    PM,
    RELATION,
    SECOND_MARKET,
    START,
    at,
    cash,
    filled,
    gap,
    market,
    orders,
    px,
    qty,
    rejected,
    show,
    snapshot,
    started,
    usd,
)
from trading.engine import pockets
from trading.engine.config import Snapshot
from trading.engine.engine import Engine
from trading.engine.events import AccountReported, ConfigChanged, MarketSettled
from trading.engine.intents import PlanRefused
from trading.engine.orders import BookKind, Purpose
from trading.engine.pockets import Pocket
from trading.engine.scan import best_plan, route_tops
from trading.engine.state import exposure

PAPER = BookKind.PAPER


def sharded() -> Snapshot:
    """The usual pair, its Kalshi market on shard 3."""
    first = replace(market(FIRST), shard=3)
    return replace(snapshot(), markets=(first, market(SECOND_MARKET)))


def stated(*parts: tuple[int, str]) -> AccountReported:
    """Kalshi's cash in these parts."""
    told = tuple((shard, usd(text)) for shard, text in parts)
    return AccountReported(START, KA, PAPER, Usd(sum(c for _, c in told)), pockets=told)


def trading(*parts: tuple[int, str]) -> Engine:
    engine = started(sharded())
    engine.step(stated(*parts))
    engine.step(cash(PM, "1000"))
    return engine


def test_money_on_another_shard_buys_nothing() -> None:
    engine = trading((0, "1000"), (3, "2"))
    out = show(engine, *gap())

    assert orders(out) == []
    (refused,) = [intent for intent in out if isinstance(intent, PlanRefused)]
    assert refused.gate == "token_check"
    assert refused.reason.startswith("Kalshi has $2.00 free on shard 3, this needs $43.")


def test_a_plan_is_cut_to_what_its_own_shard_pays_for() -> None:
    engine = trading((0, "1000"), (3, "22"))
    first, second = orders(show(engine, *gap()))

    assert first.qty == second.qty < qty(100)
    assert first.px * first.qty // MICRO <= usd("22")
    assert first.px * (first.qty + qty(2)) // MICRO > usd("22") - usd("1")


def test_a_hedge_takes_only_what_its_own_shard_has_left() -> None:
    engine = trading((0, "1000"), (3, "500"))
    first, second = orders(show(engine, *gap()))
    engine.step(filled(second, when=at("0.1")))
    engine.step(stated((0, "1000"), (3, "20")))
    (hedge,) = orders(engine.step(rejected(first, "insufficient_balance", when=at("0.2"))))

    assert (hedge.market, hedge.purpose) == (FIRST, Purpose.HEDGE)
    assert qty(40) < hedge.qty < qty(48)  # 20 dollars at 42 cents and a fee each

    engine = trading((0, "1000"), (3, "500"))
    first, second = orders(show(engine, *gap()))
    engine.step(filled(second, when=at("0.1")))
    engine.step(stated((0, "1000"), (3, "0.30")))
    (sale,) = orders(engine.step(rejected(first, "insufficient_balance", when=at("0.2"))))
    assert (sale.market, sale.purpose) == (SECOND_MARKET, Purpose.UNWIND)


def test_a_shard_that_was_not_named_has_nothing() -> None:
    engine = trading((0, "1000"))
    assert orders(show(engine, *gap())) == []


def test_a_venue_that_names_no_parts_has_one() -> None:
    engine = started(sharded())
    engine.step(AccountReported(START, KA, PAPER, usd("1000")))
    state = engine.state

    assert pockets.pocket_of(state, PAPER, state.markets[FIRST]) == Pocket(KA)
    assert len(orders(show(engine, *gap()))) == 2


def test_what_is_promised_is_promised_on_its_shard_and_fills_and_payouts_move_it() -> None:
    engine = trading((0, "1000"), (3, "500"))
    first, _ = orders(show(engine, *gap()))
    state = engine.state
    fee = trade_fee(state.markets[FIRST].fees, px("0.42"), qty(100))
    pocket = Pocket(KA, 3)

    assert exposure(state, PAPER).pockets[KA, 3] == usd("42") + fee
    assert pockets.free_in(state, PAPER, pocket) == usd("458") - fee
    assert pockets.free_in(state, PAPER, Pocket(KA, 0)) == usd("1000")

    engine.step(filled(first, when=at(1)))
    charged = state.orders[first.id].fees
    assert pockets.cash_in(state, PAPER, pocket) == usd("458") - charged
    assert state.cash["paper/kalshi"] == usd("1458") - charged

    engine.step(MarketSettled(at(2), FIRST, (px("1"), px("0"))))
    assert pockets.cash_in(state, PAPER, pocket) == usd("558") - charged


def test_what_is_promised_is_not_promised_twice() -> None:
    engine = trading((0, "1000"), (3, "500"))
    show(engine, *gap())
    state = engine.state
    entry = state.entries[RELATION]
    wanted = best_plan(state, entry, route_tops(state, entry))
    assert wanted is not None
    state.pockets["paper/kalshi"][3] = usd("44")

    found = gates.reservation(wanted, state)
    assert found is not None
    assert "on shard 3 not promised to orders" in found.reason


def test_the_parts_survive_a_checkpoint_and_a_new_statement_replaces_them() -> None:
    engine = trading((0, "1000"), (3, "500"))
    again = Engine.load(engine.dump(), engine.risk)

    assert again.state.pockets == {"paper/kalshi": {0: usd("1000"), 3: usd("500")}}
    again.step(ConfigChanged(at(1), sharded()))
    again.step(replace(stated(), at=at(1), cash=usd("7")))
    assert again.state.pockets == {}
    assert again.state.cash["paper/kalshi"] == usd("7")
