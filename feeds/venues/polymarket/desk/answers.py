"""How the fake venue says yes and no over REST, and the texts it says no with.

Invariants: every refusal a client may meet carries the venue's own text.
Source: polymarket sheet 3.6, 3.7 and the collected error texts, read 2026-11-20.
"""

from hashlib import sha256

import msgspec

from feeds.venues.base import Reply

JSON = (("content-type", "application/json"),)
BAD_KEY = "Unauthorized/Invalid api key"
BAD_L1 = "Invalid L1 Request headers"
NO_CREATE = "Could not create api key"
NO_DERIVE = "Could not derive api key!"
DISABLED = "Trading is currently disabled. Check polymarket.com for updates"
CANCEL_ONLY = (
    "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed."
)
POST_ONLY_MODE = "post-only mode: only post-only orders and cancels are allowed"
RESTARTING = "engine restarting"
TOO_MANY_REQUESTS = "Too Many Requests"
NO_TOKEN = "Invalid token id"  # noqa: S105  the venue's words, no secret
NO_BOOK = "No orderbook exists for the requested token id"
BAD_SIDE = "Invalid side"
BAD_PAYLOAD = "Invalid payload"
TOO_LONG = "Payload exceeds the limit"
BAD_ORDER = "Invalid order payload"
BAD_OWNER = "the order owner has to be the owner of the API KEY"
BAD_SIGNER = "the order signer address has to be the address of the API KEY"
BAD_MAKER = "maker address not allowed, please use the deposit wallet flow"
BAD_SIGNATURE = "invalid signature"
BAD_VERSION = "order_version_mismatch"
BAD_EXPIRATION = "invalid expiration"
CROSSES = "invalid post-only order: order crosses book"
NO_BALANCE = "not enough balance / allowance"
NOT_READY = "the market is not yet ready to process new orders"
KILLED = "order couldn't be fully filled. FOK orders are fully filled or killed."
NO_MATCH = (
    "no orders found to match with FAK order. "
    "FAK orders are partially filled or killed if no match is found."
)
BAD_ORDER_ID = "Invalid orderID"
BAD_QUERY = "invalid order params payload"
BAD_HEARTBEAT = "Invalid Heartbeat ID"
BANNED = "'{}' address banned"
CLOSED_ONLY = "'{}' address in closed only mode"
TOO_MANY = "Too many orders in payload: {}, max allowed: {}"
TOO_MANY_IDS = "Too many orders in payload, max allowed: {}"
OFF_TICK = "order {} is invalid. Price ({}) breaks minimum tick size rule: {}"
TOO_SMALL = "order {} is invalid. Size ({}) lower than the minimum: {}"
DUPLICATED = "order {} is invalid. Duplicated."
UNDER_DOLLAR = "invalid amount for a marketable BUY order (${}), min size: $1"
TOO_FINE = (
    "invalid amounts, the market {} orders maker amount supports a max accuracy of 2 decimals, "
    "taker amount a max of 4 decimals"
)
GONE = "order can't be found - already canceled or matched"
ALREADY_MATCHED = "order already matched"
STILL_DELAYED = "order is delayed and can't be canceled"


class Refused(Exception):
    """A request the venue refuses, with its status, its words and what else stands in the body."""

    def __init__(self, status: int, words: str, extra: dict[str, object] | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.extra = extra or {}

    def reply(self) -> Reply:
        """The refusal as an answer."""
        return refuse(self.status, self.words, self.extra)


def answer(body: object) -> Reply:
    """A 200 with this body."""
    return Reply(200, JSON, msgspec.json.encode(body))


def refuse(status: int, words: str, extra: dict[str, object] | None = None) -> Reply:
    """An error in the venue's shape; a `retry_after_seconds` also becomes the header."""
    more = extra or {}
    wait = more.get("retry_after_seconds")
    headers = JSON if wait is None else (*JSON, ("Retry-After", str(wait)))
    return Reply(status, headers, msgspec.json.encode({"error": words, **more}))


def uuid_of(name: str) -> str:
    """A text in the form of a uuid, the same for the same name."""
    d = sha256(name.encode()).hexdigest()
    return f"{d[:8]}-{d[8:12]}-4{d[13:16]}-a{d[17:20]}-{d[20:32]}"


def hash_of(name: str) -> str:
    """A text in the form of a transaction's or an order's hash."""
    return "0x" + sha256(name.encode()).hexdigest()
