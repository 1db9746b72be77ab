"""Spoils real frames and feeds them to the sessions: `python -m tests.fuzz [--seconds 60]`.

A run takes bytes, so that the same bytes are the same run. It plays a venue's own frames with some
of them cut, changed in type, made huge, nested, repeated, left out or moved, and holds the session
to this: nothing is raised, whatever is put out is of the known kinds, no book is ever unsound, none
is live right after a frame that began like JSON and cannot be read, and a new connection with the
clean frames gives the clean books again. As a program it keeps the inputs that reached lines or
outcomes not seen before and spoils those further (coverage of `feeds/`, by the interpreter's own
tracing), and prints executions, lines reached and failures.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from feeds.venues import EARS, find
from feeds.venues.base import Drop, Emit, Fault, Fetch, Output, Reply, Send, Session
from feeds.venues.tape import Ear, Nature
from markets.terms.ids import MarketId
from markets.terms.units import MS, SECOND, Ns
from tests.contract.adapter_contract import assert_sound
from trading.engine.book import Book, BookState, Ladders
from trading.engine.events import BookChanged, BookStale, MarketClosed

ROOT = Path(__file__).resolve().parents[1]
PAYLOADS = ROOT / "tests" / "contract" / "payloads"
START = Ns(1_795_000_000 * SECOND)
VENUES = ("kalshi", "polymarket")
MOST_FRAMES = 40
KINDS = (Send, Emit, Fetch, Drop, Fault)

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    -(10**400),
    1.5,
    "",
    "NaN",
    "Infinity",
    "-0.0000001",
    "1e9",
    "0.42000000000001",
    "9" * 400,
    " 0.5",
    "\u0660.\u0665",
    "0x10",
    "\u0000",
    [],
    {},
    [[]],
    [["0.5", "1"], ["0.5", "2"]],
    [["1.5", "1"]],
    [["0.5", "-1"]],
    {"a": {"b": [1]}},
)
TEXTS = ("NaN", "Infinity", "-", "{", "[", '"', "\\ud800", "9" * 5000, "[" * 3000, "\x00", "é")


class Choices:
    """Decisions read from bytes; zeros when they have run out."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def below(self, limit: int) -> int:
        """A number from 0 up to the limit."""
        pair = self._data[self._place : self._place + 2]
        self._place += 2
        return int.from_bytes(pair, "big") % limit

    @property
    def is_over(self) -> bool:
        """Whether the bytes have run out."""
        return self._place >= len(self._data)


class Believer:
    """What an engine would believe of a session's outputs."""

    def __init__(self) -> None:
        self.books: dict[MarketId, Book] = {}
        self.live: set[MarketId] = set()
        self.closed: set[MarketId] = set()

    def take(self, outputs: list[Output]) -> list[Fetch]:
        """Note the events; the fetches asked for."""
        fetches = []
        for output in outputs:
            assert isinstance(output, KINDS), output
            if isinstance(output, Fetch):
                fetches.append(output)
            if isinstance(output, Emit):
                self._event(output.event)
        return fetches

    def ladders(self) -> dict[MarketId, Ladders]:
        """Live books."""
        return {market: self.books[market].ladders[0] for market in self.live}

    def _event(self, event: object) -> None:
        match event:
            case BookChanged(book=book):
                assert_sound(book)
                assert book.state is BookState.LIVE
                self.books[book.market] = book
                self.live.add(book.market)
            case BookStale(market=market):
                self.live.discard(market)
            case MarketClosed(market=market):
                self.live.discard(market)
                self.closed.add(market)


def seeds(venue: str) -> list[str]:
    """The venue's own frames, from the project's fixtures."""
    text = (PAYLOADS / venue / "socket.frames.jsonl").read_text()
    return [line for line in text.splitlines() if line.strip()][:MOST_FRAMES]


def an_ear(venue: str) -> Ear:
    """An ear that knows the fixtures' markets."""
    ear: Ear = find(EARS, venue)(Nature())
    for frame in seeds(venue):
        ear.learn(frame, is_out=False)
    return ear


def run(venue: str, data: bytes) -> tuple[str, ...]:
    """One run; the reasons of the faults it met, sorted. Errors: whatever the session did wrong."""
    choices = Choices(data)
    session = an_ear(venue).session(10)
    believer = Believer()
    met: set[str] = set()
    at = START
    believer.take(session.opened(at))
    for frame in spoiled(seeds(venue), choices):
        at = Ns(at + (1 + choices.below(40)) * 25 * MS)
        outputs = session.received(frame, at)
        met.update(o.reason for o in outputs if isinstance(o, Fault))
        fetches = believer.take(outputs)
        if _is_torn(frame):
            assert not believer.live, f"live after {frame!r}"
        for fetch in fetches:
            reply = _reply(choices)
            believer.take(session.fetched(fetch.tag, reply, at))
        if choices.below(4) == 0:
            believer.take(session.ticked(at))
    _recovers(venue, session, believer, at)
    return tuple(sorted(met))


def _recovers(venue: str, session: Session, believer: Believer, at: Ns) -> None:
    """After a new connection the clean frames make the clean books."""
    clean = Believer()
    other = an_ear(venue).session(10)
    believer.take(session.closed(at, "fuzz"))
    assert not believer.live, "live after the socket closed"
    for one, seen in ((session, believer), (other, clean)):
        seen.take(one.opened(at))
        for frame in seeds(venue):
            seen.take(one.received(frame, at))
    found, wanted = believer.ladders(), clean.ladders()
    for market in clean.books.keys() - believer.closed - clean.closed:
        assert found.get(market) == wanted.get(market), f"{market} after a clean connection"


