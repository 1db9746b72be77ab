"""What the outside world needs of the database: which venues may be traded with money, and until
when.
"""

from __future__ import annotations

from django.db import models


class Arming(models.Model):
    """A person's yes to trading a venue with money, for a while. Kept for ever.

    It ends at `until`, or earlier at `ended_at`. What is unwound or hedged needs none.
    """

    venue = models.SlugField(max_length=32)
    author = models.CharField(max_length=150)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = "arming"
        verbose_name_plural = "armings"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(until__gt=models.F("at")), name="arming_ends_after_it_begins"
            ),
        )

    def __str__(self) -> str:
        return f"{self.venue} until {self.until:%Y-%m-%d %H:%M} UTC"


class Credential(models.Model):
    """A venue's secret at rest, sealed; see `feeds.vault`. Only `public` may be shown."""

    venue = models.SlugField(max_length=32)
    kind = models.CharField(max_length=16, default="account")
    public = models.CharField(max_length=128, blank=True)
    master = models.CharField(max_length=8)
    wrapped = models.BinaryField()
    body = models.BinaryField()
    author = models.CharField(max_length=150)
    stored_at = models.DateTimeField()
    sealed_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    attested_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("venue", "kind")
        verbose_name = "credential"
        verbose_name_plural = "credentials"
        constraints = (
            models.UniqueConstraint(fields=("venue", "kind"), name="one_credential_of_each_kind"),
        )

    def __str__(self) -> str:
        return f"{self.venue} {self.kind}"
