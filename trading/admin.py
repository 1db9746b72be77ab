"""The admin of what was traded, decided and asked: records to read, and the tokens of the API."""

# The admin theme carries no types.
# mypy: disable-error-code="misc, untyped-decorator"
from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from markets.config_admin import RecordAdmin, RecordInline
from markets.terms.formats import amount, count, edge_cents, money, price
from markets.terms.units import Px, Qty, Usd
from trading import services
from trading.forms import TokenForm
from trading.models import (
    ApiToken,
    Command,
    Deal,
    DealStep,
    Decision,
    EdgeSample,
    Fill,
    JournalCursor,
    Lease,
    Leg,
    Order,
    Position,
    WorkerHeartbeat,
    WorkerStats,
)

STATES = {
    "opening": "info",
    "resting": "info",
    "hedging": "warning",
    "unwinding": "warning",
    "balanced": "success",
    "closed": "default",
    "residual": "danger",
}


class MoneyColumns:
    """Columns of money and sizes in words; every record has some of them."""

    @display(description="Size")
    def shown_size(self, obj: Deal) -> str:
        """Packages."""
        return count(Qty(obj.size))

    @display(description="Quantity")
    def shown_qty(self, obj: Order | Fill) -> str:
        """Contracts."""
        return count(Qty(obj.qty))

    @display(description="Price")
    def shown_px(self, obj: Order | Fill) -> str:
        """Per contract."""
        return price(Px(obj.px))

    @display(description="Filled")
    def shown_filled(self, obj: Order) -> str:
        """Contracts."""
        return count(Qty(obj.filled))

    @display(description="Held")
    def shown_held(self, obj: Leg) -> str:
        """Contracts."""
        return count(Qty(obj.held))

    @display(description="Cost")
    def shown_cost(self, obj: Leg) -> str:
        """Money paid less received."""
        return money(Usd(obj.cost))

    @display(description="Fee")
    def shown_fee(self, obj: Fill) -> str:
        """Money for the whole fill."""
        return money(Usd(obj.fee))

    @display(description="Net")
    def shown_net(self, obj: Decision | EdgeSample) -> str:
        """Per package."""
        return edge_cents(Px(obj.net))

    @display(description="Profit")
    def shown_profit(self, obj: Decision | EdgeSample) -> str:
        """For the whole size."""
        return money(Usd(obj.profit), gain=True)


class LegInline(MoneyColumns, RecordInline):
    """Legs of a deal."""

    model = Leg
    fields = ("position", "market_id", "outcome_name", "shown_held", "shown_cost")
    readonly_fields = fields


class StepInline(RecordInline):
    """Steps of a deal."""

    model = DealStep
    fields = ("seq", "at", "state", "text")
    readonly_fields = fields


class OrderInline(MoneyColumns, RecordInline):
    """Orders of a deal."""

    model = Order
    fields = ("order_id", "market_id", "side", "shown_px", "shown_qty", "shown_filled", "state")
    readonly_fields = fields


class FillInline(MoneyColumns, RecordInline):
    """Fills of a deal."""

    model = Fill
    fields = ("at", "market_id", "side", "shown_px", "shown_qty", "shown_fee", "finality")
    readonly_fields = fields


@admin.register(Deal)
class DealAdmin(MoneyColumns, RecordAdmin):
    """Deals with everything that happened to them."""

    inlines = (LegInline, StepInline, OrderInline, FillInline)
    list_display = (
        "deal_id",
        "title",
        "package_label",
        "shown_state",
        "book",
        "shown_size",
        "shown_planned",
        "shown_locked",
        "opened_at",
    )
    list_filter = ("state", "book")
    search_fields = ("deal_id", "title", "relation")

    @display(description="State", label=STATES)
    def shown_state(self, obj: Deal) -> str:
        """The state, coloured and in words."""
        return obj.state

    @display(description="Planned")
    def shown_planned(self, obj: Deal) -> str:
        """Profit as planned."""
        return money(Usd(obj.planned_profit), gain=True)

    @display(description="Locked")
    def shown_locked(self, obj: Deal) -> str:
        """Profit that is certain now."""
        return money(Usd(obj.locked), gain=True)


@admin.register(Order)
class OrderAdmin(MoneyColumns, RecordAdmin):
    """Orders."""

    inlines = (FillInline,)
    list_display = (
        "order_id",
        "market_id",
        "side",
        "shown_px",
        "shown_qty",
        "shown_filled",
        "state",
        "purpose",
        "book",
        "sent_at",
    )
    list_filter = ("state", "purpose", "book")
    search_fields = ("order_id", "market_id", "venue_order")


@admin.register(Fill)
class FillAdmin(MoneyColumns, RecordAdmin):
    """Fills."""

    list_display = (
        "key",
        "market_id",
        "side",
        "shown_px",
        "shown_qty",
        "shown_fee",
        "finality",
        "at",
    )
    list_filter = ("finality", "book")
    search_fields = ("key", "market_id")


