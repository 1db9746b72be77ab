"""The faults of a connection, carried out on one venue's frames and requests.

What is lost, doubled, late or spoilt, and what a request gets instead of its answer.

Told each fault when it begins and asked about every frame and request with the time. Invariants: a
fault that has ended changes nothing any more; counts are used up one by one; without a fault every
frame passes as it is. It sends nothing and knows no socket; the venue's own faults are the fake's.
"""

import msgspec

from feeds.sim.faults import Fault
from feeds.sim.scenario import Move
from markets.terms.units import MS, Ns

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
REFUSED = 503
TOO_MANY = 429
BROKEN = 500
ERROR_BODY = (
    b'{"error":{"code":"internal_error","message":"internal error"},'
    b'"success":false,"errorMsg":"internal error"}'
)
_NOW = Ns(0)


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a request: `status` answers it here, without the venue; `is_cut` lets the
    venue do it and ends the connection unanswered after `late`.
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    late: Ns = _NOW
    is_cut: bool = False


class Trouble:
    """Everything that is wrong with one venue's connections at the moment."""

    def __init__(self) -> None:
        self._until: dict[str, Ns] = {}
        self._faults: dict[str, Fault] = {}
        self._counts: dict[str, int] = {}
        self._behind: dict[int, str] = {}
        self._offset = _NOW

    def begin(self, fault: Fault, at: Ns) -> None:
        """A fault of the transport begins."""
        kind = fault.kind
        self._faults[kind] = fault
        self._until[kind] = Ns(at + fault.lasting)
        if kind == "clock":
            self._offset = Ns(fault.number("ms") * MS)
        elif "count" in fault.args or kind in _COUNTED:
            self._counts[kind] = self._counts.get(kind, 0) + fault.number("count", 1)

    def now(self, at: Ns) -> Ns:
        """What the venue's clock shows."""
        clock = self._faults.get("clock")
        is_over = clock is not None and clock.lasting and not self._is_on("clock", at)
        return at if is_over else Ns(at + self._offset)

    def refuses_sockets(self, at: Ns) -> bool:
        """Whether a new socket is turned away."""
        return self._is_on("disconnect", at)

    def frames(self, conn: int, text: str, at: Ns) -> list[str]:
        """What is sent instead of a frame."""
        if self._is_on("silence", at) or self._uses("gap"):
            return []
        if self._uses("malformed"):
            text = '{"type": ' + text[: len(text) // 3] + "\\"
        if self._uses("truncated"):
            text = text[: len(text) // 2]
        behind = self._behind.pop(conn, None)
        if behind is None and self._uses("reorder"):
            self._behind[conn] = text
            return []
        told = [text] if behind is None else [text, behind]
        return told * 2 if self._uses("duplicate") else told

    def forget(self, conn: int) -> None:
        """A connection has ended, and with it what waited to be sent on it."""
        self._behind.pop(conn, None)

    def late(self, at: Ns) -> Ns:
        """How long frames and answers are held back."""
        return Ns(self._number("slow", "ms", 0) * MS) if self._is_on("slow", at) else _NOW

    def moved(self, move: Move, at: Ns) -> Move:
        """A move with the time the venue claims for it."""
        shift = 0
        if self._is_on("stale", at):
            shift = -self._number("stale", "ms", 60_000)
        elif self._is_on("future", at):
            shift = self._number("future", "ms", 60_000)
        if not shift:
            return move
        return msgspec.structs.replace(move, venue_at=Ns((move.venue_at or at) + shift * MS))

    def request(self, method: str, at: Ns) -> Verdict:
        """What becomes of a request."""
        if self._is_on("refuse", at):
            return Verdict(REFUSED, body=b"refused")
        if self._is_on("storm", at):
            seconds = self._number("storm", "retry_after", 0)
            headers = (("retry-after", str(seconds)),) if seconds else ()
            return Verdict(TOO_MANY, headers)
        if self._is_on("broken", at):
            return Verdict(self._number("broken", "status", BROKEN), body=b"internal error")
        if method in WRITES and self._uses("error_body"):
            return Verdict(200, (("content-type", "application/json"),), ERROR_BODY)
        if method in WRITES and self._uses("unanswered"):
            return Verdict(is_cut=True, late=self._faults["unanswered"].lasting)
        return Verdict(late=self.late(at))

    def _is_on(self, kind: str, at: Ns) -> bool:
        return at < self._until.get(kind, at)

    def _uses(self, kind: str) -> bool:
        left = self._counts.get(kind, 0)
        self._counts[kind] = max(0, left - 1)
        return left > 0

    def _number(self, kind: str, name: str, unsaid: int) -> int:
        return self._faults[kind].number(name, unsaid)


_COUNTED = frozenset(
    {"gap", "duplicate", "reorder", "malformed", "truncated", "unanswered", "error_body"}
)
