"""The admin of venues, listings, pairs and revisions."""

# The admin theme carries no types.
# mypy: disable-error-code="misc, untyped-decorator"
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from markets import match_admin, services
from markets.config_admin import ConfigAdmin, RecordAdmin, RecordInline, author_of, sentence
from markets.forms import (
    BlockDialog,
    ConfirmDialog,
    FrictionForm,
    MaintenanceForm,
    PairForm,
    VenueForm,
)
from markets.models import (
    Claim,
    ConfigRevision,
    Event,
    FeeSchedule,
    FrictionPack,
    Maintenance,
    Market,
    MarketPair,
    MatchDecision,
    Relation,
    Venue,
)
from markets.terms import instruments
from markets.terms.fees import describe
from markets.terms.formats import money
from markets.terms.units import Usd, text_from_micros

__all__ = ("match_admin",)  # registers its tables when it is imported
Decide = Callable[[], ConfigRevision]
STATUS_LABELS = {
    "confirmed": "success",
    "candidate": "info",
    "suspended": "warning",
    "blocked": "danger",
}


@admin.register(Venue)
class VenueAdmin(ConfigAdmin):
    """Venues: where they are, whether they are followed, what may be done there."""

    form = VenueForm
    list_display = ("slug", "name", "enabled", "mode", "cash", "rest_url")
    readonly_fields = ("slug",)
    fields = ("slug", *services.VENUE_FIELDS, "reason", "confirmed")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Venues come with their adapter: `manage.py seed` makes their rows."""
        return False

    @display(description="Paper cash")
    def cash(self, obj: Venue) -> str:
        """The simulated account's beginning."""
        return money(Usd(obj.paper_cash))


@admin.register(Maintenance)
class MaintenanceAdmin(ConfigAdmin):
    """When venues do not trade; nothing is begun there then, nor two minutes before."""

    form = MaintenanceForm
    list_display = ("what", "venue", "weekday", "begins", "ends", "timezone", "starts_at", "active")
    list_filter = ("venue", "active")
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
        "reason",
    )


@admin.register(FrictionPack)
class FrictionPackAdmin(ConfigAdmin):
    """What deals cost beside fees; each change is a new version with a new name."""

    form = FrictionForm
    list_display = ("name", "venue", "version", "hash", "order_cost", "dollar_cost", "active")
    list_filter = ("venue", "active")
    readonly_fields = ("version", "hash")
    fields = (
        "name",
        "venue",
        "gas",
        "bridge",
        "on_ramp",
        "withdrawal",
        "fx",
        "active",
        "version",
        "hash",
        "reason",
    )

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """The next version, named by its content."""
        services.next_version(obj)
        super().save_model(request, obj, form, change)

    @display(description="Each order")
    def order_cost(self, obj: FrictionPack) -> str:
        """Gas."""
        return f"${text_from_micros(obj.gas, 2)}"

    @display(description="Each $1")
    def dollar_cost(self, obj: FrictionPack) -> str:
        """All shares together, in cents."""
        total = obj.bridge + obj.on_ramp + obj.withdrawal + obj.fx
        return f"{text_from_micros(total * 100, 2)}¢"


@admin.register(FeeSchedule)
class FeeScheduleAdmin(RecordAdmin):
    """Every fee schedule a market was ever listed with."""

    list_display = ("market", "shown", "rev", "seen_at")
    list_filter = ("kind",)
    search_fields = ("market__market_id", "rev")
    list_select_related = ("market",)

    @display(description="Schedule")
    def shown(self, obj: FeeSchedule) -> str:
        """In words."""
        return describe(msgspec.convert(obj.parameters, instruments.FeeSchedule))


@admin.register(Event)
class EventAdmin(RecordAdmin):
    """Groups of markets as listed."""

    list_display = ("native", "title", "venue", "category")
    list_filter = ("venue",)
    search_fields = ("native", "title")


@admin.register(Market)
class MarketAdmin(RecordAdmin):
    """Markets as listed; the catalogue writes them."""

    list_display = ("title", "venue", "native", "state", "category", "close_at", "seen_at")
    list_filter = ("venue", "state")
    search_fields = ("title", "market_id")
    list_select_related = ("venue",)


class ClaimInline(RecordInline):
    """The claims of a relation, in order."""

    model = Claim
    fields = ("position", "market", "outcome", "pays")


class MatchDecisionInline(RecordInline):
    """What was decided about a relation."""

    model = MatchDecision
    fields = ("at", "verdict", "author", "reasons")


