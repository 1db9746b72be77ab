"""What a strategy is let to do, and where the operator may trade at all."""

from zlib import crc32

from markets.terms.formats import percent
from markets.terms.units import MICRO, SECOND
from risk.gates.gates import venue_name
from trading.engine.config import Feature, Rollout, Unit
from trading.engine.orders import BookKind
from trading.engine.plans import Plan
from trading.engine.ports import Refused
from trading.engine.state import EngineState

HOUR = 3600 * SECOND


def feature(plan: Plan, state: EngineState) -> Refused | None:
    """The plan's strategy is let this far; one that has no row is off."""
    if state.features is None:
        return None
    row = state.features.get(plan.strategy)
    if row is None:
        return _held(f"Strategy {plan.strategy} has no row, so it is off.")
    return _ROLLOUTS[row.rollout](row, plan, state)


def _off(row: Feature, plan: Plan, state: EngineState) -> Refused | None:
    return _held(f"Strategy {row.strategy} is off.")


def _paper(row: Feature, plan: Plan, state: EngineState) -> Refused | None:
    if plan.book is not BookKind.LIVE:
        return None
    return _held(f"Strategy {row.strategy} may trade on paper only.")


def _one_venue(row: Feature, plan: Plan, state: EngineState) -> Refused | None:
    if any(leg.venue == row.venue for leg in plan.legs):
        return None
    name = venue_name(state, row.venue)
    return _held(f"Strategy {row.strategy} trades only with a leg at {name}.")


def _share(row: Feature, plan: Plan, state: EngineState) -> Refused | None:
    if draw(plan, state) < row.share_ppm:
        return None
    share = percent(row.share_ppm)
    return _held(f"Strategy {row.strategy} takes {share} of deals; this hour not this relation.")


def _on(row: Feature, plan: Plan, state: EngineState) -> Refused | None:
    return None


_ROLLOUTS = {
    Rollout.OFF: _off,
    Rollout.PAPER: _paper,
    Rollout.VENUE: _one_venue,
    Rollout.SHARE: _share,
    Rollout.ON: _on,
}


def draw(plan: Plan, state: EngineState) -> int:
    """A number from 0 to 999,999 for a strategy, a relation and an hour: always the same one.

    Source: decision 0037.
    """
    text = f"{plan.strategy}/{plan.relation}/{state.at // HOUR}"
    return crc32(text.encode()) % MICRO


def _held(text: str) -> Refused:
    return Refused("feature", text, 1, 0, Unit.FLAG)


def jurisdiction(plan: Plan, state: EngineState) -> Refused | None:
    """Every leg's venue may be traded from where the operator is, in this category."""
    any_book, with_money = state.entries[plan.relation].barred
    why = with_money if plan.book is BookKind.LIVE else any_book
    if not why:
        return None
    text = why if why.endswith(".") else f"{why}."
    return Refused("jurisdiction", text, 1, 0, Unit.FLAG)
