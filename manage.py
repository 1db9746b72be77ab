#!/usr/bin/env python
"""Runs the project's commands: `manage.py help` lists them."""

import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arbsite.settings")
    from django.core.management import execute_from_command_line
    from django.db import Error as DatabaseProblem

    from arbsite.env import EnvironmentProblem
    from arbsite.programs import LocalServerProblem
    from arbsite.stores import away

    try:
        execute_from_command_line(sys.argv)
    except (EnvironmentProblem, LocalServerProblem) as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(2)
    except DatabaseProblem as problem:
        sentence = away(problem)
        if sentence is None:
            raise
        sys.stderr.write(f"{sentence}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
