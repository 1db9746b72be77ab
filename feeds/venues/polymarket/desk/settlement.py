"""A trade's life after the match: mined, confirmed, tried again or failed, at times drawn by seed.

Invariants: CONFIRMED and FAILED are final; a trade fails only while everybody still has what it
gave them, and then the ledger takes it back; the same seed gives the same lives. The times are
assumptions: the venue publishes none. Source: polymarket sheet 5.5, 6.5 and 11, read 2026-11-20.
"""

import msgspec

from feeds.sim.chance import Chance
from feeds.venues.polymarket.desk.records import (
    CONFIRMED,
    FAILED,
    MATCHED,
    MINED,
    RETRYING,
    Matched,
)
from feeds.venues.polymarket.desk.wallets import Vault
from markets.terms.units import MS, SECOND, Ns


class Pace(msgspec.Struct, frozen=True):
    """How long each step takes (least and most, milliseconds) and how often it goes wrong."""

    mined_ms: tuple[int, int] = (2_000, 6_000)
    confirmed_ms: tuple[int, int] = (10_000, 60_000)
    failed_per_mille: int = 3
    retried_per_mille: int = 10


class _Life(msgspec.Struct):
    trade: Matched
    steps: list[tuple[Ns, str]]


class Settlement:
    """Every trade that is not final yet."""

    def __init__(self, vault: Vault, pace: Pace, chance: Chance) -> None:
        self.fail_next = 0
        self._vault = vault
        self._pace = pace
        self._chance = chance
        self._lives: list[_Life] = []

    def begin(self, trade: Matched) -> None:
        """A trade was matched."""
        mined = Ns(trade.at + self._drawn(self._pace.mined_ms))
        confirmed = Ns(mined + self._drawn(self._pace.confirmed_ms))
        roll = self._chance.below(1_000)
        steps = [(mined, MINED), (confirmed, CONFIRMED)]
        if self.fail_next or roll < self._pace.failed_per_mille:
            self.fail_next = max(0, self.fail_next - 1)
            steps = [(mined, RETRYING), (confirmed, FAILED)]
        elif roll < self._pace.failed_per_mille + self._pace.retried_per_mille:
            late = Ns(confirmed + self._drawn(self._pace.confirmed_ms))
            steps = [(mined, RETRYING), (confirmed, MINED), (late, CONFIRMED)]
        self._lives.append(_Life(trade, steps))

    def due(self, at: Ns) -> list[Matched]:
        """Trades whose status has changed by `at`, one step at a time."""
        changed: list[Matched] = []
        for life in self._lives:
            if life.steps and life.steps[0][0] <= at:
                when, status = life.steps.pop(0)
                self._become(life.trade, status)
                life.trade.updated_at = when
                changed.append(life.trade)
        self._lives = [life for life in self._lives if life.steps]
        return changed

    def _become(self, trade: Matched, status: str) -> None:
        if status == FAILED and not self._vault.take_back(trade.keys):
            status = CONFIRMED
        trade.status = status
        if status not in (MATCHED, RETRYING):
            self._vault.seen(trade.id)

    def _drawn(self, between: tuple[int, int]) -> int:
        return self._chance.between(*between) * MS


def settled_within(pace: Pace) -> Ns:
    """After how long every trade is final."""
    return Ns((pace.mined_ms[1] + 2 * pace.confirmed_ms[1]) * MS + SECOND)
