"""A world out of recordings, for who serves it and for who seeds from it: the files in order."""

from collections.abc import Iterator
from pathlib import Path

from feeds.recordings.lines import BadLine, Header, Line, Terms
from feeds.recordings.playback import Playback
from feeds.runtime.recorder import RecordingProblem
from feeds.runtime.recordings import Tape, open_tape
from feeds.venues import EARS, find
from feeds.venues.tape import Ear, Nature
from markets.terms.units import Ns

_HEARD = 20


def recorded_world(files: tuple[Path, ...], start: Ns) -> Playback:
    """The recording as a scenario. Its venue is what its header says, else the one that understands
    its frames.

    Errors: `RecordingProblem` when a file cannot be read or no venue knows its frames.
    """
    tape = open_tape(files)
    venue = _venue(tape)

    def reel() -> tuple[Ear, Iterator[Line | BadLine]]:
        lines = (e for e in tape.entries() if isinstance(e, Line | BadLine))
        return _ear(tape, venue), lines

    try:
        return Playback(reel, start)
    except ValueError as problem:
        raise RecordingProblem(f"{files[0]}: {problem}") from None


def _venue(tape: Tape) -> str:
    frames: list[Line] = []
    for entry in tape.entries():
        if isinstance(entry, Header) and entry.venue in EARS:
            return entry.venue
        if isinstance(entry, Line):
            frames.append(entry)
        if len(frames) == _HEARD:
            break
    for venue in EARS:
        ear: Ear = find(EARS, venue)(Nature())
        if any(ear.said(line.frame) for line in frames):
            return venue
    raise RecordingProblem(f"{tape.files[0]}: no venue's frames are in it")


def _ear(tape: Tape, venue: str) -> Ear:
    """An ear that has learnt the whole recording."""
    ear: Ear | None = None
    nature = Nature()
    for entry in tape.entries():
        if isinstance(entry, Header):
            nature = Nature(has_header=True, filtered=entry.filtered or nature.filtered)
            continue
        if ear is None:
            ear = find(EARS, venue)(nature)
        if isinstance(entry, Terms):
            ear.know(entry.market)
        elif isinstance(entry, Line):
            ear.learn(entry.frame, is_out=entry.direction == "out")
    return ear if ear is not None else find(EARS, venue)(nature)
