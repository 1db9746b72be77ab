"""A session on a bad day, with real processes: both venues misbehave while the worker trades.

What a deal may end as, and whether our money and shares are what the exchange says they are.
"""

from __future__ import annotations

import json
import signal
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any

import pytest

from arbsite import local
from feeds.runtime.scenario_file import read
from feeds.sim.faults import ANY, Script, TimedFault
from feeds.venues import ADAPTERS
from markets.terms.ids import VenueId
from markets.terms.units import MICRO, SECOND, Ns
from tests.site import Site, demo_site, eventually
from trading.engine.events import AccountReported, OrderFilled
from trading.engine.orders import BookKind
from trading.replay.records import EventRecord
from trading.runtime.segments import Position, follow

PAPER_CASH = 100_000 * MICRO
NETS = {"kalshi"}
EVERYTHING = 10_000_000
POSITIONS = (
    "import json; from trading.models import Position, Deal\n"
    "rows = list(Position.objects.filter(book='paper').values('market_id', 'qty_yes', 'qty_no', "
    "'cost_yes', 'cost_no', 'fees', 'realised'))\n"
    "deals = list(Deal.objects.values('deal_id', 'state', 'reason', 'matched', 'size'))\n"
    "print(json.dumps({'positions': rows, 'deals': deals}))"
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    for path in (tmp_path, *tmp_path.parents[:3]):
        path.chmod(path.stat().st_mode | 0o755)
    with demo_site(tmp_path) as made:
        yield made


def begin(site: Site, timed: TimedFault) -> None:
    """Asks the fakes for a fault, by their admin port."""
    for venue in ADAPTERS if timed.venue == ANY else (timed.venue,):
        fault = timed.fault
        words = {"kind": fault.kind, "seconds": fault.lasting / SECOND, **fault.args}
        request = urllib.request.Request(
            f"http://127.0.0.1:{local.kept_port(site.folder, venue)}/_faults",
            data=json.dumps(words).encode(),
        )
        with urllib.request.urlopen(request, timeout=5) as reply:
            assert reply.status == 200


def statements(site: Site) -> tuple[dict[VenueId, AccountReported], Counter[str]]:
    """The exchange's last word on each venue's account, and how often each fill was told."""
    last: dict[VenueId, AccountReported] = {}
    fills: Counter[str] = Counter()
    for _, record in follow(site.folder / "journal", Position(), EVERYTHING):
        if not isinstance(record, EventRecord):
            continue
        event = record.event
        if isinstance(event, AccountReported) and event.book is BookKind.PAPER:
            last[event.venue] = event
        elif isinstance(event, OrderFilled):
            fills[event.fill.key] += 1
    return last, fills


def shares(found: list[dict[str, Any]], venue: str) -> dict[tuple[str, int], int]:
    """Contracts by market and outcome as our positions have them, netted where the venue nets."""
    held: dict[tuple[str, int], int] = {}
    for row in found:
        if row["market_id"].startswith(f"{venue}:"):
            yes, no = row["qty_yes"], row["qty_no"]
            both = min(yes, no) if venue in NETS else 0
            held |= {(row["market_id"], 0): yes - both, (row["market_id"], 1): no - both}
    return {key: qty for key, qty in held.items() if qty}


def cash(found: list[dict[str, Any]], venue: str) -> int:
    """What is left of the paper money as our positions have it."""
    left = PAPER_CASH
    for row in found:
        if row["market_id"].startswith(f"{venue}:"):
            left += row["realised"] - row["fees"] - row["cost_yes"] - row["cost_no"]
            left += min(row["qty_yes"], row["qty_no"]) if venue in NETS else 0
    return left


def balanced(site: Site) -> int:
    found: dict[str, int] = site.stats()["deals"]
    return found.get("balanced", 0)


def test_on_a_bad_day_every_deal_ends_and_our_money_is_what_the_exchange_says(site: Site) -> None:
    worker = site.spawn("runfeeds", "--mode", "paper")
    eventually(lambda: balanced(site) >= 1, "a first deal balances", 120)

    start = monotonic()
    script = Script(read("hurried").faults(), Ns(0))
    last = max(timed.after for timed in read("hurried").faults())
    pulse = Event()
    while (passed := Ns(int((monotonic() - start) * SECOND))) <= last:
        for timed in script.due(passed):
            begin(site, timed)
        pulse.wait(0.1)
    before = balanced(site)
    eventually(lambda: balanced(site) > before, "deals go on after the faults", 90)

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0, site.log(worker)
    printed = site.manage("shell", "--no-imports", "-v0", "-c", POSITIONS)
    found = json.loads(printed.splitlines()[-1])

    assert len(found["deals"]) > 2
    for deal in found["deals"]:
        assert deal["state"] in {"balanced", "closed", "residual"}, deal
        assert deal["state"] != "residual" or deal["reason"], deal
    words, fills = statements(site)
    assert set(words) == set(ADAPTERS)
    assert max(fills.values()) == 1
    for venue, said in words.items():
        held = {(market, outcome): qty for market, outcome, qty in said.holdings}
        assert held == shares(found["positions"], venue)
        assert said.cash == cash(found["positions"], venue)
