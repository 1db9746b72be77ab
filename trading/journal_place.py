"""Where this machine's journal lies, for who writes it and who reads it."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings


def journal_directory() -> Path:
    """The directory of its segments."""
    return Path(settings.DATA_DIR) / "journal"
