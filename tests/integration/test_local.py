"""The private servers, really started, found, stopped and refused."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

import psycopg
import pytest
import redis
from django.conf import settings

from arbsite import local
from arbsite.local import LocalServerProblem

NOTHING_GIVEN: dict[str, str] = {}


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A data directory where the servers' user may enter, which a test's usual one is not."""
    local.make_data_dir(settings.DATA_DIR)
    path = Path(tempfile.mkdtemp(prefix="local-", dir=settings.DATA_DIR))
    path.chmod(0o711)
    with local.ensure(path, NOTHING_GIVEN):
        pass
    yield path
    rmtree(path)


def test_both_answer_inside_the_block_and_neither_after_it(data_dir: Path) -> None:
    with local.ensure(data_dir, NOTHING_GIVEN) as servers:
        with psycopg.connect(servers.database_url) as connection:
            (zone,) = connection.execute("SHOW timezone").fetchone() or ("",)
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.ping()
        assert zone == "UTC"
        assert servers.started == ["PostgreSQL", "Valkey"]
        assert servers.ended() is None

    assert not local.postgres_answers(data_dir)
    assert not local.valkey_answers(data_dir)


def test_a_second_start_uses_what_runs_and_does_not_stop_it(data_dir: Path) -> None:
    with local.ensure(data_dir, NOTHING_GIVEN) as first:
        with local.ensure(data_dir, NOTHING_GIVEN) as second:
            assert second.started == []
            assert second.database_url == first.database_url

        assert local.postgres_answers(data_dir)
        assert local.valkey_answers(data_dir)


def test_rows_are_still_there_after_a_restart(data_dir: Path) -> None:
    with (
        local.ensure(data_dir, NOTHING_GIVEN) as servers,
        psycopg.connect(servers.database_url) as c,
    ):
        c.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        c.execute("INSERT INTO kept VALUES (7)")

    with (
        local.ensure(data_dir, NOTHING_GIVEN) as servers,
        psycopg.connect(servers.database_url) as c,
    ):
        assert c.execute("SELECT max(n) FROM kept").fetchone() == (7,)


def test_the_servers_want_the_password(data_dir: Path) -> None:
    with local.ensure(data_dir, NOTHING_GIVEN) as servers:
        password = local.kept_secret(data_dir, "password")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(servers.database_url.replace(password, "guess"))
        with (
            redis.Redis.from_url(servers.redis_url.replace(password, "guess")) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 - 1, "junk"], ids=["ours", "nobody", "junk"])
def test_a_pid_file_of_a_server_long_gone_does_not_keep_it_from_starting(
    data_dir: Path, pid: object
) -> None:
    pid_file = data_dir / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{pid}\n{data_dir / 'postgres'}\n")

    with local.ensure(data_dir, NOTHING_GIVEN) as servers:
        assert servers.started == ["PostgreSQL", "Valkey"]


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_taken_port_is_one_sentence_and_leaves_nothing_running(data_dir: Path, name: str) -> None:
    port = local.kept_port(data_dir, name)
    with (
        socket.create_server((local.LOOPBACK, port)),
        pytest.raises(LocalServerProblem, match=f"port {port} is taken by another program"),
        local.ensure(data_dir, NOTHING_GIVEN),
    ):
        pass

    assert local.is_free(local.kept_port(data_dir, "postgres"))
    assert local.is_free(local.kept_port(data_dir, "valkey"))


def test_a_cluster_of_another_version_is_one_sentence(data_dir: Path) -> None:
    version = data_dir / "postgres" / "PG_VERSION"
    written = version.read_text()
    version.write_text("12\n")
    try:
        with (
            pytest.raises(LocalServerProblem, match="was written by PostgreSQL 12"),
            local.ensure(data_dir, NOTHING_GIVEN),
        ):
            pass
    finally:
        version.write_text(written)


def test_a_cluster_without_its_version_is_one_sentence(data_dir: Path) -> None:
    version = data_dir / "postgres" / "PG_VERSION"
    moved = version.rename(version.with_name("moved"))
    try:
        with (
            pytest.raises(LocalServerProblem, match="not a whole PostgreSQL data directory"),
            local.ensure(data_dir, NOTHING_GIVEN),
        ):
            pass
    finally:
        moved.rename(version)


def test_a_damaged_cluster_says_what_the_server_said(data_dir: Path) -> None:
    control = data_dir / "postgres" / "global" / "pg_control"
    moved = control.rename(control.with_name("moved"))
    try:
        with (
            pytest.raises(LocalServerProblem, match=r"did not start: .*\(the whole log is .*\)\.$"),
            local.ensure(data_dir, NOTHING_GIVEN),
        ):
            pass
    finally:
        moved.rename(control)


def test_a_server_that_ends_by_itself_is_noticed(data_dir: Path) -> None:
    with local.ensure(data_dir, NOTHING_GIVEN) as servers:
        valkey = servers.children[1]
        valkey.process.kill()
        valkey.wait(10)

        assert str(servers.ended()).startswith("Valkey has ended: ")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as somebody else")
def test_a_data_directory_nobody_may_enter_is_one_sentence(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    with (
        pytest.raises(LocalServerProblem, match=rf"`nobody` here, who may not enter {closed} on"),
        local.ensure(closed, NOTHING_GIVEN),
    ):
        pass
    rmtree(closed)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_the_servers_end_with_a_parent_that_is_killed(data_dir: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from arbsite import local\n"
        "with local.ensure(Path(sys.argv[1]), {}): print('up', flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=settings.BASE_DIR,
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        lines = [
            socket.create_connection((local.LOOPBACK, local.kept_port(data_dir, name)), timeout=30)
            for name in ("postgres", "valkey")
        ]
        parent.send_signal(signal.SIGKILL)

    for line in lines:
        with line, suppress(ConnectionResetError):
            # Ends when the server at the other side does.
            assert line.recv(1) == b""
