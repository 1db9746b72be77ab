"""The admin of discovery and matching: policy, allowed sources, categories, cases, runs."""

# The admin theme carries no types.
# mypy: disable-error-code="misc, untyped-decorator"
from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.decorators import display

from markets.config_admin import ConfigAdmin, RecordAdmin
from markets.forms import MatchPolicyForm, SourceAllowForm
from markets.models import (
    CategoryRule,
    MatchCandidate,
    MatchPolicy,
    MatchRun,
    SourceAllow,
    SyncRun,
    TeachCase,
)


@admin.register(MatchPolicy)
class MatchPolicyAdmin(ConfigAdmin):
    """What the matcher and the language model may do by themselves. One row."""

    list_display = ("__str__", "auto_confirm", "min_score", "llm_enabled", "llm_budget")
    form = MatchPolicyForm
    fields = ("auto_confirm", "min_score", "llm_enabled", "llm_budget", "reason", "confirmed")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """One row, made when it is first needed."""
        return super().has_add_permission(request) and not MatchPolicy.objects.exists()


class _ReasonedAdmin(ConfigAdmin):
    """Rows that keep the reason themselves too."""

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """The reason is the row's own too."""
        obj.reason = form.cleaned_data["reason"]
        super().save_model(request, obj, form, change)


@admin.register(SourceAllow)
class SourceAllowAdmin(_ReasonedAdmin):
    """Classes of source that may stand for one another."""

    list_display = ("name", "first", "second", "reason", "active")
    list_filter = ("active",)
    form = SourceAllowForm
    fields = ("name", "first", "second", "active", "reason", "confirmed")


@admin.register(CategoryRule)
class CategoryRuleAdmin(_ReasonedAdmin):
    """What holds for all relations of a category."""

    list_display = ("category", "pre_match_only", "reason")
    fields = ("category", "pre_match_only", "reason")


@admin.register(TeachCase)
class TeachCaseAdmin(RecordAdmin):
    """Decisions kept as cases of the match bench."""

    list_display = ("name", "label", "topic", "clause", "author", "at", "active")
    list_filter = ("label", "topic", "active")
    search_fields = ("name", "note")


@admin.register(MatchCandidate)
class MatchCandidateAdmin(RecordAdmin):
    """Markets that were compared and refused: the nearest misses."""

    list_display = ("first", "second", "shown_score", "refused_by", "at")
    list_filter = ("refused_by",)
    search_fields = ("first", "second")

    @display(description="Score", ordering="score")
    def shown_score(self, obj: MatchCandidate) -> str:
        """With two decimals."""
        return f"{obj.score:.2f}"


@admin.register(MatchRun)
class MatchRunAdmin(RecordAdmin):
    """Runs of the matcher and of the bench."""

    list_display = ("kind", "at", "took_ms")
    list_filter = ("kind",)


@admin.register(SyncRun)
class SyncRunAdmin(RecordAdmin):
    """Walks over the venues' catalogues."""

    list_display = (
        "venue", "state", "started_at", "ended_at", "pages", "listed", "added", "changed", "gone",
        "postponed", "problem",
    )  # fmt: skip
    list_filter = ("venue", "state")
