"""The worker as users run it: real processes, servers and wires; killed, stopped, refused."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from markets.terms.units import Ns
from tests.site import Site, demo_site, eventually
from trading.engine.intents import Halt
from trading.replay.records import IntentsRecord
from trading.runtime.clock import SystemClock
from trading.runtime.segments import Position, follow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    for path in (folder, *folder.parents[:3]):
        path.chmod(path.stat().st_mode | 0o755)
    with demo_site(folder) as made:
        yield made


@pytest.fixture
def worker(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    began = SystemClock().now()
    process = site.spawn("runfeeds", "--mode", "paper")
    eventually(lambda: is_live(site, began), "the worker shows live books", 90)
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, site.log(process)


def is_live(site: Site, began: Ns) -> bool:
    """Whether a worker started since shows nothing but live books."""
    engine = site.engine()
    if engine is None or engine.at < began or not engine.venues:
        return False
    return all(v.up and v.live_books == v.books > 0 for v in engine.venues)


def balanced(site: Site) -> int:
    deals: dict[str, int] = site.stats()["deals"]
    return deals.get("balanced", 0)


def rows(site: Site, query: str) -> list[str]:
    """Lines printed by a line of Django."""
    return site.manage("shell", "--no-imports", "-v0", "-c", query).split()


ORDERS = (
    "from trading.models import Order\n"
    "print(*Order.objects.order_by('pk').values_list('order_id', flat=True))"
)


def test_a_killed_worker_recovers_sends_no_order_twice_and_replays_the_same(
    site: Site, worker: subprocess.Popen[bytes]
) -> None:
    eventually(lambda: balanced(site) >= 2, "two deals balance", 90)

    worker.kill()
    worker.wait()
    again = site.spawn("runfeeds", "--mode", "paper")
    before = balanced(site)
    eventually(lambda: balanced(site) > before, "deals go on after the restart", 90)

    orders = rows(site, ORDERS)
    assert len(orders) == len(set(orders)) > 3
    open_states = {"opening", "hedging", "unwinding"}
    again.send_signal(signal.SIGTERM)
    assert again.wait(30) == 0, site.log(again)
    assert not open_states & set(site.stats()["deals"])
    words = [site.manage("replay", *site.journal(), hash_seed=seed) for seed in ("0", "4242")]
    assert words[0].splitlines()[-1].endswith("identical")
    assert words[0].splitlines()[-1] == words[1].splitlines()[-1]


def test_a_second_worker_is_refused_in_one_sentence(
    site: Site, worker: subprocess.Popen[bytes]
) -> None:
    said = site.manage("runfeeds", "--mode", "paper", code=2)

    assert "already runs" in said
    assert "Traceback" not in said


def test_a_second_worker_elsewhere_is_refused_by_the_lease(
    site: Site, worker: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    site.environ["ARBSITE_DATA"] = str(tmp_path)
    try:
        said = site.manage("runfeeds", "--mode", "paper", code=2)
    finally:
        site.environ["ARBSITE_DATA"] = str(site.folder)

    assert "does not start" in said
    assert "Traceback" not in said


def test_a_saved_limit_runs_without_a_restart_and_a_bad_one_is_refused(
    site: Site, worker: subprocess.Popen[bytes]
) -> None:
    change = "from risk.services import set_limits; set_limits({'min_net_edge': %d}, 'test', 'try')"
    site.manage("shell", "--no-imports", "-c", change % 77_000)
    eventually(
        lambda: {p.min_edge for p in site.edges().values()} == {77_000}, "the limit runs", 20
    )

    said = site.manage("shell", "--no-imports", "-c", change % 90_000_000, code=1)
    assert "ValidationError" in said
    site.manage("shell", "--no-imports", "-c", change % 8_000)
    eventually(lambda: {p.min_edge for p in site.edges().values()} == {8_000}, "it runs again", 20)


def database(site: Site) -> list[int]:
    leader = int((site.folder / "postgres" / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
    return [leader, *map(int, children)]


def store_of_pictures(site: Site) -> list[int]:
    return [int(site.redis.info("server")["process_id"])]


@pytest.mark.parametrize("store", [database, store_of_pictures])
def test_while_a_store_is_away_nothing_is_opened_and_nothing_is_lost(
    site: Site, worker: subprocess.Popen[bytes], store: Callable[[Site], list[int]]
) -> None:
    processes = store(site)
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: refusal(site) == "infrastructure", "new deals are refused", 20)
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
    eventually(lambda: "infrastructure" not in alerts(site), "it resumes by itself", 30)
    before = balanced(site)
    eventually(lambda: balanced(site) > before, "deals go on", 90)


def refusal(site: Site) -> str:
    """The cause of the newest general halt on record that still holds, read from the journal."""
    found = ""
    for _, record in follow(site.folder / "journal", Position(), 10_000_000):
        for intent in record.intents if isinstance(record, IntentsRecord) else ():
            if isinstance(intent, Halt) and not intent.scope:
                found = intent.cause if intent.on else ""
    return found


def alerts(site: Site) -> set[str]:
    engine = site.engine()
    return {alert.kind for alert in engine.alerts} if engine else set()
