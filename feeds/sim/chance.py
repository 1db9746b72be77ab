"""Chance that can be repeated: a counter-based generator (splitmix64) in whole numbers.

Invariants: the same seed gives the same numbers in the same order, in every process; there are no
floats. Not for secrets. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
generators" (2014), the mixing constants of its variant 13.
"""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15


class Chance:
    """A stream of numbers. `fork` gives an independent one by name."""

    __slots__ = ("_count", "_seed")

    def __init__(self, seed: int) -> None:
        self._seed = seed & MASK
        self._count = 0

    def bits(self) -> int:
        """The next 64 bits."""
        self._count += 1
        return _mix(self._seed + self._count * STEP)

    def below(self, n: int) -> int:
        """0 to n - 1, evenly. Errors: `ValueError` unless n is 1 to 2^64."""
        if not 0 < n <= MASK + 1:
            raise ValueError(f"there is nothing below {n} to choose from")
        return self.bits() * n >> 64

    def between(self, low: int, high: int) -> int:
        """`low` to `high`, both included, evenly."""
        return low + self.below(high - low + 1)

    def bell(self, width: int) -> int:
        """Around 0, at most `width` away, small values more often: the mean of four draws."""
        total = sum(self.between(-width, width) for _ in range(4))
        return total // 4 if total >= 0 else -(-total // 4)

    def one_in(self, n: int) -> bool:
        """True once in `n` times."""
        return self.below(n) == 0

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices."""
        return choices[self.below(len(choices))]

    def fork(self, name: int) -> "Chance":
        """A stream of its own; it does not depend on what was drawn here."""
        return Chance(_mix(self._seed ^ _mix(name * STEP + 1)))


def _mix(value: int) -> int:
    value &= MASK
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & MASK
    return value ^ (value >> 31)
