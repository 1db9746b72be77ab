"""A command without its database ends in one sentence."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import Error, IntegrityError, OperationalError, ProgrammingError

from arbsite.stores import away

ROOT = Path(settings.BASE_DIR)


def caused(problem: Error, state: str | None) -> Error:
    """As Django wraps what its driver raised."""
    cause = psycopg.Error("inner")
    cause.sqlstate = state
    problem.__cause__ = cause
    return problem


@pytest.mark.parametrize("words", [["stats"], ["venue", "kalshi"], ["token", "alice"]])
def test_a_command_without_its_database_says_so_in_one_sentence(
    words: list[str], tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "arbsite.settings",
        "DATABASE_URL": f"postgresql://me:secret@127.0.0.1:{port}/arbsite",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "ARBSITE_DATA": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1, done.stderr
    assert f"No database at 127.0.0.1:{port}/arbsite" in done.stderr
    assert "make servers" in done.stderr
    assert "secret" not in done.stderr


def test_a_database_that_was_never_prepared_asks_for_migrate() -> None:
    sentence = away(caused(ProgrammingError("relation does not exist"), "42P01"))
    assert sentence is not None
    assert "manage.py migrate" in sentence


@pytest.mark.parametrize("state", ["08006", "28P01", "3D000", "57P01", None])
def test_what_fails_at_the_door_is_a_database_that_is_away(state: str | None) -> None:
    assert away(caused(OperationalError("no"), state)) is not None


@pytest.mark.parametrize("state", ["40P01", "23505"])
def test_any_other_problem_is_a_bug_and_keeps_its_traceback(state: str) -> None:
    assert away(caused(IntegrityError("twice"), state)) is None
