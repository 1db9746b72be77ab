"""The console's commands: what they print, what they save, how they end."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from feeds import services as feeds
from markets import selectors, services
from markets.models import Relation, Venue
from risk import selectors as risk
from tests.listings import candidate, confirmed, listing, two_venues
from tests.records import a_deal
from trading import services as trading

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO())
    return out.getvalue()


def ends_with(*words: str) -> tuple[int, str]:
    err = StringIO()
    with pytest.raises((SystemExit, CommandError)) as ended:
        call_command(*words, stdout=StringIO(), stderr=err)
    match ended.value:
        case CommandError() as refusal:
            return refusal.returncode, str(refusal)
        case SystemExit() as left:
            return int(str(left.code)), err.getvalue()
    raise AssertionError("neither of the two")


def test_seed_makes_a_site_that_only_looks_and_runs_twice() -> None:
    run("seed")
    before = selectors.last_revision_number()
    run("seed")
    assert {v.slug: (v.enabled, v.mode) for v in Venue.objects.all()} == {
        "kalshi": (False, "detect"),
        "polymarket": (False, "detect"),
    }
    assert all(row.is_default for row in risk.limit_rows())
    assert risk.engine().exec_mode == "detect"
    assert selectors.last_revision_number() == before


def test_a_venue_is_changed_and_shown() -> None:
    feeds.seed()
    found = json.loads(
        run("venue", "kalshi", "--rest-url", "http://127.0.0.1:9", "--enable", "--json")
    )
    assert (found["enabled"], found["hosts"]["rest"]) == (True, "http://127.0.0.1:9")
    assert json.loads(run("venue", "kalshi", "--disable", "--json"))["enabled"] is False


def test_a_venue_that_is_none_or_an_address_that_is_none_is_bad_input() -> None:
    feeds.seed()
    assert ends_with("venue", "nowhere")[0] == 2
    code, sentence = ends_with("venue", "kalshi", "--ws-url", "http://x")
    assert (code, "write an address that begins with ws://" in sentence) == (2, True)


def test_a_token_is_printed_and_works() -> None:
    get_user_model().objects.create_user("alice")
    token = run("token", "alice", "--scope", "trade").strip()
    bearer = trading.bearer(token)
    assert bearer is not None
    # Alice only looks: the token waits for the role it was made for.
    assert (bearer.username, bearer.scope) == ("alice", "read")
    assert ends_with("token", "nobody")[0] == 2


def test_pairs_are_imported_listed_confirmed_and_blocked(tmp_path: Path) -> None:
    two_venues()
    for venue in ("kalshi", "polymarket"):
        services.apply_catalogue(venue, [listing(venue, "A")])
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"first": "kalshi:A", "second": "polymarket:A"}\n\n', encoding="utf-8")
    assert "pairs: 1" in run("pairs", "import", str(file))
    slug = Relation.objects.get().slug
    assert slug in run("pairs", "list", "--status", "candidate")
    confirm = ("pairs", "confirm", slug, "--reason", "the same gauge")
    code, refusal = ends_with(*confirm)
    assert (code, "(polarity)" in refusal) == (1, True)
    assert "confirmed" in run(*confirm, "--read", "polarity")
    assert "blocked" in run("pairs", "block", slug, "--reason", "odd")
    assert ends_with("pairs", "block", slug, "--reason", "odd")[0] == 1
    assert ends_with("pairs", "list", "--status", "candidate")[0] == 3


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("{", 2, "line 1"),
        ('{"first": "kalshi:A"}', 2, "second"),
        ('{"first": "kalshi:A", "second": "polymarket:A"}', 1, "'kalshi:A' is not known"),
        ("", 3, "holds no pair"),
    ],
)
def test_a_file_of_pairs_that_is_wrong_is_refused(
    tmp_path: Path, text: str, code: int, sentence: str
) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(text, encoding="utf-8")
    found = ends_with("pairs", "import", str(file))
    assert found[0] == code
    assert sentence in found[1]


def test_a_file_of_pairs_that_fails_half_way_imports_none(tmp_path: Path) -> None:
    two_venues()
    for venue in ("kalshi", "polymarket"):
        services.apply_catalogue(venue, [listing(venue, "A")])
    file = tmp_path / "pairs.jsonl"
    good = '{"first": "kalshi:A", "second": "polymarket:A"}'
    file.write_text(f"{good}\n{{\n", encoding="utf-8")
    assert ends_with("pairs", "import", str(file))[0] == 2
    assert not Relation.objects.exists()


def test_an_exported_configuration_imported_again_changes_nothing(tmp_path: Path) -> None:
    feeds.seed()
    file = tmp_path / "config.json"
    run("config", "export", str(file))
    before = selectors.last_revision_number()
    assert ends_with("config", "import", str(file))[0] == 3
    assert selectors.last_revision_number() == before


def test_a_changed_export_is_saved(tmp_path: Path) -> None:
    feeds.seed()
    wanted = json.loads(run("config", "export"))
    assert wanted["limits"]["min_net_edge"] == {"value": "2.5", "unit": "¢"}
    wanted["limits"]["min_net_edge"]["value"] = "1.75"
    wanted["exec_mode"] = "paper"
    wanted["venues"]["kalshi"]["enabled"] = True
    file = tmp_path / "config.json"
    file.write_text(json.dumps(wanted), encoding="utf-8")
    found = json.loads(run("config", "import", str(file), "--json"))
    assert found["revisions"] == 3
    assert risk.limits().min_net_edge == 17_500
    assert Venue.objects.get(slug="kalshi").enabled


def test_founding_names_are_read_in_their_own_units(tmp_path: Path) -> None:
    feeds.seed()
    file = tmp_path / "old.env"
    file.write_text(
        "# founding\nexport CB_MIN_EDGE=1.5\nCB_MAX_TRADE_USD='75'\nCB_EXEC_MODE=paper\n",
        encoding="utf-8",
    )
    found = json.loads(run("config", "import", str(file), "--json"))
    assert found["limits"] == 2
    assert (risk.limits().min_net_edge, risk.limits().max_trade) == (15_000, 75_000_000)
    assert risk.engine().exec_mode == "paper"


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("CB_MIN_EDGE=lots", 1, "CB_MIN_EDGE: 'lots' is not a plain number"),
        ("CB_MIN_EDGE=20", 1, "min_net_edge is above max_edge"),
        ("nonsense", 2, "line 1 is neither"),
        ("{", 2, "config"),
        ('{"limits": 7}', 1, "limits is no object"),
        ("CB_MAX_TRADE=5", 1, "There is no 'CB_MAX_TRADE'; did you mean CB_MAX_TRADE_USD?"),
        (
            '{"limits": {"min_net_edg": "2"}}',
            1,
            "There is no setting 'min_net_edg'; did you mean min_net_edge?",
        ),
        ('{"limitz": {}}', 1, "There is no 'limitz'; did you mean limits?"),
        ('{"limits": {"min_net_edge": {"value": ["2"]}}}', 1, "min_net_edge is ['2']"),
        ('{"limits": {"min_net_edge": 1e300}}', 1, "min_net_edge may be 0 ¢ to 100 ¢"),
        ('{"limits": {"max_trade": "5"}, "limits": {}}', 2, "limits stands twice"),
        ('{"scoped": {}}', 1, "scoped is no list of objects"),
        (
            '{"scoped": [{"key": "max_trade", "scope": "venue", "target": "x", "value": "5"}]}',
            1,
            "max_trade cannot be set for a venue, only for a strategy",
        ),
        ('{"features": {"taker_taker": {"rollout": "perhaps"}}}', 1, "no stage of a strategy"),
        ('{"venues": {"kalshi": {"enabled": "yes"}}}', 1, "write true or false"),
        ('{"venues": {"kalshi": {"trade_age_ms": 99999999999}}}', 1, "write a whole number"),
        ('{"venues": {"kalshi": {"secret": "x"}}}', 1, "There is no venues.kalshi.secret"),
        ('{"timezone": "Nowhere"}', 1, "There is no time zone 'Nowhere'"),
        ("[" * 100_000, 2, "line 1 is neither"),
        ('{"a": ' * 5_000 + "1" + "}" * 5_000, 2, "nested too deep"),
        ('{"venues": {"nowhere": {}}}', 1, "no venue 'nowhere'"),
        ('{"exec_mode": "live"}', 1, "not allowed on this machine"),
    ],
)
def test_a_configuration_that_is_wrong_is_refused_as_a_whole(
    tmp_path: Path, text: str, code: int, sentence: str
) -> None:
    feeds.seed()
    before = selectors.last_revision_number()
    file = tmp_path / "config.txt"
    file.write_text(f"{text}\n", encoding="utf-8")
    found = ends_with("config", "import", str(file))
    assert found[0] == code
    assert sentence in found[1]
    assert selectors.last_revision_number() == before


def test_stats_count_what_was_traded() -> None:
    confirmed()
    candidate("SNOW")
    a_deal()
    found = json.loads(run("stats", "--json"))
    assert (found["deals"], found["locked"], found["fills"]) == ({"balanced": 1}, "0.13", 2)
