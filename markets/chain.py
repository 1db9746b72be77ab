"""The chain over revisions: each row's hash is over what it says and the hash of the row before.

Whoever changes or removes a row breaks the chain at that row or the next. Rows taken from the end
leave no trace here: compare the last hash with one kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec


class Row(Protocol):
    """What is hashed of a revision."""

    pk: int
    author: str
    reason: str
    at: datetime
    changes: list[dict[str, Any]]
    hash: str


class Checked(msgspec.Struct, frozen=True):
    """How far a chain holds: rows seen, the last good row and its hash, and what broke first."""

    rows: int
    last: int
    head: str
    broken: int | None = None
    why: str = ""


def link(before: str, row: Row) -> str:
    """The hash of a row that follows one with the hash `before`."""
    said = {
        "id": row.pk,
        "author": row.author,
        "reason": row.reason,
        "at": row.at.astimezone(UTC).isoformat(),
        "changes": row.changes,
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def check(rows: Iterable[Row]) -> Checked:
    """Follow a chain from its first row, oldest first; stops at the first broken link."""
    head, last, seen = "", 0, 0
    for row in rows:
        seen += 1
        if row.hash != link(head, row):
            why = "has no hash" if not row.hash else "does not fit what stands before it"
            return Checked(seen, last, head, row.pk, f"Revision {row.pk} {why}.")
        head, last = row.hash, row.pk
    return Checked(seen, last, head)
