"""The form of a credential: its secrets are typed in and never shown again."""

# The admin theme carries no types.
# mypy: disable-error-code="misc"
from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from feeds.credentials import BadCredentials, judge
from feeds.keyring import FIELDS, NEEDED, master_keys
from feeds.models import Credential
from feeds.vault import BadSeal
from markets.forms import ReasonForm

SHOWN = ("POLY_FUNDER", "POLY_SIGNATURE_TYPE", "KALSHI_API_KEY_ID")


class WriteOnlyText(UnfoldAdminTextareaWidget):
    """A text that goes in and never comes out."""

    def format_value(self, value: Any) -> str:
        """Nothing, whatever was typed before."""
        return ""


class CredentialForm(ReasonForm):
    """A venue's account, typed in whole; what it holds now is never sent to the browser."""

    class Meta:
        model = Credential
        fields = ("venue", "expires_at", "attested_until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["venue"] = forms.ChoiceField(choices=[(v, v) for v in FIELDS])
        for venue, names in FIELDS.items():
            for name in names:
                self.fields[name] = forms.CharField(
                    required=False,
                    label=name.replace("_", " ").lower().capitalize(),
                    help_text=f"{venue}; in the environment {name}.",
                    widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
                    if name in SHOWN
                    else WriteOnlyText(attrs={"rows": 2, "autocomplete": "off"}),
                )

    def clean(self) -> dict[str, Any]:
        """The whole secret must be typed; nothing of the stored one is kept."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        venue = cleaned.get("venue", "")
        missing = [name for name in NEEDED.get(venue, ()) if not cleaned.get(name)]
        if missing:
            raise ValidationError(f"Type {', '.join(missing)}: the stored secret is never reused.")
        if venue:
            try:
                judge(venue, {name: cleaned.get(name) or "" for name in FIELDS[venue]})
                master_keys()
            except (BadCredentials, BadSeal) as problem:
                raise ValidationError(str(problem)) from None
        return cleaned

    def secret(self) -> dict[str, str]:
        """The typed fields of the chosen venue."""
        names = FIELDS[self.cleaned_data["venue"]]
        return {name: self.cleaned_data.get(name) or "" for name in names}
