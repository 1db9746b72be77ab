"""What to say when a command finds no database: what is missing, where, and what to do."""

from __future__ import annotations

from django.conf import settings
from django.db import Error

# Classes of SQLSTATE: no connection, refused at the door, no such database, server going down.
AT_THE_DOOR = ("08", "28", "3D", "57P")
NO_TABLE = "42P01"
NO_COLUMN = "42703"


def away(problem: Error) -> str | None:
    """One sentence for a database that cannot be reached or has not been prepared.

    Nothing for any other problem: that is a bug, and its traceback is wanted.
    """
    state = getattr(problem.__cause__, "sqlstate", None)
    place = where()
    if state in (NO_TABLE, NO_COLUMN):
        return (
            f"The database at {place} lacks a table or column of this version; run "
            "`manage.py migrate` first."
        )
    # Without a SQLSTATE the server never answered: the client itself gave up.
    if state is None and type(problem).__name__ not in ("OperationalError", "InterfaceError"):
        return None
    if state is not None and not state.startswith(AT_THE_DOOR):
        return None
    said = str(problem).strip().splitlines()
    reason = said[0].rstrip(".") if said else "no answer"
    return (
        f"No database at {place} ({reason}); start the private one with `make servers` (or the "
        "whole site with `make demo`), or set DATABASE_URL."
    )


def where() -> str:
    """Host, port and name of the database, without user or password."""
    chosen = settings.DATABASES["default"]
    return f"{chosen.get('HOST') or 'localhost'}:{chosen.get('PORT') or 5432}/{chosen['NAME']}"
