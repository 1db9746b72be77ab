"""The site's settings for a test run, with servers of its own.

Each run takes the first free slot under `.local/test/`, so that two runs never share a server or a
database; a slot's data directory is kept, so that the next run starts at once. DATABASE_URL and
REDIS_URL in the environment are used instead, and ARBSITE_DATA names another data directory.
"""

import fcntl
import os
from itertools import count
from pathlib import Path
from typing import IO

SLOTS = Path(__file__).resolve().parent.parent / ".local" / "test"


def take_slot() -> tuple[Path, IO[str]]:
    """A data directory nobody else uses; it stays ours while the returned file is open."""
    from arbsite import local

    for number in count():
        slot = SLOTS / str(number)
        local.make_data_dir(slot)
        lock = (slot / "run.lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        return slot, lock
    raise AssertionError("counting never ends")


os.environ["TESTING"] = "1"
if "ARBSITE_DATA" not in os.environ:
    data_dir, SLOT_LOCK = take_slot()
    os.environ["ARBSITE_DATA"] = str(data_dir)
# Each process of a parallel run has servers of its own inside the run's directory; what it starts
# inherits the directory and stays in it.
worker = os.environ.get("PYTEST_XDIST_WORKER")
if worker and Path(os.environ["ARBSITE_DATA"]).name != worker:
    os.environ["ARBSITE_DATA"] = str(Path(os.environ["ARBSITE_DATA"]) / worker)

from arbsite.settings import *  # noqa: E402, F403

DEBUG = False
# Fast and weak on purpose: a test logs in often.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Static files come from where they lie; nothing is collected for a test.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# Tests sign in without a request of a browser; those of the lockout switch it on.
AXES_ENABLED = False
# A suite asks more in a minute than a person; the test of the limit sets its own.
API_READS_PER_MINUTE = API_COMMANDS_PER_MINUTE = 1_000_000