def _is_torn(frame: str) -> bool:
    """Whether it began like a message and is none; nested too deeply or with a number too long to
    say, it is not.
    """
    if frame.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(frame)
    except json.JSONDecodeError:
        return True
    except (RecursionError, ValueError):
        return False
    return False


def _reply(choices: Choices) -> Reply | None:
    bodies = (b"[]", b"{}", b"null", b"[" * 2_000, b'[{"asset_id":1}]', b"\xff")
    pick = choices.below(len(bodies) + 2)
    if pick >= len(bodies):
        return None if pick == len(bodies) else Reply(500, (), b"")
    return Reply(200, (), bodies[pick])


def spoiled(frames: list[str], choices: Choices) -> list[str]:
    """The frames with as many changes as the bytes hold."""
    found = list(frames)
    while not choices.is_over and found:
        place = choices.below(len(found))
        _WAYS[choices.below(len(_WAYS))](found, place, choices)
    return found


def _cut(found: list[str], place: int, choices: Choices) -> None:
    found[place] = found[place][: choices.below(len(found[place]) + 1)]


def _put(found: list[str], place: int, choices: Choices) -> None:
    text, at = found[place], choices.below(len(found[place]) + 1)
    put = TEXTS[choices.below(len(TEXTS))]
    found[place] = text[:at] + put + text[at + choices.below(3) :]


def _odd(found: list[str], place: int, choices: Choices) -> None:
    """One value somewhere inside replaced by an odd one, the frame still JSON."""
    try:
        frame = json.loads(found[place])
    except (ValueError, RecursionError):
        return
    spots = list(_spots(frame))
    if not spots:
        return
    holder, key = spots[choices.below(len(spots))]
    holder[key] = ODD[choices.below(len(ODD))]
    found[place] = json.dumps(frame)


def _number(found: list[str], place: int, choices: Choices) -> None:
    """A digit changed: still a likely frame."""
    text = found[place]
    digits = [at for at, letter in enumerate(text) if letter.isdigit()]
    if digits:
        at = digits[choices.below(len(digits))]
        found[place] = text[:at] + str(choices.below(10)) + text[at + 1 :]


def _nest(found: list[str], place: int, choices: Choices) -> None:
    depth = 1 + choices.below(3_000)
    found[place] = "[" * depth + found[place] + "]" * depth


def _repeat(found: list[str], place: int, choices: Choices) -> None:
    if len(found) < 3 * MOST_FRAMES:
        found.insert(choices.below(len(found)), found[place])


def _leave_out(found: list[str], place: int, choices: Choices) -> None:
    del found[place]


def _move(found: list[str], place: int, choices: Choices) -> None:
    found.insert(choices.below(len(found)), found.pop(place))


_WAYS: tuple[Callable[[list[str], int, Choices], None], ...] = (
    _cut,
    _put,
    _odd,
    _odd,
    _number,
    _number,
    _nest,
    _repeat,
    _leave_out,
    _move,
)


def _spots(one: Any) -> list[tuple[Any, Any]]:
    """Every place inside a value that can be replaced."""
    found: list[tuple[Any, Any]] = []
    waiting = [one]
    while waiting:
        holder = waiting.pop()
        if isinstance(holder, dict | list):
            keys = list(holder) if isinstance(holder, dict) else range(len(holder))
            found.extend((holder, key) for key in keys)
            waiting.extend(holder[key] for key in keys)
    return found


class Coverage:
    """Lines of `feeds/` reached during a run."""

    def __init__(self) -> None:
        self.lines: set[tuple[str, int]] = set()
        self._before: Any = None

    def __enter__(self) -> Coverage:
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _call(self, frame: FrameType, event: str, arg: object) -> Any:
        return self._line if "/feeds/" in frame.f_code.co_filename else None

    def _line(self, frame: FrameType, event: str, arg: object) -> Any:
        self.lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line


def explore(venue: str, seconds: float, dice: random.Random) -> dict[str, Any]:
    """A guided run for some time. Errors are collected, not raised."""
    reached: set[tuple[str, int]] = set()
    outcomes: set[tuple[str, ...]] = set()
    kept = [b""]
    failures: list[tuple[bytes, str]] = []
    executions = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = _varied(dice.choice(kept), dice)
        executions += 1
        try:
            with Coverage() as coverage:
                outcome = run(venue, data)
        except Exception:
            failures.append((data, traceback.format_exc()))
            continue
        if coverage.lines - reached or outcome not in outcomes:
            reached |= coverage.lines
            outcomes.add(outcome)
            kept.append(data)
    return {
        "venue": venue,
        "executions": executions,
        "kept": len(kept),
        "lines": len(reached),
        "outcomes": len(outcomes),
        "failures": failures,
    }


def _varied(data: bytes, dice: random.Random) -> bytes:
    """A few bytes changed, added or dropped."""
    found = bytearray(data)
    for _ in range(1 + dice.randrange(4)):
        place = dice.randrange(len(found) + 1)
        way = dice.randrange(3)
        if way == 0 or not found:
            found[place:place] = dice.randbytes(2 * (1 + dice.randrange(6)))
        elif way == 1:
            found[place % len(found)] = dice.randrange(256)
        else:
            del found[place : place + 2]
    return bytes(found[:120])


def main() -> int:
    """Print the summary; 1 when something failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each venue")
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    failed = False
    for venue in VENUES:
        found = explore(venue, wanted.seconds, random.Random(wanted.seed))  # noqa: S311
        failures = found.pop("failures")
        sys.stdout.write(f"{json.dumps(found | {'failures': len(failures)})}\n")
        for data, text in failures[:3]:
            sys.stdout.write(f"{data.hex()}\n{text}\n")
        failed = failed or bool(failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
