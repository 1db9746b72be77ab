"""Forms of the admin.

Every change asks for a reason, prices are typed in cents and read exactly.
"""

# The admin theme carries no types.
# mypy: disable-error-code="misc, untyped-decorator"
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from markets import selectors, services
from markets.models import (
    FrictionPack,
    Maintenance,
    MarketPair,
    MatchPolicy,
    Relation,
    SourceAllow,
    Venue,
)
from markets.pair_view import to_read
from markets.terms.instruments import Market
from markets.terms.packages import label, packages
from markets.terms.tiers import TIERS
from markets.terms.units import MICRO, micros_from_text, text_from_micros

PER_CENT = 10_000
# Whether a change of one field, from what it was to what it will be, lets more be risked.
Widens = Callable[[Any, Any], bool]


class ReasonForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A form of configuration: it asks why."""

    reason = forms.CharField(
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text="Why it is changed; kept with the revision.",
    )


class WideningForm(ReasonForm):
    """A form whose save may let more be traded or risked: then it says what, and asks once more.

    `widening` tells of each such field whether a change widens; before a first save the value
    before is nothing, which is the least.
    """

    widening: ClassVar[dict[str, Widens]] = {}
    confirmed = forms.BooleanField(
        required=False,
        label="Let more be risked",
        widget=UnfoldBooleanWidget,
        help_text="Only asked for where the change lets more be traded or risked.",
    )

    def clean(self) -> dict[str, Any] | None:
        """Refuses what widens and is not ticked."""
        found: dict[str, Any] | None = super().clean()
        wide = [] if self.errors else self.widened()
        if wide and not self.cleaned_data.get("confirmed"):
            self.add_error("confirmed", f"This lets more be risked ({', '.join(wide)}): tick it.")
        return found

    def widened(self) -> list[str]:
        """What of the change lets more be risked, in words."""
        is_new = self.instance._state.adding
        told = []
        for name, widens in self.widening.items():
            before = None if is_new else self.initial.get(name)
            after = self.cleaned_data.get(name)
            if name in self.fields and after != before and widens(before, after):
                told.append(f"{name} {'–' if before is None else before} → {after}")
        return told


def rises_in(order: Sequence[str]) -> Widens:
    """Widens when the word after stands later in `order` than the word before."""
    rank = {word: place for place, word in enumerate(order)}
    return lambda before, after: rank.get(after, len(rank)) > rank.get(before, 0)


def switched_on(before: Any, after: Any) -> bool:
    """Widens when it is on now."""
    return bool(after) and not before


def switched_off(before: Any, after: Any) -> bool:
    """Widens when it was on."""
    return bool(before) and not after


def lowered(before: Any, after: Any) -> bool:
    """Widens when less is asked for than before; nothing is the wider value's."""
    return after is None or before is None or after < before


MODES = ("detect", "paper", "live", "both")


