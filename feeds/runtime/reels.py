"""Recorded files as the events the live feeds would have told: one reel per venue, merged by time.

Books are rebuilt by the venue's own session, the code that reads it live, at the engine's depth.
What a session asks of the venue is not answered; the recording holds the answers.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from feeds.recordings.lines import BadLine, Header, Line, Terms
from feeds.runtime.recorder import RecordingProblem
from feeds.runtime.recordings import Tape, open_tape
from feeds.venues import EARS, find
from feeds.venues.base import Emit, Output
from feeds.venues.tape import Ear, Nature
from markets.terms.ids import VenueId
from markets.terms.units import Ns
from trading.engine.events import Event, FeedDown, FeedUp

DEPTH = 10
HEARD = 20


def venue_of(tape: Tape) -> str:
    """The venue a header names, else the one that understands the first frames.

    Errors: `RecordingProblem` when no venue does.
    """
    frames: list[Line] = []
    for entry in tape.entries():
        if isinstance(entry, Header) and entry.venue in EARS:
            return entry.venue
        if isinstance(entry, Line):
            frames.append(entry)
        if len(frames) == HEARD:
            break
    for venue in EARS:
        ear: Ear = find(EARS, venue)(Nature())
        if any(ear.said(line.frame) for line in frames):
            return venue
    raise RecordingProblem(f"{tape.files[0]}: no venue's frames are in it")


def ear_of(tape: Tape, venue: str) -> Ear:
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


class Reel(msgspec.Struct):
    """One venue's part of what was recorded. `bad` counts lines that could not be read."""

    tape: Tape
    ear: Ear
    bad: int = 0

    @property
    def venue(self) -> VenueId:
        """Whose frames they are."""
        return self.ear.venue

    def events(self) -> Iterator[Event]:
        """In order of time, which never goes back. Errors: `RecordingProblem`, also for a line
        without a time.
        """
        session = self.ear.session(DEPTH)
        is_open, at = False, Ns(0)
        for entry in self.tape.entries():
            if isinstance(entry, BadLine):
                self.bad += 1
            if not isinstance(entry, Line):
                continue
            if not entry.stamped:
                raise RecordingProblem(f"{self.tape.files[0]}: its frames have no times")
            at, is_out = Ns(max(at, entry.at)), entry.direction == "out"
            if self.ear.begins(entry.frame, is_out=is_out) and is_open:
                yield from _told(session.closed(at, "a new connection"))
                yield FeedDown(at, self.venue, "a new connection")
                session, is_open = self.ear.session(DEPTH), False
            if not is_open:
                is_open = True
                yield FeedUp(at, self.venue)
                yield from _told(session.opened(at))
            if not is_out and entry.frame and not entry.frame.isspace():
                yield from _told(session.received(self.ear.present(entry.frame), at))


def _told(outputs: Sequence[Output]) -> Iterator[Event]:
    return (output.event for output in outputs if isinstance(output, Emit))


def reels(files: Sequence[Path]) -> list[Reel]:
    """The files by venue, each venue's in the order given. Errors: `RecordingProblem`."""
    by_venue: dict[str, list[Path]] = {}
    for path in files:
        by_venue.setdefault(venue_of(open_tape((path,))), []).append(path)
    found = []
    for venue, paths in by_venue.items():
        tape = open_tape(tuple(paths))
        found.append(Reel(tape, ear_of(tape, venue)))
    return found


def merged(found: Sequence[Reel]) -> Iterator[Event]:
    """All events by time; among equals in the order of the reels."""
    return heapq.merge(*(reel.events() for reel in found), key=lambda event: event.at)
