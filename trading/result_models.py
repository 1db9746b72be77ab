"""What the solver proposed, and records of what deals came to, what venues paid, when breakers
stopped, and whether the rows agree with the engine.

Written by the scribe through `store`, checks by `pnl`. Money is millionths of a dollar. `journal`
counts the journals there were: one that was replaced begins its sums anew, as the engine did.
"""

from __future__ import annotations

from django.db import models


class DealResult(models.Model):
    """What an ended deal had locked in when it was told: after event `seq`, in all."""

    deal = models.ForeignKey(
        "trading.Deal",
        models.DO_NOTHING,
        to_field="deal_id",
        related_name="results",
        db_constraint=False,
    )
    seq = models.BigIntegerField()
    at = models.DateTimeField(db_index=True)
    book = models.CharField(max_length=8)
    state = models.CharField(max_length=16)
    locked = models.BigIntegerField()
    journal = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("deal_id", "seq")
        constraints = (
            models.UniqueConstraint(
                fields=("deal", "journal", "seq"), name="one_deal_result_per_seq"
            ),
        )

    def __str__(self) -> str:
        return f"{self.deal_id} at {self.seq}"


class Settlement(models.Model):
    """What one contract of each outcome of a market paid, as the venue first said."""

    market_id = models.CharField(max_length=300, unique=True)
    seq = models.BigIntegerField()
    at = models.DateTimeField(db_index=True)
    pays = models.JSONField(default=list)

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return self.market_id


class ResultCheck(models.Model):
    """One comparison of the engine's own results with the rows, as of event `seq`.

    `text` says what differs; empty where all agreed. `engine` and `rows` are the book's results
    of all time.
    """

    at = models.DateTimeField(db_index=True)
    seq = models.BigIntegerField()
    engine = models.BigIntegerField()
    rows = models.BigIntegerField()
    deals = models.PositiveIntegerField(default=0)
    text = models.TextField(blank=True)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name = "check of results"
        verbose_name_plural = "checks of results"

    def __str__(self) -> str:
        return self.text or "agrees"


class BreakerTrip(models.Model):
    """One time that a breaker stopped trading, and how it ended.

    `limit` and `actual` are in `unit`'s base; `until` is empty where a person must reset it.
    `released_by` is a person, or `itself` when its time was over.
    """

    book = models.CharField(max_length=8)
    breaker = models.CharField(max_length=40)
    seq = models.BigIntegerField()
    at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=8)
    reason = models.CharField(max_length=500)
    limit = models.BigIntegerField()
    actual = models.BigIntegerField()
    unit = models.CharField(max_length=16)
    until = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    released_seq = models.BigIntegerField(null=True, blank=True)
    released_by = models.CharField(max_length=150, blank=True)
    released_why = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name = "trip"
        constraints = (
            models.UniqueConstraint(
                fields=("book", "breaker", "at", "seq"), name="one_trip_per_seq"
            ),
        )

    def __str__(self) -> str:
        return f"{self.book} {self.breaker} at {self.seq}"


class Proposal(models.Model):
    """A purchase that the solver found worth looking at, for the scribe to hand to the engine.

    `amounts` is a list of [claim, contracts]; `profit` what integers said of it on the books it was
    found on, in millionths of a dollar. Nothing in it is believed by the engine.
    """

    relation = models.CharField(max_length=200, db_index=True)
    amounts = models.JSONField(default=list)
    profit = models.BigIntegerField()
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.relation} {self.at:%Y-%m-%d %H:%M}"
