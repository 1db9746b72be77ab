"""The admin of limits and of the engine's mode."""

# The admin theme carries no types.
# mypy: disable-error-code="misc, untyped-decorator"
from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.decorators import display

from markets.config_admin import ConfigAdmin, author_of
from risk import services
from risk.forms import EngineForm, ThresholdForm
from risk.models import EngineSetting, Threshold
from trading.amounts import shown
from trading.engine.config import SPECS


@admin.register(Threshold)
class ThresholdAdmin(ConfigAdmin):
    """Limits in the unit people read; a value that could not run is refused before it is saved."""

    form = ThresholdForm
    list_display = ("key", "current", "bounds", "shipped", "group", "meaning")
    list_filter = ("group",)
    search_fields = ("key", "meaning")
    readonly_fields = ("key", "meaning")
    fields = ("key", "meaning", "amount", "reason")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Every limit has its row from the beginning."""
        return False

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
        wanted = {obj.key: form.cleaned_data["amount"]}
        services.set_limits(wanted, author_of(request), form.cleaned_data["reason"])


@admin.register(EngineSetting)
class EngineSettingAdmin(ConfigAdmin):
    """How far the engine may go: look, trade on paper, trade with money."""

    form = EngineForm
    list_display = ("__str__", "exec_mode", "note")
    fields = ("exec_mode", "note", "reason")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """There is one row."""
        return super().has_add_permission(request) and not EngineSetting.objects.exists()

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Saves through the service, which makes the revision."""
        services.set_engine(
            obj.exec_mode, author_of(request), form.cleaned_data["reason"], obj.note
        )
