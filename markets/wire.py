"""Values as the API tells them: money, prices and sizes as decimal texts, times as ISO 8601 in UTC.

A struct becomes a dictionary of its fields; the field's declared unit (`Usd`, `Px`, `Qty`, `Ns`)
decides.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Union, get_args, get_origin

import msgspec

from markets.moments import moment
from markets.terms.units import Ns, Px, Qty, Usd, text_from_micros

Teller = Callable[[Any], Any]


def dollars(value: int) -> str:
    """Dollars with at least two decimals: `0.425`, `4.03`, `-12.00`."""
    return text_from_micros(value, 2)


def size(value: int) -> str:
    """Contracts: `1150`, `0.25`."""
    return text_from_micros(value, 0)


def iso(at: int) -> str:
    """`2026-11-20T12:00:00.000000Z`."""
    return moment(Ns(at)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def tell(struct: msgspec.Struct) -> dict[str, Any]:
    """A struct's fields in their order, structs within it too."""
    return {
        name: None if (value := getattr(struct, name)) is None else teller(value)
        for name, teller in _tellers(type(struct))
    }


@lru_cache
def _tellers(kind: type[msgspec.Struct]) -> tuple[tuple[str, Teller], ...]:
    return tuple((f.name, _teller(f.type)) for f in msgspec.structs.fields(kind))


def _teller(kind: Any) -> Teller:
    known: dict[Any, Teller] = {Usd: dollars, Px: dollars, Qty: size, Ns: iso}
    if kind in known:
        return known[kind]
    if get_origin(kind) in (Union, types.UnionType):
        inner = [part for part in get_args(kind) if part is not type(None)]
        return _teller(inner[0]) if len(inner) == 1 else _same
    if get_origin(kind) is tuple:
        item = _teller(get_args(kind)[0])
        return lambda values: [item(value) for value in values]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return tell
    return _same


def _same(value: Any) -> Any:
    return value