class MicrosField(forms.CharField):
    """A plain decimal typed by a person, kept as an integer in base units; empty is nothing.

    `per` is the number of base units in one unit typed.
    """

    def __init__(self, per: int, **kwargs: Any) -> None:
        self.per = per
        super().__init__(widget=UnfoldAdminTextInputWidget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Base units as the text a person would type."""
        if isinstance(value, int):
            return text_from_micros(value * MICRO // self.per, 0)
        return value

    def to_python(self, value: Any) -> Any:
        """Base units of a typed text.

        Errors: `ValidationError` for another text or too many decimals.
        """
        if isinstance(value, int):
            return value
        text = str(value or "").strip()
        if not text:
            return None
        try:
            micros = micros_from_text(text)
        except ValueError:
            raise ValidationError(
                f"{text!r} is not a plain number; write for example 2.5."
            ) from None
        units, rest = divmod(micros * self.per, MICRO)
        if rest:
            raise ValidationError(f"{text!r} has more decimals than are kept.")
        return units

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the typed text means another number."""
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


class VenueForm(WideningForm):
    """A venue: its money in dollars, its addresses checked."""

    widening: ClassVar = {"mode": rises_in(MODES)}
    paper_cash = MicrosField(
        MICRO, label="Paper cash ($)", help_text="What the simulated account begins with."
    )

    class Meta:
        model = Venue
        fields = services.VENUE_FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tiers = TIERS.get(self.instance.slug, ())
        lowest = f"the lowest ({tiers[0]})" if tiers else "none"
        self.fields["rate_tier"].widget = UnfoldAdminSelectWidget(
            choices=[("", lowest), *((tier, tier) for tier in tiers)]
        )

    def clean(self) -> dict[str, Any] | None:
        """Refuses addresses the worker could not use."""
        cleaned = super().clean()
        if not self.errors:
            wanted = Venue(
                pk=self.instance.pk, **{n: self.cleaned_data[n] for n in services.VENUE_FIELDS}
            )
            services.check_venue(wanted)
        return cleaned


class FrictionForm(ReasonForm):
    """A friction pack: gas in dollars for each order, the rest in cents for each dollar."""

    gas = MicrosField(MICRO, label="Gas ($ an order)", help_text="Network cost of one order.")
    bridge = MicrosField(PER_CENT, label="Bridge (¢ per $1)")
    on_ramp = MicrosField(PER_CENT, label="On-ramp (¢ per $1)")
    withdrawal = MicrosField(PER_CENT, label="Withdrawal (¢ per $1)")
    fx = MicrosField(PER_CENT, label="Currency exchange (¢ per $1)")

    class Meta:
        model = FrictionPack
        fields = ("name", "venue", "gas", "bridge", "on_ramp", "withdrawal", "fx", "active")

    def clean(self) -> dict[str, Any] | None:
        """Refuses amounts no deal could bear."""
        cleaned = super().clean()
        if not self.errors:
            names = ("name", "gas", "bridge", "on_ramp", "withdrawal", "fx")
            services.check_friction(FrictionPack(**{n: self.cleaned_data[n] for n in names}))
        return cleaned


class MaintenanceForm(ReasonForm):
    """An announcement: weekly hours, or once."""

    class Meta:
        model = Maintenance
        fields = (
            "venue",
            "what",
            "weekday",
            "begins",
            "ends",
            "timezone",
            "starts_at",
            "ends_at",
            "active",
        )

    def clean(self) -> dict[str, Any] | None:
        """Refuses times that make no sense."""
        cleaned = super().clean()
        if not self.errors:
            names = ("weekday", "begins", "ends", "timezone", "starts_at", "ends_at")
            row = Maintenance(**{name: self.cleaned_data[name] for name in names})
            services.check_maintenance(row)
        return cleaned


class PairForm(WideningForm):
    """What of a pair is typed: mode, way of execution, its own least edge, whether it is active."""

    widening: ClassVar = {
        "mode": rises_in(MODES),
        "min_net_edge": lowered,
        "active": switched_on,
    }
    min_net_edge = MicrosField(
        PER_CENT,
        required=False,
        label="Least net edge (¢)",
        help_text="0 to 100 ¢ per $1; empty takes the general limit.",
    )

    class Meta:
        model = Relation
        fields = ("mode", "strategy", "min_net_edge", "active")

    def clean_min_net_edge(self) -> int | None:
        """Base units within bounds."""
        value: int | None = self.cleaned_data["min_net_edge"]
        if value is not None and not 0 <= value <= MICRO:
            raise ValidationError("The least edge of a pair lies between 0 and 100 ¢.")
        return value


class MatchPolicyForm(WideningForm):
    """What the matcher may do by itself."""

    widening: ClassVar = {"auto_confirm": switched_on, "min_score": lowered}

    class Meta:
        model = MatchPolicy
        fields = ("auto_confirm", "min_score", "llm_enabled", "llm_budget")


class SourceAllowForm(WideningForm):
    """Two classes of source that may stand for one another."""

    widening: ClassVar = {"active": switched_on}

    class Meta:
        model = SourceAllow
        fields = ("name", "first", "second", "active")


class BlockDialog(BaseDialogForm):
    """Why a pair is blocked."""

    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextareaWidget({"rows": 2}))


class ConfirmDialog(BlockDialog):
    """Which packages of a pair may trade, and why both markets settle on the same facts."""

    packages = forms.TypedMultipleChoiceField(
        coerce=int,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What may be bought together.",
    )
    read = forms.MultipleChoiceField(
        label="Read in both texts",
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="These may settle apart; each must be ticked. The review page quotes them.",
    )
    field_order = ("packages", "read", "reason")

    def __init__(
        self, request: HttpRequest, object_id: int | str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(request, object_id, *args, **kwargs)
        field = self.fields["packages"]
        field.choices = package_choices(str(object_id))
        field.initial = [0, 1]
        unread = clauses_to_read(str(object_id))
        self.fields["read"].choices = unread
        self.fields["read"].required = bool(unread)
        if not unread:
            self.fields["read"].help_text = "No clause of the two texts may settle apart."


def clauses_to_read(pk: str) -> list[tuple[str, str]]:
    """Kinds and words of what has to be read of a pair before it is approved."""
    row = Relation.objects.filter(pk=pk).first()
    return list(to_read(row.slug).items()) if row else []


def package_choices(pk: str) -> list[tuple[int, str]]:
    """Numbers and labels of the packages a pair's payoff table proves."""
    row = MarketPair.objects.prefetch_related("claims__market__venue").filter(pk=pk).first()
    if row is None:
        return []
    listed = [claim.market for claim in row.claims.all()]
    terms: dict[Any, Market] = {m.market_id: selectors.terms_of(m) for m in listed}
    shorts: dict[Any, str] = {m.venue_id: m.venue.short for m in listed}
    table = selectors.relation_terms(row)
    return [(p.index, label(table, p, terms, shorts)) for p in packages(table)]
