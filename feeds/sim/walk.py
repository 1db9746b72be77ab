"""The hidden probability of one question, and how late and how wrongly each venue follows it.

A walk pulled towards its base, with two kinds of dislocation: one venue strays and comes back, or
the truth jumps and one venue follows seconds later. Both are sized so that taking both venues pays
a few cents more than their fees. Invariants: the same chance and the same times give the same walk;
the probability stays within `LOWEST` and `HIGHEST`. Whole numbers only; venues are 0 and 1.
"""

from feeds.sim.chance import Chance
from markets.terms.units import MICRO, MS, SECOND, Ns

LOWEST = 60_000
HIGHEST = 940_000
STEP = Ns(500 * MS)
LONGEST = Ns(300 * SECOND)
NUDGE = 1_500
QUICKEST = 200
SLOWEST = 3_000

SPREAD_ROOM = 20_000


class Walk:
    """One question. `fees` are the taker rates, `rest` the mean pause between dislocations."""

    __slots__ = (
        "_base",
        "_chance",
        "_due",
        "_fees",
        "_lags",
        "_next_strange",
        "_off",
        "_off_until",
        "_rest",
        "_seen",
        "_stepped_at",
        "truth",
    )

    def __init__(
        self, base: int, fees: tuple[int, int], rest: Ns, chance: Chance, start: Ns
    ) -> None:
        self._base = base
        self._fees = fees
        self._rest = rest
        self._chance = chance
        self.truth = base
        self._seen = [base, base]
        self._lags = tuple(Ns(chance.between(QUICKEST, SLOWEST) * MS) for _ in range(2))
        self._due: list[tuple[Ns, int, int]] = []
        self._off = [0, 0]
        self._off_until = Ns(0)
        self._stepped_at = start
        self._next_strange = Ns(start + chance.between(2_000, rest // MS) * MS)

    def advance(self, at: Ns) -> bool:
        """Walk up to `at`; whether any venue now sees another probability."""
        if at - self._stepped_at > LONGEST:
            self._rest_until(at)
        changed = False
        while self._stepped_at + STEP <= at:
            self._stepped_at = Ns(self._stepped_at + STEP)
            changed = self._step(self._stepped_at) or changed
        return self._deliver(at) or changed

    def _rest_until(self, at: Ns) -> None:
        """Nobody looked for long: time stood still, and what was planned is still to come."""
        stood = (at - self._stepped_at) // STEP * STEP
        self._stepped_at = Ns(self._stepped_at + stood)
        self._off_until = Ns(self._off_until + stood)
        self._next_strange = Ns(self._next_strange + stood)
        self._due = [(Ns(due + stood), venue, truth) for due, venue, truth in self._due]

    def fair(self, venue: int) -> int:
        """What this venue believes, in millionths."""
        return min(max(self._seen[venue] + self._off[venue], LOWEST), HIGHEST)

    def _step(self, at: Ns) -> bool:
        if any(self._off):
            if at < self._off_until:
                return False
            self._off = [0, 0]
            return True
        if at >= self._next_strange:
            self._stray(at)
            return True
        if self._chance.one_in(3):
            pull = (self._base - self.truth) // 200
            self.truth = _within(self.truth + pull + self._chance.bell(NUDGE * 3))
            self._due.extend((Ns(at + lag), v, self.truth) for v, lag in enumerate(self._lags))
        return False

    def _stray(self, at: Ns) -> None:
        """Open a gap between the venues for some seconds."""
        wanted = self._chance.between(10_000, 55_000)
        gap = wanted + SPREAD_ROOM + self._both_fees()
        up = self.truth < self._base if abs(self.truth - self._base) > 20_000 else None
        if up is None:
            up = self._chance.one_in(2)
        if not LOWEST < self.truth + (gap if up else -gap) < HIGHEST:
            up = not up
        signed = gap if up else -gap
        wrong = self._chance.below(2)
        self._due.clear()
        self._seen = [self.truth, self.truth]
        if self._chance.one_in(3):
            self.truth = _within(self.truth + signed)
            self._seen = [self.truth, self.truth]
            self._off[wrong] = -signed
        else:
            self._off[wrong] = signed
        self._off_until = Ns(at + self._chance.between(3_000, 9_000) * MS)
        pause = self._chance.between(self._rest // (2 * SECOND), 3 * self._rest // (2 * SECOND))
        self._next_strange = Ns(self._off_until + pause * SECOND)

    def _both_fees(self) -> int:
        """Taker fees of one contract at each venue, at the present price."""
        return sum(
            rate * self.truth // MICRO * (MICRO - self.truth) // MICRO for rate in self._fees
        )

    def _deliver(self, at: Ns) -> bool:
        is_due = False
        for due, venue, truth in self._due:
            if due <= at:
                self._seen[venue] = truth
                is_due = True
        if is_due:
            self._due = [waiting for waiting in self._due if waiting[0] > at]
        return is_due


def _within(probability: int) -> int:
    return min(max(probability, LOWEST), HIGHEST)
