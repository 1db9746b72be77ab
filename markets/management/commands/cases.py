"""`manage.py cases export|import`: decisions kept as cases, as lines of `manage.py match`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from markets import teaching
from markets.console import NOTHING, Console


class Command(Console):
    """Writes the cases as JSON lines on stdout, or keeps those of a file."""

    help = (
        "cases export; cases import FILE.jsonl. A line is a labelled pair as `manage.py match` "
        "reads it. Exit 0 done, 2 unreadable input, 3 there are no cases."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One verb and what it needs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("export", help="all cases, oldest first, one JSON object a line")
        importing = verbs.add_parser("import", help="keep the labelled lines of a file as cases")
        importing.add_argument("file", type=Path)
        importing.add_argument("--author", default="console")

    def handle(self, *args: Any, **options: Any) -> None:
        """Hand over to the verb."""
        if options["verb"] == "import":
            self._import(options["file"], options["author"])
            return
        found = list(teaching.records())
        if not found:
            self.leave(NOTHING, "No decision was kept as a case yet.")
        for record in found:
            self.stdout.write(json.dumps(record, ensure_ascii=False))

    def _import(self, file: Path, author: str) -> None:
        try:
            text = file.read_text(encoding="utf-8")
            lines = [json.loads(line) for line in text.splitlines() if line.strip()]
            count = teaching.import_records(lines, author)
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as problem:
            self.refuse(f"{file} cannot be read ({problem}).")
        except ValidationError as problem:
            self.refuse(problem)
        if not count:
            self.leave(NOTHING, f"{file} holds no case.")
        self.figures({"cases": count}, as_json=False)
