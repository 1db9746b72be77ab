"""Forms of the admin's tables of the trading app."""

from __future__ import annotations

from django import forms

from trading.models import ApiToken


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A new token: whose, for what, how far; the token itself is shown once after saving."""

    class Meta:
        model = ApiToken
        fields = ("user", "name", "scope")
