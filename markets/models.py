"""What can be traded and what equals what, as rows.

Money and sizes are integers in base units. A market is known everywhere by its text id
`venue:native`, a relation by its slug; foreign keys carry those texts, so that no reader needs a
look-up.
"""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from markets.relation_models import (
    BlockRule,
    CategoryRule,
    Claim,
    MarketPair,
    MatchCandidate,
    MatchDecision,
    MatchPolicy,
    MatchRun,
    Mode,
    Relation,
    SourceAllow,
    TeachCase,
)

__all__ = (
    "BlockRule",
    "CategoryRule",
    "Claim",
    "ConfigRevision",
    "Event",
    "FeeSchedule",
    "FrictionPack",
    "Maintenance",
    "Market",
    "MarketPair",
    "MatchCandidate",
    "MatchDecision",
    "MatchPolicy",
    "MatchRun",
    "Mode",
    "Relation",
    "RuleText",
    "SourceAllow",
    "SyncRun",
    "TeachCase",
    "Venue",
)


class Venue(models.Model):
    """A venue as configured. Empty addresses take the adapter's own."""

    slug = models.SlugField(primary_key=True, max_length=32)
    name = models.CharField(max_length=80)
    short = models.CharField(max_length=4, help_text="Two letters shown on the venue's chip.")
    enabled = models.BooleanField(default=False)
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.DETECT)
    trade_age_ms = models.PositiveIntegerField(
        default=0, help_text="A leg older than this is not traded; 0 takes the general limit."
    )
    paper_latency_ms = models.PositiveIntegerField(default=150)
    paper_cash = models.BigIntegerField(default=10_000_000_000)
    payout_lag_ms = models.BigIntegerField(default=86_400_000)
    sockets = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(3)],
        help_text="Feeds of the same markets raced against one another, 1 to 3; venues limit "
        "sockets for each address.",
    )
    rest_url = models.CharField(max_length=300, blank=True)
    ws_url = models.CharField(max_length=300, blank=True)
    gamma_url = models.CharField(max_length=300, blank=True)
    data_url = models.CharField(max_length=300, blank=True)
    site_url = models.CharField(max_length=300, blank=True)
    rate_tier = models.CharField(
        max_length=16,
        blank=True,
        help_text="The account's rate tier as the venue names it (`manage.py doctor` says which); "
        "empty takes the lowest.",
    )

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """A venue's group of markets."""

    venue = models.ForeignKey(Venue, models.PROTECT, related_name="events")
    native = models.CharField(max_length=200)
    title = models.CharField(max_length=500, blank=True)
    category = models.CharField(max_length=120, blank=True)
    series = models.CharField(max_length=200, blank=True)
    exclusive = models.BooleanField(
        default=False, help_text="The venue says that at most one of its markets pays."
    )
    augmented = models.BooleanField(
        default=False, help_text="Outcomes may still be added: its markets are not a complete set."
    )

    class Meta:
        ordering = ("venue_id", "native")
        constraints = (
            models.UniqueConstraint(fields=("venue", "native"), name="one_event_per_native"),
        )

    def __str__(self) -> str:
        return self.title or self.native


