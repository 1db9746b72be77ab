"""Typed readers of the environment.

Decides what a variable means and says in one sentence what is wrong with it. A secret may be given
in the variable itself or in the file named by `<NAME>_FILE`. An empty variable counts as not given.
Nothing here knows which variables exist; `settings.py` does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})


class EnvironmentProblem(Exception):
    """A variable is missing or cannot be read; the message is one sentence with what to do."""


def text(name: str, default: str | None = None, *, environ: Mapping[str, str] = os.environ) -> str:
    """Value of a variable, without surrounding space.

    Errors: `EnvironmentProblem` when it is not given and has no default.
    """
    value = environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise EnvironmentProblem(f"{name} is not set; set it in the environment and start again.")
    return default


def flag(name: str, *, default: bool = False, environ: Mapping[str, str] = os.environ) -> bool:
    """Yes or no.

    Errors: `EnvironmentProblem` for a word that is neither.
    """
    value = text(name, "", environ=environ).lower()
    if not value:
        return default
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise EnvironmentProblem(f"{name} is {value!r}; write 1 for yes or 0 for no.")


def integer(
    name: str, default: int, *, low: int, high: int, environ: Mapping[str, str] = os.environ
) -> int:
    """Whole number between two bounds, both included.

    Errors: `EnvironmentProblem` for another text or a number outside the bounds.
    """
    value = text(name, str(default), environ=environ)
    wanted = f"write a whole number from {low} to {high}."
    try:
        number = int(value)
    except ValueError:
        raise EnvironmentProblem(f"{name} is {value!r}; {wanted}") from None
    if not low <= number <= high:
        raise EnvironmentProblem(f"{name} is {number}; {wanted}")
    return number


def words(
    name: str, default: tuple[str, ...] = (), *, environ: Mapping[str, str] = os.environ
) -> list[str]:
    """Comma-separated words in their order; may be empty."""
    value = text(name, ",".join(default), environ=environ)
    return [word.strip() for word in value.split(",") if word.strip()]


def secret(name: str, *, environ: Mapping[str, str] = os.environ) -> str:
    """A secret from the variable or from the file `<NAME>_FILE` names; empty when neither is given.

    Errors: `EnvironmentProblem` when both are given, or when the file cannot be read or is empty.
    """
    value = text(name, "", environ=environ)
    path = text(f"{name}_FILE", "", environ=environ)
    if value and path:
        raise EnvironmentProblem(f"{name} and {name}_FILE are both set; keep one of them.")
    if not path:
        return value
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise EnvironmentProblem(
            f"{name}_FILE names {path}, which cannot be read ({type(problem).__name__}); "
            "correct the path or its permissions."
        ) from None
    if not content:
        raise EnvironmentProblem(f"{name}_FILE names {path}, which is empty; put the secret in it.")
    return content


def database(url: str) -> dict[str, Any]:
    """Django's settings of one PostgreSQL database from its address.

    Shape: `postgresql://user:password@host:port/name?option=value`; the options go to the driver.
    Errors: `EnvironmentProblem` for another scheme or an address without a database name.
    """
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in {"postgres", "postgresql"} or not name:
        raise EnvironmentProblem(
            "DATABASE_URL is not a PostgreSQL address; "
            "write postgresql://user:password@host:port/name."
        )
    try:
        port = parts.port or 5432
    except ValueError:
        raise EnvironmentProblem(
            "DATABASE_URL has a port that is not a number from 1 to 65535; correct it."
        ) from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": port,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }
