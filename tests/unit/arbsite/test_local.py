"""Tests of what the private servers keep in their data directory; no server runs here."""

import json
import socket
from pathlib import Path

import pytest

from arbsite import local
from arbsite.local import LocalServerProblem


def test_a_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = local.kept_secret(tmp_path / "data", "key")

    assert local.kept_secret(tmp_path / "data", "key") == first
    assert len(first) == 64
    assert (tmp_path / "data" / "key").stat().st_mode & 0o777 == 0o600


def test_ports_are_chosen_once_and_differ(tmp_path: Path) -> None:
    first, second = local.kept_port(tmp_path, "postgres"), local.kept_port(tmp_path, "valkey")

    assert (local.kept_port(tmp_path, "postgres"), local.kept_port(tmp_path, "valkey")) == (
        first,
        second,
    )
    assert first != second
    assert json.loads((tmp_path / "ports.json").read_text()) == {
        "postgres": first,
        "valkey": second,
    }


def test_a_program_about_to_start_gets_another_port_when_its_own_is_taken(tmp_path: Path) -> None:
    kept = local.free_port(tmp_path, "web")
    with socket.create_server((local.LOOPBACK, kept)):
        moved = local.free_port(tmp_path, "web")

    assert moved != kept
    assert local.free_port(tmp_path, "web") == moved


def test_the_first_free_preferred_port_is_chosen(tmp_path: Path) -> None:
    with socket.create_server((local.LOOPBACK, 0)) as taken, socket.socket() as free:
        free.bind((local.LOOPBACK, 0))
        wanted = (taken.getsockname()[1], free.getsockname()[1])
        free.close()

        assert local.free_port(tmp_path, "web", wanted) == wanted[1]


@pytest.mark.parametrize("content", ["", "[]", '{"postgres": "many"}', "{"])
def test_a_damaged_list_of_ports_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "ports.json").write_text(content)

    with pytest.raises(LocalServerProblem, match=r"ports\.json is not a list of ports any more"):
        local.kept_port(tmp_path, "postgres")


def test_addresses_are_known_before_anything_runs(tmp_path: Path) -> None:
    database, valkey = local.connection_urls(tmp_path)

    password = local.kept_secret(tmp_path, "password")
    port = local.kept_port(tmp_path, "postgres")
    assert database == f"postgresql://arbsite:{password}@127.0.0.1:{port}/arbsite"
    assert valkey == f"redis://:{password}@127.0.0.1:{local.kept_port(tmp_path, 'valkey')}/0"
    assert not local.postgres_answers(tmp_path)
    assert not local.valkey_answers(tmp_path)


def test_addresses_in_the_environment_start_nothing(tmp_path: Path) -> None:
    given = {"DATABASE_URL": "postgresql://elsewhere/db", "REDIS_URL": "redis://elsewhere/0"}

    with local.ensure(tmp_path / "data", given) as servers:
        assert (servers.database_url, servers.redis_url) == tuple(given.values())
        assert servers.started == []
    assert not (tmp_path / "data").exists()


def test_a_data_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(LocalServerProblem, match=r"cannot be created \(.*\); set ARBSITE_DATA"):
        local.make_data_dir(tmp_path / "file" / "data")