class Market(models.Model):
    """One question at one venue.

    `terms` is the encoded `markets.terms.instruments.Market`, the engine's view; `details` the
    encoded `markets.discovery.catalog.Details`, what matching reads beside the texts. `gone_at`
    says since when the venue no longer lists it.
    """

    market_id = models.CharField(max_length=300, unique=True)
    venue = models.ForeignKey(Venue, models.PROTECT, related_name="markets")
    event = models.ForeignKey(Event, models.PROTECT, related_name="markets", null=True, blank=True)
    native = models.CharField(max_length=250)
    title = models.CharField(max_length=500)
    category = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=16, default="open", db_index=True)
    outcomes = models.JSONField(default=list)
    tokens = models.JSONField(default=list, blank=True)
    terms = models.JSONField(default=dict)
    rules = models.TextField(blank=True)
    rules_hash = models.CharField(max_length=64, blank=True)
    resolution_source = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True)
    open_at = models.DateTimeField(null=True, blank=True)
    close_at = models.DateTimeField(null=True, blank=True)
    payout_at = models.DateTimeField(null=True, blank=True)
    starts_at = models.DateTimeField(
        null=True, blank=True, help_text="Start of the game, where the venue says so itself."
    )
    details = models.JSONField(default=dict, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("venue_id", "native")
        constraints = (
            models.UniqueConstraint(fields=("venue", "native"), name="one_market_per_native"),
        )
        indexes = (models.Index(fields=("venue", "seen_at"), name="market_seen"),)

    def __str__(self) -> str:
        return f"{self.title} ({self.venue_id})"


class RuleText(models.Model):
    """A market's rule text as it stood when first seen; a new row whenever its hash is new."""

    market = models.ForeignKey(
        Market, models.CASCADE, to_field="market_id", related_name="rule_texts"
    )
    text = models.TextField()
    hash = models.CharField(max_length=64)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("-seen_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("market", "hash"), name="one_rule_text_per_hash"),
        )

    def __str__(self) -> str:
        return f"{self.market_id} {self.hash[:8]}"


class FeeSchedule(models.Model):
    """A market's fee schedule as it stood from `seen_at` on; a new row whenever it changes.

    `parameters` is the encoded `markets.terms.instruments.FeeSchedule`, `rev` its content's name.
    """

    market = models.ForeignKey(
        Market, models.CASCADE, to_field="market_id", related_name="fee_schedules"
    )
    kind = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    rev = models.CharField(max_length=16, db_index=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("-seen_at", "-id")

    def __str__(self) -> str:
        return f"{self.kind} {self.rev}"


class Maintenance(models.Model):
    """When a venue has said that it does not trade: weekly hours, or once from then to then."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0
        TUESDAY = 1
        WEDNESDAY = 2
        THURSDAY = 3
        FRIDAY = 4
        SATURDAY = 5
        SUNDAY = 6

    venue = models.ForeignKey(Venue, models.PROTECT, related_name="maintenance")
    weekday = models.PositiveSmallIntegerField(
        choices=Weekday.choices, null=True, blank=True, help_text="Empty: once, from then to then."
    )
    begins = models.TimeField(null=True, blank=True, help_text="Weekly: the venue's own clock.")
    ends = models.TimeField(null=True, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    starts_at = models.DateTimeField(null=True, blank=True, help_text="Once.")
    ends_at = models.DateTimeField(null=True, blank=True)
    what = models.CharField(max_length=200, help_text="What for; its name.")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("venue_id", "weekday", "starts_at", "id")
        verbose_name = "maintenance"
        verbose_name_plural = "maintenance"
        constraints = (
            models.UniqueConstraint(fields=("venue", "what"), name="one_maintenance_per_name"),
        )

    def __str__(self) -> str:
        return f"{self.venue_id}: {self.what}"


class FrictionPack(models.Model):
    """What deals cost that no fee names. Shares are millionths of a dollar for each dollar.

    `hash` names the content; `version` counts its changes.
    """

    name = models.CharField(max_length=80, unique=True)
    venue = models.ForeignKey(
        Venue,
        models.PROTECT,
        related_name="friction_packs",
        null=True,
        blank=True,
        help_text="Where it is paid; empty is every venue.",
    )
    version = models.PositiveIntegerField(default=0, editable=False)
    gas = models.BigIntegerField(default=0)
    bridge = models.BigIntegerField(default=0)
    on_ramp = models.BigIntegerField(default=0)
    withdrawal = models.BigIntegerField(default=0)
    fx = models.BigIntegerField(default=0)
    active = models.BooleanField(default=True)
    hash = models.CharField(max_length=16, editable=False)

    class Meta:
        ordering = ("name",)
        verbose_name = "friction pack"

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class SyncRun(models.Model):
    """One walk over a venue's catalogue, page by page.

    `cursor` is the encoded request the walk goes on from after it was killed. `since` is set when
    only what changed after it was asked for.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    venue = models.ForeignKey(Venue, models.CASCADE, related_name="sync_runs")
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.RUNNING, db_index=True
    )
    since = models.DateTimeField(null=True, blank=True)
    cursor = models.JSONField(null=True, blank=True)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    resumed = models.PositiveIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    listed = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    postponed = models.PositiveIntegerField(default=0)
    rules_changed = models.PositiveIntegerField(default=0)
    suspended = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=dict, blank=True)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-started_at", "-id")
        verbose_name = "catalogue run"

    def __str__(self) -> str:
        return f"{self.venue_id} {self.started_at:%Y-%m-%d %H:%M}"


class ConfigRevision(models.Model):
    """One change of configuration: who, why, what. The largest id is the saved revision.

    `changes` is a list of {object, key, field, before, after}. `hash` is over the row and the hash
    of the row before (`markets.chain`).
    """

    author = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    changes = models.JSONField(default=list)
    hash = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ("-id",)
        verbose_name = "revision"

    def __str__(self) -> str:
        return f"revision {self.pk}"
