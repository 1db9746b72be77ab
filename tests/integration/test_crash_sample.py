"""A few of the crash rig's points, seeded and within a time: `make crash` tries them all."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.crash.provoke import points
from tests.crash.rig import Result, rig, run

SEED = int(os.environ.get("CRASH_SEED", "1"))
SECONDS = 20.0
COMMON = ("after_place", "before_commit", "after_relay", "journal_checkpoint")
NATURAL = (*COMMON, "order:new->sent/", "order:sent->open/", "deal:new->opening/")


def test_a_worker_killed_at_any_point_forgets_nothing_and_sends_nothing_twice(
    tmp_path: Path,
) -> None:
    chosen = points(list(NATURAL))
    random.Random(SEED).shuffle(chosen)  # noqa: S311  an order, no secret
    results: list[Result] = []

    with rig(tmp_path, "paper") as made:
        tried = run(made, chosen, results.append, SECONDS)

    assert tried > 0
    assert [r for r in results if r.violations] == []
    assert any(result.died for result in results), results
