"""`python -m tests.bench [--json FILE]`: measure, print beside the bare parts, compare, write."""

from __future__ import annotations

import argparse
import json
import platform
import re
import sys
from pathlib import Path

import msgspec

from tests.bench import hedges, orders, parts, path, seals
from tests.bench.measure import Result, table

RECORDED = Path(__file__).parents[2] / "docs" / "benchmarks.md"
WORSE = 1.3


def main() -> int:
    """Always 0: a benchmark informs, it does not fail a build."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write the results there too")
    arguments = parser.parse_args()
    results = [*parts.measure(), *orders.measure(), *seals.measure(), *path.measure()]
    results += hedges.measure()
    sys.stdout.write(f"Python {platform.python_version()} on {platform.machine()}\n\n")
    sys.stdout.write(table(results) + "\n")
    for line in _regressions(results):
        sys.stdout.write(line + "\n")
    if arguments.json:
        text = json.dumps([msgspec.structs.asdict(r) for r in results], indent=1)
        Path(arguments.json).write_text(text + "\n")
    return 0


def _regressions(results: list[Result]) -> list[str]:
    """Ratios more than 30 % above the recorded ones, in capitals."""
    recorded = dict(re.findall(r"^\| (.+?) \| .* \| ([\d.]+) x ", RECORDED.read_text(), re.M))
    return [
        f"REGRESSION: {r.name.upper()} COSTS {r.ratio:.1f} x {r.beside.upper()}, "
        f"RECORDED {recorded[r.name]} x"
        for r in results
        if r.ratio is not None and r.name in recorded and r.ratio > WORSE * float(recorded[r.name])
    ]


if __name__ == "__main__":
    sys.exit(main())
