"""Between the engine's nanoseconds and the rows' UTC datetimes, in integers.

Rows keep microseconds: a time is rounded down on its way into a row.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from markets.terms.units import Ns

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def moment(at: Ns) -> datetime:
    """The UTC datetime of nanoseconds, rounded down to a microsecond."""
    return _EPOCH + timedelta(microseconds=at // 1_000)


def moment_or_none(at: Ns | None) -> datetime | None:
    """As `moment`; nothing stays nothing."""
    return None if at is None else moment(at)


def ns(at: datetime) -> Ns:
    """Nanoseconds of an aware datetime."""
    return Ns((at - _EPOCH) // _MICROSECOND * 1_000)


def ns_or_none(at: datetime | None) -> Ns | None:
    """As `ns`; nothing stays nothing."""
    return None if at is None else ns(at)
