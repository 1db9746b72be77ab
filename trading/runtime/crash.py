"""Dies on purpose at a named point, so that tests can prove that nothing is lost there.

`ARBSITE_CRASH_AT=point:n` kills the process the `n`-th time it passes `point`, as `kill -9` would.
It is read only when `TESTING=1`. Points: `before_flush`, `after_flush`, `after_place`,
`before_commit`, `after_commit`.
"""

import os
import signal
from collections.abc import Mapping

POINTS = ("before_flush", "after_flush", "after_place", "before_commit", "after_commit")


class CrashPlan:
    """Counts the passes of one point."""

    def __init__(self, point: str, passes: int) -> None:
        self.point = point
        self.left = passes

    def passed(self, point: str) -> bool:
        """Whether this was the pass to die at."""
        if point != self.point:
            return False
        self.left -= 1
        return self.left == 0


def plan_from(environ: Mapping[str, str]) -> CrashPlan | None:
    """The plan of the environment, or None.

    Errors: `ValueError` naming the text when it is not `point:n` with a known point.
    """
    text = environ.get("ARBSITE_CRASH_AT", "")
    if not text or environ.get("TESTING") != "1":
        return None
    point, _, passes = text.partition(":")
    if point not in POINTS or not passes.isdecimal() or passes == "0":
        raise ValueError(
            f"ARBSITE_CRASH_AT is {text!r}; write one of {', '.join(POINTS)}, a colon and a count."
        )
    return CrashPlan(point, int(passes))


_PLAN = plan_from(os.environ)


def crash_point(name: str) -> None:
    """Kills this process when the plan says so."""
    if _PLAN is not None and _PLAN.passed(name):
        os.kill(os.getpid(), signal.SIGKILL)
