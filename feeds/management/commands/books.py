"""`manage.py books VENUE FILE...`: rebuilds a recording's books, compares what it states."""

from __future__ import annotations

import csv
import re
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from feeds.recordings.compare import Mismatch
from feeds.recordings.lines import BadLine, Header, Line, Terms
from feeds.recordings.player import Player
from feeds.recordings.rows import Rows, columns
from feeds.runtime.recorder import RecordingProblem
from feeds.runtime.recordings import Tape, open_tape
from feeds.venues import EARS, find
from feeds.venues.tape import Ear, Nature
from markets.console import NO, NOTHING, Console
from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from markets.terms.units import MS, SECOND, Ns

UNITS = {"ms": MS, "s": SECOND, "m": 60 * SECOND}
EVERY = re.compile(r"([1-9]\d*)(ms|s|m)")


class Table(msgspec.Struct, frozen=True):
    """What the table is to show."""

    out: Path | None
    levels: int
    every: Ns
    market: str


class Heard(msgspec.Struct):
    """What the first pass found."""

    ear: Ear
    lines: int = 0
    unstamped: int = 0
    bad: int = 0
    first_bad: str = ""


class Command(Console):
    """Rebuilds books from recordings."""

    help = (
        "Rebuild the books of a recording with the code that follows the live socket, and compare "
        "what the recording states with them. Exit codes: 0 everything agrees, 1 something does "
        "not, 2 bad usage or unreadable input, 3 nothing to compare."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """See `--help`."""
        parser.add_argument("venue", choices=sorted(EARS))
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="in order of time")
        parser.add_argument("--every", default="", metavar="100ms", help="rows at even times")
        parser.add_argument("--market", default="", metavar="ID", help="the venue's id or a token")
        parser.add_argument("--levels", type=int, default=1, metavar="N", help="levels a row shows")
        parser.add_argument("--csv", type=Path, default=None, metavar="OUT", help="the table")
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Figures on stdout, remarks on stderr."""
        wanted = self._wanted(options)
        try:
            tape = open_tape(tuple(options["files"]))
            heard = _listen(options["venue"], tape)
            self._remark(heard, wanted)
            player = self._play(tape, heard.ear, wanted)
        except RecordingProblem as problem:
            self.refuse(f"{problem}.")
        except OSError as problem:
            self.refuse(f"{wanted.out} cannot be written: {problem}.")
        for mismatch in player.comparison.named:
            self.say(_sentence(mismatch))
        self.figures(_figures(player), as_json=options["json"])
        if player.comparison.tally.mismatches:
            self.leave(NO, f"{player.comparison.tally.mismatches} statements do not agree.")
        if player.comparison.is_empty():
            self.leave(NOTHING, "Nothing in the recording could be compared with the books.")

    def _wanted(self, options: dict[str, Any]) -> Table:
        found = EVERY.fullmatch(options["every"]) if options["every"] else None
        if options["every"] and found is None:
            self.refuse(f"--every is a time such as 100ms, 5s or 1m, not {options['every']}.")
        if options["levels"] < 1:
            self.refuse("--levels must be at least 1.")
        every = Ns(int(found[1]) * UNITS[found[2]]) if found else Ns(0)
        return Table(options["csv"], options["levels"], every, options["market"])

    def _remark(self, heard: Heard, wanted: Table) -> None:
        if heard.bad and not heard.lines:
            self.refuse(f"No line of it is a frame: {heard.first_bad}.")
        if heard.unstamped:
            self.say(
                f"{heard.unstamped} frames have no time; the number of the line stands for it."
            )
            if wanted.every:
                self.refuse("--every needs a recording with times.")
        for sentence in heard.ear.remarks():
            self.say(sentence)

    def _play(self, tape: Tape, ear: Ear, wanted: Table) -> Player:
        player = Player(ear, sampled=tape.is_sampled)
        outcomes = _outcomes(ear.markets(), wanted.market)
        if wanted.market and not outcomes:
            self.refuse(f"The recording does not speak of {wanted.market}.")
        rows = Rows(player.books, outcomes, wanted.levels, wanted.every)
        with _table(wanted) as table:
            for entry in tape.entries():
                if isinstance(entry, Header | Terms):
                    continue
                if table is not None and isinstance(entry, Line):
                    table.writerows(rows.until(entry.at))
                touched = player.play(entry)
                if table is not None:
                    table.writerows(rows.changed(touched, player.at))
            if table is not None:
                table.writerows(rows.until(Ns(player.at + 1)))
        player.end()
        return player


def _listen(venue: str, tape: Tape) -> Heard:
    """The first pass: which markets, and how the frames are to be read."""
    heard: Heard | None = None
    nature = Nature()
    for entry in tape.entries():
        if isinstance(entry, Header):
            if entry.venue in EARS and entry.venue != venue:
                raise RecordingProblem(f"The recording is of {entry.venue}, not of {venue}")
            nature = Nature(has_header=True, filtered=entry.filtered or nature.filtered)
            continue
        if heard is None:
            heard = Heard(find(EARS, venue)(nature))
        _take(heard, entry)
    return heard or Heard(find(EARS, venue)(nature))


def _take(heard: Heard, entry: Terms | Line | BadLine) -> None:
    match entry:
        case Terms():
            heard.ear.know(entry.market)
        case Line():
            heard.lines += 1
            heard.unstamped += not entry.stamped
            is_out = entry.direction == "out"
            frame = entry.frame if is_out else heard.ear.present(entry.frame)
            heard.ear.learn(frame, is_out=is_out)
        case BadLine():
            heard.bad += 1
            heard.first_bad = heard.first_bad or f"line {entry.number}, {entry.reason}"


def _outcomes(markets: tuple[Market, ...], wanted: str) -> dict[MarketId, tuple[int, ...]]:
    """Outcome 0 of every market, and outcome 1 where it has a token of its own in the recording."""
    found: dict[MarketId, tuple[int, ...]] = {}
    for market in markets:
        if wanted and wanted not in (market.native, market.id, *market.tokens):
            continue
        heard = [place for place, name in enumerate(market.tokens) if not name.startswith("~")]
        found[market.id] = tuple(heard) or (0,)
        if wanted in market.tokens:
            found[market.id] = (market.tokens.index(wanted),)
    return found


@contextmanager
def _table(wanted: Table) -> Iterator[Any]:
    """A writer of the table's rows, None when no table is wanted."""
    if wanted.out is None:
        yield None
        return
    with wanted.out.open("w", newline="", encoding="utf-8") as out:
        yield _begun(out, wanted.levels)


def _begun(out: IO[str], levels: int) -> Any:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns(levels))
    return writer


def _figures(player: Player) -> dict[str, Any]:
    counts, tally = player.counts, player.comparison.tally
    return {
        "frames": counts.frames,
        "snapshots": counts.snapshots,
        "deltas": counts.deltas,
        "trades": counts.trades,
        "gaps": counts.gaps,
        "resyncs": counts.resyncs,
        "rejects": counts.rejects,
        "compared_snapshots": tally.compared_snapshots,
        "compared_bests": tally.compared_bests,
        "compared_mirror": tally.compared_mirror,
        "mismatches": tally.mismatches,
        "cleared": tally.cleared,
        "traded": tally.traded,
        "reject_reasons": dict(sorted(counts.reasons.items())),
    }


def _sentence(mismatch: Mismatch) -> str:
    built = f", built {mismatch.built}" if mismatch.built else ""
    return f"{mismatch.at} {mismatch.market}: {mismatch.kind}: {mismatch.said}{built}"
