"""The admin's shape of every table of configuration, and of every table of records.

`ConfigAdmin` saves with author and reason as one revision; `RecordAdmin` only shows. Above each
form of configuration stands what is saved, what runs, and what was rejected.
"""

# The admin theme carries no types.
# mypy: disable-error-code="misc, untyped-decorator"
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import JSONField, Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from unfold.admin import ModelAdmin, TabularInline

from markets.forms import ReasonForm
from markets.revisions import bump, change

# What a form asks beside the row's own fields.
ASKED = ("reason", "confirmed")
STYLED = re.compile(r' style="[^"]*"')


def author_of(request: HttpRequest) -> str:
    """Whoever is logged in, as revisions name them."""
    return request.user.get_username()


def sentence(problem: ValidationError) -> str:
    """A refusal as one text."""
    return " ".join(problem.messages)


def unstyled(markup: str) -> SafeString:
    """JSON as the theme draws it, without the inline styles no page may have.

    Its text is escaped by the theme, so that no quote within it ends an attribute.
    """
    return mark_safe(STYLED.sub("", markup))  # noqa: S308  the theme's own markup, with less in it


class PlainJson:
    """A table whose JSON fields are shown without inline styles."""

    model: type[Model]

    @property
    def readonly_preprocess_fields(self) -> dict[str, Callable[[str], SafeString]]:
        """What is done to a field's markup, by the field's name."""
        fields = self.model._meta.get_fields()
        return {field.name: unstyled for field in fields if isinstance(field, JSONField)}


class ConfigAdmin(PlainJson, ModelAdmin):
    """A table of configuration: every save is a revision; nothing is deleted from here."""

    form = ReasonForm
    change_form_before_template = "arbsite/config_status.html"
    warn_unsaved_form = True
    list_fullwidth = True
    list_per_page = 50

    def save_model(
        self, request: HttpRequest, obj: Model, form: ModelForm[Any], change: Any
    ) -> None:
        """Saves the row and its revision in the request's transaction."""
        changed = [name for name in form.changed_data if name not in ASKED]
        if change and not changed:
            return
        obj.save()
        self.revise(request, obj, form, changed)

    def revise(
        self, request: HttpRequest, obj: Model, form: ModelForm[Any], changed: list[str]
    ) -> None:
        """The revision of one saved row."""
        kind = str(obj._meta.verbose_name)
        bump(
            author_of(request),
            form.cleaned_data["reason"],
            [
                change(kind, str(obj.pk), n, _plain(form.initial.get(n)), _plain(getattr(obj, n)))
                for n in changed
            ],
        )

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Configuration is switched off, not deleted: deals refer to it."""
        return False


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | str | bool | list | None) else str(value)


class RecordAdmin(PlainJson, ModelAdmin):
    """A table of records: shown, never changed."""

    list_fullwidth = True
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False


class RecordInline(PlainJson, TabularInline):
    """Records beside the row they belong to."""

    extra = 0
    tab = True
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody."""
        return False
