"""Files of pairs: JSON lines, one pair each, all read before anything is done with any."""

from __future__ import annotations

import msgspec

from markets.terms.relations import TailRisk


class PairLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a file of pairs; prices of tails in millionths of a dollar."""

    first: str
    second: str
    inverse: bool = False
    title: str = ""
    tails: tuple[TailRisk, ...] = ()


class BadPairs(ValueError):
    """Why a file is no list of pairs: file, line and what is wrong."""


def pairs_of(text: str, name: str) -> list[PairLine]:
    """The pairs of a file called `name`, in order; empty lines are skipped. Errors: `BadPairs`."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(msgspec.json.decode(line, type=PairLine))
        except msgspec.DecodeError as problem:
            raise BadPairs(f"{name} line {number}: {problem}.") from None
    return found
