"""A relation as a person writes it in a file: worlds by name, claims by id, what each pays.

Reads decoded JSON in which every number is still text, so nothing passes through a float. A world
a claim does not speak of pays it nothing. A fee that is left out is charged as the worst case, an
empty one is no fee. Not here: files, books, packages.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec

from markets.terms.fees import KALSHI, NONE, POLYMARKET, WORST
from markets.terms.ids import MarketId, RelationId, VenueId, market_id
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.relations import Cell, Claim, Relation, World, WorldKind, faults
from markets.terms.units import MICRO, Px, Qty, Usd

_KINDS = {
    "kalshi": KALSHI,
    "polymarket": POLYMARKET,
    "none": NONE,
    "zero": NONE,
    KALSHI: KALSHI,
    POLYMARKET: POLYMARKET,
}
_CENTICENT = "0.0001"


class Unreadable(ValueError):
    """The file does not say a relation: what is wrong, where, and what to write instead."""


class Written(msgspec.Struct, frozen=True):
    """A relation with the markets of its claims; `names[i]` is what the file calls claim `i`."""

    relation: Relation
    markets: dict[MarketId, Market]
    names: tuple[str, ...]


def read(content: Any, title: str = "relation") -> Written:
    """The relation of decoded JSON. Errors: `Unreadable` with one sentence."""
    body = _object(content, "The file")
    worlds = tuple(_world(entry, i) for i, entry in enumerate(_list(body, "worlds"), start=1))
    claims: list[Claim] = []
    names: list[str] = []
    markets: dict[MarketId, Market] = {}
    for number, entry in enumerate(_list(body, "claims"), start=1):
        written = _object(entry, f"Claim {number}")
        name = str(written.get("id") or f"claim {number}")
        if name in names:
            raise Unreadable(f"Claim {name} appears twice: give each claim its own id.")
        venue = VenueId(str(written.get("venue") or "unnamed"))
        market = market_id(venue, str(written.get("market") or name))
        outcome = int(_number(written.get("outcome", "0"), f"outcome of {name}"))
        claims.append(Claim(market, outcome, _pays(written, name, worlds)))
        names.append(name)
        markets.setdefault(market, _market(market, venue, written, name))
    relation = Relation(RelationId(title), title, worlds, tuple(claims))
    wrong = faults(relation)
    if wrong:
        raise Unreadable(wrong[0])
    return Written(relation, markets, tuple(names))


def micros(value: Any, what: str) -> int:
    """Millionths of a number as text. Errors: `Unreadable` when it is none or not exact."""
    scaled = _number(value, what) * MICRO
    if scaled.denominator != 1:
        raise Unreadable(f"The {what} is {value}: write at most six decimals.")
    return int(scaled)


def _number(value: Any, what: str) -> Fraction:
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise Unreadable(f"The {what} is {value!r}, which is no number.") from None


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{what} must be an object in braces.")
    return value


def _list(body: Mapping[str, Any], key: str) -> list[Any]:
    found = body.get(key)
    if not isinstance(found, list) or not found:
        raise Unreadable(f'The file names no {key}: write a list "{key}" with at least one entry.')
    return found


def _world(entry: Any, number: int) -> World:
    written = _object({"name": entry} if isinstance(entry, str) else entry, f"World {number}")
    name = str(written.get("name") or f"world {number}")
    kind = str(written.get("kind", WorldKind.DECISIVE))
    if kind not in tuple(WorldKind):
        raise Unreadable(f"World {name} is {kind!r}: write decisive, neutral or tail.")
    chance = micros(written.get("probability") or "0", f"probability of {name}")
    return World(name, WorldKind(kind), chance)


def _pays(written: Mapping[str, Any], name: str, worlds: tuple[World, ...]) -> tuple[Cell, ...]:
    pays = _object(written.get("pays"), f"What {name} pays")
    known = [world.name for world in worlds]
    for world in pays:
        if world not in known:
            raise Unreadable(f"Claim {name} pays in {world!r}, which is none of the worlds.")
    return tuple(_cell(pays.get(world, "0"), f"pay of {name} in {world}") for world in known)


def _cell(value: Any, what: str) -> Cell:
    if isinstance(value, dict):
        fixed = micros(value.get("fixed", "0"), f"fixed {what}")
        return Cell(Px(fixed), micros(value.get("stake", "0"), f"stake {what}"))
    return Cell(Px(micros(value, what)))


def _market(market: MarketId, venue: VenueId, written: Mapping[str, Any], name: str) -> Market:
    step = Px(micros(written.get("tick", _CENTICENT), f"tick of {name}"))
    lot = Qty(micros(written.get("lot", "0.01"), f"lot of {name}"))
    if step <= 0 or lot <= 0:
        raise Unreadable(f"Claim {name} has a tick or a lot that is not above 0.")
    return Market(
        id=market,
        venue=venue,
        native=name,
        title=name,
        outcomes=(name, f"not {name}"),
        ticks=even_ladder(step),
        fees=_fee(written.get("fee"), venue, name),
        lot=lot,
        min_size=Qty(micros(written.get("min_size", "0"), f"min_size of {name}")),
        min_notional=Usd(micros(written.get("min_notional", "0"), f"min_notional of {name}")),
        money_step=Usd(micros(written.get("money_step", "0"), f"money_step of {name}")),
    )


def _fee(written: Any, venue: VenueId, name: str) -> FeeSchedule:
    if written is None:
        return WORST
    terms = _object(written, f"The fee of {name}")
    if not terms:
        return FeeSchedule(NONE, 0)
    said = str(terms.get("kind") or terms.get("type") or venue)
    kind = _KINDS.get(said, POLYMARKET if "kind" not in terms and "type" not in terms else said)
    default = "0.07" if kind == KALSHI else "0"
    if kind == POLYMARKET and "rate" not in terms:
        return WORST
    return FeeSchedule(
        kind,
        rate_ppm=micros(terms.get("rate", default), f"fee rate of {name}"),
        maker_rate_ppm=micros(terms.get("maker_rate", "0"), f"maker rate of {name}"),
        multiplier_ppm=micros(terms.get("multiplier", "1"), f"fee multiplier of {name}"),
        precision=Usd(
            micros(
                terms.get("precision", _CENTICENT if kind == KALSHI else "0.00001"),
                f"fee precision of {name}",
            )
        ),
        rev="file",
    )
