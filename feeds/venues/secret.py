"""A value that must not be seen: keys, passphrases, tokens.

Invariants: only `reveal` gives the value; text, repr, formatting, pickling, copying and encoding
never do. Equality is told in constant time for bytes and text. Not here: where secrets come from.
"""

from hmac import compare_digest
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")
HIDDEN = "Secret(hidden)"


class Secret(Generic[T]):
    """Wraps a value so that it cannot slip into a log, a record or an error."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """The value, for whoever signs or sends with it."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = self._value, other._value
        if isinstance(mine, bytes) and isinstance(theirs, bytes):
            return compare_digest(mine, theirs)
        if isinstance(mine, str) and isinstance(theirs, str):
            return compare_digest(mine.encode(), theirs.encode())
        return bool(mine == theirs)

    __hash__ = None  # type: ignore[assignment]  # no key of a mapping that may be shown

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is neither pickled nor copied; keep it in the process it is in")
