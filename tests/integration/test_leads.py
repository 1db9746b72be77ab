"""`manage.py leads` reads who moves first out of a journal, with the settings that are saved."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from markets.terms.ids import MarketId
from markets.terms.units import SECOND, Ns, Px, Qty
from risk import services as risk
from tests.fakes import START, ManualClock
from tests.listings import confirmed
from trading.engine.book import binary_book
from trading.engine.events import BookChanged
from trading.replay.records import SCHEMA, Checkpoint, Header
from trading.runtime.journal import Journal

pytestmark = pytest.mark.django_db
STEPS = [0, 1, 1, 0, 2, 3, 1, 2, 4, 3, 5, 4, 4, 6, 5, 3, 4, 2, 3, 1] * 3


def book(market: str, at: Ns, step: int) -> BookChanged:
    bid, ask = Px(400_000 + step * 10_000), Px(420_000 + step * 10_000)
    bids, asks = ((bid, Qty(1_000_000)),), ((ask, Qty(1_000_000)),)
    return BookChanged(at, binary_book(MarketId(market), bids, asks, at))


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Kalshi moves each second, Polymarket does the same two seconds later."""
    header = Header(SCHEMA, "r", START)
    with Journal(tmp_path, header, lambda: Checkpoint(0, START, b""), ManualClock()) as kept:
        for number, step in enumerate(STEPS):
            at = Ns(START + number * SECOND)
            kept.append_event(2 * number + 1, book("kalshi:RAIN", at, step))
            behind = STEPS[max(0, number - 2)]
            kept.append_event(2 * number + 2, book("polymarket:RAIN", at, behind))
    return tmp_path


def told(journal: Path) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("leads", "--journal", str(journal), "--json", stdout=out, stderr=out)
    except SystemExit as left:
        return int(str(left.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_saved_settings_say_how_it_is_measured(journal: Path) -> None:
    slug = confirmed()
    risk.set_limits({"lead_bar_ms": 1_000, "lead_window_ms": 20_000}, "ann", "quick")
    risk.set_limits({"lead_of": 2, "lead_stable": 2}, "ann", "quick")

    (one,) = json.loads(told(journal)[1])["pairs"][slug]
    assert one == {"leader": "kalshi:RAIN", "lag_ms": 2000, "agreed": 2, "judged": 2}

    risk.set_limits({"lead_of": 4, "lead_stable": 4}, "ann", "strict")
    assert json.loads(told(journal)[1])["pairs"][slug][0]["leader"] is None


def test_without_a_pair_or_a_journal_there_is_nothing_to_say(journal: Path, tmp_path: Path) -> None:
    assert told(journal)[0] == 3
    confirmed()
    code, said = told(tmp_path / "none")
    assert code == 3
    assert "holds no journal; start the worker" in said
