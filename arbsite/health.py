"""Two answers for whoever watches the site: the process is alive; the stores answer."""

from __future__ import annotations

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

PROBE_SECONDS = 2


@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """This process answers; says nothing about anything else."""
    return JsonResponse({"alive": True})


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether the database and Redis answer; 503 while one does not."""
    reached = {"database": database_answers(), "redis": redis_answers()}
    return JsonResponse(reached, status=200 if all(reached.values()) else 503)


def database_answers() -> bool:
    """Whether the database carries out a statement now."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def redis_answers() -> bool:
    """Whether Redis carries out a command now."""
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=PROBE_SECONDS, socket_timeout=PROBE_SECONDS
    )
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
