"""Payoff tables of larger relations: fields, ranges of a number, and what may go wrong at a venue.

A field is a set of runners of which at most one pays; that one does must be certified, else there
is a world in which all lose. Ranges cut the number line at every strike, so that thresholds and
brackets of several venues share their worlds and no world is forgotten. Every market gives two
claims, its first outcome and the other. Not here: pairs (`relations`), scores and handicaps
(`lines`), covers (`packages`).
"""

import re
from collections.abc import Sequence

import msgspec

from markets.terms.ids import MarketId, RelationId, VenueId, venue_of
from markets.terms.relations import (
    HALF,
    LOST,
    PUSH,
    WON,
    Cell,
    Claim,
    Relation,
    World,
    WorldKind,
    opposite,
)
from markets.terms.units import MICRO, Ns, Px, text_from_micros

NONE_OF_THESE = "none of these"
_PLACEHOLDER = re.compile(
    r"^(any |an)?other\b|\bsomeone else\b|\bnone of\b|\bthe field\b"
    r"|^(person|player|candidate|team|company|option|movie|song|nominee)\s+([a-z]|\d+)$",
    re.IGNORECASE,
)


class Subject(msgspec.Struct, frozen=True, gc=False):
    """What every relation is told about itself."""

    id: RelationId
    title: str
    category: str = ""
    payout_at: Ns | None = None


class Row(msgspec.Struct, frozen=True, gc=False):
    """What the first outcome of a binary market pays in each world."""

    market: MarketId
    pays: tuple[Cell, ...]


class Runner(msgspec.Struct, frozen=True, gc=False):
    """One of several that exclude one another, and the markets on it, one or none per venue."""

    name: str
    markets: tuple[MarketId, ...]


class Certificate(msgspec.Struct, frozen=True, gc=False):
    """Why exactly one runner of a field pays, in a person's or a venue's words."""

    reason: str


class Range(msgspec.Struct, frozen=True, gc=False):
    """A market that pays when a number lies between two strikes, in millionths; None is no bound.

    `low_in` and `high_in` say whether the strikes themselves belong to it.
    """

    market: MarketId
    low: int | None = None
    high: int | None = None
    low_in: bool = True
    high_in: bool = False


class Mishap(msgspec.Struct, frozen=True, gc=False):
    """A way one venue's markets may settle apart from the facts, with its probability.

    `settles` is what the first outcome then pays: `half`, `refund`, or `fair` for a fair price,
    which is two worlds, 0 and 1, of half the probability each.
    """

    venue: VenueId
    settles: str
    ppm: int


def table(subject: Subject, worlds: Sequence[World], rows: Sequence[Row]) -> Relation:
    """The relation of these binary markets: two claims for each row, in the rows' order."""
    claims = []
    for row in rows:
        claims += [Claim(row.market, 0, row.pays), Claim(row.market, 1, opposite(row.pays))]
    return Relation(
        subject.id,
        subject.title,
        tuple(worlds),
        tuple(claims),
        subject.category,
        subject.payout_at,
    )


def certify(names: Sequence[str], reason: str, *, augmented: bool = False) -> Certificate | str:
    """A certificate that exactly one of these runners pays, or the sentence that says why not.

    An event whose list may still grow (augmented negative risk, `Other`, placeholders) gets none.
    Source: polymarket sheet, negative risk; a new runner takes the place of a placeholder later.
    """
    if not reason.strip():
        return "A certificate needs its reason: say which rule makes exactly one of them pay."
    if augmented:
        return (
            "The list of outcomes may still grow (augmented), so it may be that none of them pays."
        )
    for name in names:
        if _PLACEHOLDER.search(name.strip()):
            return (
                f"{name.strip()} is a placeholder, so it may be that none of the named ones pays."
            )
    return Certificate(reason.strip())


def field(subject: Subject, runners: Sequence[Runner], certificate: Certificate | None) -> Relation:
    """Runners of which exactly one pays; without a certificate, at most one.

    Errors: `ValueError` when two runners share a name or a market.
    """
    names = [runner.name for runner in runners]
    markets = [str(market) for runner in runners for market in runner.markets]
    for kind, ids in (("runner", names), ("market", markets)):
        twice = next((x for x in ids if ids.count(x) > 1), None)
        if twice is not None:
            raise ValueError(f"{subject.title}: {kind} {twice} appears twice in the field.")
    worlds = [World(name, WorldKind.DECISIVE) for name in names]
    if certificate is None:
        worlds.append(World(NONE_OF_THESE, WorldKind.DECISIVE))
    rows = [
        Row(market, tuple(WON if world.name == runner.name else LOST for world in worlds))
        for runner in runners
        for market in runner.markets
    ]
    return table(subject, worlds, rows)


