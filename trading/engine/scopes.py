"""Settings for less than everything: which value holds where.

Of all values that apply the most specific holds, in the order of `Scope`; a value that has run out
applies nowhere. Resolved once when the configuration or the time changes, never on the hot path.
"""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from markets.terms.units import Ns
from trading.engine.limits import Limits, Scope

_ORDER = tuple(Scope)


class ScopedLimit(msgspec.Struct, frozen=True, gc=False):
    """A setting's value for a scope. `target` names the venue, category, relation and so on, and is
    empty for everything; `until` 0 is for good.
    """

    key: str
    scope: Scope
    target: str
    value: int
    until: Ns = Ns(0)


Index = dict[tuple[Scope, str], dict[str, int]]


def indexed(scoped: Iterable[ScopedLimit], at: Ns) -> Index:
    """Values by scope and target that have not run out. Categories are in small letters."""
    index: Index = {}
    for row in scoped:
        if not row.until or row.until > at:
            index.setdefault((row.scope, _name(row.scope, row.target)), {})[row.key] = row.value
    return index


def next_end(scoped: Iterable[ScopedLimit], at: Ns) -> Ns | None:
    """When the next of them runs out; None when none does."""
    return min((x.until for x in scoped if x.until > at), default=None)


def resolved(limits: Limits, index: Index, names: Mapping[Scope, str]) -> Limits:
    """The limits where each scope has the given name. The very same object when nothing applies."""
    values: dict[str, int] = {}
    for scope in _ORDER if index else ():
        if scope in names:
            values |= index.get((scope, _name(scope, names[scope])), {})
    return replace(limits, **values) if values else limits


def _name(scope: Scope, target: str) -> str:
    return target.casefold() if scope is Scope.CATEGORY else target
