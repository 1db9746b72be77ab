"""Reads of limits and of the engine's mode, as structs in base units."""

from __future__ import annotations

import msgspec

from risk.models import EngineSetting, Threshold
from trading.engine.config import SPECS, Limits, LimitSpec, Mode


class LimitRow(msgspec.Struct, frozen=True):
    """A setting and its value now, in base units."""

    spec: LimitSpec
    value: int

    @property
    def is_default(self) -> bool:
        """Whether the shipped value holds."""
        return self.value == self.spec.default


class EngineRow(msgspec.Struct, frozen=True):
    """What may be done at all, and a note on who armed it."""

    exec_mode: Mode
    note: str


def values() -> dict[str, int]:
    """Stored values by key, of the settings that exist."""
    rows = Threshold.objects.filter(scope="").values_list("key", "value")
    return {key: value for key, value in rows if key in SPECS}


def limits() -> Limits:
    """All settings; one without a row has its shipped value."""
    return Limits(**values())


def limit_rows() -> tuple[LimitRow, ...]:
    """Every setting in the order of `LIMITS`."""
    stored = values()
    return tuple(LimitRow(spec, stored.get(key, spec.default)) for key, spec in SPECS.items())


def engine() -> EngineRow:
    """The engine-wide mode; looking only when nothing was ever set."""
    row = EngineSetting.objects.first()
    return EngineRow(Mode(row.exec_mode), row.note) if row else EngineRow(Mode.DETECT, "")


def is_armed() -> bool:
    """Whether a mode was ever set."""
    return EngineSetting.objects.exists()
