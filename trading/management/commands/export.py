"""`manage.py export KIND`: records as a file, in small memory."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime

from markets.console import NOTHING, Console
from trading import exports
from trading.exports import Format


class Command(Console):
    """Writes rows oldest first; a file appears whole or not at all."""

    help = (
        "Export decisions, deals, orders, fills, edges, positions, revisions, stats as csv, jsonl "
        "or parquet. Money and sizes are decimals, times UTC. Exit 0 done, 2 bad usage, 3 no rows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, when, how and where to."""
        parser.add_argument("kind", choices=sorted(exports.KINDS))
        parser.add_argument("--format", choices=[f.value for f in Format], default="csv")
        parser.add_argument("--from", dest="since", default="", help="UTC date or time, included")
        parser.add_argument("--to", dest="until", default="", help="UTC date or time, excluded")
        parser.add_argument("--out", type=Path, help="a file; without it standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """The number of rows on stderr."""
        kind = exports.KINDS[options["kind"]]
        wanted = exports.between(
            kind, self._moment("from", options["since"]), self._moment("to", options["until"])
        )
        rows = exports.rows_of(kind, wanted)
        wish, out = Format(options["format"]), options["out"]
        if out is None:
            if wish is Format.PARQUET:
                self.refuse("Parquet is no text: say where to with --out FILE.")
            count = _write_text(wish)(kind, rows, self.stdout)
        else:
            count = self._to_file(wish, kind, rows, out)
        self.say(f"{count} {options['kind']}.")
        if count == 0:
            self.leave(NOTHING)

    def _to_file(self, wish: Format, kind: exports.Kind, rows: Any, out: Path) -> int:
        part = out.with_name(f"{out.name}.part")
        try:
            if wish is Format.PARQUET:
                count = exports.write_parquet(kind, rows, part)
            else:
                with part.open("w", encoding="utf-8", newline="") as text:
                    count = _write_text(wish)(kind, rows, text)
            os.replace(part, out)
        except OSError as problem:
            self.refuse(f"{out} cannot be written: {problem.strerror or problem}.")
        finally:
            part.unlink(missing_ok=True)
        return count

    def _moment(self, name: str, text: str) -> datetime | None:
        if not text:
            return None
        try:
            at = parse_datetime(text)
            day = None if at is not None else parse_date(text)
        except ValueError:
            at = day = None
        if at is None and day is None:
            self.refuse(f"--{name} is {text!r}; write 2026-11-20 or 2026-11-20T14:00.")
        if at is None and day is not None:
            at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _write_text(wish: Format) -> Any:
    return exports.write_jsonl if wish is Format.JSONL else exports.write_csv
