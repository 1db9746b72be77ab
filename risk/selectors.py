"""Reads of limits, the engine's mode, strategies and places, as structs in base units."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from django.db.models import F
from django.utils import timezone

from markets.moments import ns
from markets.terms.ids import VenueId
from markets.terms.units import Ns
from risk.gates.breaker import NAMES
from risk.models import ChangeSet, EngineSetting, Feature, GeoCheck, Jurisdiction, Threshold
from trading.amounts import text_of
from trading.engine import config
from trading.engine.config import SPECS, Limits, LimitSpec, Mode, Rollout, Unit
from trading.engine.limits import Scope
from trading.engine.orders import BookKind
from trading.engine.pictures import EnginePicture
from trading.engine.scopes import ScopedLimit


class LimitRow(msgspec.Struct, frozen=True):
    """A setting and its value now, in base units."""

    spec: LimitSpec
    value: int

    @property
    def is_default(self) -> bool:
        """Whether the shipped value holds."""
        return self.value == self.spec.default


class ScopedRow(msgspec.Struct, frozen=True):
    """A value for less than everything, or for a time; `until` None is for good."""

    spec: LimitSpec
    scope: str
    target: str
    value: int
    until: datetime | None = None


class EngineRow(msgspec.Struct, frozen=True):
    """What may be done at all, a note on who armed it, where and when the operator lives, and
    whether limits need two people.
    """

    exec_mode: Mode
    note: str
    timezone: str = "UTC"
    country: str = ""
    two_people: bool = False


class FeatureRow(msgspec.Struct, frozen=True):
    """How far a strategy is let."""

    strategy: str
    rollout: str
    venue: str
    share_ppm: int

    @property
    def share(self) -> str:
        """The share in percent as a person would type it; nothing for none."""
        return text_of(self.share_ppm, Unit.PPM) if self.share_ppm else ""


class ChangeSetRow(msgspec.Struct, frozen=True):
    """A proposed change of limits."""

    id: int
    author: str
    reason: str
    at: Ns
    base: int
    wanted: tuple[dict[str, object], ...]
    state: str


def values() -> dict[str, int]:
    """Lasting values for everything by key, of the settings that exist."""
    rows = Threshold.objects.filter(scope="", expires_at=None).values_list("key", "value")
    return {key: value for key, value in rows if key in SPECS}


def limits() -> Limits:
    """All settings for everything; one without a row has its shipped value."""
    return Limits(**values())


def limit_rows() -> tuple[LimitRow, ...]:
    """Every setting in the order of `LIMITS`."""
    stored = values()
    return tuple(LimitRow(spec, stored.get(key, spec.default)) for key, spec in SPECS.items())


def scoped_rows() -> tuple[ScopedRow, ...]:
    """Values for less than everything and overrides that have not run out, in the table's order;
    an override after the lasting value it stands before.
    """
    rows = Threshold.objects.exclude(scope="", expires_at=None).filter(key__in=SPECS)
    standing = rows.exclude(expires_at__lte=timezone.now())
    order = {key: number for number, key in enumerate(SPECS)}
    found = standing.order_by("scope", "target", F("expires_at").asc(nulls_first=True))
    return tuple(
        sorted(
            (ScopedRow(SPECS[r.key], r.scope, r.target, r.value, r.expires_at) for r in found),
            key=lambda row: order[row.spec.key],
        )
    )


def scoped() -> tuple[ScopedLimit, ...]:
    """The same for the engine."""
    return tuple(
        ScopedLimit(
            row.spec.key,
            Scope(row.scope),
            row.target,
            row.value,
            ns(row.until) if row.until else Ns(0),
        )
        for row in scoped_rows()
    )


def at_venue(key: str, venue: str) -> int:
    """The value of a setting that holds at a venue now, in base units."""
    rows = [row for row in scoped_rows() if row.spec.key == key]
    wide = [row.value for row in rows if row.scope == Scope.EVERYTHING]
    own = [row.value for row in rows if (row.scope, row.target) == (Scope.VENUE, venue)]
    # An override stands after the lasting value it takes the place of.
    return [values().get(key, SPECS[key].default), *wide, *own][-1]


def engine() -> EngineRow:
    """The engine-wide mode; looking only when nothing was ever set."""
    row = EngineSetting.objects.first()
    if row is None:
        return EngineRow(Mode.DETECT, "")
    return EngineRow(Mode(row.exec_mode), row.note, row.timezone, row.country, row.two_people)


def is_armed() -> bool:
    """Whether a mode was ever set."""
    return EngineSetting.objects.exists()


def feature_rows() -> tuple[FeatureRow, ...]:
    """Every strategy that has a row."""
    return tuple(
        FeatureRow(r.strategy, r.rollout, r.venue, r.share_ppm) for r in Feature.objects.all()
    )


def features() -> tuple[config.Feature, ...]:
    """The same for the engine."""
    return tuple(
        config.Feature(r.strategy, Rollout(r.rollout), VenueId(r.venue), r.share_ppm)
        for r in feature_rows()
    )


def permissions(country: str) -> tuple[config.Permission, ...]:
    """What holds in a country; nothing where none is named."""
    rows = Jurisdiction.objects.filter(country=country) if country else ()
    return tuple(config.Permission(VenueId(r.venue), r.category, r.allowed, r.why) for r in rows)


def geoblocks() -> dict[str, str]:
    """What venues said against us when they were last asked, by venue."""
    rows: Iterable[GeoCheck] = GeoCheck.objects.filter(blocked=True)
    return {row.venue: row.said or "blocked" for row in rows}


def proposed() -> tuple[ChangeSetRow, ...]:
    """Change sets that wait for a second person, newest first."""
    rows = ChangeSet.objects.filter(state=ChangeSet.State.PROPOSED)
    return tuple(_change_set(row) for row in rows)


def change_set(number: int) -> ChangeSetRow:
    """One change set. Errors: `LookupError` when there is none of this number."""
    row = ChangeSet.objects.filter(pk=number).first()
    if row is None:
        raise LookupError(f"There is no change set {number}.")
    return _change_set(row)


def _change_set(row: ChangeSet) -> ChangeSetRow:
    at = ns(row.at)
    return ChangeSetRow(row.pk, row.author, row.reason, at, row.base, tuple(row.wanted), row.state)


class BreakerRow(msgspec.Struct, frozen=True):
    """A breaker of one book as it stands; `until` and `reason` only where it is not armed."""

    book: str
    name: str
    state: str
    reason: str = ""
    until: Ns | None = None


def breakers(engine: EnginePicture | None) -> tuple[BreakerRow, ...]:
    """Every breaker of the books that deal, as the engine last showed it; those that stop first."""
    stopped = {(b.book, b.name): b for b in engine.breakers} if engine else {}
    found = []
    for book in (BookKind.LIVE, BookKind.PAPER):
        for name in NAMES:
            trip = stopped.get((book.value, name))
            row = BreakerRow(book.value, name, "armed")
            if trip is not None:
                row = BreakerRow(book.value, name, trip.state, trip.reason, trip.until)
            found.append(row)
    return tuple(sorted(found, key=lambda row: row.state == "armed"))
