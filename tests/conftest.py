"""Fixtures every test may ask for: the private servers, and a database that brings them along."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker

from arbsite import local

# They talk to the real services: `make live-test` asks for them, see docs/live.md.
collect_ignore = [] if os.environ.get("LIVE_TESTS") == "1" else ["live"]


@pytest.fixture(scope="session")
def servers() -> Iterator[local.Servers]:
    """PostgreSQL and Valkey, started for this run unless their addresses are in the environment."""
    with local.ensure(settings.DATA_DIR) as running:
        yield running


@pytest.fixture(scope="session")
def django_db_modify_db_settings(servers: local.Servers) -> None:
    """Have the servers before the test database is made."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, which nobody holds any more when it is dropped.

    Threads of asynchronous tests keep their connections until their interpreter ends, and
    PostgreSQL drops no database that somebody is connected to.
    """
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
