"""What a venue lists: venues, markets, outcomes, tick ladders, fee schedules as values, and a
market's life.

Structs only; no venue's rules, no prices, no configuration. `native` keeps the venue's own ids as
text.
"""

from enum import StrEnum

import msgspec

from markets.terms.ids import MarketId, VenueId
from markets.terms.units import Ns, Px, Qty, Rounding, Usd, round_to


class MarketState(StrEnum):
    """Life of a market. Only `OPEN` may be traded."""

    UNOPENED = "unopened"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    DETERMINED = "determined"
    SETTLED = "settled"


class TickBand(msgspec.Struct, frozen=True, gc=False):
    """Prices from `start` to `end` (both included) move in steps of `step`, counted from
    `start`.
    """

    start: Px
    end: Px
    step: Px


class TickLadder(msgspec.Struct, frozen=True, gc=False):
    """All legal prices of a market as bands in ascending order; band edges belong to both
    neighbours.

    Source: kalshi sheet section 5 (`price_ranges`), polymarket sheet 3.11.
    """

    bands: tuple[TickBand, ...]

    def is_legal(self, px: Px) -> bool:
        """Whether an order may carry this price (0 and 1 dollar never)."""
        if not 0 < px < 1_000_000:
            return False
        return any(b.start <= px <= b.end and (px - b.start) % b.step == 0 for b in self.bands)

    def to_legal(self, px: Px, rounding: Rounding) -> Px | None:
        """The nearest legal price in the named direction, or None when there is none."""
        best: int | None = None
        for band in self.bands:
            offset = round_to(px - band.start, band.step, rounding) + band.start
            candidate = (
                min(offset, band.end) if rounding is Rounding.DOWN else max(offset, band.start)
            )
            if not self.is_legal(Px(candidate)):
                continue
            if rounding is Rounding.UP and candidate >= px and (best is None or candidate < best):
                best = candidate
            if rounding is Rounding.DOWN and candidate <= px and (best is None or candidate > best):
                best = candidate
        return None if best is None else Px(best)


def even_ladder(step: Px) -> TickLadder:
    """One band over the whole range."""
    return TickLadder(bands=(TickBand(start=Px(0), end=Px(1_000_000), step=step),))


class FeeSchedule(msgspec.Struct, frozen=True, gc=False):
    """A venue's fee rule for one market: a `kind` known to `markets.terms.fees` and its parameters.

    `rate_ppm` is the coefficient (70_000 = 0.07), `multiplier_ppm` the series or event multiplier
    (1_000_000 = 1), `precision` the step the account's balance or the charge is rounded to, `step`
    the step the trade fee itself is rounded up to before that. `fixed` is charged once per fill
    (gas). `settle_ppm` is the share of a profit taken at settlement, `withdraw_ppm` the share of
    the money that leaves the venue. `rev` names this content (`markets.terms.fees.revision_of`).
    An unknown kind is priced as the worst case; `said` is what the venue said instead.
    """

    kind: str
    rate_ppm: int
    maker_rate_ppm: int = 0
    multiplier_ppm: int = 1_000_000
    precision: Usd = Usd(100)
    rev: str = ""
    step: Usd = Usd(100)
    fixed: Usd = Usd(0)
    settle_ppm: int = 0
    withdraw_ppm: int = 0
    said: str = ""


class Market(msgspec.Struct, frozen=True, gc=False):
    """One question at one venue, as the engine needs it.

    `outcomes[0]` is YES or the first named side. A binary market has two outcomes and one book.
    `tokens` are the venue's ids per outcome where it has them (Polymarket), else empty.
    `lot` is the smallest step of an order's size, `min_size` the smallest order in contracts,
    `min_notional` the smallest marketable order in money, `money_step` what the money of
    an order that is planned must be a multiple of (0: anything). `delay_ms` is the venue's declared
    placement delay.
    """

    id: MarketId
    venue: VenueId
    native: str
    title: str
    outcomes: tuple[str, ...]
    ticks: TickLadder
    fees: FeeSchedule
    state: MarketState = MarketState.OPEN
    tokens: tuple[str, ...] = ()
    lot: Qty = Qty(10_000)
    min_size: Qty = Qty(10_000)
    min_notional: Usd = Usd(0)
    delay_ms: int = 0
    close_at: Ns | None = None
    payout_at: Ns | None = None
    category: str = ""
    neg_risk: bool = False
    shard: int = 0
    money_step: Usd = Usd(0)
