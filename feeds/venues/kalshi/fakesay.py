"""How the Kalshi fake says things: numbers as text, times, ids, answers and the error bodies.

Money and sizes are exact decimal text; ids are digests of names, the same in every run.
Source: kalshi sheet 3.1 and 3.12, read 2026-11-20.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec

from feeds.venues.base import Reply
from markets.terms.units import MICRO, Ns, text_from_micros
from trading.engine.book import Levels

PREFIX = "/trade-api/v2"
_JSON = (("content-type", "application/json"),)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Rows = list[list[str]]


class Refused(Exception):
    """A request that is answered with this reply instead of being done."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def price(px: int) -> str:
    """Dollars with four decimals."""
    return text_from_micros(px, 4)


def money(usd: int) -> str:
    """Dollars with six decimals, as costs and fees are said."""
    return text_from_micros(usd, 6)


def size(qty: int) -> str:
    """Contracts with two decimals."""
    return text_from_micros(qty, 2)


def bids_rows(levels: Levels) -> Rows:
    """Bids for YES, ascending, best last."""
    return [[price(px), size(qty)] for px, qty in sorted(levels)]


def asks_rows(levels: Levels) -> Rows:
    """Asks of YES as the bids for NO they are, ascending, best last."""
    return [[price(px), size(qty)] for px, qty in sorted((MICRO - px, qty) for px, qty in levels)]


def text_time(at: Ns) -> str:
    """RFC 3339 to the microsecond."""
    moment = _EPOCH + timedelta(microseconds=at // 1_000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def market_uuid(ticker: str) -> str:
    """An id, always the same for the same name."""
    raw = sha256(ticker.encode()).hexdigest()
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:32]}"


def json_reply(status: int, body: object) -> Reply:
    """A JSON answer."""
    return Reply(status, _JSON, msgspec.json.encode(body))


def failure(status: int, code: str, message: str = "", details: str = "") -> Reply:
    """Kalshi's usual error body; the message is the code in words unless said."""
    said = {"code": code, "message": message or code.replace("_", " ")}
    if details:
        said["details"] = details
    return json_reply(status, {"error": said})


def undecodable(details: str) -> Reply:
    """The flat body of a request whose JSON has the wrong types."""
    return json_reply(400, {"code": "bad_request", "message": "bad request", "details": details})


def bad_query(call: str, field: str, rule: str) -> Reply:
    """The body of a query parameter outside its bounds, in the words of the recording."""
    key = f"{call}Params.{field}"
    text = f"Key: '{key}' Error:Field validation for '{field}' failed on the '{rule}' tag"
    return json_reply(400, {"msg": f"Parameter validation failed for {call}: {text}"})


def page_of(
    query: dict[str, str], call: str, found: list[object], limits: tuple[int, int]
) -> tuple[list[object], str]:
    """One page and the cursor of the next, empty on the last.

    `limits` are what is given unasked and the most that may be asked. Anything that is no cursor
    of ours is page one. Errors: `Refused` for a limit that is no number or too large.
    """
    asked = query.get("limit", str(limits[0]))
    if not (asked.isascii() and asked.isdigit()):
        raise Refused(bad_query(call, "Limit", "number"))
    if int(asked) > limits[1]:
        raise Refused(bad_query(call, "Limit", "lte"))
    start = offset(query.get("cursor", ""), len(found))
    end = start + (int(asked) or limits[0])
    return found[start:end], f"page-{end}" if end < len(found) else ""


def offset(cursor: str, count: int) -> int:
    """Where a page begins; anything that is no cursor of ours is page one (sheet 3.1)."""
    number = cursor.removeprefix("page-")
    if not cursor.startswith("page-") or not (number.isascii() and number.isdigit()):
        return 0
    return int(number) if int(number) < count else 0