def implied(subject: Subject, narrow: MarketId, wide: MarketId) -> Relation:
    """Two markets of which the first paying makes the second pay: a subset and its superset."""
    worlds = [World(name, WorldKind.DECISIVE) for name in ("both", "only the wider", "neither")]
    return table(subject, worlds, [Row(narrow, (WON, LOST, LOST)), Row(wide, (WON, WON, LOST))])


def ranges(subject: Subject, markets: Sequence[Range]) -> Relation:
    """Thresholds and brackets on one number; the worlds are the stretches between all strikes.

    Errors: `ValueError` when a range is empty or open on both sides.
    """
    cuts: dict[tuple[int, bool], None] = {}
    for market in markets:
        low, high = _ends(market)
        if low is None and high is None:
            raise ValueError(f"{market.market} has no strike: give its range a low or a high end.")
        if low is not None and high is not None and low >= high:
            raise ValueError(
                f"{market.market} is an empty range: its low end is not below its high."
            )
        cuts.update((cut, None) for cut in (low, high) if cut is not None)
    order = sorted(cuts)
    worlds = [
        World(_stretch(left, right), WorldKind.DECISIVE)
        for left, right in zip([None, *order], [*order, None], strict=True)
    ]
    rows = []
    for market in markets:
        low, high = _ends(market)
        first = 0 if low is None else order.index(low) + 1
        last = len(order) if high is None else order.index(high)
        pays = tuple(WON if first <= i <= last else LOST for i in range(len(worlds)))
        rows.append(Row(market.market, pays))
    return table(subject, worlds, rows)


Cut = tuple[int, bool]  # a strike, and whether the number itself lies below the cut


def _ends(market: Range) -> tuple[Cut | None, Cut | None]:
    low = None if market.low is None else (market.low, not market.low_in)
    high = None if market.high is None else (market.high, market.high_in)
    return low, high


def _stretch(left: Cut | None, right: Cut | None) -> str:
    """The numbers between two cuts in words."""
    if left is not None and right is not None and left[0] == right[0]:
        return f"exactly {text_from_micros(left[0], 0)}"
    words = []
    if left is not None:
        words.append(f"{'above' if left[1] else 'at least'} {text_from_micros(left[0], 0)}")
    if right is not None:
        words.append(f"{'at most' if right[1] else 'below'} {text_from_micros(right[0], 0)}")
    return ", ".join(words)


def with_mishaps(relation: Relation, mishaps: Sequence[Mishap]) -> Relation:
    """The relation with a tail world for each way in which one venue may settle apart.

    The other venues' claims then pay the least they pay in any decisive world, since nothing is
    known of the facts. Errors: `ValueError` for an unknown way of settling.
    """
    worlds = list(relation.worlds)
    pays = [list(claim.pays) for claim in relation.claims]
    for mishap in mishaps:
        for name, ppm, cell in _worlds_of(mishap):
            worlds.append(World(name, WorldKind.TAIL, ppm))
            for claim, row in zip(relation.claims, pays, strict=True):
                row.append(_in_mishap(relation, claim, mishap.venue, cell))
    claims = tuple(
        Claim(claim.market, claim.outcome, tuple(row))
        for claim, row in zip(relation.claims, pays, strict=True)
    )
    return msgspec.structs.replace(relation, worlds=tuple(worlds), claims=claims)


def _worlds_of(mishap: Mishap) -> list[tuple[str, int, Cell]]:
    name = f"{mishap.venue} void"
    if mishap.settles == "fair":
        half = -(-mishap.ppm // 2)
        return [(f"{name}, fair price 0", half, LOST), (f"{name}, fair price 1", half, WON)]
    if mishap.settles == "half":
        return [(f"{name}, fifty-fifty", mishap.ppm, HALF)]
    if mishap.settles == "refund":
        return [(f"{name}, refunded", mishap.ppm, PUSH)]
    raise ValueError(f"{mishap.settles} is no way to settle: say fair, half or refund.")


def _in_mishap(relation: Relation, claim: Claim, venue: VenueId, cell: Cell) -> Cell:
    if venue_of(claim.market) == venue:
        return cell if claim.outcome == 0 else opposite((cell,))[0]
    decisive = [
        pays
        for pays, world in zip(claim.pays, relation.worlds, strict=False)
        if world.kind is WorldKind.DECISIVE
    ]
    least = min(decisive, key=lambda pays: (pays.fixed, pays.stake_ppm), default=LOST)
    return Cell(Px(min(least.fixed, MICRO)), least.stake_ppm)
