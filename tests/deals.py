"""Deals as tests begin them: opened on the usual gap, one leg filled and the other refused, or with
a strategy of their own.
"""

from msgspec.structs import replace

from markets.terms.ids import DealId
from tests.builders import (
    SECOND_MARKET,
    at,
    book,
    filled,
    gap,
    orders,
    rejected,
    show,
    snapshot,
    started,
)  # fmt: skip
from trading.engine.config import Snapshot
from trading.engine.deals import Deal
from trading.engine.engine import Engine
from trading.engine.intents import DealChanged, Intent
from trading.engine.orders import OrderRequest
from trading.engine.strategies import Strategy

DEAL = DealId("r-1")


def opened(**limits: int) -> tuple[Engine, OrderRequest, OrderRequest]:
    engine = started(snapshot(**limits))  # type: ignore[arg-type]
    first, second = orders(show(engine, *gap()))
    return engine, first, second


def deal(engine: Engine) -> Deal:
    return engine.state.deals[DEAL]


def steps(intents: list[Intent]) -> list[str]:
    return [i.step for i in intents if isinstance(i, DealChanged)]


def mismatched(second_bids: str, **limits: int) -> tuple[Engine, list[Intent]]:
    """Kalshi filled 100 at 42 cents, Polymarket refused; its book is then as given."""
    engine, first, second = opened(**limits)
    engine.step(filled(first))
    show(engine, book(SECOND_MARKET, second_bids, "0.90x500", at("0.1")))
    return engine, engine.step(rejected(second, when=at("0.2")))


def with_strategy(strategy: Strategy, **limits: int) -> Snapshot:
    """The usual configuration, carried out in one way."""
    config = snapshot(**limits)  # type: ignore[arg-type]
    relations = tuple(replace(r, strategy=strategy) for r in config.relations)
    return replace(config, relations=relations)


def led(**limits: int) -> tuple[Engine, OrderRequest]:
    """A deal whose Polymarket leg, with a declared delay of 3 s, goes first."""
    engine = started(snapshot(**limits))  # type: ignore[arg-type]
    known = engine.state.markets[SECOND_MARKET]
    engine.state.markets[SECOND_MARKET] = replace(known, delay_ms=3_000)
    (first,) = orders(show(engine, *gap()))
    return engine, first


def made(**limits: int) -> tuple[Engine, OrderRequest]:
    """A maker's deal: 92 cents are paid for the dollar where a Kalshi order rests at 41 cents."""
    engine = started(snapshot(maker_hedge=1, min_net_edge=50_000, **limits))  # type: ignore[arg-type]
    (first,) = orders(show(engine, *gap()))
    return engine, first
