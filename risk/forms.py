"""Forms of limits and of the engine's mode.

Typed in the unit people read, refused in a sentence.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextInputWidget

from markets.forms import MODES, WideningForm, rises_in, switched_off, switched_on
from markets.models import BlockRule
from risk import changesets, rows, services
from risk.models import EngineSetting, Feature, Jurisdiction, Threshold
from risk.wanted import RowWanted
from trading.amounts import shown, text_of, value_of
from trading.engine.config import SPECS


def may_widen(key: str, before: int, after: int) -> bool:
    """Whether another value of a limit lets more be risked; what is not known to narrow does."""
    narrows = after < before if key.startswith("max_") else after > before
    return not (narrows and key.startswith(("max_", "min_")))


class ThresholdForm(WideningForm):
    """One limit, in its unit and within its bounds."""

    amount = forms.CharField(widget=UnfoldAdminTextInputWidget)

    class Meta:
        model = Threshold
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        spec = SPECS.get(self.instance.key)
        if spec is None or "amount" not in self.fields:
            return
        field = self.fields["amount"]
        field.label = f"Value ({spec.unit.value})"
        field.initial = text_of(self.instance.value, spec.unit)
        field.help_text = (
            f"{spec.meaning} From {shown(spec.low, spec.unit)} to {shown(spec.high, spec.unit)}; "
            f"shipped: {shown(spec.default, spec.unit)}."
        )

    def clean_amount(self) -> int:
        """Base units, allowed beside the other limits."""
        spec = SPECS.get(self.instance.key)
        if spec is None:
            raise ValidationError(f"The engine has no setting {self.instance.key!r} any more.")
        try:
            value = value_of(self.cleaned_data["amount"], spec.unit)
        except ValueError as problem:
            raise ValidationError(str(problem)) from None
        services.check_limits({spec.key: value})
        changesets.refuse_alone()
        return value

    def widened(self) -> list[str]:
        """The limit, where its new value may let more be risked."""
        spec, value = SPECS[self.instance.key], self.cleaned_data["amount"]
        before = self.instance.value
        if value == before or not may_widen(spec.key, before, value):
            return []
        return [f"{spec.key} {shown(before, spec.unit)} → {shown(value, spec.unit)}"]


class EngineForm(WideningForm):
    """The engine-wide mode."""

    widening: ClassVar = {"exec_mode": rises_in(MODES), "two_people": switched_off}

    class Meta:
        model = EngineSetting
        fields = ("exec_mode", "note", "timezone", "country", "two_people")

    def clean(self) -> dict[str, Any] | None:
        """A place that there is."""
        found = super().clean()
        data = self.cleaned_data
        services.check_place(data.get("timezone", "UTC"), data.get("country", ""))
        return found

    def clean_exec_mode(self) -> str:
        """A mode this machine allows."""
        mode: str = self.cleaned_data["exec_mode"]
        services.check_mode(mode)
        return mode


def wanted_of(kind: str, row: Any, reason: str) -> RowWanted:
    """A row of the admin as part of a change set."""
    fields = {name: getattr(row, name) for name in rows.KINDS[kind].fields}
    if kind == rows.BLOCK:
        fields["reason"] = reason
    return RowWanted(kind, rows.key_of(row), fields)


class RowForm(WideningForm):
    """A row that is checked, and never saved alone where a second person is asked for."""

    kind = ""

    def clean(self) -> dict[str, Any] | None:
        """A row that could be."""
        found = super().clean()
        if self.errors:
            return found
        for name, value in self.cleaned_data.items():
            if name in (self._meta.fields or ()):
                setattr(self.instance, name, value)
        wanted = wanted_of(self.kind, self.instance, self.cleaned_data.get("reason", ""))
        rows.check([wanted])
        if not rows.narrows(wanted):
            changesets.refuse_alone()
        return found


class FeatureForm(RowForm):
    """How far a strategy is let."""

    kind = rows.FEATURE
    widening: ClassVar = {
        "rollout": rises_in(Feature.Rollout.values),
        "share_ppm": lambda before, after: after > (before or 0),
    }

    class Meta:
        model = Feature
        fields = ("strategy", "rollout", "venue", "share_ppm")


class JurisdictionForm(RowForm):
    """Whether a venue may be traded from a country."""

    kind = rows.PLACE
    widening: ClassVar = {"allowed": switched_on}

    class Meta:
        model = Jurisdiction
        fields = ("venue", "country", "category", "allowed", "why")

    def clean_country(self) -> str:
        """Two capitals."""
        country: str = self.cleaned_data["country"].upper()
        services.check_place("UTC", country)
        return country


class BlockForm(RowForm):
    """What must never be traded."""

    kind = rows.BLOCK
    widening: ClassVar = {"active": switched_off}

    class Meta:
        model = BlockRule
        fields = ("kind", "value", "active")
