"""Kills the worker at one point after another, and audits what the next start makes of it.

One site, one set of fake venues and one boot per point: the worker that recovers from a crash is
the one that dies of the next. Its plan is written only when the audit of the last crash is clean,
so that each violation has its point.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from arbsite import local
from feeds.venues.polymarket.identity import identity
from markets.terms.units import MICRO
from tests.crash import audit
from tests.crash.provoke import BOOTING, RELAYED, SCRIBES, Provoked, provocations
from tests.site import Site, demo_site, eventually
from trading.runtime.clock import SystemClock

WORLD = Path(__file__).parent / "world.toml"
PAIRS = 12
VENUES = ("kalshi", "polymarket")
LIMITS = {
    "cooldown_ms": 1_000,
    "self_test_ms": 20_000,
    "match_interval_ms": 1_000,
    "max_skew_ms": 5_000,
    "trade_age_ms": 10_000,
    "min_venue_score": 0,
    "max_open_relations": 1_000,
    "open_deals": 1_000,
    "max_errors": 0,
    "max_losses": 0,
    "daily_loss": 0,
    "daily_loss_share": 0,
    "weekly_loss_share": 0,
    "monthly_loss_share": 0,
    "max_drawdown": 0,
    "max_contracts_market": 1_000_000 * MICRO,
    "max_contracts_total": 1_000_000 * MICRO,
    "per_contract_exposure": 1_000_000 * MICRO,
    "max_category_exposure": 1_000_000 * MICRO,
    "max_event_exposure": 1_000_000 * MICRO,
    "max_total_exposure": 1_000_000 * MICRO,
    "venue_capital": 1_000_000 * MICRO,
}
# Keys of nobody: they sign only for the fakes.
KEY = hashlib.sha256(b"the rig's wallet").hexdigest()
WALLET = identity(KEY, "", "0")
KALSHI_KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the rig's key").digest())
KALSHI_ID = "5f0c3a9e-0000-4000-8000-000000000001"
PEM = KALSHI_KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption(),
).decode()
PUBLIC = KALSHI_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
MASTER = hashlib.sha256(b"the rig's master key").hexdigest()
MONEY = {
    "LIVE": "1",
    "DRY_RUN": "",
    "ARBSITE_MASTER_KEY": MASTER,
    "ARBSITE_LOG_LEVEL": "DEBUG",
    "DJANGO_SETTINGS_MODULE": "tests.crash.settings",
}
CREDENTIALS: dict[str, dict[str, str]] = {
    "kalshi": {"KALSHI_API_KEY_ID": KALSHI_ID, "KALSHI_PRIVATE_KEY": PEM},
    "polymarket": {"POLY_PRIVATE_KEY": KEY, "POLY_SIGNATURE_TYPE": "0"},
}
PREPARED = """
from feeds import keyring
from risk.services import set_engine, set_limits
from markets.models import Relation, Venue
for venue, fields in {credentials}.items():
    keyring.store(venue, fields, 'rig', 'play money')
