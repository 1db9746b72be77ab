"""Changes of limits as sets: scoped, temporary, stale, approved by two, reverted, previewed."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from feeds import services as feeds
from feeds import snapshot
from markets import selectors
from markets.models import ConfigRevision
from markets.revisions import verify
from risk import changesets, configuration, preview, proposals, services
from risk import selectors as risk
from risk.documents import Unreadable, as_yaml, read
from risk.models import Feature, Jurisdiction, Threshold
from risk.profiles import PROFILES
from risk.wanted import Wanted
from trading.engine.limits import Scope
from trading.engine.scopes import ScopedLimit

pytestmark = pytest.mark.django_db


def edge(value: int | None, **place: Any) -> Wanted:
    return Wanted("min_net_edge", value, **place)


def save(*wanted: Wanted, author: str = "alice", base: int | None = None) -> int:
    made = changesets.apply(list(wanted), author, "because", base)
    return made.pk if made else 0


def refused(*wanted: Wanted, **words: Any) -> str:
    before = ConfigRevision.objects.count(), list(Threshold.objects.values_list("key", "value"))
    with pytest.raises(ValidationError) as problem:
        save(*wanted, **words)
    after = ConfigRevision.objects.count(), list(Threshold.objects.values_list("key", "value"))
    assert after == before
    return " ".join(problem.value.messages)


# Values and scopes


def test_a_value_for_a_category_reaches_the_engines_snapshot() -> None:
    save(edge(40_000, scope="category", target="Politics"))
    assert snapshot.load().scoped == (
        ScopedLimit("min_net_edge", Scope.CATEGORY, "Politics", 40_000),
    )
    save(edge(None, scope="category", target="Politics"))
    assert snapshot.load().scoped == ()


def test_an_override_stands_before_the_lasting_value_and_runs_out() -> None:
    until = timezone.now() + timedelta(minutes=5)
    save(edge(30_000))
    save(edge(20_000, until=until))
    assert risk.limits().min_net_edge == 30_000
    (row,) = risk.scoped()
    assert (row.scope, row.value) == (Scope.EVERYTHING, 20_000)
    Threshold.objects.exclude(expires_at=None).update(expires_at=timezone.now())
    assert risk.scoped() == ()


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (edge(2_000_000), "min_net_edge may be 0 ¢ to 100 ¢, not 200 ¢."),
        (edge(200_000), "min_net_edge is above max_edge"),
        (edge(200_000, scope="category", target="x"), "category x: min_net_edge is above max_edge"),
        (edge(1, scope="venue", target="kalshi"), "cannot be set for a venue, only for a strategy"),
        (edge(1, scope="category"), "Name the category that min_net_edge is for."),
        (Wanted("max_trad", 1), "There is no setting 'max_trad'; did you mean max_trade?"),
        (edge(1, until=timezone.now()), "would be over already"),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_nothing_is_saved(
    wanted: Wanted, sentence: str
) -> None:
    assert sentence in refused(Wanted("max_trade", 70_000_000), wanted)


def test_what_somebody_changed_meanwhile_is_not_overwritten() -> None:
    base = save(edge(30_000))
    save(Wanted("max_trade", 70_000_000), author="bob")
    save(edge(31_000), author="bob")
    text = refused(edge(32_000), base=base)
    assert re.fullmatch(
        r"bob changed min_net_edge at [\d:]{8} UTC, in revision \d+, while you were looking; look "
        r"at it again, then save\.",
        text,
    )
    assert save(edge(32_000), base=selectors.last_revision_number())


# Two people


def live(settings: Any) -> None:
    settings.LIVE_ALLOWED = True
    services.set_engine("live", "alice", "go live", two_people=True)


def test_live_limits_wait_for_a_second_person(settings: Any) -> None:
    live(settings)
    assert "propose the change" in refused(edge(30_000))
    base = selectors.last_revision_number()
    number = proposals.propose([edge(30_000)], "alice", "calm", base)
    assert [row.id for row in risk.proposed()] == [number]
    with pytest.raises(ValidationError, match="somebody else must approve it"):
        proposals.approve(number, "alice")
    made = proposals.approve(number, "bob")
    assert made is not None
    assert (made.author, made.reason) == ("bob", "calm (proposed by alice)")
    assert risk.limits().min_net_edge == 30_000
    with pytest.raises(ValidationError, match="does not wait"):
        proposals.approve(number, "carol")


def test_a_proposal_that_became_stale_is_not_approved(settings: Any) -> None:
    base = selectors.last_revision_number()
    number = proposals.propose([edge(30_000)], "alice", "calm", base)
    save(edge(31_000), author="carol")
    with pytest.raises(ValidationError, match="carol changed min_net_edge"):
        proposals.approve(number, "bob")
    proposals.withdraw(number, "alice")
    assert risk.proposed() == ()


# Back


def test_a_change_is_taken_back_with_its_scopes_and_times() -> None:
    until = timezone.now() + timedelta(hours=1)
    save(edge(30_000), edge(35_000, scope="relation", target="a:b"))
    number = save(
        edge(31_000), edge(None, scope="relation", target="a:b"), edge(20_000, until=until)
    )
    changesets.revert(number, "bob")
    assert risk.limits().min_net_edge == 30_000
    assert [(row.target, row.value) for row in risk.scoped_rows()] == [("a:b", 35_000)]


def test_limits_go_back_to_any_revision() -> None:
    first = save(edge(30_000))
    for value in (31_000, 32_000):
        save(edge(value), edge(value, scope="category", target="x"))
    changesets.apply(changesets.as_of(first), "bob", "back")
    assert (risk.limits().min_net_edge, risk.scoped_rows()) == (30_000, ())


# The chain


def test_a_changed_row_breaks_the_chain_where_it_stands() -> None:
    numbers = [save(edge(value)) for value in (30_000, 31_000, 32_000)]
    assert verify()[0].broken is None
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE markets_configrevision SET reason = 'nicer' WHERE id = %s", [numbers[1]]
        )
    checked, _ = verify()
    assert (checked.broken, checked.last) == (numbers[1], numbers[0])
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("verify_audit", stdout=out, stderr=out)
    assert end.value.code == 1
    assert f"Revision {numbers[1]} does not fit what stands before it." in out.getvalue()


def test_a_row_taken_out_breaks_the_chain_and_one_from_the_end_is_missed_by_its_hash() -> None:
    numbers = [save(edge(value)) for value in (30_000, 31_000, 32_000)]
    head = verify()[0].head
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM markets_configrevision WHERE id = %s", [numbers[1]])
    assert verify()[0].broken == numbers[2]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM markets_configrevision WHERE id = %s", [numbers[2]])
    assert verify()[0].broken is None
    assert verify(head) == (verify()[0], False)


# Profiles, files, preview


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_taken_over_whole(name: str) -> None:
    feeds.seed()
    services.set_feature("maker_hedge", "alice", "try", rollout="on")
    services.use_profile(name, "alice", "")
    assert configuration.compare(name) == {}
    assert risk.values() == PROFILES[name].values
    maker = Feature.objects.get(pk="maker_hedge").rollout
    assert maker == ("off" if name == "conservative" else "on")


def test_a_profile_that_contradicts_a_narrower_value_is_refused_whole() -> None:
    save(edge(30_000), Wanted("max_edge", 35_000, scope="category", target="x"))
    with pytest.raises(ValidationError, match="category x: min_net_edge is above max_edge"):
        services.use_profile("S2", "alice", "")
    assert risk.limits().min_net_edge == 30_000


def test_conservative_ends_live_trading(settings: Any) -> None:
    settings.LIVE_ALLOWED = True
    services.set_engine("live", "alice", "go live")
    services.use_profile("conservative", "alice", "too fast")
    assert risk.engine().exec_mode == "paper"


def test_an_export_as_yaml_is_read_again_and_changes_nothing(tmp_path: Path) -> None:
    feeds.seed()
    until = timezone.now() + timedelta(hours=1)
    save(edge(35_000, scope="relation", target="a"), edge(20_000, until=until))
    file = tmp_path / "config.yaml"
    file.write_text(as_yaml(configuration.document()), encoding="utf-8")
    assert configuration.take(read(file), "bob", "again").revisions == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("limits: !!python/object/apply:os.system ['true']", "no plain YAML"),
        ("a: &x [1, 2]\nb: *x", "aliases"),
        ("a: 1\na: 2", "a stands twice"),
        ("1: 2", "the key 1 is no text"),
        ("- a", "no mapping"),
        ("a: " + "[" * 3_000, "nested too deep"),
        ("a: " + "[" * 20 + "]" * 20, "nested too deep"),
        ("x" * 1_000_001, "larger than"),
        ("a: 'x", "no plain YAML"),
    ],
)
def test_a_poisoned_file_is_refused_in_one_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable, match=sentence):
        read(file)


def test_a_preview_saves_nothing_and_says_what_is_on_record() -> None:
    before = selectors.last_revision_number()
    found = preview.look([edge(30_000)])
    assert (found.relations, found.plans) == ((), 0)
    assert preview.sentence(found) == ("Touches 0 relations. No plan of the last day is on record.")
    assert selectors.last_revision_number() == before


# Strategies and places


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"rollout": "perhaps"}, "no stage"),
        ({"rollout": "venue", "venue": "nowhere"}, "no venue 'nowhere'"),
        ({"rollout": "share", "share_ppm": 1_000_001}, "A share is 0 to 100 %"),
    ],
)
def test_a_strategy_that_could_not_be_carried_out_is_refused(
    fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        services.set_feature("taker_taker", "alice", "try", **fields)


def test_where_the_operator_is_reaches_the_snapshot_with_what_holds_there() -> None:
    feeds.seed()
    Jurisdiction.objects.create(venue="kalshi", country="DE", allowed=False, why="no licence")
    Jurisdiction.objects.create(venue="kalshi", country="US", allowed=True, why="regulated")
    services.set_engine("paper", "alice", "move", country="DE", timezone="Europe/Berlin")
    loaded = snapshot.load()
    assert (loaded.country, loaded.timezone) == ("DE", "Europe/Berlin")
    assert [(p.venue, p.allowed, p.reason) for p in loaded.permissions] == [
        ("kalshi", False, "no licence")
    ]


def test_a_geoblock_is_kept_and_told_when_it_changes() -> None:
    assert services.note_geoblock("kalshi", blocked=False) is None
    assert services.note_geoblock("kalshi", blocked=True, said="blocked in DE") is not None
    assert services.note_geoblock("kalshi", blocked=True, said="blocked in DE") is None
    assert risk.geoblocks() == {"kalshi": "blocked in DE"}
