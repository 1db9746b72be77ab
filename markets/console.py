"""What every command has in common: exit codes, figures on stdout, messages on stderr, `--json`."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

NO = 1
BAD_INPUT = 2
NOTHING = 3


class Console(BaseCommand):
    """A command whose exit code says 0 done, 1 no, 2 bad usage or input, 3 nothing to do."""

    def add_json(self, parser: ArgumentParser) -> None:
        """Offer `--json`."""
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object as the last line of stdout"
        )

    def figures(self, found: dict[str, Any], *, as_json: bool) -> None:
        """Figures on stdout, one a line or as one JSON object."""
        if as_json:
            self.stdout.write(json.dumps(found, default=str))
            return
        for name, value in found.items():
            self.stdout.write(f"{name}: {'–' if value in (None, '') else value}")

    def say(self, sentence: str) -> None:
        """A message on stderr."""
        self.stderr.write(sentence, style_func=str)

    def refuse(self, problem: ValidationError | str) -> NoReturn:
        """End with exit code 2 and the sentence."""
        text = problem if isinstance(problem, str) else " ".join(problem.messages)
        raise CommandError(text, returncode=BAD_INPUT)

    def leave(self, code: int, sentence: str = "") -> NoReturn:
        """End with another exit code, and say why."""
        if sentence:
            self.say(sentence)
        sys.exit(code)
