"""A fake that is being served for an SDK."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Served:
    """`arguments` are the SDK script's; `stop` ends the serving."""

    arguments: tuple[str, ...]
    stop: Callable[[], Awaitable[None]]
