"""How much money a purchase locks, for how long, and what that earns in a year.

Locked is what leaves the account: the cost with its fees, less what a venue that nets positions
gives back at once, which is the least its own claims pay together in any decisive world. The time
is the expected payout of the relation, the slowest venue's payout lag and the expected length of a
dispute on top. Not here: what an edge is, when it is enough (`min_apy` is for a gate to ask).
"""

from collections.abc import Iterable, Mapping

import msgspec

from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import Market
from markets.terms.packages import decisive
from markets.terms.relations import Relation
from markets.terms.units import DAY, MICRO, Ns, Qty, Rounding, Usd, divide

YEAR = 365 * DAY


class Bought(msgspec.Struct, frozen=True, gc=False):
    """Contracts of one claim with what they cost and their fee."""

    claim: int
    qty: Qty
    cost: Usd
    fee: Usd


def locked(
    relation: Relation,
    bought: Iterable[Bought],
    markets: Mapping[MarketId, Market],
    netting: tuple[VenueId, ...] = (),
) -> Usd:
    """The money these purchases lock until the payout, at least 0 at each venue."""
    spent: dict[VenueId, int] = {}
    parts: dict[VenueId, list[Bought]] = {}
    for part in bought:
        venue = markets[relation.claims[part.claim].market].venue
        spent[venue] = spent.get(venue, 0) + part.cost + part.fee
        parts.setdefault(venue, []).append(part)
    for venue in netting:
        if venue in spent:
            spent[venue] = max(0, spent[venue] - _least(relation, parts[venue]))
    return Usd(sum(spent.values()))


def _least(relation: Relation, bought: list[Bought]) -> int:
    """The least these claims pay together over the decisive worlds, refunded stakes left out."""
    return min(
        (
            divide(
                sum(relation.claims[b.claim].pays[world].fixed * b.qty for b in bought),
                MICRO,
                Rounding.DOWN,
            )
            for world in decisive(relation)
        ),
        default=0,
    )


def is_enough(net: int, apy_ppm: int | None, least: int, min_apy: int) -> bool:
    """Whether an edge nets the least per dollar covered, or earns enough a year (0: not asked)."""
    if net >= least:
        return True
    return bool(min_apy) and net > 0 and apy_ppm is not None and apy_ppm >= min_apy


def yearly(profit: int, capital: int, until: Ns | None, now: Ns) -> int | None:
    """Simple yearly return in ppm on money locked until a moment, rounded down.

    None without gain, without capital locked or without a moment to come.
    """
    if profit <= 0 or capital <= 0 or until is None or until <= now:
        return None
    return divide(profit * MICRO * YEAR, capital * (until - now), Rounding.DOWN)
