"""The admin of limits and of the engine's mode."""

# The admin theme carries no types.
# mypy: disable-error-code="misc, untyped-decorator"
from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.decorators import display

from markets.config_admin import ConfigAdmin, RecordAdmin, author_of
from markets.models import BlockRule
from markets.terms.units import text_from_micros
from risk import changesets, rows, services
from risk.forms import (
    BlockForm,
    EngineForm,
    FeatureForm,
    JurisdictionForm,
    ThresholdForm,
    wanted_of,
)
from risk.models import ChangeSet, EngineSetting, Feature, GeoCheck, Jurisdiction, Threshold
from risk.wanted import Wanted
from trading.amounts import shown
from trading.engine.config import SPECS


@admin.register(Threshold)
class ThresholdAdmin(ConfigAdmin):
    """Limits in the unit people read; a value that could not run is refused before it is saved."""

    form = ThresholdForm
    list_display = ("key", "place", "current", "bounds", "shipped", "group", "meaning")
    list_filter = ("group", "scope")
    search_fields = ("key", "meaning")
    readonly_fields = ("key", "meaning")
    fields = ("key", "meaning", "amount", "reason", "confirmed")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Every limit has its row from the beginning."""
        return False

    @display(description="For")
    def place(self, obj: Threshold) -> str:
        """Where it holds, and until when."""
        where = f"{obj.scope} {obj.target}" if obj.scope else "everything"
        return f"{where}, until {obj.expires_at:%d %b %H:%M} UTC" if obj.expires_at else where

    @display(description="Value", ordering="value")
    def current(self, obj: Threshold) -> str:
        """The value that is saved."""
        return shown(obj.value, obj.unit)

    @display(description="Bounds")
    def bounds(self, obj: Threshold) -> str:
        """What is accepted, both ends included."""
        return f"{shown(obj.low, obj.unit)} to {shown(obj.high, obj.unit)}"

    @display(description="Shipped")
    def shipped(self, obj: Threshold) -> str:
        """The value a fresh site has."""
        spec = SPECS.get(obj.key)
        return shown(spec.default, spec.unit) if spec else "no longer used"

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Saves through the service, which makes the revision."""
        wanted = Wanted(obj.key, form.cleaned_data["amount"], obj.scope, obj.target, obj.expires_at)
        changesets.apply([wanted], author_of(request), form.cleaned_data["reason"])


@admin.register(EngineSetting)
class EngineSettingAdmin(ConfigAdmin):
    """How far the engine may go: look, trade on paper, trade with money."""

    form = EngineForm
    list_display = ("__str__", "exec_mode", "note", "timezone", "country", "two_people")
    fields = ("exec_mode", "note", "timezone", "country", "two_people", "reason", "confirmed")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one row."""
        return super().has_add_permission(request) and not EngineSetting.objects.exists()

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Saves through the service, which makes the revision."""
        services.set_engine(
            obj.exec_mode,
            author_of(request),
            form.cleaned_data["reason"],
            obj.note,
            timezone=obj.timezone,
            country=obj.country,
            two_people=obj.two_people,
        )


class RowAdmin(ConfigAdmin):
    """Rows known by a natural key: saved as a change set, so that they can be taken back, and never
    alone where a second person is asked for.
    """

    kind = ""
    keys: tuple[str, ...] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What a row is about stays; another is another row."""
        return self.keys if obj is not None else ()

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Saves through the change sets, which make the revision."""
        reason = form.cleaned_data["reason"]
        changesets.apply([wanted_of(self.kind, obj, reason)], author_of(request), reason)
        kept = rows.KINDS[self.kind].find(rows.key_of(obj))
        if kept is not None:
            obj.pk = kept.pk


@admin.register(Feature)
class FeatureAdmin(RowAdmin):
    """How far each strategy is let; one without a row is off."""

    form = FeatureForm
    kind = rows.FEATURE
    keys = ("strategy",)
    list_display = ("strategy", "rollout", "venue", "share")
    list_filter = ("rollout",)
    fields = ("strategy", "rollout", "venue", "share_ppm", "reason", "confirmed")

    @display(description="Share", ordering="share_ppm")
    def share(self, obj: Feature) -> str:
        """In percent; only where the stage is a share."""
        if obj.rollout != Feature.Rollout.SHARE:
            return "–"
        return f"{text_from_micros(obj.share_ppm * 100, 0)} %"


@admin.register(Jurisdiction)
class JurisdictionAdmin(RowAdmin):
    """What may be traded from where; an empty name is any."""

    form = JurisdictionForm
    kind = rows.PLACE
    keys = ("venue", "country", "category")
    list_display = ("__str__", "venue", "country", "category", "allowed", "why")
    list_filter = ("country", "allowed")
    fields = ("venue", "country", "category", "allowed", "why", "reason", "confirmed")


@admin.register(BlockRule)
class BlockRuleAdmin(RowAdmin):
    """What must never be traded."""

    form = BlockForm
    kind = rows.BLOCK
    keys = ("kind", "value")
    list_display = ("kind", "value", "reason", "active")
    list_filter = ("kind", "active")
    search_fields = ("value", "reason")
    fields = ("kind", "value", "active", "reason", "confirmed")


@admin.register(GeoCheck)
class GeoCheckAdmin(RecordAdmin):
    """What venues said of where we are."""

    list_display = ("venue", "blocked", "said", "at")


@admin.register(ChangeSet)
class ChangeSetAdmin(RecordAdmin):
    """Changes that were proposed; they are approved on the Settings page."""

    list_display = ("id", "state", "author", "reason", "at", "decided_by", "revision")
    list_filter = ("state",)
