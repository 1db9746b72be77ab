"""How often one token, or one person's session, may call the API: counted in Redis by the minute.

Reads and commands have budgets of their own. Without Redis nothing is counted: a halt must always
get through.
"""

from __future__ import annotations

import redis
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

WINDOW = 60


class TooMany(Exception):
    """The budget of this minute is spent."""

    def __init__(self, allowed: int, wait: int) -> None:
        super().__init__(f"{allowed} a minute are allowed; try again in {wait} s.")
        self.wait = wait


def count(who: str, *, is_command: bool) -> None:
    """Counts one call. Errors: `TooMany`."""
    allowed = settings.API_COMMANDS_PER_MINUTE if is_command else settings.API_READS_PER_MINUTE
    now = int(timezone.now().timestamp())
    minute, spent = divmod(now, WINDOW)
    key = f"api:{who}:{'commands' if is_command else 'reads'}:{minute}"
    try:
        cache.add(key, 0, timeout=2 * WINDOW)
        calls = cache.incr(key)
    except (redis.RedisError, ValueError):
        return
    if calls > allowed:
        raise TooMany(allowed, WINDOW - spent)
