"""`manage.py replay FILE...`: does today's engine decide as the recorded one did?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from errno import ENOENT
from os import strerror
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

from trading.engine.engine import Engine
from trading.engine.intents import Intent
from trading.replay.records import Header, Record
from trading.replay.replay import Difference, Outcome, replay
from trading.runtime.segments import PACKED, CorruptJournal, read_segment, segments

DONE, DIFFERENT, UNREADABLE, NOTHING = 0, 1, 2, 3


class Command(BaseCommand):
    """Exit code 0 identical, 1 different, 2 unreadable, 3 nothing to compare."""

    help = (
        "Runs recorded events through a fresh engine, from the first segment's checkpoint, and "
        "compares its decisions with the recorded ones."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "files", nargs="+", type=Path, metavar="FILE", help="segments, or a journal's directory"
        )
        parser.add_argument(
            "--json", action="store_true", help="the result as JSON in the last line"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = replay(_records(_files(options["files"])), load_engine)
        except OSError as problem:
            self.stderr.write(f"{problem.filename} cannot be read: {problem.strerror}.")
            sys.exit(UNREADABLE)
        except CorruptJournal as problem:
            self.stderr.write(str(problem))
            sys.exit(UNREADABLE)
        if outcome.gap is not None:
            self.stderr.write(
                f"Event {outcome.gap} does not follow the one before it: "
                "name every segment, in order and once."
            )
            sys.exit(UNREADABLE)
        self._tell(outcome, as_json=options["json"])
        sys.exit(_exit_code(outcome))

    def _tell(self, outcome: Outcome, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(_as_json(outcome))
            return
        if outcome.difference is None:
            self.stdout.write(f"{outcome.events} events, {outcome.decisions} decisions, identical")
            return
        self._show(outcome.difference)
        self.stdout.write(f"first difference at seq {outcome.difference.seq}")

    def _show(self, difference: Difference) -> None:
        self.stdout.write(f"event: {_text(difference.event)}")
        for side, intents in (
            ("recorded", difference.recorded),
            ("replayed", difference.replayed),
        ):
            self.stdout.write(f"{side}: {len(intents)} decisions")
            for intent in intents:
                self.stdout.write(f"  {_text(intent)}")


def load_engine(state: bytes | None) -> Engine:
    """An engine with the site's gates, from a checkpoint or new."""
    path = getattr(settings, "ENGINE_RISK", "risk.gates.chain.Chain")
    risk = import_string(path)()
    return Engine(risk) if state is None else Engine.load(state, risk)


def _files(named: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in named:
        if not (path.exists() or path.with_name(path.name + PACKED).exists()):
            raise FileNotFoundError(ENOENT, strerror(ENOENT), str(path))
        found += segments(path) if path.is_dir() else [path]
    return found


def _records(files: list[Path]) -> Iterator[Record]:
    for path in files:
        known = False
        for _, record in read_segment(path):
            if not known and not isinstance(record, Header):
                break
            known = True
            yield record
        if not known:
            raise CorruptJournal(f"{path} is not a journal segment; name files that end in .arbj.")


def _exit_code(outcome: Outcome) -> int:
    if outcome.difference is not None:
        return DIFFERENT
    return DONE if outcome.events else NOTHING


def _as_json(outcome: Outcome) -> str:
    difference = outcome.difference
    shown = None if difference is None else _sides(difference)
    return msgspec.json.encode(
        {
            "events": outcome.events,
            "decisions": outcome.decisions,
            "identical": difference is None and outcome.events > 0,
            "difference": shown,
        }
    ).decode()


def _sides(difference: Difference) -> dict[str, Any]:
    def texts(intents: tuple[Intent, ...]) -> list[str]:
        return [_text(intent) for intent in intents]

    return {
        "seq": difference.seq,
        "event": _text(difference.event),
        "recorded": texts(difference.recorded),
        "replayed": texts(difference.replayed),
    }


def _text(value: object) -> str:
    return repr(value)
