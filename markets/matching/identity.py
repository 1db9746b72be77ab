"""Whether many pairs can be true together: what is one market with what, and what its opposite.

Pairs join markets into classes, each market with a sign: it pays when the class's first one does, or
when that does not. Two markets of one venue are never one; they are opposites only within one event
of theirs (the two sides of a game). A pair that would make them so, or that turns a sign round,
clashes with the pairs before it. Nothing here knows which of them is wrong.
"""

from collections.abc import Iterable

import msgspec


class Place(msgspec.Struct, frozen=True):
    """A market, its venue, and its event there."""

    market: str
    venue: str
    event: str


class Joined(msgspec.Struct, frozen=True):
    """Two markets said to be one, or opposites."""

    slug: str
    first: Place
    second: Place
    inverse: bool


class Clash(msgspec.Struct, frozen=True):
    """A pair that cannot be true with those before it, and why, in a sentence.

    `impossible` says that no listing can make it true, such as one market twice: the signs
    themselves contradict.
    """

    slug: str
    why: str
    impossible: bool


class Classes:
    """Markets joined so far."""

    def __init__(self) -> None:
        self._class: dict[str, int] = {}
        self._sign: dict[str, bool] = {}
        self._members: dict[int, list[Place]] = {}

    def clash(self, pair: Joined) -> Clash | None:
        """Why a pair cannot stand beside those that were joined; nothing when it can."""
        first, second = pair.first, pair.second
        if first.venue == second.venue:
            why = f"{first.market} and {second.market} are both at {first.venue}."
            return Clash(pair.slug, why, True)
        mine, theirs = self._held(first), self._held(second)
        if mine == theirs:
            told = self._sign[first.market] != self._sign[second.market]
            if told == pair.inverse:
                return None
            why = (
                f"Other pairs say that {first.market} and {second.market} are "
                f"{'opposites' if told else 'one'}, this one that they are "
                f"{'opposites' if pair.inverse else 'one'}."
            )
            return Clash(pair.slug, why, True)
        return self._met(pair, mine, theirs)

    def _met(self, pair: Joined, mine: int, theirs: int) -> Clash | None:
        """The first two markets of one venue that the pair would bring together wrongly."""
        turned = self._turned(pair)
        for one in self._members[mine]:
            for other in self._members[theirs]:
                if one.venue != other.venue:
                    continue
                opposite = self._sign[one.market] != (self._sign[other.market] != turned)
                if opposite and one.event and one.event == other.event:
                    continue
                word = "opposites, of two events" if opposite else "one market"
                why = f"It would make {one.market} and {other.market} of {one.venue} {word}."
                return Clash(pair.slug, why, False)
        return None

    def join(self, pair: Joined) -> None:
        """Takes a pair that does not clash."""
        mine, theirs = self._held(pair.first), self._held(pair.second)
        if mine == theirs:
            return
        turned = self._turned(pair)
        for place in self._members.pop(theirs):
            self._class[place.market] = mine
            self._sign[place.market] = self._sign[place.market] != turned
            self._members[mine].append(place)

    def _turned(self, pair: Joined) -> bool:
        """Whether the second class's signs turn round when it joins the first's."""
        return (self._sign[pair.first.market] != self._sign[pair.second.market]) != pair.inverse

    def _held(self, place: Place) -> int:
        if place.market not in self._class:
            number = len(self._class)
            self._class[place.market] = number
            self._sign[place.market] = False
            self._members[number] = [place]
        return self._class[place.market]


def clashes(pairs: Iterable[Joined]) -> tuple[Clash, ...]:
    """The pairs that cannot be true with those before them, in order; earlier ones are believed."""
    classes, found = Classes(), []
    for pair in pairs:
        clash = classes.clash(pair)
        if clash is None:
            classes.join(pair)
        else:
            found.append(clash)
    return tuple(found)
