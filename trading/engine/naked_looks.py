"""Naked deals as the pages show them: the leg, what it can lose and gain, the four choices.

Numbers are `policy`'s at the moment of the look; nothing is decided or changed here.
"""

from markets.terms.formats import count
from markets.terms.ids import DealId
from markets.terms.relations import WorldKind
from markets.terms.units import MICRO, MS, Qty, Rounding, Usd, divide, times
from trading.engine.deals import Deal, DealState, excess
from trading.engine.legs import leg_name, unended
from trading.engine.pictures import ChoicePicture, NakedPicture
from trading.engine.policy import choices, preferred, shorts, urgency
from trading.engine.state import EngineState


def naked_pictures(view: EngineState) -> tuple[NakedPicture, ...]:
    """Every naked deal of the set, in the order they became so."""
    return tuple(_picture(view, view.deals[name], name) for name in view.naked)


def results(state: EngineState, deal: Deal) -> list[Usd]:
    """What a deal keeps in each regular world (decisive or neutral), rounded down."""
    terms = state.terms[deal.id]
    spent = sum(leg.cost + leg.fees for leg in deal.legs)
    found = []
    for index, world in enumerate(terms.relation.worlds):
        if world.kind is WorldKind.TAIL:
            continue
        paid = 0
        for part, leg in zip(terms.package.legs, deal.legs, strict=True):
            cell = terms.relation.claims[part.claim].pays[index]
            stake = divide(max(0, leg.cost) * cell.stake_ppm, MICRO, Rounding.DOWN)
            paid += times(cell.fixed, leg.held, Rounding.DOWN) + stake
        found.append(Usd(paid - spent))
    return found


def _picture(view: EngineState, deal: Deal, name: DealId) -> NakedPicture:
    over = [(leg, excess(leg, deal.matched)) for leg in deal.legs]
    legs = ", ".join(f"{count(q)} sh of {leg_name(view, leg)}" for leg, q in over if q > 0)
    missing = [(deal.legs[short.leg], short.missing) for short in shorts(view, deal)]
    hedge = " and ".join(f"{count(Qty(q))} {leg_name(view, leg)}" for leg, q in missing)
    kept = view.watches.get(name)
    acts = deal.state is DealState.HEDGING
    waits = bool(unended(view, deal))
    outcomes = results(view, deal)
    return NakedPicture(
        deal=name,
        relation=deal.relation,
        title=view.terms[name].relation.title,
        legs=legs,
        hedge=hedge,
        loses=min(outcomes, default=Usd(0)),
        gains=max(outcomes, default=Usd(0)),
        since=kept.since if kept else deal.changed_at,
        due=kept.due if kept else deal.changed_at,
        state=deal.state.value,
        policy=preferred(view, deal).value if acts else "",
        chosen=kept.chosen if kept else "",
        urgent=urgency(view, deal),
        waits=waits,
        open=deal.state in (DealState.HEDGING, DealState.RESIDUAL) and not waits,
        options=tuple(
            ChoicePicture(
                o.choice.value, o.px, o.expected, o.worst, o.chance_ppm, o.left // MS, o.allowed
            )
            for o in choices(view, deal)
        ),
    )
