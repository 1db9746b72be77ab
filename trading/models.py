"""Records of what the engine did, asked and decided.

Deals and orders are known by their text ids; foreign keys carry those texts and have no database
constraint, so rows may arrive in any order and be written again. Money and sizes are integers in
base units, `px` per contract. The scribe writes them through `store`; `Command`, `ApiToken` are
written by the web; `Lease`, `JournalCursor`, `WorkerHeartbeat` by the scribe.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from trading.result_models import BreakerTrip as BreakerTrip
from trading.result_models import DealResult as DealResult
from trading.result_models import Proposal as Proposal
from trading.result_models import ResultCheck as ResultCheck
from trading.result_models import Settlement as Settlement


class Deal(models.Model):
    """A deal as it last stood.

    `relation` is the slug; `title` and `package_label` are copies for the pages. `trace` names the
    run and the event that opened it.
    """

    deal_id = models.CharField(max_length=120, unique=True)
    trace = models.CharField(max_length=140, blank=True, db_index=True)
    relation = models.CharField(max_length=200, db_index=True)
    title = models.CharField(max_length=500, blank=True)
    package = models.PositiveSmallIntegerField()
    package_label = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=16, db_index=True)
    book = models.CharField(max_length=8)
    opened_at = models.DateTimeField(db_index=True)
    changed_at = models.DateTimeField()
    size = models.BigIntegerField()
    matched = models.BigIntegerField(default=0)
    planned_net = models.BigIntegerField()
    planned_profit = models.BigIntegerField()
    locked = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)
    revision = models.BigIntegerField(default=0)
    fee_rev = models.CharField(max_length=600, blank=True)
    friction_rev = models.CharField(max_length=64, blank=True)
    seq = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-opened_at", "-id")

    def __str__(self) -> str:
        return self.deal_id


class Leg(models.Model):
    """One leg of a deal.

    What was planned and what is held. `cost` is money paid minus received, before fees.
    """

    deal = models.ForeignKey(
        Deal, models.DO_NOTHING, to_field="deal_id", related_name="legs", db_constraint=False
    )
    position = models.PositiveSmallIntegerField()
    market_id = models.CharField(max_length=300, db_index=True)
    outcome = models.PositiveSmallIntegerField()
    outcome_name = models.CharField(max_length=120, blank=True)
    weight = models.BigIntegerField()
    planned = models.BigIntegerField()
    limit_px = models.BigIntegerField()
    expected_px = models.BigIntegerField()
    held = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(default=0)
    fees = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("deal_id", "position")
        constraints = (
            models.UniqueConstraint(fields=("deal", "position"), name="one_leg_per_place"),
        )

    def __str__(self) -> str:
        return f"{self.deal_id} leg {self.position}"


class DealStep(models.Model):
    """One step of a deal's life, in a sentence; `seq` is the journal's event number."""

    deal = models.ForeignKey(
        Deal, models.DO_NOTHING, to_field="deal_id", related_name="steps", db_constraint=False
    )
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    state = models.CharField(max_length=16)
    text = models.TextField(blank=True)

    class Meta:
        ordering = ("deal_id", "seq")
        constraints = (models.UniqueConstraint(fields=("deal", "seq"), name="one_step_per_seq"),)

    def __str__(self) -> str:
        return f"{self.deal_id} at {self.seq}"


class Order(models.Model):
    """An order and what is known of it.

    `cost` is money paid (buys) or received (sells) before fees.
    """

    order_id = models.CharField(max_length=120, unique=True)
    deal = models.ForeignKey(
        Deal, models.DO_NOTHING, to_field="deal_id", related_name="orders", db_constraint=False
    )
    leg = models.PositiveSmallIntegerField()
    market_id = models.CharField(max_length=300, db_index=True)
    outcome = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=8)
    px = models.BigIntegerField()
    qty = models.BigIntegerField()
    tif = models.CharField(max_length=8)
    book = models.CharField(max_length=8)
    purpose = models.CharField(max_length=8)
    state = models.CharField(max_length=16, db_index=True)
    sent_at = models.DateTimeField(db_index=True)
    changed_at = models.DateTimeField()
    filled = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(default=0)
    fees = models.BigIntegerField(default=0)
    venue_order = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    fee_rev = models.CharField(max_length=16, blank=True)
    friction_rev = models.CharField(max_length=64, blank=True)
    seq = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-sent_at", "-id")

    def __str__(self) -> str:
        return self.order_id


class Twin(models.Model):
    """A live order's twin on paper, and how far it is from it (the twin less the live order).

    `cost` is money paid (buys) or received (sells) before fees. Prices, contracts and money in
    millionths, `took_apart` in nanoseconds; price and time are empty unless both filled.
    """

    order = models.OneToOneField(
        Order, models.DO_NOTHING, to_field="order_id", related_name="twin", db_constraint=False
    )
    state = models.CharField(max_length=16)
    sent_at = models.DateTimeField()
    filled = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(default=0)
    fees = models.BigIntegerField(default=0)
    filled_at = models.DateTimeField(null=True, blank=True)
    live_filled = models.BigIntegerField(default=0)
    live_filled_at = models.DateTimeField(null=True, blank=True)
    px_apart = models.BigIntegerField(null=True, blank=True)
    qty_apart = models.BigIntegerField(default=0)
    took_apart = models.BigIntegerField(null=True, blank=True)
    result_apart = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)
    seq = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-sent_at", "-id")

    def __str__(self) -> str:
        return f"twin of {self.order_id}"


class Fill(models.Model):
    """A trade of ours; `fee` is money for the whole fill."""

    key = models.CharField(max_length=250, unique=True)
    order = models.ForeignKey(
        Order, models.DO_NOTHING, to_field="order_id", related_name="fills", db_constraint=False
    )
    deal = models.ForeignKey(
        Deal,
        models.DO_NOTHING,
        to_field="deal_id",
        related_name="fills",
        db_constraint=False,
        null=True,
        blank=True,
    )
    market_id = models.CharField(max_length=300, db_index=True)
    outcome = models.PositiveSmallIntegerField()
    side = models.CharField(max_length=8)
    book = models.CharField(max_length=8, default="paper")
    px = models.BigIntegerField()
    qty = models.BigIntegerField()
    fee = models.BigIntegerField()
    at = models.DateTimeField(db_index=True)
    finality = models.CharField(max_length=8)
    fee_rev = models.CharField(max_length=16, blank=True)
    friction_rev = models.CharField(max_length=64, blank=True)
    seq = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return self.key


class Position(models.Model):
    """What we hold of a market in one book: contracts per outcome, and the money paid for them."""

    market_id = models.CharField(max_length=300)
    book = models.CharField(max_length=8)
    qty_yes = models.BigIntegerField(default=0)
    qty_no = models.BigIntegerField(default=0)
    cost_yes = models.BigIntegerField(default=0)
    cost_no = models.BigIntegerField(default=0)
    fees = models.BigIntegerField(default=0)
    realised = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField()
    seq = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("market_id", "book")
        constraints = (
            models.UniqueConstraint(fields=("market_id", "book"), name="one_position_per_book"),
        )

    def __str__(self) -> str:
        return f"{self.market_id} ({self.book})"


class EdgeSample(models.Model):
    """The best package of a relation when its gate, sign or net changed.

    `gate` is empty when all passed.
    """

    seq = models.BigIntegerField()
    relation = models.CharField(max_length=200)
    at = models.DateTimeField(db_index=True)
    package = models.PositiveSmallIntegerField()
    net = models.BigIntegerField()
    cost = models.BigIntegerField()
    qty = models.BigIntegerField()
    profit = models.BigIntegerField()
    apy_ppm = models.BigIntegerField(default=0)
    gate = models.CharField(max_length=40, blank=True)
    limit = models.BigIntegerField(default=0)
    actual = models.BigIntegerField(default=0)
    leader = models.CharField(max_length=300, blank=True)
    fee_rev = models.CharField(max_length=600, blank=True)
    friction_rev = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("relation", "-at"), name="edge_sample_by_relation"),)
        constraints = (
            models.UniqueConstraint(
                fields=("seq", "relation", "package"), name="one_edge_sample_per_seq"
            ),
        )

    def __str__(self) -> str:
        return f"{self.relation} at {self.seq}"


class SelfTest(models.Model):
    """A synthetic opportunity sent through everything up to the point where orders would leave.

    `latency_ns` is from its second book to its last order; 0 where it did not arrive.
    """

    seq = models.BigIntegerField(unique=True)
    at = models.DateTimeField(db_index=True)
    outcome = models.CharField(max_length=8)
    latency_ns = models.BigIntegerField(default=0)
    text = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name = "self-test"

    def __str__(self) -> str:
        return f"{self.outcome} at {self.seq}"


class Decision(models.Model):
    """A plan judged: refused by `gate`, or approved (`gate` empty, `deal_id` names the deal)."""

    seq = models.BigIntegerField()
    relation = models.CharField(max_length=200)
    at = models.DateTimeField(db_index=True)
    package = models.PositiveSmallIntegerField()
    verdict = models.CharField(max_length=10)
    gate = models.CharField(max_length=40, blank=True, db_index=True)
    reason = models.TextField(blank=True)
    limit = models.BigIntegerField(default=0)
    actual = models.BigIntegerField(default=0)
    unit = models.CharField(max_length=16, blank=True)
    net = models.BigIntegerField(default=0)
    qty = models.BigIntegerField(default=0)
    profit = models.BigIntegerField(default=0)
    deal_id = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("relation", "-at"), name="decision_by_relation"),)
        constraints = (
            models.UniqueConstraint(
                fields=("seq", "relation", "package"), name="one_decision_per_seq"
            ),
        )

    def __str__(self) -> str:
        return f"{self.relation}: {self.verdict}"


class Command(models.Model):
    """What a person asked the engine for.

    The scribe relays rows in state `asked`, the engine's answer ends them.
    """

    class State(models.TextChoices):
        ASKED = "asked", "Asked"
        SENT = "sent", "Sent"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"

    kind = models.CharField(max_length=20)
    target = models.CharField(max_length=200, blank=True)
    author = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.ASKED, db_index=True
    )
    answer = models.TextField(blank=True)
    idempotency_key = models.CharField(max_length=200, unique=True, null=True, blank=True)
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.kind} {self.target}".strip()


class WorkerHeartbeat(models.Model):
    """A worker as it last reported.

    What it runs, and why it refused the saved configuration, if it did.
    """

    name = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()
    run = models.CharField(max_length=64, blank=True)
    mode = models.CharField(max_length=8, blank=True)
    revision_running = models.BigIntegerField(default=0)
    rejected = models.JSONField(default=list, blank=True)
    picture = models.BinaryField(null=True, blank=True)
    pid = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        verbose_name = "worker"

    def __str__(self) -> str:
        return self.name


class WorkerStats(models.Model):
    """One minute of a worker: what it saw, judged, opened and ended, and how it stood at the end.

    Counts are of the journal's events after `seq_from` up to `seq_to`, so that rows of a worker
    join without gap or overlap. `gates` counts refusals per gate. Money is micro-dollars.
    """

    name = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)
    run = models.CharField(max_length=64, blank=True)
    mode = models.CharField(max_length=8, blank=True)
    seq_from = models.BigIntegerField()
    seq_to = models.BigIntegerField()
    relations = models.PositiveIntegerField(default=0)
    edges = models.PositiveIntegerField(default=0)
    plans = models.PositiveIntegerField(default=0)
    approved = models.PositiveIntegerField(default=0)
    gates = models.JSONField(default=dict, blank=True)
    opened = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0)
    losses = models.PositiveIntegerField(default=0)
    fills = models.PositiveIntegerField(default=0)
    open_deals = models.PositiveIntegerField(default=0)
    naked = models.PositiveIntegerField(default=0)
    pnl_today = models.BigIntegerField(default=0)
    at_work = models.BigIntegerField(default=0)
    worst = models.BigIntegerField(default=0)
    free = models.BigIntegerField(default=0)
    sockets_up = models.PositiveIntegerField(default=0)
    sockets = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name = "minute"
        verbose_name_plural = "statistics"
        constraints = (models.UniqueConstraint(fields=("name", "at"), name="one_row_per_minute"),)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"


class Lease(models.Model):
    """The one trader: renewed every second by compare-and-set; free when expired."""

    name = models.CharField(max_length=64, unique=True)
    holder = models.CharField(max_length=120)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} held by {self.holder}"


class JournalCursor(models.Model):
    """How far the scribe has written the journal into rows.

    Moved in the same transaction as the rows. `journal` counts how often the journal was replaced.
    """

    name = models.CharField(max_length=64, unique=True)
    segment = models.CharField(max_length=200, blank=True)
    offset = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    journal = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} at {self.seq}"


class ApiToken(models.Model):
    """Bearer of a user's rights at the API; only the SHA-256 of the token is kept."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        TRADE = "trade", "Trade: also commands"
        ADMIN = "admin", "Admin: also pairs"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, blank=True)
    hash = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=8, choices=Scope.choices, default=Scope.READ)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name or f"token of {self.user}"