@admin.register(Position)
class PositionAdmin(RecordAdmin):
    """What we hold."""

    list_display = ("market_id", "book", "yes", "no", "paid", "gain", "changed_at")
    list_filter = ("book",)
    search_fields = ("market_id",)

    @display(description="YES")
    def yes(self, obj: Position) -> str:
        """Contracts."""
        return count(Qty(obj.qty_yes))

    @display(description="NO")
    def no(self, obj: Position) -> str:
        """Contracts."""
        return count(Qty(obj.qty_no))

    @display(description="Paid")
    def paid(self, obj: Position) -> str:
        """Money for both outcomes, before fees."""
        return money(Usd(obj.cost_yes + obj.cost_no))

    @display(description="Realised")
    def gain(self, obj: Position) -> str:
        """What was sold or settled already brought."""
        return money(Usd(obj.realised), gain=True)


@admin.register(Decision)
class DecisionAdmin(MoneyColumns, RecordAdmin):
    """Plans judged."""

    list_display = (
        "at",
        "relation",
        "verdict",
        "gate",
        "shown_limit",
        "shown_actual",
        "shown_net",
        "shown_profit",
    )
    list_filter = ("verdict", "gate")
    search_fields = ("relation", "reason")

    @display(description="Limit")
    def shown_limit(self, obj: Decision) -> str:
        """In the gate's unit."""
        return amount(obj.limit, obj.unit) if obj.gate else ""

    @display(description="Actual")
    def shown_actual(self, obj: Decision) -> str:
        """In the gate's unit."""
        return amount(obj.actual, obj.unit) if obj.gate else ""


@admin.register(EdgeSample)
class EdgeSampleAdmin(MoneyColumns, RecordAdmin):
    """Edges as they changed."""

    list_display = ("at", "relation", "package", "shown_net", "shown_profit", "gate")
    list_filter = ("gate",)
    search_fields = ("relation",)


@admin.register(Command)
class CommandAdmin(RecordAdmin):
    """What people asked the engine for, and its answers."""

    list_display = ("id", "kind", "target", "author", "reason", "state", "answer", "created_at")
    list_filter = ("kind", "state")
    search_fields = ("author", "reason", "target")


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(RecordAdmin):
    """Workers as they last reported, and why one rejected a configuration."""

    list_before_template = "arbsite/config_status.html"
    list_display = ("name", "at", "mode", "run", "revision_running", "rejected", "pid")
    exclude = ("picture",)


@admin.register(WorkerStats)
class WorkerStatsAdmin(RecordAdmin):
    """Each minute of a worker."""

    list_display = (
        "at",
        "mode",
        "edges",
        "plans",
        "approved",
        "opened",
        "ended",
        "losses",
        "shown_pnl",
        "shown_at_work",
    )
    list_filter = ("mode",)

    @display(description="P&L today")
    def shown_pnl(self, obj: WorkerStats) -> str:
        """Money since midnight UTC."""
        return money(Usd(obj.pnl_today), gain=True)

    @display(description="At work")
    def shown_at_work(self, obj: WorkerStats) -> str:
        """Money in positions."""
        return money(Usd(obj.at_work))


@admin.register(Lease)
class LeaseAdmin(RecordAdmin):
    """Who may trade now."""

    list_display = ("name", "holder", "expires_at")


@admin.register(JournalCursor)
class JournalCursorAdmin(RecordAdmin):
    """How far the journal has become rows."""

    list_display = ("name", "segment", "offset", "seq")


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    """Tokens of the API: made here, shown once, revoked, never changed."""

    form = TokenForm
    list_display = (
        "name",
        "user",
        "scope",
        "created_at",
        "used_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = ("scope",)
    actions_detail = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """One's own; a superuser's are all."""
        rows: QuerySet[ApiToken] = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(user=request.user)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A token is revoked, not changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Revoked tokens stay, so that one can see who had what."""
        return False

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Makes the token and shows it this once."""
        row, token = services.new_token(obj.user, obj.scope, obj.name, obj.expires_at)
        obj.pk = row.pk
        messages.warning(request, f"Keep this token now, it is not shown again: {token}")

    @action(
        description="Revoke",
        url_path="revoke",
        permissions=["view"],
        icon="block",
        variant=ActionVariant.DANGER,
        dialog={
            "title": "Revoke this token",
            "description": "Whoever uses it is refused from now on.",
            "form_class": None,
            "form_submit_text": "Revoke",
        },
    )
    def revoke(self, request: HttpRequest, form: object, object_id: str) -> HttpResponse:
        """Ends the token's use."""
        rows = self.get_queryset(request).filter(pk=object_id, revoked_at=None)
        if rows.update(revoked_at=timezone.now()):
            messages.success(request, "The token is revoked.")
        url = reverse("admin:trading_apitoken_changelist")
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": url})
        return redirect(url)
