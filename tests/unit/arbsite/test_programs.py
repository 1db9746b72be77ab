"""Tests of where the servers' programs are and whether they may be used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from arbsite import programs
from arbsite.programs import LocalServerProblem, Unprivileged

STRANGER = Unprivileged(uid=65_000, gid=65_000)


def fake_postgres(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f'#!/bin/sh\necho "postgres (PostgreSQL) {version}"\n')
        (folder / name).chmod(0o755)
    return folder


def test_no_postgresql_anywhere_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LocalServerProblem, match="There is no PostgreSQL here: install the wheel"):
        programs.postgres_binaries(tmp_path / "cluster", None, [tmp_path])


def test_no_valkey_anywhere_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LocalServerProblem, match="There is no Valkey or Redis here: install"):
        programs.valkey_binary(None, [tmp_path / "valkey-server"])


def test_the_first_postgresql_is_used_for_a_new_cluster(tmp_path: Path) -> None:
    newer = fake_postgres(tmp_path / "new", "18.1")
    older = fake_postgres(tmp_path / "old", "15.4")

    assert programs.postgres_binaries(tmp_path / "cluster", None, [newer, older]) == newer


def test_a_cluster_is_read_by_the_version_that_wrote_it(tmp_path: Path) -> None:
    newer = fake_postgres(tmp_path / "new", "18.1")
    older = fake_postgres(tmp_path / "old", "15.4")
    (tmp_path / "PG_VERSION").write_text("15\n")

    assert programs.postgres_binaries(tmp_path, None, [newer, older]) == older


def test_a_cluster_of_a_version_that_is_not_here_is_one_sentence(tmp_path: Path) -> None:
    newer = fake_postgres(tmp_path / "new", "18.1")
    (tmp_path / "PG_VERSION").write_text("12\n")

    with pytest.raises(
        LocalServerProblem, match="written by PostgreSQL 12 and this is PostgreSQL 18"
    ):
        programs.postgres_binaries(tmp_path, None, [newer])


def test_a_postgresql_that_does_not_run_is_one_sentence(tmp_path: Path) -> None:
    broken = fake_postgres(tmp_path / "broken", "")

    with pytest.raises(LocalServerProblem, match="does not run on this machine"):
        programs.major(broken)


def test_a_program_behind_a_closed_folder_names_the_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    folder = fake_postgres(closed / "bin", "18.1")
    open_the_way(tmp_path)
    closed.chmod(0o700)

    assert programs.blocked_at(folder / "postgres", STRANGER) == closed


def test_a_program_within_reach_is_not_blocked(tmp_path: Path) -> None:
    folder = fake_postgres(tmp_path / "bin", "18.1")
    open_the_way(tmp_path)

    assert programs.blocked_at(folder / "postgres", STRANGER) is None


def test_an_unreachable_program_is_passed_over_for_one_within_reach(tmp_path: Path) -> None:
    closed = fake_postgres(tmp_path / "closed", "18.1")
    reachable = fake_postgres(tmp_path / "open", "15.4")
    open_the_way(tmp_path)
    closed.chmod(0o700)

    assert programs.postgres_binaries(tmp_path / "c", STRANGER, [closed, reachable]) == reachable
    with pytest.raises(LocalServerProblem, match=rf"may not enter {closed} on the way"):
        programs.postgres_binaries(tmp_path / "c", STRANGER, [closed])


def test_the_last_line_is_the_one_that_says_why(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("2026-01-01 UTC [7] FATAL:  data is damaged.\n2026-01-01 LOG:  shut down\n")

    assert programs.last_line(log) == "data is damaged"


def test_a_silent_server_is_said_to_be_silent(tmp_path: Path) -> None:
    assert programs.last_line(tmp_path / "absent.log") == "it said nothing"


def test_the_command_line_of_a_live_process_is_seen_and_of_a_dead_one_is_empty() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "py" in programs.command_line(os.getpid())
    assert programs.command_line(int(ended.stdout)) == ""


def open_the_way(path: Path) -> None:
    """Make a test's own folders enterable by everybody."""
    for part in (path, *path.parents):
        if part.stat().st_mode & 0o001:
            return
        part.chmod(0o755)
