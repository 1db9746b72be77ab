"""What a person decided about risk, as rows: limits by scope, the engine-wide mode, how far each
strategy is let, where the operator may trade, and changes that wait for a second person.
"""

from __future__ import annotations

from django.db import models


class Threshold(models.Model):
    """One setting's value in base units (see `trading.engine.limits.Unit`).

    Bounds, unit and meaning copy its `LimitSpec`. `scope` and `target` say where it holds, both
    empty for everything. With `expires_at` it is an override: it holds before the lasting value of
    the same scope until then.
    """

    class Scope(models.TextChoices):
        EVERYTHING = "", "Everything"
        STRATEGY = "strategy", "Strategy"
        VENUE = "venue", "Venue"
        CATEGORY = "category", "Category"
        EVENT = "event", "Event"
        RELATION = "relation", "Relation"

    key = models.CharField(max_length=64)
    scope = models.CharField(max_length=64, blank=True, default="", choices=Scope.choices)
    target = models.CharField(max_length=240, blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)
    value = models.BigIntegerField()
    unit = models.CharField(max_length=16)
    low = models.BigIntegerField()
    high = models.BigIntegerField()
    group = models.CharField(max_length=32, blank=True)
    meaning = models.CharField(max_length=300)

    class Meta:
        ordering = ("id",)
        verbose_name = "limit"
        constraints = (
            models.UniqueConstraint(
                fields=("key", "scope", "target"),
                condition=models.Q(expires_at=None),
                name="one_threshold_per_scope",
            ),
            models.UniqueConstraint(
                fields=("key", "scope", "target"),
                condition=models.Q(expires_at__isnull=False),
                name="one_override_per_scope",
            ),
        )

    def __str__(self) -> str:
        return f"{self.key} of {self.scope} {self.target}" if self.scope else self.key


class EngineSetting(models.Model):
    """The single row of what is not a number: the mode orders may be carried out in.

    `exec_mode` is the `Snapshot.exec_mode`: a venue's and a relation's own mode can only narrow it.
    `note` is shown with the mode, e.g. that a demonstration armed it.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    exec_mode = models.CharField(
        max_length=8,
        default="detect",
        choices=(
            ("detect", "Detect: look only"),
            ("paper", "Paper: simulated orders"),
            ("live", "Live: real orders"),
            ("both", "Both: paper beside live"),
        ),
    )
    note = models.CharField(max_length=200, blank=True)
    timezone = models.CharField(
        max_length=64, default="UTC", help_text="Days, weeks and months of the stops begin here."
    )
    country = models.CharField(
        max_length=2, blank=True, help_text="Where the operator trades from, such as DE."
    )
    two_people = models.BooleanField(
        default=False, help_text="With live trading, a second person must approve every limit."
    )

    class Meta:
        verbose_name = verbose_name_plural = "engine mode"
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_engine_setting"),)

    def __str__(self) -> str:
        return f"execution mode {self.exec_mode}"


class Feature(models.Model):
    """How far a strategy is let; one without a row is off."""

    class Rollout(models.TextChoices):
        OFF = "off", "Off"
        PAPER = "paper", "Paper only"
        VENUE = "venue", "With a leg at one venue"
        SHARE = "share", "In a share of cases"
        ON = "on", "On"

    strategy = models.SlugField(primary_key=True, max_length=40)
    rollout = models.CharField(max_length=8, choices=Rollout.choices, default=Rollout.OFF)
    venue = models.CharField(max_length=32, blank=True, help_text="For one venue: which.")
    share_ppm = models.PositiveIntegerField(
        default=0, help_text="For a share: parts per million, 100000 is 10 %."
    )

    class Meta:
        ordering = ("strategy",)

    def __str__(self) -> str:
        return f"{self.strategy}: {self.get_rollout_display()}"


class Jurisdiction(models.Model):
    """Whether a venue may be traded from a country, in a category; an empty name is any."""

    venue = models.CharField(max_length=32, blank=True)
    country = models.CharField(max_length=2)
    category = models.CharField(max_length=120, blank=True)
    allowed = models.BooleanField(default=False)
    why = models.CharField(max_length=300, help_text="Law, licence or terms of use; where to read.")

    class Meta:
        ordering = ("country", "venue", "category")
        constraints = (
            models.UniqueConstraint(
                fields=("venue", "country", "category"), name="one_jurisdiction_per_place"
            ),
        )

    def __str__(self) -> str:
        what = "allowed" if self.allowed else "not allowed"
        return f"{self.venue or 'every venue'} from {self.country}: {what}"


class GeoCheck(models.Model):
    """What a venue said when it was asked whether it takes orders from where we are."""

    venue = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField()
    blocked = models.BooleanField()
    said = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("venue",)
        verbose_name = "geoblock check"

    def __str__(self) -> str:
        return f"{self.venue}: {'blocked' if self.blocked else 'open'}"


class ChangeSet(models.Model):
    """Values that one person proposed and another must approve; `wanted` as `services.Wanted`."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        APPLIED = "applied", "Applied"
        WITHDRAWN = "withdrawn", "Withdrawn"

    author = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    base = models.BigIntegerField(help_text="The revision it was written on.")
    wanted = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    decided_by = models.CharField(max_length=150, blank=True)
    revision = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = "change set"

    def __str__(self) -> str:
        return f"change set {self.pk} by {self.author}"
