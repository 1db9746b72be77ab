"""Timing: medians over repeated runs, percentiles, and the table that is printed."""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import perf_counter_ns

import msgspec


class Result(msgspec.Struct):
    """One measured figure. `beside` names a bare part measured in the same run, `ratio` says how
    many times that it costs.
    """

    name: str
    value: float
    unit: str
    beside: str = ""
    ratio: float | None = None
    target: str = ""


def each_us(work: Callable[[], object], count: int, repeats: int = 5) -> float:
    """Median microseconds per unit of `work`, which does `count` units."""
    times = []
    gc.collect()
    for _ in range(repeats):
        began = perf_counter_ns()
        work()
        times.append(perf_counter_ns() - began)
    return sorted(times)[repeats // 2] / count / 1_000


def percentile(values: list[int], percent: float) -> int:
    """The value below which `percent` of `values` lie; the highest for 100."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def table(results: list[Result]) -> str:
    """The results as aligned text."""
    rows = [("what", "value", "beside, same run", "target")]
    for r in results:
        ratio = f"{r.ratio:.1f} x {r.beside}" if r.ratio is not None else r.beside
        rows.append((r.name, f"{r.value:,.2f} {r.unit}", ratio, r.target))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
