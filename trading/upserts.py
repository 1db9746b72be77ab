"""Rows written by their natural keys: again changes nothing, or brings the later word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Model

M = TypeVar("M", bound=Model)


def upsert(rows: Sequence[M], key: Sequence[str], fields: Sequence[str]) -> None:
    """Writes rows; of one whose `key` is there, only `fields` are written over."""
    if rows:
        type(rows[0])._default_manager.bulk_create(
            rows, update_conflicts=True, unique_fields=key, update_fields=fields
        )


def insert(rows: Sequence[M]) -> None:
    """Writes rows; one that is there stays as it is."""
    if rows:
        type(rows[0])._default_manager.bulk_create(rows, ignore_conflicts=True)
