"""A world out of recordings, for who serves it and for who seeds from it: the files in order."""

from collections.abc import Iterator
from pathlib import Path

from feeds.recordings.lines import BadLine, Line
from feeds.recordings.playback import Playback
from feeds.runtime.recorder import RecordingProblem
from feeds.runtime.recordings import open_tape
from feeds.runtime.reels import ear_of, venue_of
from feeds.venues.tape import Ear
from markets.terms.units import Ns


def recorded_world(files: tuple[Path, ...], start: Ns) -> Playback:
    """The recording as a scenario. Its venue is what its header says, else the one that understands
    its frames.

    Errors: `RecordingProblem` when a file cannot be read or no venue knows its frames.
    """
    tape = open_tape(files)
    venue = venue_of(tape)

    def reel() -> tuple[Ear, Iterator[Line | BadLine]]:
        lines = (e for e in tape.entries() if isinstance(e, Line | BadLine))
        return ear_of(tape, venue), lines

    try:
        return Playback(reel, start)
    except ValueError as problem:
        raise RecordingProblem(f"{files[0]}: {problem}") from None
