"""Fee records outside the project, where they are at hand: the folder, and the sentence without."""

import json
from pathlib import Path
from typing import Any

import pytest

RECORDS = Path(__file__).parents[5] / "shared" / "data"


def record(name: str) -> Any:
    """A JSON record, or a skipped test that says which file is not there."""
    path = RECORDS / name
    if not path.exists():
        pytest.skip(f"no fee record at ../shared/data/{name}: nothing to compare with")
    return json.loads(path.read_text())


def agreed(count: int, of: int, name: str) -> None:
    """Prints the count and asserts that every row agrees."""
    print(f"{name}: {count} of {of} agree")  # noqa: T201  counts are what a reader wants
    assert count == of > 0
