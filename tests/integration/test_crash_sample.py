"""A few of the crash rig's points, seeded and within a time: `make crash` tries them all.

The worker trades with money at the fakes, so its secrets are searched for in all that it wrote, and
on paper beside it, so that what is audited is what the twins may not touch.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import psycopg

from feeds.vault import MasterKeys, Sealed
from tests.crash import audit
from tests.crash.provoke import points
from tests.crash.rig import KEY, MASTER, PEM, Result, Rig, rig, run
from tests.secrecy import Search
from tests.site import Site, eventually

SEED = int(os.environ.get("CRASH_SEED", "1"))
SECONDS = 12.0
COMMON = ("after_place", "before_commit", "after_relay", "journal_checkpoint")
NATURAL = (*COMMON, "order:new->sent/", "order:sent->open/", "deal:new->opening/")


def test_a_worker_killed_at_any_point_forgets_nothing_sends_nothing_twice_and_tells_no_secret(
    tmp_path: Path,
) -> None:
    chosen = points(list(NATURAL))
    random.Random(SEED).shuffle(chosen)  # noqa: S311  an order, no secret
    results: list[Result] = []

    with rig(tmp_path, "both") as made:
        tried = run(made, chosen, results.append, SECONDS)
        assert_orders_have_twins(made)
        made.stop()
        assert_no_secret_is_told(made)

    assert tried > 0
    assert [r for r in results if r.violations] == []
    assert any(result.died for result in results), results


def assert_orders_have_twins(made: Rig) -> None:
    """Beside orders with money, and nowhere among the fills that count."""
    filled = "select count(*) from trading_twin where filled > 0"
    eventually(lambda: audit.rows(made.site, filled) > [(0,)], "a twin is filled", 60)
    on_paper = "select count(*) from trading_fill where book = 'paper'"
    assert audit.rows(made.site, on_paper) == [(0,)]


def assert_no_secret_is_told(made: Rig) -> None:
    """Nowhere, though all are in use; and where one is planted it is found."""
    site = made.site
    (fills,) = audit.rows(site, "select count(*) from trading_fill where book = 'live'")
    secrets = {"Kalshi's key": PEM, "the wallet's key": KEY, "the master key": MASTER}
    secrets |= derived(site)
    search = Search(secrets)

    assert fills > (0,)
    assert search.leaks(site) == []
    planted = plant(site, secrets)
    assert search.leaks(site, pages=False) == planted


def derived(site: Site) -> dict[str, str]:
    """What the venue gave the worker, opened as only the master key opens it."""
    ((master, wrapped, body),) = audit.rows(
        site, "select master, wrapped, body from feeds_credential where kind = 'derived'"
    )
    sealed = Sealed(master, bytes(wrapped), bytes(body))
    plain = MasterKeys(MASTER).open(sealed, "polymarket (derived)").reveal()
    fields: dict[str, str] = json.loads(plain)
    return {name: fields[name] for name in ("POLY_API_SECRET", "POLY_API_PASSPHRASE")}


def plant(site: Site, secrets: dict[str, str]) -> list[str]:
    """A secret in each kind of place, each written in another way; how they are to be found."""
    segment = Path(site.journal()[-1])
    with segment.open("ab") as journal:
        journal.write(bytes.fromhex(KEY))
    with (site.folder / "runfeeds-2.log").open("a") as log:
        log.write(f"...{secrets['POLY_API_SECRET'][-20:]}")
    with psycopg.connect(site.environ["DATABASE_URL"]) as connection:
        connection.execute(
            "update trading_command set answer = %s where id = (select min(id) from "
            "trading_command)",
            (PEM.splitlines()[1],),
        )
    site.redis.set("left", secrets["POLY_API_PASSPHRASE"].encode().hex())
    return [
        "Kalshi's key in table trading_command",
        "POLY_API_PASSPHRASE in key left",
        "POLY_API_SECRET in runfeeds-2.log",
        f"the wallet's key in journal/{segment.name}",
    ]
