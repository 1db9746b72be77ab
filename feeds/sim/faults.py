"""What can go wrong at a venue, as data: a scenario names faults with times, an operator asks for
them.

A fault has a kind of `KINDS`, lasts `lasting` (0: it is over at once, or ends by its count) and may
carry arguments. Faults of the transport are done by whoever serves a fake (`feeds.runtime.
fakeserver`); those of the venue are handed to the fake, which knows orders and markets. Nothing
here waits or sends; a list of timed faults is asked what is due.
"""

from enum import StrEnum
from types import MappingProxyType

import msgspec

from markets.terms.units import DAY, SECOND, Ns

ANY = ""
LONGEST = Ns(DAY)
_AT_ONCE = Ns(0)


class Doer(StrEnum):
    """Who carries a fault out."""

    TRANSPORT = "transport"
    VENUE = "venue"


class Kind(msgspec.Struct, frozen=True):
    """One way to misbehave: who does it, what happens, and the arguments it understands."""

    doer: Doer
    meaning: str
    args: tuple[str, ...] = ()


_T, _V = Doer.TRANSPORT, Doer.VENUE
KINDS: MappingProxyType[str, Kind] = MappingProxyType(
    {
        "disconnect": Kind(_T, "every socket is cut, and new ones for `seconds`"),
        "silence": Kind(_T, "frames are lost for `seconds`; sockets stay open"),
        "refuse": Kind(_T, "everything new is answered 503 for `seconds`"),
        "gap": Kind(_T, "the next `count` frames are lost", ("count",)),
        "duplicate": Kind(_T, "the next `count` frames come twice", ("count",)),
        "reorder": Kind(_T, "the next `count` frames come after the one behind them", ("count",)),
        "malformed": Kind(_T, "the next `count` frames are no JSON", ("count",)),
        "truncated": Kind(_T, "the next `count` frames end in the middle", ("count",)),
        "slow": Kind(_T, "frames and answers come `ms` late for `seconds`", ("ms",)),
        "stale": Kind(_T, "books carry a time `ms` in the past for `seconds`", ("ms",)),
        "future": Kind(_T, "books carry a time `ms` in the future for `seconds`", ("ms",)),
        "clock": Kind(_T, "the venue's clock is off by `ms` (may be negative)", ("ms",)),
        "storm": Kind(_T, "every request is answered 429 for `seconds`", ("retry_after",)),
        "broken": Kind(_T, "every request is answered `status` (500) for `seconds`", ("status",)),
        "unanswered": Kind(
            _T, "the next `count` requests that write are done and never answered", ("count",)
        ),
        "error_body": Kind(
            _T, "the next `count` requests that write get 200 with an error, undone", ("count",)
        ),
        "partial": Kind(
            _V, "the next `count` orders find `percent` of the book's size", ("count", "percent")
        ),
        "reject": Kind(_V, "the next `count` orders are refused", ("count", "code")),
        "race": Kind(_V, "the next `count` cancellations come after the fill", ("count",)),
        "ghost": Kind(_V, "the next `count` fills fail after they were matched", ("count",)),
        "delayed": Kind(_V, "orders wait `ms` before they match, for `seconds`", ("ms",)),
        "tick": Kind(_V, "a market's price step becomes `step` millionths", ("market", "step")),
        "close": Kind(_V, "a market closes", ("market",)),
        "settle": Kind(_V, "a market settles; YES pays `pays` millionths", ("market", "pays")),
        "reword": Kind(
            _V, "a market's rules get `text` as their last sentence", ("market", "text")
        ),
        "postpone": Kind(
            _V, "the game of a market starts `hours` later than it did", ("market", "hours")
        ),
        "mode": Kind(
            _V,
            "the venue goes into a mode: `restart`, `post_only`, `cancel_only`, `disabled`, "
            "`paused` or `open`, for `seconds` (0: until the next)",
            ("mode",),
        ),
    }
)


class Fault(msgspec.Struct, frozen=True):
    """A fault to begin. `args` are those its kind understands; `count` is 1 when unsaid."""

    kind: str
    lasting: Ns = Ns(0)
    args: dict[str, str | int] = {}

    @property
    def doer(self) -> Doer:
        """Who carries it out."""
        return KINDS[self.kind].doer

    def number(self, name: str, unsaid: int = 0) -> int:
        """An argument that is a whole number."""
        return int(self.args.get(name, unsaid))


class TimedFault(msgspec.Struct, frozen=True):
    """A fault at `venue` (`ANY`: at each), `after` the scenario's start."""

    after: Ns
    venue: str
    fault: Fault


class Script:
    """Timed faults of one scenario, told once each."""

    def __init__(self, faults: tuple[TimedFault, ...], start: Ns) -> None:
        self._left = sorted(faults, key=lambda one: one.after)
        self._start = start

    def due(self, at: Ns) -> list[TimedFault]:
        """Those whose time has come since the last call, in order."""
        ready = [one for one in self._left if self._start + one.after <= at]
        del self._left[: len(ready)]
        return ready


def fault_of(kind: str, lasting: Ns = _AT_ONCE, **args: object) -> Fault:
    """A fault from what a person wrote. Errors: `ValueError` saying what is wrong with it."""
    known = KINDS.get(kind)
    if known is None:
        raise ValueError(f"there is no fault {kind!r}; there are {', '.join(KINDS)}")
    if not 0 <= lasting <= LONGEST:
        raise ValueError(f"{kind}: seconds must be from 0 to {LONGEST // SECOND}")
    taken: dict[str, str | int] = {}
    for name, value in args.items():
        if name not in known.args:
            understood = ", ".join(("seconds", *known.args))
            raise ValueError(f"{kind} has no argument {name!r}; it understands {understood}")
        taken[name] = _argument(kind, name, value)
    return Fault(kind, lasting, taken)


_WORDS = ("code", "market", "mode", "text")


def _argument(kind: str, name: str, value: object) -> str | int:
    if name in _WORDS:
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{kind}: {name} must be a whole number, not {value!r}")
    return value
