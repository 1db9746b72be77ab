"""Schemas of the API's answers, made from the structs it tells: what `wire.tell` writes of a field,
the schema promises.

A name in OpenAPI is the struct's without `Row` or `Picture`.
"""

from __future__ import annotations

import types
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from ninja import Schema
from pydantic import Field, create_model

from markets.terms.units import Ns, Px, Qty, Usd

Dollars = Annotated[
    str, Field(description="Dollars.", pattern=r"^-?\d+\.\d{2,6}$", examples=["4.03"])
]
Price = Annotated[
    str,
    Field(
        description="Dollars for a contract that pays one.",
        pattern=r"^-?\d+\.\d{2,6}$",
        examples=["0.412"],
    ),
]
Contracts = Annotated[
    str, Field(description="Contracts.", pattern=r"^-?\d+(\.\d{1,6})?$", examples=["480"])
]
Moment = Annotated[
    str,
    Field(
        description="ISO 8601 in UTC.",
        json_schema_extra={"format": "date-time"},
        examples=["2026-11-20T12:00:00.000000Z"],
    ),
]
# Whatever a changed field holds: a text, a number, on or off, a list, or nothing.
Kept = Annotated[Any, Field(description="As it was kept: a text, number, switch, list or nothing.")]
TOLD: dict[Any, Any] = {Usd: Dollars, Px: Price, Qty: Contracts, Ns: Moment}


@lru_cache
def schema_of(kind: type[msgspec.Struct], name: str = "", **otherwise: Any) -> type[Schema]:
    """The schema of what `tell` makes of a struct: every field is there, null where it may be.

    `otherwise` gives fields another type than `tell` does. Errors: `TypeError` for a field whose
    type says nothing (`dict[str, Any]`).
    """
    fields: dict[str, Any] = {
        f.name: (otherwise.get(f.name) or _told(f.type), ...) for f in msgspec.structs.fields(kind)
    }
    words = name or kind.__name__.removesuffix("Row").removesuffix("Picture")
    made: type[Schema] = create_model(words, __base__=Schema, __doc__=kind.__doc__, **fields)
    return made


@lru_cache
def paged(item: type[Schema]) -> type[Schema]:
    """The schema of a cursor page of items."""
    fields: dict[str, Any] = {
        "items": (types.GenericAlias(list, (item,)), ...),
        "next": (
            Annotated[str | None, Field(description="Ask again with `cursor` = this until null.")],
            ...,
        ),
    }
    made: type[Schema] = create_model(
        f"{item.__name__}Page", __base__=Schema, __doc__=f"A page of {item.__name__}.", **fields
    )
    return made


def _told(kind: Any) -> Any:
    """The type a field is told as."""
    if kind in TOLD:
        return TOLD[kind]
    if hasattr(kind, "__supertype__"):
        return _told(kind.__supertype__)
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return Union[tuple(_told(part) for part in parts)]  # noqa: UP007  made of what is found
    if origin in (tuple, list):
        return types.GenericAlias(list, (_told(parts[0]),))
    if origin is dict:
        return types.GenericAlias(dict, (str, _told(parts[1])))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return schema_of(kind)
    if kind in (str, int, float, bool, type(None)) or isinstance(kind, type(Enum)):
        return kind
    raise TypeError(f"{kind!r} does not say what is told; write a struct.")
