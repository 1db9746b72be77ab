"""The admin of armings (who said yes to money, for which venue, why and until when) and of
credentials (what may be shown of them, and a form that only takes).

Arming asks for the venue's name once more, typed by hand; a row is never changed, only ended.
"""

# The admin theme carries no types.
# mypy: disable-error-code="misc, untyped-decorator"
from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from feeds import arming, keyring
from feeds.forms import CredentialForm
from feeds.models import Arming, Credential
from feeds.venues import ADAPTERS
from markets.config_admin import ConfigAdmin, RecordAdmin, author_of, sentence
from markets.roles import require_second_factor

HOURS = (1, 2, 4, 8, 12, 24)


class ArmingForm(ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A yes to money: which venue, for how long, why, and the venue's name again."""

    venue = forms.ChoiceField(
        choices=[(slug, slug) for slug in sorted(ADAPTERS)], widget=UnfoldAdminSelectWidget
    )
    hours = forms.TypedChoiceField(
        choices=[(hours, f"{hours} h") for hours in HOURS],
        coerce=int,
        initial=8,
        widget=UnfoldAdminSelectWidget,
        label="For",
    )
    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget)
    again = forms.CharField(
        max_length=32,
        widget=UnfoldAdminTextInputWidget,
        label="Venue again",
        help_text="Type the venue's name: from now on deals there are opened with real money.",
    )

    class Meta:
        model = Arming
        fields = ("venue", "reason")

    def clean(self) -> dict[str, Any]:
        """Refuses what the service would refuse, before anything is saved."""
        said: dict[str, Any] = super().clean() or {}
        venue, hours = said.get("venue", ""), said.get("hours")
        if venue and said.get("again", "").strip() != venue:
            self.add_error("again", f"Type {venue} to confirm.")
        if venue and hours:
            now = timezone.now()
            arming.check((venue,), now + timedelta(hours=hours), now)
        return said


@admin.register(Arming)
class ArmingAdmin(RecordAdmin):
    """Armings, newest first; those in force can be ended."""

    form = ArmingForm
    list_display = ("venue", "state", "until", "author", "reason", "at", "ended_at", "ended_by")
    list_filter = ("venue",)
    actions = ("end",)

    def get_fields(self, request: HttpRequest, obj: Arming | None = None) -> tuple[str, ...]:
        """What is asked, or what was kept."""
        asked = ("venue", "hours", "reason", "again")
        kept = ("venue", "author", "reason", "at", "until", "ended_at", "ended_by")
        return asked if obj is None else kept

    def get_form(
        self, request: HttpRequest, obj: Arming | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form of a new yes; a kept one is only shown."""
        if obj is not None:
            kwargs["form"] = ModelForm
        return super().get_form(request, obj, change=change, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever may arm, where this machine allows it."""
        return bool(request.user.has_perm("feeds.add_arming"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form of a yes to money; only in a session that gave a second factor's code."""
        require_second_factor(request)
        answer: HttpResponse = super().add_view(request, form_url, extra_context)
        return answer

    @display(description="State")
    def state(self, obj: Arming) -> str:
        """In force, ended by a person, or over."""
        if obj.ended_at is not None:
            return "ended"
        return "armed" if obj.until > timezone.now() else "over"

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Arms through `arming`, which makes the row and the revision."""
        said = form.cleaned_data
        until = timezone.now() + timedelta(hours=said["hours"])
        made = arming.arm(author_of(request), said["reason"], until, (said["venue"],))
        obj.pk, obj.until = made[0].pk, until

    @admin.action(description="End: open no more deals with money there")
    def end(self, request: HttpRequest, queryset: QuerySet[Arming]) -> None:
        """Disarms the venues of the chosen rows."""
        venues = tuple(dict.fromkeys(queryset.values_list("venue", flat=True)))
        try:
            arming.disarm(author_of(request), "Ended in the admin.", venues)
        except ValidationError as problem:
            self.message_user(request, sentence(problem), messages.ERROR)


@admin.register(Credential)
class CredentialAdmin(ConfigAdmin):
    """Stored sealed under the master key. A worker reads them when it starts."""

    form = CredentialForm
    list_display = ("venue", "kind", "public", "ends", "master", "sealed_at", "author")
    # Only the fields of the chosen venue stand on the form.
    conditional_fields: ClassVar = {
        name: f"venue == '{venue}'" for venue, names in keyring.FIELDS.items() for name in names
    }
    readonly_fields = ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The form's own: they depend on the venues there are."""
        names = tuple(name for venue in keyring.FIELDS.values() for name in venue)
        return ("venue", *names, "expires_at", "attested_until", "reason")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form as it is: its secret fields are no columns."""
        return CredentialForm

    @display(
        description="Ends",
        label={"ended": "danger", "soon": "warning", "later": "success", "unknown": "info"},
    )
    def ends(self, obj: Credential) -> tuple[str, str]:
        """The first of the key's and the attestation's end."""
        told = [at for at in (obj.expires_at, obj.attested_until) if at is not None]
        if not told:
            return "unknown", "not said"
        days = (min(told) - timezone.now()).days
        word = "ended" if days < 0 else "soon" if days < keyring.SOON_DAYS else "later"
        return word, f"{min(told):%Y-%m-%d}"

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: Any) -> None:
        """Seals and stores through `keyring`, which makes the revision."""
        assert isinstance(form, CredentialForm)  # noqa: S101  the only form there is
        row = keyring.store(
            form.cleaned_data["venue"],
            form.secret(),
            author_of(request),
            form.cleaned_data["reason"],
            expires_at=form.cleaned_data["expires_at"],
            attested_until=form.cleaned_data["attested_until"],
        )
        obj.pk = row.pk

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The revision says what happened; form data stays out of the log of entries."""
        return super().log_change(request, obj, "Credential replaced.")