@admin.register(MarketPair)
class MarketPairAdmin(ConfigAdmin):
    """Pairs: both rule texts and the payoff table in view, confirmed or blocked with a reason."""

    form = PairForm
    inlines = (ClaimInline, MatchDecisionInline)
    list_display = (
        "title",
        "shown_status",
        "category",
        "shown_score",
        "rules_passed",
        "active",
        "mode",
    )
    list_filter = ("status", "category", "active", "mode")
    list_filter_submit = True
    search_fields = ("title", "slug")
    actions_detail = ("confirm", "block")
    readonly_fields = (
        "slug",
        "page",
        "title",
        "shown_status",
        "status_reason",
        "approved_packages",
        "confirmed_by",
        "confirmed_at",
        "rule_texts",
        "payoff_table",
    )
    fields = (
        "title",
        "page",
        "slug",
        "shown_status",
        "status_reason",
        "rule_texts",
        "payoff_table",
        "approved_packages",
        "confirmed_by",
        "confirmed_at",
        "mode",
        "strategy",
        "min_net_edge",
        "active",
        "reason",
        "confirmed",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Relation]:
        """With claims and markets, which every form shows."""
        rows: QuerySet[Relation] = super().get_queryset(request)
        return rows.prefetch_related("claims__market__venue")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Pairs are proposed by the matcher or by `manage.py pairs import`."""
        return False

    @display(description="Status", label=STATUS_LABELS)
    def shown_status(self, obj: Relation) -> str:
        """The status, coloured and in words."""
        return obj.status

    @display(description="Review")
    def page(self, obj: Relation) -> SafeString:
        """The way to the page with both texts side by side."""
        url = reverse("pair", args=(obj.slug,))
        return format_html('<a class="text-link" href="{}">Both texts, clause by clause</a>', url)

    @display(description="Score", ordering="score")
    def shown_score(self, obj: Relation) -> str:
        """With two decimals; nothing before it was judged."""
        return "–" if obj.score is None else f"{obj.score:.2f}"

    @display(description="Rules")
    def rule_texts(self, obj: Relation) -> SafeString:
        """Both markets' rules side by side, as the venues wrote them."""
        markets = {claim.market_id: claim.market for claim in obj.claims.all()}
        return format_html(
            '<div class="side-by-side">{}</div>',
            format_html_join(
                "",
                "<section><h3><strong>{} · {}</strong></h3><p>{}</p>"
                '<p class="as-written">{}</p></section>',
                (
                    (m.venue.name, m.native, m.title, m.rules or "No rule text was listed.")
                    for m in markets.values()
                ),
            ),
        )

    @display(description="Payoff table")
    def payoff_table(self, obj: Relation) -> SafeString:
        """What one contract of each claim pays in each world, in dollars."""
        claims = list(obj.claims.all())
        head = format_html_join(
            "",
            '<th scope="col">{} {}</th>',
            ((c.market.venue.short, c.market.outcomes[c.outcome]) for c in claims),
        )
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th>{}</tr>',
            (
                (
                    _world(world),
                    format_html_join("", "<td>{}</td>", ((_cell(c.pays[i]),) for c in claims)),
                )
                for i, world in enumerate(obj.worlds)
            ),
        )
        return format_html(
            '<table class="plain-table">'
            '<thead><tr><th scope="col">World</th>{}</tr></thead><tbody>{}</tbody></table>',
            head,
            rows,
        )

    @action(
        description="Confirm…",
        url_path="confirm",
        permissions=["change"],
        icon="check",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": "Confirm this pair",
            "description": "Read both rule texts first: they must settle on the same facts.",
            "form_class": ConfirmDialog,
            "form_submit_text": "Confirm",
        },
    )
    def confirm(self, request: HttpRequest, form: ConfirmDialog, object_id: str) -> HttpResponse:
        """Lets the chosen packages trade."""
        pair = Relation.objects.get(pk=object_id)
        return self._decide(
            request,
            object_id,
            lambda: services.confirm_pair(
                pair.slug,
                form.cleaned_data["packages"],
                author_of(request),
                form.cleaned_data["reason"],
                form.cleaned_data["read"],
            ),
        )

    @action(
        description="Block…",
        url_path="block",
        permissions=["change"],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Block this pair",
            "description": "No new deal begins; deals that run keep the terms they began with.",
            "form_class": BlockDialog,
            "form_submit_text": "Block",
        },
    )
    def block(self, request: HttpRequest, form: BlockDialog, object_id: str) -> HttpResponse:
        """Forbids the pair."""
        pair = Relation.objects.get(pk=object_id)
        return self._decide(
            request,
            object_id,
            lambda: services.block_pair(pair.slug, author_of(request), form.cleaned_data["reason"]),
        )

    def _decide(self, request: HttpRequest, object_id: str, act: Decide) -> HttpResponse:
        try:
            made = act()
        except ValidationError as problem:
            messages.error(request, sentence(problem))
        else:
            messages.success(request, f"Saved as {made}.")
        meta = self.model._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=(object_id,))
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": url})
        return redirect(url)


@admin.register(Relation)
class RelationAdmin(MarketPairAdmin):
    """All relations; so far every one is a pair."""


@admin.register(ConfigRevision)
class ConfigRevisionAdmin(RecordAdmin):
    """Every change of configuration, newest first."""

    list_display = ("id", "at", "author", "reason", "summary")
    search_fields = ("author", "reason")
    list_filter = ("author",)
    fields = ("id", "at", "author", "reason", "shown_changes")
    readonly_fields = fields

    @display(description="Changes")
    def summary(self, obj: ConfigRevision) -> str:
        """The first three changes in a line."""
        words = [f"{c['key']} {c['field']}" for c in obj.changes[:3]]
        more = len(obj.changes) - len(words)
        return ", ".join(words) + (f" and {more} more" if more > 0 else "")

    @display(description="Changes")
    def shown_changes(self, obj: ConfigRevision) -> SafeString:
        """Every value before and after, in base units."""
        return format_html(
            "<table><thead><tr><th>What</th><th>Before</th><th>After</th></tr></thead><tbody>{}</tbody>"
            "</table>",
            format_html_join(
                "",
                "<tr><td>{} {} {}</td><td>{}</td><td>{}</td></tr>",
                (
                    (c["object"], c["key"], c["field"], _json(c["before"]), _json(c["after"]))
                    for c in obj.changes
                ),
            ),
        )


def _world(world: dict[str, object]) -> str:
    ppm = world.get("ppm")
    return f"{world['name']} ({world['kind']}{f', {ppm} ppm' if ppm else ''})"


def _cell(pays: list[int]) -> str:
    fixed, stake = pays
    shown = text_from_micros(fixed, 0)
    return f"{shown} + {text_from_micros(stake, 0)} x price" if stake else shown


def _json(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
