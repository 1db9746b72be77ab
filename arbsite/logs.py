"""How the web, the jobs, the worker and the commands write their log: one JSON object a line, on
stderr.

A line written on an order's way to its venue names the order, its deal and the deal's trace.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import structlog

from trading.runtime.spoken import spoken_of


def name_order(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The line with what it is about, where it does not say so itself."""
    for key, value in spoken_of().items():
        line.setdefault(key, value)
    return line


SHARED = (
    structlog.contextvars.merge_contextvars,
    name_order,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure() -> None:
    """Send structlog's own loggers through the standard library's."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_settings(level: str, *, plain: bool) -> dict[str, Any]:
    """Django's LOGGING: JSON lines, or plain ones for a person at a terminal."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if plain else structlog.processors.JSONRenderer()
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": list(SHARED),
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # One line a request says nothing that the access log of the proxy does not.
            "daphne": {"level": "WARNING"},
            "django.channels.server": {"level": "WARNING"},
        },
    }
