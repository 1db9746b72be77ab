"""Values that a person wants for settings, and what would take a revision's changes back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from trading.engine.config import SPECS

_NAME = re.compile(r"(?P<key>\w+)(?:@(?P<scope>\w+):(?P<target>.*?))?(?P<timed> \(override\))?")


class Wanted(msgspec.Struct, frozen=True):
    """A value a person wants for a setting: base units, None to have the wider one again.

    `scope` and `target` are empty for everything; with `until` it is an override that ends then.
    """

    key: str
    value: int | None
    scope: str = ""
    target: str = ""
    until: datetime | None = None

    @property
    def name(self) -> str:
        """How revisions name it: `max_trade`, `max_trade@venue:kalshi`, `max_trade (override)`."""
        where = f"@{self.scope}:{self.target}" if self.scope else ""
        return f"{self.key}{where}{' (override)' if self.until else ''}"


class RowWanted(msgspec.Struct, frozen=True):
    """A row a person wants that is no limit: `feature`, `jurisdiction` or `block rule`, by its
    natural key; fields None to have it taken away.

    Keys: a strategy; `COUNTRY/venue/category`, both perhaps empty; `kind/value`.
    """

    kind: str
    key: str
    fields: dict[str, Any] | None

    @property
    def name(self) -> str:
        """How revisions name it."""
        return self.key


Item = Wanted | RowWanted


def items_of(kept: Iterable[dict[str, Any]]) -> list[Item]:
    """A proposed change set as it was kept."""
    return [
        msgspec.convert(item, RowWanted) if "kind" in item else msgspec.convert(item, Wanted)
        for item in kept
    ]


def limits_of(items: Iterable[Item]) -> list[Wanted]:
    """The limits of a change set."""
    return [item for item in items if isinstance(item, Wanted)]


def rows_of(items: Iterable[Item]) -> list[RowWanted]:
    """What is no limit of a change set."""
    return [item for item in items if isinstance(item, RowWanted)]


def undone(changes: Iterable[dict[str, Any]]) -> list[Wanted]:
    """What would take the limits among a revision's changes back; what is no longer a setting, and
    the first rows of a site, are left out.
    """
    before: dict[str, dict[str, Any]] = {}
    for item in changes:
        if item["object"] == "threshold":
            before.setdefault(item["key"], {})[item["field"]] = item["before"]
    found = [_undone(name, fields) for name, fields in before.items()]
    return [item for item in found if item is not None]


def _undone(name: str, before: dict[str, Any]) -> Wanted | None:
    parts = _NAME.fullmatch(name)
    if parts is None or parts["key"] not in SPECS or "value" not in before:
        return None
    scope, value = parts["scope"] or "", before["value"]
    if value is None and not scope and not parts["timed"]:
        return None
    until = before.get("until")
    moment = datetime.fromisoformat(until) if until else None
    if parts["timed"] and moment is None:
        moment = datetime.max.replace(
            tzinfo=UTC
        )  # taken away again: the moment only says that it is an override
    return Wanted(parts["key"], value, scope, parts["target"] or "", moment)
