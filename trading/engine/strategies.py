"""How a deal is carried out, as data: which legs are ordered when, how, and for how much.

A strategy is a row of waves. The first wave opens the deal at its planned size; a later wave buys
of the other legs what fills have left missing, re-priced just before it is sent. Nothing here knows
books, orders or time; `opening` and `execution` read the table.
"""

from enum import StrEnum

import msgspec


class Strategy(StrEnum):
    """See `WAVES`."""

    TAKER_TAKER = "taker_taker"
    LEADER_FIRST = "leader_first"
    MAKER_HEDGE = "maker_hedge"


class Who(StrEnum):
    """Legs a wave orders."""

    ALL = "every leg"
    LEADER = "the leader"
    OTHERS = "the other legs"


class How(StrEnum):
    """Kinds of order: take what is there at once, or rest and only rest, until its end."""

    TAKE = "immediate or cancel"
    REST = "resting, post-only"


class When(StrEnum):
    """What a wave waits for."""

    OPENING = "at once"
    ENDED = "when the leader's order has ended"
    EACH_FILL = "at every fill of the leader"


class Size(StrEnum):
    """How much a wave orders."""

    PLANNED = "the planned size"
    MISSING = "what is missing to what filled"


class Wave(msgspec.Struct, frozen=True):
    """Orders that leave together."""

    who: Who
    how: How
    when: When
    size: Size


WAVES: dict[Strategy, tuple[Wave, ...]] = {
    Strategy.TAKER_TAKER: (Wave(Who.ALL, How.TAKE, When.OPENING, Size.PLANNED),),
    Strategy.LEADER_FIRST: (
        Wave(Who.LEADER, How.TAKE, When.OPENING, Size.PLANNED),
        Wave(Who.OTHERS, How.TAKE, When.ENDED, Size.MISSING),
    ),
    Strategy.MAKER_HEDGE: (
        Wave(Who.LEADER, How.REST, When.OPENING, Size.PLANNED),
        Wave(Who.OTHERS, How.TAKE, When.EACH_FILL, Size.MISSING),
    ),
}


def opens_with(strategy: Strategy, leg: int, leader: int) -> bool:
    """Whether the first wave orders this leg."""
    return WAVES[strategy][0].who is Who.ALL or leg == leader


def rests(strategy: Strategy) -> bool:
    """Whether the first wave's orders rest."""
    return WAVES[strategy][0].how is How.REST


def follows(strategy: Strategy) -> bool:
    """Whether other legs are bought for what the leader filled, as planned and not as a repair."""
    return len(WAVES[strategy]) > 1
