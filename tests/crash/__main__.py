"""`python -m tests.crash`: the whole rig, one line per point and a summary.

Exit codes: 0 no violation, 1 some.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.crash.provoke import points
from tests.crash.rig import Result, rig, run


def main() -> int:
    """Says what became of each point."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("words", nargs="*", help="only points whose name contains one of these")
    parser.add_argument("--mode", choices=("paper", "live", "both"), default="paper")
    parser.add_argument("--seed", type=int, help="another order of the points")
    parser.add_argument("--seconds", type=float, default=7200, help="begin no point after so long")
    parser.add_argument("--rounds", type=int, default=1, help="how often each point is tried")
    given = parser.parse_args()
    chosen = points(given.words) * given.rounds
    if given.seed is not None:
        random.Random(given.seed).shuffle(chosen)  # noqa: S311  an order, no secret
    results: list[Result] = []

    def tell(result: Result) -> None:
        results.append(result)
        state = "killed" if result.died else "not passed"
        wrong = "; ".join(result.violations) or "all well"
        say(f"{result.point:45} {state:10} {result.seconds:5.1f} s  {wrong}")

    with tempfile.TemporaryDirectory(prefix="crash-") as folder, rig(Path(folder), given.mode) as r:
        tried = run(r, chosen, tell, given.seconds)
    killed = [result for result in results if result.died]
    violations = sum(len(result.violations) for result in results)
    say(
        f"{given.mode}: {tried} of {len(chosen)} points tried, {len(killed)} killed, "
        f"{len(results) - len(killed)} not passed, {violations} violations."
    )
    return 1 if violations else 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
