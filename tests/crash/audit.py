"""What must be true after a crash, read from journal, rows and the venues' own ledgers.

Each check says in a sentence what is wrong; nothing is wrong when all lists are empty. The ledger
is the fake's private truth, which no interface of the venue shows.
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from arbsite import local
from tests.site import Site
from trading.engine.intents import PlaceOrder
from trading.replay.records import IntentsRecord
from trading.runtime.segments import Position, follow

EVERYTHING = 10_000_000
OPEN_ORDERS = ("sent", "open", "part", "unknown")
ACTIVE = ("opening", "hedging", "unwinding")
NETS = ("kalshi",)


@dataclass(frozen=True)
class Account:
    """Cash and contracts of one account, in millionths; contracts by (market, outcome)."""

    cash: int
    held: dict[tuple[str, int], int]


def ledger(folder: Path, venue: str) -> dict[str, Any]:
    """The fake's own books."""
    url = f"http://127.0.0.1:{local.kept_port(folder, venue)}/_ledger"
    with urllib.request.urlopen(url, timeout=30) as reply:
        found: dict[str, Any] = json.loads(reply.read())
    return found


def account_of(said: dict[str, Any]) -> Account:
    """What all accounts of a ledger hold together: only one of them is ever ours."""
    cash, held = 0, Counter[tuple[str, int]]()
    for account in said["accounts"].values():
        cash += sum(account["cash"].values())
        for key, qty in account["holdings"].items():
            market, _, outcome = key.rpartition("/")
            held[market, int(outcome)] += qty
    return Account(cash, {key: qty for key, qty in held.items() if qty})


def ours(site: Site, venue: str, began: Account) -> Account:
    """What our rows of live fills make of the account it began as."""
    cash, held = began.cash, Counter(began.held)
    for market, outcome, side, px, qty, fee in rows(
        site,
        "select market_id, outcome, side, px, qty, fee from trading_fill "
        "where book = 'live' and finality <> 'failed' and market_id like %s",
        f"{venue}:%",
    ):
        sign = 1 if side == "buy" else -1
        money = px * qty
        cash -= sign * (-(-money // 10**6) if sign > 0 else money // 10**6) + fee
        held[market, outcome] += sign * qty
    if venue in NETS:
        cash += _netted(held)
    return Account(cash, {key: qty for key, qty in held.items() if qty})


def _netted(held: Counter[tuple[str, int]]) -> int:
    """Takes pairs away; the dollars they gave back."""
    back = 0
    for market in {market for market, _ in held}:
        pairs = max(0, min(held[market, 0], held[market, 1]))
        held[market, 0] -= pairs
        held[market, 1] -= pairs
        back += pairs
    return back


def rows(site: Site, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the site's database."""
    with psycopg.connect(site.environ["DATABASE_URL"]) as connection:
        return connection.execute(query, values).fetchall()


def ask_engine(site: Site, kind: str) -> None:
    """Puts a command where the scribe finds it."""
    with psycopg.connect(site.environ["DATABASE_URL"]) as connection:
        connection.execute(
            "insert into trading_command "
            "(kind, target, author, reason, state, answer, fingerprint, created_at) "
            "values (%s, '', 'rig', 'rig', 'asked', '', '', now())",
            (kind,),
        )


def placed_twice(site: Site) -> list[str]:
    """Orders that the journal tells to place more than once."""
    count: Counter[str] = Counter()
    for _, record in follow(site.folder / "journal", Position(), EVERYTHING):
        for intent in record.intents if isinstance(record, IntentsRecord) else ():
            if isinstance(intent, PlaceOrder):
                count[intent.request.id] += 1
    return [f"Order {name} was placed {times} times." for name, times in count.items() if times > 1]


def forgotten(site: Site) -> list[str]:
    """Orders without an end, and deals still under way, when nothing new is begun any more."""
    found = rows(
        site, "select order_id, state from trading_order where state = any(%s)", list(OPEN_ORDERS)
    )
    deals = rows(
        site, "select deal_id, state from trading_deal where state = any(%s)", list(ACTIVE)
    )
    return [f"Order {name} is {state}." for name, state in found] + [
        f"Deal {name} is {state}." for name, state in deals
    ]


def unflagged(site: Site) -> list[str]:
    """Legs that differ in a deal that says neither residual nor why."""
    found = rows(
        site,
        "select d.deal_id, d.state, d.reason, max(l.held - l.weight * d.matched / 1000000) "
        "from trading_deal d join trading_leg l on l.deal_id = d.deal_id "
        "where d.state in ('balanced', 'closed') group by 1, 2, 3 "
        "having max(l.held - l.weight * d.matched / 1000000) > 10000",
    )
    flags = rows(site, "select deal_id from trading_deal where state = 'residual' and reason = ''")
    return [
        f"Deal {name} is {state} with {over} millionths unmatched: {reason}"
        for name, state, reason, over in found
    ] + [f"Deal {name} is residual and does not say why." for (name,) in flags]


def differing(site: Site, began: dict[str, Account]) -> list[str]:
    """Where our fills and a venue's ledger differ by more than a cent or a hundredth contract."""
    found = []
    for venue, start in began.items():
        said = ledger(site.folder, venue)
        theirs, mine = account_of(said), ours(site, venue, start)
        found += [f"{venue}: {problem}" for problem in said["problems"]]
        if abs(theirs.cash - mine.cash) > 10_000:
            found.append(f"{venue} has {theirs.cash} in cash, our fills say {mine.cash}.")
        for key in theirs.held.keys() | mine.held.keys():
            if abs(theirs.held.get(key, 0) - mine.held.get(key, 0)) > 10_000:
                found.append(
                    f"{venue} holds {theirs.held.get(key, 0)} of {key}, our fills say "
                    f"{mine.held.get(key, 0)}."
                )
    return found
