"""What a deal costs that no fee names: gas, bridge, on-ramp, withdrawal, exchange of currency.

A pack says it for one venue, or for every venue. Shares are millionths of a dollar for each dollar
of payout; gas is money for each order. The general setting stays the floor below which no pack can
bring the cost. Everything is rounded up. Packs have names by content, so that a row of history
says which ones were counted.
Not here: which packs are active, where they are kept.
"""

import hashlib
from collections.abc import Iterable

import msgspec

from markets.terms.ids import VenueId
from markets.terms.units import MICRO, Px, Rounding, Usd, divide


class FrictionPack(msgspec.Struct, frozen=True, gc=False):
    """Costs at a venue; an empty venue is every venue. `gas` is per order, the rest per $1."""

    name: str
    venue: VenueId
    version: int
    gas: Usd = Usd(0)
    bridge: Px = Px(0)
    on_ramp: Px = Px(0)
    withdrawal: Px = Px(0)
    fx: Px = Px(0)

    @property
    def each(self) -> Px:
        """All that is charged for each dollar of payout."""
        return Px(self.bridge + self.on_ramp + self.withdrawal + self.fx)


class VenueFriction(msgspec.Struct, frozen=True, gc=False):
    """What all packs come to at one venue: for each dollar of payout, and for each order."""

    each: Px = Px(0)
    gas: Usd = Usd(0)


def hash_of(pack: FrictionPack) -> str:
    """The name of a pack's content. Shape: eight hexadecimal digits."""
    return hashlib.sha256(msgspec.json.encode(pack)).hexdigest()[:8]


def revision(packs: Iterable[FrictionPack], floor: Px) -> str:
    """The name of everything counted as friction: the packs in any order, and the floor."""
    content = [*sorted(hash_of(pack) for pack in packs), floor]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:8]


def at_venue(packs: Iterable[FrictionPack], venue: VenueId) -> VenueFriction:
    """The sum of the packs that concern a venue."""
    mine = [pack for pack in packs if pack.venue in ("", venue)]
    return VenueFriction(Px(sum(p.each for p in mine)), Usd(sum(p.gas for p in mine)))


def friction_each(legs: Iterable[VenueFriction], least: Usd, floor: Px) -> Px:
    """Friction for each dollar of payout of a deal with an order per leg, rounded up.

    No dollar passes through more than one venue's ways in and out, so the dearest venue's share
    counts. Gas is spread over the smallest deal worth making, `least`: a dollar of payout costs at
    most a dollar, so such a deal covers at least that many. Never below `floor`.
    """
    found = list(legs)
    share = max((leg.each for leg in found), default=0)
    gas = sum(leg.gas for leg in found)
    return Px(max(floor, share + divide(gas * MICRO, max(least, MICRO), Rounding.UP)))
