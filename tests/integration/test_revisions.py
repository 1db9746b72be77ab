"""Revisions: made with their change, numbered in the order of commits, hinted after it."""

from __future__ import annotations

import threading

import pytest
import redis
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.test import override_settings

from arbsite.local import Servers
from markets import selectors
from markets.revisions import HINT_CHANNEL, bump, hint

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_revision_outside_a_transaction_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="in the transaction of its change"):
        bump("alice", "why", [])


def test_a_change_that_is_rolled_back_leaves_no_revision() -> None:
    with transaction.atomic():
        bump("alice", "why", [])
        transaction.set_rollback(True)
    assert selectors.last_revision() is None


@pytest.mark.parametrize(("author", "reason"), [("", "why"), ("alice", "  ")])
def test_author_and_reason_are_required(author: str, reason: str) -> None:
    with pytest.raises(ValidationError), transaction.atomic():
        bump(author, reason, [])


def test_the_hint_carries_the_number_after_the_commit(servers: Servers) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as server, server.pubsub() as listener:
        listener.subscribe(HINT_CHANNEL)
        listener.get_message(timeout=5)
        with transaction.atomic():
            made = bump("alice", "why", [])
            assert listener.get_message(timeout=0) is None
        message = listener.get_message(timeout=5)

    assert message is not None
    assert message["data"] == str(made.pk).encode()


@override_settings(REDIS_URL="redis://127.0.0.1:1/0")
def test_a_change_is_saved_while_redis_is_away() -> None:
    with transaction.atomic():
        made = bump("alice", "why", [])
    hint(made.pk)
    assert selectors.last_revision_number() == made.pk


def test_a_second_change_waits_for_the_first_so_that_numbers_follow_the_commits() -> None:
    outcome: list[str] = []

    def second() -> None:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '100ms'")
                bump("bob", "why", [])
            outcome.append("went ahead")
        except OperationalError:
            outcome.append("had to wait")
        finally:
            connection.close()

    with transaction.atomic():
        first = bump("alice", "why", []).pk
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(20)

    assert outcome == ["had to wait"]
    assert selectors.last_revision_number() == first
