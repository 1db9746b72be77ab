"""When a session is over: after a longest time however busy, and after a time without a request.

An admin's is shorter than the others': what it may change is worth more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from markets.roles import Role

BEGAN = "began"
SEEN = "seen"


def is_over(session: Mapping[str, Any], role: Role | None, now: int) -> bool:
    """Whether a session of this role has lasted or slept too long; `now` in seconds.

    A session that was not looked at yet has just begun.
    """
    is_admin = role is Role.ADMIN
    longest = settings.ADMIN_LONGEST_SECONDS if is_admin else settings.SESSION_LONGEST_SECONDS
    idle = settings.ADMIN_IDLE_SECONDS if is_admin else settings.SESSION_COOKIE_AGE
    began = session.get(BEGAN, now)
    return bool(now - began > longest or now - session.get(SEEN, began) > idle)
