"""`manage.py config export|import|profile|preview|revert`: limits, mode, strategies and venues."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.exceptions import ValidationError

from markets.console import NO, NOTHING, Console
from risk import changesets, configuration, preview, services
from risk.documents import Unreadable, as_yaml, read
from risk.founding import NAMES
from risk.profiles import PROFILES
from risk.wanted import Wanted
from trading.amounts import shown, value_of
from trading.engine.config import SPECS


class Command(Console):
    """Writes the configuration, or saves one with author and reason."""

    help = (
        "config export FILE writes limits, execution mode, strategies and venues as YAML for .yaml "
        "and .yml, else as JSON ('-' is stdout). config import FILE saves such a file, or lines "
        "NAME=value with founding names: "
        + ", ".join(sorted(NAMES))
        + ", CB_EXEC_MODE. config profile NAME compares a profile with what is saved, --apply "
        "takes it over. config preview KEY VALUE says what a value would touch. config revert "
        "NUMBER brings every limit back to where it stood at a revision. "
        "Exit 0 done, 1 refused, 2 unreadable, 3 nothing differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One verb and what it needs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        exporting = verbs.add_parser("export", help="write the configuration")
        exporting.add_argument("file", nargs="?", default="-", help="a path, or - for stdout")
        importing = verbs.add_parser("import", help="save a configuration")
        importing.add_argument("file", type=Path)
        self._signed(importing, "Imported with manage.py config.")
        profile = verbs.add_parser("profile", help="compare with a profile, or take it over")
        profile.add_argument("name", choices=list(PROFILES))
        profile.add_argument("--apply", action="store_true", help="take it over")
        self._signed(profile, "")
        looking = verbs.add_parser("preview", help="what a value would touch")
        looking.add_argument("key")
        looking.add_argument("value")
        looking.add_argument(
            "--scope", default="", help="strategy, venue, category, event, relation"
        )
        looking.add_argument("--target", default="", help="which one")
        self.add_json(looking)
        back = verbs.add_parser("revert", help="bring limits back to a revision")
        back.add_argument("revision", type=int)
        self._signed(back, "")

    def _signed(self, parser: ArgumentParser, reason: str) -> None:
        parser.add_argument("--author", default="console")
        parser.add_argument("--reason", default=reason)
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Hand over to the verb."""
        verb = getattr(self, f"_{options['verb']}")
        try:
            verb(options)
        except ValidationError as problem:
            self.leave(NO, " ".join(problem.messages))

    def _export(self, options: dict[str, Any]) -> None:
        file, found = options["file"], configuration.document()
        is_yaml = Path(file).suffix in (".yaml", ".yml")
        text = as_yaml(found) if is_yaml else json.dumps(found, indent=2, ensure_ascii=False)
        if file == "-":
            self.stdout.write(text)
            return
        try:
            Path(file).write_text(f"{text.rstrip()}\n", encoding="utf-8")
        except OSError as problem:
            self.refuse(f"{file} cannot be written ({problem.strerror}).")
        self.say(f"Wrote {file}.")

    def _import(self, options: dict[str, Any]) -> None:
        try:
            wanted = read(options["file"])
        except Unreadable as problem:
            self.refuse(f"{options['file']}: {problem}")
        taken = configuration.take(wanted, options["author"], options["reason"])
        self.figures(msgspec.to_builtins(taken), as_json=options["json"])
        if not taken.revisions:
            self.leave(NOTHING, "Nothing differs; nothing was saved.")

    def _profile(self, options: dict[str, Any]) -> None:
        name = options["name"]
        differs = configuration.compare(name)
        words = {
            key: {"now": shown(now, SPECS[key].unit), name: shown(there, SPECS[key].unit)}
            for key, (now, there) in differs.items()
        }
        self.figures(words, as_json=options["json"])
        if not options["apply"]:
            if not differs:
                self.leave(NOTHING, f"Nothing differs from {name}.")
            return
        made = services.use_profile(name, options["author"], options["reason"])
        if made is None:
            self.leave(NOTHING, "Nothing differs; nothing was saved.")
        self.say(f"Profile {name} is saved as revision {made.pk}.")

    def _preview(self, options: dict[str, Any]) -> None:
        spec = SPECS.get(options["key"])
        if spec is None:
            raise ValidationError(changesets.unknown_key(options["key"]))
        try:
            value = value_of(options["value"], spec.unit)
        except ValueError as problem:
            raise ValidationError(str(problem)) from None
        wanted = [Wanted(spec.key, value, options["scope"], options["target"])]
        found = preview.look(wanted)
        self.figures(msgspec.to_builtins(found), as_json=options["json"])
        self.say(preview.sentence(found))

    def _revert(self, options: dict[str, Any]) -> None:
        number = options["revision"]
        reason = options["reason"] or f"Back to revision {number}."
        made = changesets.apply(changesets.as_of(number), options["author"], reason)
        if made is None:
            self.leave(NOTHING, f"Limits stand as they did at revision {number}.")
        self.say(f"Limits stand as they did at revision {number}; saved as revision {made.pk}.")
