"""The Kalshi fake's markets: their books, shards, fees and states, and when trading is paused.

A market is tradable only when `active`, before its close and outside a pause. Opening and closing
by the clock is not announced. The shard of a market decides which cash pays for it; a series and
an event decide its fee.
Source: kalshi sheet 1 (Thursday pause), 3.2, 3.9, 5, 6.1, 7.1.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from feeds.sim.matching import Matching
from feeds.sim.scenario import AMENDMENTS, Listed, amended
from markets.terms import fees_kalshi
from markets.terms.ids import MarketId, VenueId, market_id
from markets.terms.instruments import FeeSchedule, TickBand, TickLadder
from markets.terms.units import MICRO, SECOND, Ns, Px, Qty, Usd
from trading.engine.book import Ladders

VENUE = VenueId("kalshi")
LOT = Qty(10_000)
TAKER_PPM = 70_000
SHARDS = ("Default", "Combos", "Crypto & Commodities", "Tennis, Baseball, Basketball")
_EASTERN = ZoneInfo("America/New_York")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_THURSDAY, _FROM, _UNTIL = 3, 3, 5

Pause = Literal["", "trading", "exchange"]
Bands = tuple[tuple[int, int, int], ...]
STRUCTURES: dict[str, Bands] = {
    "linear_cent": ((0, MICRO, 10_000),),
    "deci_cent": ((0, MICRO, 1_000),),
    "tapered_deci_cent": (
        (0, 100_000, 1_000),
        (100_000, 900_000, 10_000),
        (900_000, MICRO, 1_000),
    ),
    "center_half_edge_half_cent": ((0, MICRO, 5_000),),
    "center_quint_edge_quint_cent": ((0, MICRO, 2_000),),
    "center_centi_edge_centi_cent": ((0, MICRO, 100),),
    "center_deci_edge_centi_cent": (
        (0, 10_000, 100),
        (10_000, 990_000, 1_000),
        (990_000, MICRO, 100),
    ),
}
_OF_STEP = {bands[0][2]: name for name, bands in reversed(STRUCTURES.items()) if len(bands) == 1}


class Terms(msgspec.Struct, frozen=True):
    """What a fake is told beyond its markets, all by name: shards of events, fee type and
    multiplier (ppm) of series, price structures of markets, tiers of accounts (unsaid: basic), and
    how fees are rounded.
    """

    shards: dict[str, int] = {}
    fees: dict[str, tuple[str, int]] = {}
    structures: dict[str, str] = {}
    regime: fees_kalshi.Regime = fees_kalshi.CHARGED
    precision: Usd = fees_kalshi.DIRECT
    tiers: dict[str, str] = {}
    timer: Ns = Ns(60 * SECOND)
    thursdays: bool = True


class Stand(msgspec.Struct):
    """One market and what has become of it."""

    listed: Listed
    id: MarketId
    shard: int
    matching: Matching
    structure: str
    bands: Bands
    close_at: Ns
    is_inactive: bool = False
    swept: bool = False
    cleared: bool = False
    result: str = ""
    pays: Px | None = None
    determined_at: Ns | None = None
    settled_at: Ns | None = None
    last: Px = Px(0)
    volume: int = 0
    open_interest: int = 0
    updated_at: Ns = Ns(0)

    @property
    def ticker(self) -> str:
        """Its name at the venue."""
        return self.listed.native

    def status(self, at: Ns) -> str:
        """The state as REST says it (never `settled`)."""
        if self.settled_at is not None:
            return "finalized"
        if self.determined_at is not None:
            return "determined"
        if at >= self.close_at:
            return "closed"
        if at < self.listed.open_at:
            return "initialized"
        return "inactive" if self.is_inactive else "active"

    def ladders(self) -> Ladders:
        """The book as it truly is."""
        return Ladders(*self.matching.book())


class Board:
    """All markets, and the venue's own state."""

    def __init__(self, markets: tuple[Listed, ...], terms: Terms) -> None:
        self.terms = terms
        self.stands: dict[str, Stand] = {}
        self.events: dict[str, list[Stand]] = {}
        self.overrides: dict[str, tuple[str | None, int | None]] = {}
        self.fee_changes: list[tuple[str, str | None, int | None, Ns]] = []
        self.mode: Pause = ""
        self.mode_until: Ns | None = None
        for listed in markets:
            if listed.venue == VENUE:
                stand = self.stands[listed.native] = _stand(listed, terms)
                self.events.setdefault(listed.event, []).append(stand)

    @property
    def shards(self) -> tuple[int, ...]:
        """Where cash may lie: shard 0, and every shard of a market."""
        return tuple(sorted({0, *(stand.shard for stand in self.stands.values())}))

    def pause(self, at: Ns) -> Pause:
        """Whether trading, or everything, stands still."""
        if self.mode_until is not None and at >= self.mode_until:
            self.mode, self.mode_until = "", None
        if self.mode:
            return self.mode
        return "trading" if self.terms.thursdays and is_maintenance(at) else ""

    def fee_of(self, stand: Stand) -> tuple[str, int]:
        """Type and multiplier (ppm): the event's own where it has them, else the series'."""
        own = self.overrides.get(stand.listed.event, (None, None))
        return fees_kalshi.overridden(self.series_fee(stand.listed), *own)

    def series_fee(self, listed: Listed) -> tuple[str, int]:
        """What the series says; unsaid, the scenario's rate as a plain quadratic one."""
        plain = ("quadratic", listed.fee_rate_ppm * MICRO // TAKER_PPM)
        return self.terms.fees.get(series_of(listed), plain)

    def schedule(self, stand: Stand) -> FeeSchedule:
        """How a fill in this market is charged."""
        fee_type, multiplier = self.fee_of(stand)
        return fees_kalshi.schedule(
            fee_type, multiplier, regime=self.terms.regime, precision=self.terms.precision
        )

    def amend(self, kind: str, ticker: str, at: Ns, args: Mapping[str, str | int]) -> None:
        """Reword a market's rules or put off its event's game, where that is asked (`feeds.sim.
        scenario.amended`). Errors: `ValueError`.
        """
        if kind not in AMENDMENTS:
            return
        if ticker not in self.stands:
            raise ValueError(f"there is no market {ticker!r}")
        whole = self.events[self.stands[ticker].listed.event]
        for stand in whole if kind == "postpone" else (self.stands[ticker],):
            stand.listed = amended(stand.listed, kind, args)
            stand.updated_at = at

    def regrid(self, ticker: str, step: int) -> Stand:
        """Another price step from now on; resting orders stay. Errors: `ValueError`."""
        if ticker not in self.stands or not 0 < step < MICRO:
            raise ValueError(f"no market {ticker!r} can have the step {step}")
        stand = self.stands[ticker]
        stand.bands = ((0, MICRO, step),)
        stand.structure = _OF_STEP.get(step, "banded_centi_cent")
        stand.matching.ticks = _ladder(stand.bands)
        return stand


def series_of(listed: Listed) -> str:
    """The series ticker; this fake's own tickers begin with it."""
    return listed.native.partition("-")[0]


def is_maintenance(at: Ns) -> bool:
    """Thursday from 03:00 to 05:00, US Eastern."""
    moment = (_EPOCH + timedelta(microseconds=at // 1_000)).astimezone(_EASTERN)
    return moment.weekday() == _THURSDAY and _FROM <= moment.hour < _UNTIL


def _stand(listed: Listed, terms: Terms) -> Stand:
    structure = terms.structures.get(listed.native) or _OF_STEP.get(listed.tick, "linear_cent")
    bands = STRUCTURES[structure]
    name = market_id(VENUE, listed.native)
    matching = Matching(name, _ladder(bands), LOT)
    shard = terms.shards.get(listed.event, 0)
    return Stand(listed, name, shard, matching, structure, bands, listed.close_at)


def _ladder(bands: Bands) -> TickLadder:
    return TickLadder(tuple(TickBand(Px(a), Px(b), Px(step)) for a, b, step in bands))
