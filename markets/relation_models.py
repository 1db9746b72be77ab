"""What equals what, as rows: relations, what was decided about them, and what the matcher may do.

Markets are named by their text id, relations by their slug.
"""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class Mode(models.TextChoices):
    """What may be done; the same words as the engine's `Mode`."""

    DETECT = "detect", "Detect: look only"
    PAPER = "paper", "Paper: simulated orders"
    LIVE = "live", "Live: real orders"
    BOTH = "both", "Both: paper beside live"


class Way(models.TextChoices):
    """How deals are carried out; the same words as the engine's `Strategy`."""

    TAKER_TAKER = "taker_taker", "All legs at once"
    LEADER_FIRST = "leader_first", "Leader first, the others for what it filled"
    MAKER_HEDGE = "maker_hedge", "Rest an order and hedge what fills"


class Relation(models.Model):
    """Claims that settle on the same facts, and what a person decided about them.

    `worlds` is a list of {name, kind, ppm}; `approved_packages` a list of package numbers;
    `rule_hashes` the texts' hashes by market id at the time of confirmation, `starts` the starts of
    the games then, in nanoseconds. `mark` names the two markets of a pair, in either order, and
    is empty for everything larger. `evidence` is the matcher's encoded judgement, `llm` the
    ranker's answer: advice only. `certificate` says why exactly one of a set pays, if it does.
    """

    class Status(models.TextChoices):
        CANDIDATE = "candidate", "Candidate"
        CONFIRMED = "confirmed", "Confirmed"
        BLOCKED = "blocked", "Blocked"
        SUSPENDED = "suspended", "Suspended"

    slug = models.CharField(max_length=200, unique=True)
    # Empty is NULL here: any number of larger relations have no mark, and no two pairs share one.
    mark = models.CharField(  # noqa: DJ001
        max_length=32, unique=True, null=True, editable=False
    )
    title = models.CharField(max_length=500)
    category = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=16, default="pair")
    inverse = models.BooleanField(
        default=False, help_text="YES of the first market pays exactly when NO of the second does."
    )
    status = models.CharField(
        max_length=12, choices=Status.choices, default=Status.CANDIDATE, db_index=True
    )
    status_reason = models.CharField(max_length=500, blank=True)
    worlds = models.JSONField(default=list)
    payout_at = models.DateTimeField(null=True, blank=True)
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.BOTH)
    strategy = models.CharField(
        "way of execution",
        max_length=16,
        choices=Way.choices,
        blank=True,
        help_text="Empty: by the settings leader_first and maker_hedge and the venues' delays. "
        "Leader first sends one leg alone. Rest: an order rests where it still keeps the least "
        "edge; what is offered is taken as ever. Its strategy must be let in on the Strategies "
        "page. Running deals keep theirs.",
    )
    min_net_edge = models.BigIntegerField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    llm_score = models.FloatField(null=True, blank=True)
    rules_passed = models.BooleanField(null=True, blank=True)
    active = models.BooleanField(default=True)
    approved_packages = models.JSONField(default=list, blank=True)
    rule_hashes = models.JSONField(default=dict, blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    llm = models.JSONField(default=dict, blank=True)
    certificate = models.CharField(max_length=500, blank=True)
    judged_as = models.CharField(max_length=64, blank=True, editable=False)
    expected = models.BigIntegerField(
        null=True, blank=True, help_text="What it would bring now, in millionths of a dollar."
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    starts = models.JSONField(default=dict, blank=True)
    pre_match_only = models.BooleanField(
        null=True, blank=True, help_text="Empty: as its category says."
    )
    confirmed_by = models.CharField(max_length=150, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.title or self.slug


class MarketPair(Relation):
    """The relation of two binary markets."""

    class Meta:
        proxy = True
        verbose_name = "pair"


class Claim(models.Model):
    """An outcome of a market as part of a relation; `pays` holds [fixed, stake_ppm] per world."""

    relation = models.ForeignKey(Relation, models.CASCADE, to_field="slug", related_name="claims")
    market = models.ForeignKey(
        "markets.Market", models.PROTECT, to_field="market_id", related_name="claims"
    )
    outcome = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    pays = models.JSONField(default=list)

    class Meta:
        ordering = ("relation_id", "position")
        constraints = (
            models.UniqueConstraint(fields=("relation", "position"), name="one_claim_per_place"),
        )

    def __str__(self) -> str:
        return f"{self.market_id} outcome {self.outcome}"


class BlockRule(models.Model):
    """What must never be traded.

    A venue, a market, a pair, a series, a category, or titles with a text or a pattern in them.
    """

    class Kind(models.TextChoices):
        VENUE = "venue", "Venue"
        MARKET = "market", "Market id"
        PAIR = "pair", "Pair"
        CATEGORY = "category", "Category"
        TEXT = "text", "Text in a title"
        SERIES = "series", "Series"
        PATTERN = "pattern", "Pattern in a title"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    value = models.CharField(max_length=300)
    reason = models.CharField(max_length=500)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("kind", "value")
        constraints = (
            models.UniqueConstraint(fields=("kind", "value"), name="one_block_rule_per_value"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class MatchDecision(models.Model):
    """What a person or the matcher decided about a relation, with reasons. Rows are only added."""

    relation = models.ForeignKey(
        Relation, models.CASCADE, to_field="slug", related_name="decisions"
    )
    verdict = models.CharField(max_length=16)
    reasons = models.JSONField(default=list)
    author = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.relation_id}: {self.verdict}"


class SourceAllow(models.Model):
    """Two classes of source that may stand for one another, and why.

    Classes are those of `markets.matching.sources`, such as `contest`, `official`, `agency:fed`.
    """

    name = models.CharField(max_length=120, unique=True)
    first = models.CharField(max_length=300)
    second = models.CharField(max_length=300)
    reason = models.CharField(max_length=500)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)
        verbose_name = "allowed source"

    def __str__(self) -> str:
        return self.name


class CategoryRule(models.Model):
    """What holds for all relations of a category unless they say otherwise."""

    category = models.CharField(max_length=120, unique=True)
    pre_match_only = models.BooleanField(
        default=False, help_text="No new deal once the game has begun."
    )
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ("category",)

    def __str__(self) -> str:
        return self.category


class MatchPolicy(models.Model):
    """What the matcher and the language model may do. One row."""

    auto_confirm = models.BooleanField(
        default=False, help_text="Confirm without a person what every rule and the table prove."
    )
    min_score = models.FloatField(
        default=0.92, validators=[MinValueValidator(0.5), MaxValueValidator(1.0)]
    )
    llm_enabled = models.BooleanField(default=False)
    llm_budget = models.PositiveIntegerField(
        default=200, help_text="Most questions put to the model a day."
    )

    class Meta:
        verbose_name = "matching policy"
        verbose_name_plural = "matching policy"

    def __str__(self) -> str:
        return "Matching policy"


class MatchCandidate(models.Model):
    """Two markets that were compared and refused: by which rule, and on what evidence."""

    first = models.CharField(max_length=300)
    second = models.CharField(max_length=300)
    score = models.FloatField()
    refused_by = models.CharField(max_length=80, db_index=True)
    evidence = models.JSONField(default=dict)
    judged_as = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-score", "-id")
        verbose_name = "refused match"
        verbose_name_plural = "refused matches"
        constraints = (
            models.UniqueConstraint(fields=("first", "second"), name="one_candidate_per_pair"),
        )

    def __str__(self) -> str:
        return f"{self.first} and {self.second}"


class MatchRun(models.Model):
    """One run of the matcher over the catalogue, or of the bench over the stored cases."""

    kind = models.CharField(max_length=8, default="match")
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name = "matching run"

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class TeachCase(models.Model):
    """A decision kept as a case the matcher is measured on. `record` is a line of
    `manage.py match`.

    `clause` is where the two texts part, as the person who decided said.
    """

    name = models.CharField(max_length=200, unique=True)
    label = models.CharField(max_length=12)
    topic = models.CharField(max_length=120, blank=True)
    clause = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=500, blank=True)
    record = models.JSONField(default=dict)
    author = models.CharField(max_length=150)
    at = models.DateTimeField()
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("-at", "-id")
        verbose_name = "match case"

    def __str__(self) -> str:
        return self.name
