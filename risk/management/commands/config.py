"""`manage.py config export|import FILE`: limits, mode and venues as one file."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.exceptions import ValidationError

from markets.console import NO, NOTHING, Console
from risk import configuration
from risk.founding import NAMES


class Command(Console):
    """Writes the configuration, or saves one with author and reason."""

    help = (
        "config export FILE writes limits, execution mode and venues as JSON ('-' is stdout). "
        "config import FILE saves such a file, or lines NAME=value with founding names: "
        + ", ".join(sorted(NAMES))
        + ", CB_EXEC_MODE. "
        "Exit 0 done, 1 refused, 2 unreadable, 3 nothing in it differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One verb and the file."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        exporting = verbs.add_parser("export", help="write the configuration")
        exporting.add_argument("file", nargs="?", default="-", help="a path, or - for stdout")
        importing = verbs.add_parser("import", help="save a configuration")
        importing.add_argument("file", type=Path)
        importing.add_argument("--author", default="console")
        importing.add_argument("--reason", default="Imported with manage.py config.")
        self.add_json(importing)

    def handle(self, *args: Any, **options: Any) -> None:
        """Hand over to the verb."""
        if options["verb"] == "export":
            self._export(options["file"])
        else:
            self._import(options)

    def _export(self, file: str) -> None:
        text = json.dumps(configuration.document(), indent=2, ensure_ascii=False)
        if file == "-":
            self.stdout.write(text)
            return
        try:
            Path(file).write_text(f"{text}\n", encoding="utf-8")
        except OSError as problem:
            self.refuse(f"{file} cannot be written ({problem.strerror}).")
        self.say(f"Wrote {file}.")

    def _import(self, options: dict[str, Any]) -> None:
        try:
            wanted = _read(options["file"])
        except (OSError, UnicodeDecodeError) as problem:
            self.refuse(f"{options['file']} cannot be read ({type(problem).__name__}).")
        except ValueError as problem:
            self.refuse(f"{options['file']}: {problem}")
        try:
            taken = configuration.take(wanted, options["author"], options["reason"])
        except ValidationError as problem:
            self.leave(NO, " ".join(problem.messages))
        for name in taken.unknown:
            self.say(f"{name} has no counterpart here; it was passed over.")
        self.figures(msgspec.to_builtins(taken), as_json=options["json"])
        if not taken.revisions:
            self.leave(NOTHING, "Nothing differs; nothing was saved.")


def _read(path: Path) -> dict[str, Any]:
    """A JSON object, or lines `NAME=value` with comments after `#`.

    Errors: `ValueError` naming the line that is neither.
    """
    text = path.read_text(encoding="utf-8")
    if text.lstrip().startswith("{"):
        found: dict[str, Any] = json.loads(text)
        return found
    wanted = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].strip().removeprefix("export ").strip()
        if not words:
            continue
        name, equals, value = words.partition("=")
        if not equals:
            raise ValueError(f"line {number} is neither NAME=value nor JSON.")
        wanted[name.strip()] = value.strip().strip("\"'")
    return wanted
