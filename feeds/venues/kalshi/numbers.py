"""The numbers of a Kalshi socket: one counter for each subscription id, over all its markets.

A frame is in sequence, after a hole, or a repeat; what follows from that for books is not decided
here. Source: kalshi sheet 4.4, read 2026-11-20.
"""

from enum import StrEnum

import msgspec

from feeds.venues.kalshi import parse


class Numbering(StrEnum):
    """Where `seq` begins. `WHOLE`: at 1, as on every socket. For recordings, `MIDWAY`: at whatever
    comes first; `CUT`: the same, and only a falling number is a gap, because other markets' frames
    were taken out; a number said twice is a repeat, and let by.
    """

    WHOLE = "whole"
    MIDWAY = "midway"
    CUT = "cut"


class Reading(msgspec.Struct, frozen=True):
    """How the frames are to be understood; a recording may differ from what we ask for."""

    numbering: Numbering = Numbering.WHOLE
    use_yes_price: bool = parse.USE_YES_PRICE


AS_ASKED = Reading()


class Counted(msgspec.Struct, frozen=True, gc=False):
    """What a number says: `broken` names a hole or a repeat that must not be, with `expected`;
    `is_repeat` is a frame to let by.
    """

    broken: str = ""
    expected: int = 0
    is_repeat: bool = False


IN_SEQUENCE = Counted()


class Numbers:
    """The counters of one connection."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._next: dict[int, int] = {}

    def count(self, sid: int, seq: int) -> Counted:
        """Take a frame's number in."""
        is_cut = self._numbering is Numbering.CUT
        expected = self._next.get(sid, seq if self._numbering != Numbering.WHOLE else 1)
        self._next[sid] = seq + 1
        if seq == expected:
            return IN_SEQUENCE
        if is_cut and seq >= expected - 1:
            return Counted(is_repeat=seq < expected)
        broken = "gap" if seq > expected else "repeat"
        return Counted(broken, expected, seq < expected and not is_cut)
