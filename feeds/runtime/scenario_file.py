"""Scenarios as small files: the invented world to serve, and what goes wrong in it, and when.

TOML: `title`, `seed`, `pairs`, `moves` (book moves a second), `trades_per_mille`, `rest_seconds`
(mean pause between two dislocations of a pair), and any number of `[[fault]]` with `at`
("hh:mm:ss" after the start), `venue` (left out: every venue), `kind`, `seconds` and what the kind
understands (`feeds.sim.faults`). Where a kind asks for a market, `pair = n` may stand for the n-th
pair's market at that venue. Everything may be left out. Shipped ones lie in `feeds/sim/scenarios`
and are called by name.
"""

from pathlib import Path
from typing import Any

import msgspec

from feeds.runtime.fakeserver import fault_asked
from feeds.sim.faults import ANY, TimedFault
from feeds.sim.scenario import KALSHI, Listed, Rates
from markets.terms.units import MICRO, SECOND, Ns

SHIPPED = Path(__file__).parents[1] / "sim" / "scenarios"
_CLOCK_PARTS = 3
_SIXTY = 60


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario as its file tells it. None: as it is without a file."""

    title: str = ""
    seed: int | None = None
    pairs: int | None = None
    moves: int | None = None
    trades_per_mille: int | None = None
    rest_seconds: int | None = None
    fault: list[dict[str, Any]] = []

    def rates(self, moves: int) -> Rates:
        """How busy the world is, with `moves` a second where the file does not say."""
        shipped = Rates()
        trades, rest = self.trades_per_mille, self.rest_seconds
        return Rates(
            moves if self.moves is None else self.moves,
            shipped.trades_per_mille if trades is None else trades,
            shipped.rest if rest is None else Ns(rest * SECOND),
        )

    def faults(self, listed: tuple[Listed, ...] = ()) -> tuple[TimedFault, ...]:
        """Its faults, for a world that lists these markets.

        Errors: `ValueError` naming the fault, counted from 1, and what is wrong.
        """
        found: list[TimedFault] = []
        for number, words in enumerate(self.fault, 1):
            try:
                found += _timed(words, listed)
            except ValueError as problem:
                raise ValueError(f"fault {number}: {problem}") from None
        return tuple(found)


def shipped() -> tuple[str, ...]:
    """The names of the scenarios that come with the project."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def read(name: str) -> Told:
    """The scenario of a file, or of a shipped name.

    Errors: `ValueError` saying which file is wrong and why.
    """
    path = SHIPPED / f"{name}.toml" if name in shipped() else Path(name)
    try:
        told = msgspec.toml.decode(path.read_bytes(), type=Told)
        told.faults()
    except OSError as problem:
        known = ", ".join(shipped())
        raise ValueError(f"{path}: {problem.strerror}; name a file, or one of {known}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as problem:
        raise ValueError(f"{path}: {problem}") from None
    return told


def _timed(words: dict[str, Any], listed: tuple[Listed, ...]) -> list[TimedFault]:
    rest = dict(words)
    after, venue = _after(rest.pop("at", None)), str(rest.pop("venue", ANY))
    pair = rest.pop("pair", None)
    if pair is None:
        return [TimedFault(after, venue, fault_asked(rest))]
    fault_asked(rest)
    return [
        TimedFault(after, one.venue, fault_asked({**rest, **_turned(rest, one)}))
        for one in _pair(pair, listed)
        if venue in (ANY, one.venue)
    ]


def _turned(words: dict[str, Any], market: Listed) -> dict[str, Any]:
    """The market's own arguments: where YES is NO of the first venue, the other side pays."""
    if not (market.inverse and market.venue != KALSHI and isinstance(words.get("pays"), int)):
        return {"market": market.native}
    return {"market": market.native, "pays": MICRO - words["pays"]}


def _pair(pair: object, listed: tuple[Listed, ...]) -> list[Listed]:
    """The n-th pair's two markets; none when the world is not known yet."""
    firsts = [one for one in listed if one.venue == KALSHI and one.twin]
    if isinstance(pair, bool) or not isinstance(pair, int) or pair < 1:
        raise ValueError(f"pair must be a number from 1, not {pair!r}")
    if not listed:
        return []
    if pair > len(firsts):
        raise ValueError(f"there are {len(firsts)} pairs, no pair {pair}")
    first = firsts[pair - 1]
    return [first, *(one for one in listed if one.native == first.twin)]


def _after(at: object) -> Ns:
    parts = str(at).split(":")
    if len(parts) != _CLOCK_PARTS or not all(p.isascii() and p.isdigit() for p in parts):
        raise ValueError(f'at must be a time like "00:01:30", not {at!r}')
    hours, minutes, seconds = (int(part) for part in parts)
    return Ns(((hours * _SIXTY + minutes) * _SIXTY + seconds) * SECOND)