Venue.objects.update(mode='{mode}')
Relation.objects.update(mode='{mode}')
set_engine('{mode}', 'rig', 'many deals')
set_limits({limits}, 'rig', 'many deals')
"""
WITH_MONEY = ("live", "both")
READY_S = 180.0
REACH_S = 20.0
# Kalshi needs 45 s to prove that an order never arrived, and one deal may lose two in a row.
AUDIT_S = 180.0
LOOK_S = 0.1


@dataclass
class Result:
    """What became of one point: whether it was passed, and what was wrong afterwards."""

    point: str
    died: bool = False
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)


class Rig:
    """A site whose worker is to die."""

    def __init__(self, site: Site, mode: str) -> None:
        self.site = site
        self.mode = mode
        self.plan = site.folder / "crash-plan"
        self.worker: subprocess.Popen[bytes] | None = None
        self.began: dict[str, audit.Account] = {}
        if mode in WITH_MONEY:
            for venue in VENUES:
                self.began[venue] = audit.account_of(audit.ledger(site.folder, venue))

    def start(self, plan: str = "") -> None:
        """A worker that is ready: books live, nothing halted."""
        self.plan.unlink(missing_ok=True)
        if plan:
            self.plan.write_text(plan)
        began = SystemClock().now()
        self.worker = self.site.spawn(
            "runfeeds", "--mode", self.mode, ARBSITE_CRASH_FILE=str(self.plan)
        )
        if plan:
            return

        def ready() -> bool:
            engine = self.site.engine()
            assert self.worker is not None
            assert self.worker.poll() is None, self.site.log(self.worker)
            if engine is None or engine.at < began or not engine.venues:
                return False
            return all(venue.up and venue.live_books for venue in engine.venues)

        eventually(ready, "the worker is ready", READY_S)

    def kill_at(self, point: str) -> Result:
        """Lets the worker pass the point, and audits the worker that follows it."""
        result, began = Result(point), monotonic()
        if point in BOOTING:
            self.stop()
            self.start(f"{point}:1")
            result.died = self._dies(READY_S, point)
        else:
            self.plan.write_text(f"{point}:1")
            result.died = self._dies(REACH_S, point)
        self.plan.unlink(missing_ok=True)
        if self._is_dead():
            self.start()
        audit.ask_engine(self.site, "pause")
        result.violations = self.audited()
        audit.ask_engine(self.site, "resume")
        result.seconds = monotonic() - began
        return result

    def audited(self) -> list[str]:
        """What is still wrong after so long; empty as soon as nothing is."""
        until, pulse = monotonic() + AUDIT_S, Event()
        while True:
            wrong = self.wrong()
            if not wrong or monotonic() > until:
                return [*wrong, *audit.placed_twice(self.site)]
            pulse.wait(LOOK_S)

    def wrong(self) -> list[str]:
        """Everything that does not hold now; what is on its way may still come right."""
        engine = self.site.engine()
        shown = engine.alerts if engine else ()
        alerts = [a.text for a in shown if a.critical and a.kind != "infrastructure"]
        residual = [text for text in alerts if text.startswith("Naked leg")]
        return [
            *(text for text in alerts if text not in residual),
            *audit.forgotten(self.site),
            *audit.unflagged(self.site),
            *audit.differing(self.site, self.began),
        ]

    def stop(self) -> None:
        """Ends the worker in order."""
        if self.worker is not None and self.worker.poll() is None:
            self.worker.send_signal(signal.SIGTERM)
            self.worker.wait(90)

    def _dies(self, seconds: float, point: str) -> bool:
        """Whether the plan was followed in time; asks the fakes for what provokes it meanwhile."""
        until, pulse, asked = monotonic() + seconds, Event(), 0.0
        while self.plan.exists():
            if monotonic() > until:
                return False
            if monotonic() - asked > 1:
                asked = monotonic()
                self._provoke(point)
            pulse.wait(LOOK_S)
        if point not in SCRIBES:
            self._wait_for_death()
        return True

    def _provoke(self, point: str) -> None:
        for provoked in provocations(point):
            ask(self.site.folder, provoked)
        if point in RELAYED:
            audit.ask_engine(self.site, "view_only")

    def _wait_for_death(self) -> None:
        assert self.worker is not None
        assert self.worker.wait(10) == -signal.SIGKILL

    def _is_dead(self) -> bool:
        return self.worker is None or self.worker.poll() is not None


def ask(folder: Path, provoked: Provoked) -> bool:
    """Asks a fake to misbehave; whether it heard, which one in trouble already may not."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{local.kept_port(folder, provoked.venue)}/_faults",
        data=json.dumps(provoked.words).encode(),
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@contextlib.contextmanager
def rig(folder: Path, mode: str) -> Iterator[Rig]:
    """A rig of its own in a folder that others may enter."""
    for path in (folder, *folder.parents[:2]):
        with contextlib.suppress(PermissionError):
            path.chmod(path.stat().st_mode | 0o755)
    public = folder / "kalshi.pub"
    public.write_bytes(PUBLIC)
    accounts = ("--wallet", WALLET.owner, "--kalshi-key", KALSHI_ID, str(public))
    world = ("--scenario", str(WORLD), *accounts)
    with demo_site(folder, pairs=PAIRS, world=world) as site:
        site.environ |= MONEY
        prepared = PREPARED.format(mode=mode, limits=LIMITS, credentials=CREDENTIALS)
        site.manage("shell", "--no-imports", "-v0", "-c", prepared)
        if mode in WITH_MONEY:
            site.manage("arm", *VENUES, "--for", "8h", "--reason", "the crash rig")
        made = Rig(site, mode)
        made.start()
        try:
            yield made
        finally:
            made.stop()


def run(made: Rig, points: list[str], tell: Callable[[Result], None], seconds: float) -> int:
    """Every point in turn until the time is over; how many were tried."""
    until = monotonic() + seconds
    for number, point in enumerate(points):
        if monotonic() > until:
            return number
        tell(made.kill_at(point))
    return len(points)
