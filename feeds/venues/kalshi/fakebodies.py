"""Reads the bodies of order writes as strictly as the Kalshi server does.

A number where text belongs is undecodable (the flat body, in the words of the recording); a missing
or unknown word is `invalid_parameters`, which is our reading. Text becomes whole numbers here.
Source: kalshi sheet 3.1, 3.8 and 3.12.
"""

from typing import Any

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.kalshi.fakeboard import LOT
from feeds.venues.kalshi.fakesay import Refused, failure, undecodable
from markets.terms.units import Px, Qty, micros_from_text
from trading.engine.orders import Side

_GO = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}
_SIDES = {"bid": Side.BUY, "ask": Side.SELL}
MOST_SUBACCOUNTS = 63


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object. Errors: `Refused` for another content type and for what is none."""
    kinds = [value for name, value in request.headers if name.lower() == "content-type"]
    if request.headers and not any(kind.startswith("application/json") for kind in kinds):
        raise Refused(failure(400, "invalid_content_type"))
    if not request.body:
        raise Refused(failure(400, "invalid_content_type"))
    try:
        return msgspec.json.decode(request.body, type=dict[str, Any])
    except msgspec.DecodeError:
        raise Refused(undecodable("invalid character in JSON")) from None


class Fields:
    """One request's fields, asked for by name and type; `struct` names it in errors."""

    def __init__(self, said: dict[str, Any], struct: str) -> None:
        self._said = said
        self._struct = struct

    def has(self, name: str) -> bool:
        """Whether it was said at all, null included."""
        return name in self._said

    def text(self, name: str, unsaid: str | None = "") -> str:
        """Text; `unsaid` None means it must be there."""
        return str(self._typed(name, str, unsaid))

    def flag(self, name: str) -> bool:
        """True or false, false when unsaid."""
        return bool(self._typed(name, bool, False))

    def number(self, name: str, unsaid: int = 0) -> int:
        """A whole number."""
        return int(self._typed(name, int, unsaid))

    def word(self, name: str, among: tuple[str, ...]) -> str:
        """One of a few words, required."""
        found = self.text(name, None)
        if found not in among:
            raise Refused(_wrong(f"{name}: {found!r} is none of {', '.join(among)}"))
        return found

    def side(self) -> Side:
        """`bid` or `ask`."""
        return _SIDES[self.word("side", ("bid", "ask"))]

    def price(self) -> Px:
        """Dollars with two to four decimals. Errors: `Refused` invalid_price."""
        text = self.text("price", None)
        value = _micros(text)
        if value is None or not 2 <= len(text.partition(".")[2]) <= 4:
            raise Refused(failure(400, "invalid_price"))
        return Px(value)

    def count(self, name: str = "count") -> Qty:
        """Contracts in hundredths. Errors: `Refused` invalid_order_size."""
        value = _micros(self.text(name, None))
        if value is None or value <= 0 or value % LOT:
            raise Refused(failure(400, "invalid_order_size"))
        return Qty(value)

    def subaccount(self) -> int:
        """0 to 63."""
        found = self.number("subaccount")
        if not 0 <= found <= MOST_SUBACCOUNTS:
            raise Refused(_wrong("subaccount: from 0 to 63"))
        return found

    def _typed(self, name: str, kind: type, unsaid: Any) -> Any:
        value = self._said.get(name)
        if value is None:
            if unsaid is None:
                raise Refused(_wrong(f"{name} is required"))
            return unsaid
        if type(value) is not kind:
            want = {str: "string", bool: "bool", int: "int"}[kind]
            raise Refused(
                undecodable(
                    f"json: cannot unmarshal {_GO.get(type(value), 'value')} into Go struct field "
                    f"{self._struct}.{name} of type {want}"
                )
            )
        return value


def _micros(text: str) -> int | None:
    try:
        return micros_from_text(text)
    except ValueError:
        return None


def _wrong(details: str) -> Reply:
    return failure(400, "invalid_parameters", details=details)
