"""How long a venue takes for its first word on an order: a histogram small enough for a checkpoint.

Counts per bucket of `BOUNDS_MS`; a percentile is told as the upper bound of its bucket, so that it
is never understated. Old measurements fade: at `FULL` of them every count is halved. Pure counting
of what events said; no clock.
"""

from markets.terms.units import MS, Ns

BOUNDS_MS = (1, 2, 5, 10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 350, 500, 750, 1000, 1500, 2000,
             3000, 5000, 10_000)  # fmt: skip
FULL = 512
P95 = 950_000
Counts = tuple[int, ...]


def noted(counts: Counts, took: Ns) -> Counts:
    """The counts with one more answer; what took longer than every bound is in the last bucket."""
    new = list(counts or (0,) * len(BOUNDS_MS))
    ms = -(-max(0, took) // MS)
    place = next((i for i, bound in enumerate(BOUNDS_MS) if ms <= bound), len(BOUNDS_MS) - 1)
    new[place] += 1
    if sum(new) >= FULL:
        new = [count // 2 for count in new]
    return tuple(new)


def percentile_ms(counts: Counts, ppm: int = P95) -> int:
    """The bound within which this part of the answers came; 0 when none was measured."""
    wanted = -(-sum(counts) * ppm // 1_000_000)
    if not wanted:
        return 0
    seen = 0
    for bound, count in zip(BOUNDS_MS, counts, strict=True):
        seen += count
        if seen >= wanted:
            return bound
    raise AssertionError("a part of the whole is reached within the whole")
