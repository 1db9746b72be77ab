"""A founding `markets.json` goes into review whole, or not at all with one sentence."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from msgspec.structs import replace

from markets import founding_pairs, services
from markets.models import MatchDecision, Relation
from tests.listings import listing, two_venues

RECORDED = Path(__file__).parents[3] / "shared/data/pairs/raw/steffenmax_nba_markets_2026-01.json"


def entry(main: str = "GAME-A", slug: str = "game", **more: Any) -> dict[str, Any]:
    """One game as the founding file writes it."""
    return {
        "event_id": "game",
        "description": "A at B Winner?",
        "teams": {"team_a": "A", "team_b": "B", "note": "Kalshi has two markets"},
        "kalshi": {"enabled": True, "markets": {"main": main, "opponent": "GAME-B"}},
        "polymarket": {"enabled": True, "markets": {"slug": slug}, "_note": "slug"},
        **more,
    }


def written(folder: Path, *entries: Any) -> str:
    file = folder / "markets.json"
    file.write_text(json.dumps({"_comment": "generated", "markets": list(entries)}, indent=2))
    return str(file)


def run(*words: str) -> tuple[int, str]:
    """Exit code, and everything that was said."""
    out = StringIO()
    try:
        call_command("pairs", "import", *words, stdout=out, stderr=out)
    except CommandError as refusal:
        return refusal.returncode, str(refusal)
    except SystemExit as left:
        return int(str(left.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def catalogue() -> None:
    """Two markets of a game at Kalshi, one at Polymarket that is known by its slug."""
    two_venues()
    services.apply_catalogue("kalshi", [listing("kalshi", n) for n in ("GAME-A", "GAME-B")])
    shown = listing("polymarket", "0xc0ffee", title="A vs. B")
    named = replace(shown, details=replace(shown.details, slug="game"))
    services.apply_catalogue("polymarket", [named])


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_both_markets_of_a_game_are_proposed_for_review_and_again_changes_nothing(
    tmp_path: Path,
) -> None:
    file = written(tmp_path, entry())

    first, again = run(file), run(file)

    assert first[0] == again[0] == 0
    assert "pairs: 2" in first[1]
    assert "pairs: 0\nknown: 2" in again[1]
    assert {row.status for row in Relation.objects.all()} == {"candidate"}
    said = MatchDecision.objects.order_by("pk")[0].reasons
    assert said[0] == "Imported: Entry 1 (A at B Winner?)."


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("second", "code", "sentence"),
    [
        ({"kalshi": 3}, 2, "Entry 2: Expected `object`, got `int` - at `$.kalshi`"),
        (entry(main=" "), 2, "Entry 2 (A at B Winner?): kalshi.markets.main is empty"),
        (entry(slug=""), 2, "give polymarket.markets either a slug or a condition_id"),
        (entry(main="GONE"), 1, "Entry 2 (A at B Winner?): kalshi lists no 'GONE' here"),
        (entry(slug="other"), 1, "polymarket lists no 'other' here"),
        ("a text", 2, "Entry 2: Expected `object`, got `str`"),
    ],
)
def test_a_poisoned_entry_refuses_the_whole_file_in_one_sentence(
    tmp_path: Path, second: Any, code: int, sentence: str
) -> None:
    found = run(written(tmp_path, entry(), second))

    assert found[0] == code
    assert sentence in found[1]
    assert found[1].strip().count("\n") == 0
    assert not Relation.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_what_is_not_listed_can_be_left_out(tmp_path: Path) -> None:
    file = written(tmp_path, entry(), entry(main="GONE"), entry(slug="other"))

    found = run(file, "--listed-only", "--json")

    assert json.loads(found[1].splitlines()[0]) == {"pairs": 2, "known": 1, "left_out": 3}


@pytest.mark.django_db
@pytest.mark.usefixtures("catalogue")
def test_a_market_can_be_named_by_its_condition_and_a_side_switched_off(tmp_path: Path) -> None:
    named: dict[str, Any] = {"markets": {"condition_id": "0xc0ffee"}}
    off: dict[str, Any] = {"enabled": False, "markets": {"main": "GAME-A"}}

    assert "pairs: 2" in run(written(tmp_path, entry(polymarket=named)))[1]
    assert run(written(tmp_path, entry(kalshi=off)))[0] == 3


@pytest.mark.parametrize("text", ['{"markets": [', '{"markets": 3}', '{"markets": [{}]}'])
def test_a_torn_file_is_known_for_what_it_is_and_refused(text: str) -> None:
    assert founding_pairs.is_founding(text)
    with pytest.raises(founding_pairs.BadFile):
        founding_pairs.read(text)


def test_lines_of_pairs_are_no_founding_file() -> None:
    assert not founding_pairs.is_founding('{"first": "kalshi:A", "second": "polymarket:A"}\n')


def test_a_recorded_founding_file_is_read_whole() -> None:
    if not RECORDED.exists():
        pytest.skip("the recorded markets.json is not here")
    found = founding_pairs.read(RECORDED.read_text(encoding="utf-8"))

    assert len(found) == 18
    first = found[0]
    assert (first.ticker, first.slug) == ("KXNFLGAME-26JAN10GBCHI-CHI", "nfl-gb-chi-2026-01-10")
