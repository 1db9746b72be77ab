"""Limits as rows: every setting of `trading.engine.config.LIMITS`, and the one engine-wide mode."""

from __future__ import annotations

from django.db import models


class Threshold(models.Model):
    """One setting in base units (see `trading.engine.config.Unit`).

    Bounds, unit and meaning copy its `LimitSpec`.
    """

    key = models.CharField(max_length=64)
    scope = models.CharField(max_length=64, blank=True, default="")
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
            models.UniqueConstraint(fields=("key", "scope"), name="one_threshold_per_scope"),
        )

    def __str__(self) -> str:
        return self.key


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

    class Meta:
        verbose_name = verbose_name_plural = "engine mode"
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_engine_setting"),)

    def __str__(self) -> str:
        return f"execution mode {self.exec_mode}"
