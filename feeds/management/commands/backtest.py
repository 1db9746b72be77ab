"""`manage.py backtest --from FILE... --json OUT`: recorded days through the engine, on paper."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.exceptions import ValidationError

from feeds.recordings.report import Report, report
from feeds.runtime.backtest import Backtest
from feeds.runtime.recorder import RecordingProblem
from feeds.runtime.reels import Reel, merged, reels
from feeds.services import keyless_adapter
from feeds.snapshot import as_declared, relation_config
from feeds.venues import ADAPTERS
from markets import selectors
from markets.console import NOTHING, Console
from markets.pair_files import BadPairs, PairLine, pairs_of
from markets.terms.ids import MarketId, RelationId, VenueId
from markets.terms.instruments import Market
from markets.terms.relations import Relation, pair
from markets.terms.units import MICRO
from risk.changesets import overlaid
from risk.configuration import wanted_values
from risk.documents import Unreadable, read
from trading.engine.config import Mode, RelationConfig, Snapshot, VenueConfig


class Command(Console):
    """Runs the engine over recordings."""

    help = (
        "Run recorded frames through the engine, the gates and the simulated exchange of paper "
        "trading, on the recording's own time. --from takes recordings of any venues, with times; "
        "--pairs a file as for `pairs import` (both packages across the venues are approved), "
        "without it the confirmed pairs of the database are used; --config a file as for `config "
        "import`, of which the limits count, without it everything is as shipped. --json OUT "
        "writes one object; - is stdout. Exit codes: 0 done, 2 bad usage or unreadable input, 3 no "
        "pair of the recording to look at."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument(
            "--from",
            dest="files",
            nargs="+",
            type=Path,
            required=True,
            metavar="FILE",
            help="recordings, each venue's in order of time",
        )
        parser.add_argument("--pairs", type=Path, metavar="FILE", help="JSON lines of pairs")
        parser.add_argument("--config", type=Path, metavar="FILE", help="limits to run with")
        parser.add_argument("--json", default="", metavar="OUT", help="a path, or - for stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        """Figures on stdout, remarks on stderr."""
        limits = self._limits(options["config"])
        try:
            found = reels(options["files"])
            listed = [market for reel in found for market in reel.ear.markets()]
            relations, markets = self._relations(options["pairs"], listed)
            if not relations:
                self.leave(NOTHING, "No pair of these recordings is known: name them with --pairs.")
            run = Backtest(_snapshot(limits, relations, markets))
            run.run(merged(found))
        except RecordingProblem as problem:
            self.refuse(f"{problem}.")
        self._remark(found, markets, run)
        told = report(run.deals, run.changes, (run.first_at, run.last_at))
        self._write(figures(told, run.refusals), options["json"])

    def _limits(self, path: Path | None) -> Snapshot:
        """A snapshot of limits and nothing else."""
        if path is None:
            return overlaid({}, (), ())
        try:
            wanted = wanted_values(read(path))
        except Unreadable as problem:
            self.refuse(f"{path}: {problem}")
        except ValidationError as problem:
            self.refuse(f"{path}: {' '.join(problem.messages)}")
        # An override runs out by today's clock, which is not the recording's.
        lasting = [one for one in wanted if one.until is None]
        told = overlaid({}, (), lasting)
        bad = told.problems()
        if bad:
            self.refuse(f"{path}: {' '.join(bad)}")
        return told

    def _relations(
        self, path: Path | None, listed: list[Market]
    ) -> tuple[list[RelationConfig], dict[MarketId, Market]]:
        if path is not None:
            known = {market.id: market for market in listed}
            return self._named(path, known), known
        recorded = {market.id for market in listed}
        chosen = [one for one in selectors.tradeable() if {m.id for m in one.markets} <= recorded]
        terms = {market.id: market for one in chosen for market in one.markets}
        configs = [msgspec.structs.replace(relation_config(one), mode=Mode.BOTH) for one in chosen]
        return configs, terms

    def _named(self, path: Path, known: dict[MarketId, Market]) -> list[RelationConfig]:
        try:
            wanted = pairs_of(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as problem:
            self.refuse(f"{path} cannot be read ({type(problem).__name__}).")
        except BadPairs as problem:
            self.refuse(str(problem))
        names = {name: market.id for market in known.values() for name in _names(market)}
        found = []
        for number, one in enumerate(wanted):
            first, second = names.get(one.first), names.get(one.second)
            if first is None or second is None:
                self.say(f"{one.first} and {one.second} are not both in the recordings; left out.")
                continue
            found.append(RelationConfig(_pair(number, (first, second), one, known), (0, 1)))
        return found

    def _remark(self, found: list[Reel], markets: dict[MarketId, Market], run: Backtest) -> None:
        bad = sum(reel.bad for reel in found)
        if bad:
            self.say(f"{bad} lines could not be read and were left out.")
        unknown = sum(market.fees.kind == "unknown" for market in markets.values())
        if unknown:
            self.say(f"The fees of {unknown} markets are not recorded: they pay the worst case.")
        open_ = sum(deal.state.value not in ("balanced", "closed") for deal in run.deals)
        if open_:
            self.say(f"{open_} deals did not come to an even end; they count at their worst.")

    def _write(self, told: dict[str, Any], out: str) -> None:
        if not out:
            self.figures(told, as_json=False)
            return
        text = json.dumps(told)
        if out == "-":
            self.stdout.write(text)
            return
        try:
            Path(out).write_text(f"{text}\n", encoding="utf-8")
        except OSError as problem:
            self.refuse(f"{out} cannot be written ({problem.strerror}).")
        self.figures(told, as_json=False)


def figures(told: Report, refusals: dict[str, int]) -> dict[str, Any]:
    """The report as it is written: money in dollars as text, ratios as numbers."""
    return {
        "trades": told.trades,
        "days": told.days,
        "pnl_net": _dollars(told.pnl_net),
        "fees": _dollars(told.fees),
        "sharpe": told.sharpe,
        "sharpe_ci": None if told.sharpe_ci is None else list(told.sharpe_ci),
        "hit_rate": told.hit_rate,
        "avg_entry_edge": _dollars(told.avg_entry_edge),
        "slippage_median": _dollars(told.slippage_median),
        "max_drawdown": _dollars(told.max_drawdown),
        "refusals": dict(sorted(refusals.items())),
    }


def _dollars(money: int | None) -> str | None:
    if money is None:
        return None
    whole, rest = divmod(abs(money), MICRO)
    return f"{'-' if money < 0 else ''}{whole}.{rest:06d}"


def _names(market: Market) -> list[str]:
    """How a file may call a market: by its id, or its venue with one of its tokens."""
    return [market.id, *(f"{market.venue}:{token}" for token in market.tokens[:1])]


def _pair(
    number: int, ids: tuple[MarketId, MarketId], line: PairLine, known: dict[MarketId, Market]
) -> Relation:
    first, second = ids
    return pair(
        RelationId(f"pair-{number + 1}"),
        first,
        second,
        title=line.title or known[first].title,
        inverse=line.inverse,
        tails=line.tails,
        category=known[first].category,
        payout_at=known[first].payout_at,
    )


def _snapshot(
    limits: Snapshot, relations: list[RelationConfig], markets: dict[MarketId, Market]
) -> Snapshot:
    """Everything allowed on paper that the limits allow."""
    wanted = {claim.market for one in relations for claim in one.relation.claims}
    return msgspec.structs.replace(
        limits,
        exec_mode=Mode.PAPER,
        venues=tuple(map(_venue, ADAPTERS)),
        markets=tuple(markets[name] for name in sorted(wanted)),
        relations=tuple(relations),
    )


def _venue(slug: str) -> VenueConfig:
    adapter = keyless_adapter(slug)
    return as_declared(VenueConfig(VenueId(slug), adapter.name, adapter.short, Mode.PAPER))
