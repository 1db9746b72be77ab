"""Golden stories: the events on file give the intents on file, byte for byte.

`make golden` (GOLDEN_REWRITE=1) writes them anew instead; the difference is reviewed.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from risk.gates.chain import Chain
from tests.golden.stories import STORIES
from trading.engine.engine import Engine
from trading.engine.events import Event
from trading.engine.intents import Intent

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
Story = Callable[[], list[Event]]


def told(intents: list[Intent]) -> str:
    """Intents of one step as one line that a person can read in a diff."""
    shown = [
        {type(i).__name__: {k: v for k, v in msgspec.structs.asdict(i).items() if k != "at"}}
        for i in intents
    ]
    return msgspec.json.encode(shown).decode()


def play(events: Path) -> list[str]:
    """Play a file of events; one line of intents for each."""
    engine = Engine(Chain())
    decoder = msgspec.json.Decoder(Event)
    lines = events.read_text().splitlines()
    return [told(engine.step(decoder.decode(line))) for line in lines]


def paths(story: Story) -> tuple[Path, Path]:
    name = story.__name__
    return HERE / f"{name}.jsonl", HERE / f"{name}.intents.jsonl"


def rewrite(story: Story) -> None:
    events, intents = paths(story)
    lines = [msgspec.json.encode(event).decode() for event in story()]
    events.write_text("".join(f"{line}\n" for line in lines))
    intents.write_text("".join(f"{line}\n" for line in play(events)))


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
def test_a_story_is_told_as_on_file(story: Story) -> None:
    events, intents = paths(story)
    if os.environ.get("GOLDEN_REWRITE"):
        rewrite(story)
    assert play(events) == intents.read_text().splitlines()


def test_another_process_with_another_hash_seed_says_the_same() -> None:
    program = (
        "from tests.golden.stories import STORIES\n"
        "from tests.golden.test_golden import paths, play\n"
        "for story in STORIES:\n"
        "    print('\\n'.join(play(paths(story)[0])))\n"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert said[0].count(b"\n") > len(STORIES)
