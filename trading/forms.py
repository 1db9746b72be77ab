"""Forms of the admin's tables of the trading app."""

from __future__ import annotations

from typing import Any

from django import forms

from trading.models import ApiToken
from trading.services import refuse_beyond_role


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A new token: whose, for what, how far; the token itself is shown once after saving."""

    class Meta:
        model = ApiToken
        fields = ("user", "name", "scope", "expires_at")

    def clean(self) -> dict[str, Any]:
        """Errors: a scope beyond the user's role."""
        found: dict[str, Any] = super().clean() or {}
        if found.get("user") and found.get("scope"):
            refuse_beyond_role(found["user"], found["scope"])
        return found
