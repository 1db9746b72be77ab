"""What whoever watches the site is told: the process is alive; the stores answer; what the worker
runs.
"""

from __future__ import annotations

import msgspec
import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from markets import selectors as markets
from markets.moments import ns
from markets.terms.units import SECOND, Ns
from risk import selectors as risk
from trading import askings

PROBE_SECONDS = 2
SILENT = 5 * SECOND


class WorkerHealth(msgspec.Struct, frozen=True):
    """The worker as it last spoke, at `at`; `silent` when that is more than five seconds ago.

    `rejected` are the reasons why it does not run the newest revision.
    """

    name: str
    run: str
    mode: str
    at: Ns
    silent: bool
    revision_running: int
    rejected: tuple[str, ...]


class Health(msgspec.Struct, frozen=True):
    """The site as a whole; without a `worker` none ever spoke."""

    at: Ns
    redis: bool
    mode: str
    revision_saved: int
    worker: WorkerHealth | None


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


def site_health() -> Health:
    """How the site stands now."""
    now, worker = ns(timezone.now()), askings.worker()
    return Health(
        at=now,
        redis=redis_answers(),
        mode=risk.engine().exec_mode,
        revision_saved=markets.last_revision_number(),
        worker=_worker_health(worker, now) if worker else None,
    )


def _worker_health(worker: askings.WorkerRow, now: Ns) -> WorkerHealth:
    return WorkerHealth(
        name=worker.name,
        run=worker.run,
        mode=worker.mode,
        at=worker.at,
        silent=now - worker.at > SILENT,
        revision_running=worker.revision_running,
        rejected=worker.rejected,
    )
