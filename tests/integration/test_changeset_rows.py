"""Strategies, places and blocks as parts of a change set: previewed, applied, reverted, approved by
two.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from feeds import services as feeds
from feeds import snapshot
from markets import selectors
from markets import services as markets
from markets.models import BlockRule, ConfigRevision
from risk import changesets, preview, proposals, rows, services
from risk import selectors as risk
from risk.models import Feature, Jurisdiction
from risk.wanted import Item, RowWanted, Wanted
from tests.listings import confirmed
from trading.models import Decision, EdgeSample

pytestmark = pytest.mark.django_db
STRATEGY = "taker_taker"


def feature(rollout: str, **fields: Any) -> RowWanted:
    return RowWanted(rows.FEATURE, STRATEGY, {"rollout": rollout, **fields})


def place(*, allowed: bool, venue: str = "kalshi", why: str = "the law") -> RowWanted:
    return RowWanted(rows.PLACE, f"DE/{venue}/", {"allowed": allowed, "why": why})


def block(value: str, *, active: bool = True, kind: str = "series") -> RowWanted:
    return RowWanted(rows.BLOCK, f"{kind}/{value}", {"active": active, "reason": "odd"})


def save(*wanted: RowWanted | Wanted, base: int | None = None) -> int:
    made = changesets.apply(list(wanted), "alice", "because", base)
    return made.pk if made else 0


@pytest.fixture
def site() -> str:
    """A fresh site with one confirmed pair that trades, and two plans of today."""
    feeds.seed()
    slug = confirmed()
    services.set_engine("paper", "alice", "begin", country="DE")
    at = timezone.now() - timedelta(hours=1)
    edge = {"relation": slug, "at": at, "package": 0, "net": 30_000, "profit": 4_000_000}
    EdgeSample.objects.create(seq=1, cost=900_000, qty=1, **edge)
    Decision.objects.create(seq=1, verdict="approved", **edge)
    Decision.objects.create(seq=2, verdict="refused", gate="feature", **edge)
    return slug


def test_preview_apply_revert(site: str) -> None:
    """The whole way of one change set with a limit, a strategy, a place and a block in it."""
    wanted: list[Item] = [
        Wanted("min_trade", 6_000_000),
        feature("off"),
        place(allowed=False),
        block("KXNOTHING"),
    ]

    found = preview.look(wanted)
    assert (found.relations, found.stop) == ((site,), (site,))
    assert (found.fewer, found.more) == (1, 0)
    assert "1 would stop trading" in preview.sentence(found)
    assert (Jurisdiction.objects.count(), BlockRule.objects.count()) == (0, 0)

    number = save(*wanted)
    assert Feature.objects.get(pk=STRATEGY).rollout == "off"
    loaded = snapshot.load()
    assert [(p.venue, p.allowed) for p in loaded.permissions] == [("kalshi", False)]
    assert BlockRule.objects.get().active

    changesets.revert(number, "bob")
    assert Feature.objects.get(pk=STRATEGY).rollout == "paper"
    assert risk.limits().min_trade == 5_000_000
    assert not Jurisdiction.objects.exists()
    assert not BlockRule.objects.get().active
    with pytest.raises(ValidationError, match="was changed again after"):
        changesets.revert(number, "bob")


@pytest.mark.parametrize(
    ("wanted", "stops"),
    [
        (feature("off"), True),
        (feature("venue", venue="kalshi"), False),
        (place(allowed=False), True),
        (block("pair-x", kind="market"), False),
        (block("weather", kind="category"), True),
    ],
    ids=lambda item: getattr(item, "key", ""),
)
def test_a_preview_says_which_relation_would_stop(
    site: str, wanted: RowWanted, stops: bool
) -> None:
    assert preview.look([wanted]).stop == ((site,) if stops else ())


def test_what_was_refused_would_be_made_when_it_is_let(site: str) -> None:
    save(feature("off"))

    found = preview.look([feature("on")])

    assert (found.more, found.fewer, found.more_profit) == (1, 0, 4_000_000)


def test_everything_goes_back_to_any_revision(site: str) -> None:
    save(feature("paper"), place(allowed=True), block("A"))
    first = selectors.last_revision_number()
    save(feature("on"))
    save(place(allowed=False, why="another law"), feature("share", share_ppm=100_000))
    save(RowWanted(rows.PLACE, "DE/kalshi/", None), block("A", active=False), block("B"))

    changesets.apply(changesets.as_of(first), "bob", "back")

    row = Feature.objects.get(pk=STRATEGY)
    assert (row.rollout, row.share_ppm) == ("paper", 0)
    kept = Jurisdiction.objects.get()
    assert (kept.allowed, kept.why) == (True, "the law")
    assert [(r.value, r.active) for r in BlockRule.objects.order_by("value")] == [
        ("A", True),
        ("B", False),
    ]


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (feature("perhaps"), "no stage"),
        (RowWanted(rows.PLACE, "de/kalshi/", {"allowed": True, "why": "x"}), "no country"),
        (place(allowed=True, venue="nowhere"), "no venue 'nowhere'"),
        (place(allowed=True, why=" "), "Say why"),
        (RowWanted(rows.BLOCK, "series", {"active": True}), "names no row"),
        (RowWanted(rows.BLOCK, "pattern/(", {"active": True}), "pattern"),
        (RowWanted(rows.BLOCK, "colour/red", {"active": True}), "'colour' is no kind"),
        (RowWanted("weather", "x", {}), "no kind of row"),
        (RowWanted(rows.FEATURE, "x", {"colour": 1}), "has no colour"),
    ],
)
def test_a_row_that_cannot_be_refuses_the_whole_set(
    site: str, wanted: RowWanted, sentence: str
) -> None:
    before = ConfigRevision.objects.count()

    with pytest.raises(ValidationError, match=sentence):
        save(Wanted("min_trade", 6_000_000), wanted)

    assert ConfigRevision.objects.count() == before
    assert risk.limits().min_trade == 5_000_000


def test_what_somebody_changed_meanwhile_is_not_overwritten(site: str) -> None:
    base = selectors.last_revision_number()
    save(feature("on"))

    with pytest.raises(ValidationError, match="alice changed taker_taker"):
        save(feature("off"), base=base)


def test_with_money_a_second_person_lets_more_and_anybody_less(site: str, settings: Any) -> None:
    settings.LIVE_ALLOWED = True
    services.set_engine("live", "alice", "go", two_people=True)
    with pytest.raises(ValidationError, match="second person"):
        save(feature("on"))
    with pytest.raises(ValidationError, match="second person"):
        save(place(allowed=True))
    assert save(feature("off"), place(allowed=False), block("A"))

    base = selectors.last_revision_number()
    number = proposals.propose([feature("on"), block("A", active=False)], "alice", "calm", base)
    with pytest.raises(ValidationError, match="somebody else"):
        proposals.approve(number, "alice")
    assert proposals.approve(number, "bob") is not None
    assert Feature.objects.get(pk=STRATEGY).rollout == "on"
    assert not BlockRule.objects.get().active


def test_a_rule_that_the_review_made_is_taken_back_too(site: str) -> None:
    markets.add_block_rule("series", "KXRAIN", "ann", "odd")

    changesets.revert(selectors.last_revision_number(), "bob")

    assert not BlockRule.objects.get().active


# The page


@pytest.fixture
def page(client: Client, site: str) -> Client:
    client.force_login(User.objects.create_superuser("alice", password="x"))
    return client


def post(page: Client, action: str, **typed: str) -> Any:
    return page.post("/settings/strategies/", {"action": action, **typed})


def test_the_page_previews_and_applies_each_kind(page: Client, site: str) -> None:
    forms: list[dict[str, str]] = [
        {"kind": "feature", "key": STRATEGY, "rollout": "off"},
        {"kind": "jurisdiction", "country": "DE", "venue": "kalshi", "allowed": "0", "why": "law"},
        {"kind": "block rule", "block": "category", "value": "Weather", "active": "1"},
    ]
    for typed in forms:
        before = selectors.last_revision_number()
        shown = post(page, "preview", **typed).content.decode()
        assert "Touches 1 relation" in shown, typed
        assert selectors.last_revision_number() == before
        post(page, "apply", reason="calm", **typed)
        assert selectors.last_revision_number() == before + 1
        services.set_feature(STRATEGY, "alice", "again", rollout="paper")

    shown = page.get("/settings/strategies/").content.decode()
    assert "Weather" in shown
    assert "not allowed" in shown


def test_a_refusal_stands_on_the_page_and_nothing_is_saved(page: Client) -> None:
    before = selectors.last_revision_number()

    answer = post(page, "apply", kind="feature", key=STRATEGY, rollout="perhaps", reason="x")

    assert (answer.status_code, selectors.last_revision_number()) == (422, before)
    assert "no stage of a strategy" in answer.content.decode()
    assert "no such form" in post(page, "apply", kind="other").content.decode()


def test_the_audit_offers_to_take_a_strategy_back(page: Client, site: str) -> None:
    number = save(feature("off"))

    assert "taker_taker paper, was off" in page.get(f"/audit/{number}/revert/").content.decode()
    page.post(f"/audit/{number}/revert/", {"way": "this", "reason": "back"})

    assert Feature.objects.get(pk=STRATEGY).rollout == "paper"


def test_the_admin_saves_rows_as_change_sets(page: Client, site: str) -> None:
    page.post(
        "/admin/risk/jurisdiction/add/",
        {
            "venue": "kalshi",
            "country": "de",
            "allowed": "on",
            "why": "law",
            "reason": "go",
            "confirmed": "on",
        },
    )
    revision = selectors.revision(selectors.last_revision_number())
    assert revision.changes[0]["key"] == "DE/kalshi/"

    changesets.revert(revision.id, "bob")

    assert not Jurisdiction.objects.exists()
