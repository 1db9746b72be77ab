"""What an answer to an order means: taken, refused, already known, or unsure.

Invariants: only a clear yes is a yes (success, no error text, an order id); only an answer the
venue documents as a refusal is a no; everything else is unsure and must be asked about.
Source: polymarket sheet 3.5 to 3.9, read 2026-11-20.
"""

from typing import Any

import msgspec

from feeds.venues.base import Reply

STATUSES = ("live", "matched", "delayed", "unmatched")
KILLED = ("couldn't be fully filled", "no orders found to match with FAK")
MODES = (
    ("cancel-only", "cancel_only"),
    ("post-only", "post_only"),
    ("currently disabled", "disabled"),
)
CODES = (
    ("not enough balance", "no_balance"),
    ("order crosses book", "crosses"),
    ("minimum tick size", "tick"),
    ("lower than the minimum", "too_small"),
    ("min size", "too_small"),
    ("max accuracy", "amounts"),
    ("invalid signature", "signature"),
    ("order_version_mismatch", "version"),
    ("closed only mode", "closed_only"),
    ("address banned", "banned"),
    ("maker address not allowed", "wallet"),
    ("Unauthorized", "key"),
    ("No orderbook exists", "no_book"),
    ("not yet ready", "not_ready"),
)
LIMITER = "poly-ratelimit-remaining"
LONGEST_TEXT = 300


class Taken(msgspec.Struct, frozen=True):
    """The venue has the order. `status` is one of `STATUSES`."""

    id: str
    status: str
    trades: tuple[str, ...]


class Refused(msgspec.Struct, frozen=True):
    """The venue said no: nothing rests, nothing traded."""

    code: str
    text: str


class Killed(msgspec.Struct, frozen=True):
    """An immediate order that found nothing to trade with."""

    text: str


class Doubled(msgspec.Struct, frozen=True):
    """The very same order is known already: an earlier sending arrived."""


class Absent(msgspec.Struct, frozen=True):
    """Not placed by the venue's word, which is verified by the order's id."""

    code: str
    text: str


class Unsure(msgspec.Struct, frozen=True):
    """Whether the order exists is not known."""

    text: str


Answer = Taken | Refused | Killed | Doubled | Absent | Unsure


class _Body(msgspec.Struct, frozen=True):
    success: bool = False
    error_msg: str = msgspec.field(name="errorMsg", default="")
    order_id: str = msgspec.field(name="orderID", default="")
    status: str = ""
    trade_ids: list[str] | None = msgspec.field(name="tradeIDs", default=None)


_body = msgspec.json.Decoder(_Body)
_bodies = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, Any])


def read_placed(reply: Reply) -> Answer:
    """The answer to one order."""
    if 200 <= reply.status < 300:
        return _entry(reply.body)
    text = words_of(reply)
    if "Duplicated" in text:
        return Doubled()
    if reply.status == 425:
        return Absent("restarting", text or "the engine is restarting")
    if reply.status == 429:
        return _limited(reply, text)
    if reply.status >= 500:
        mode = _found(MODES, text) if reply.status == 503 else ""
        return Refused(mode, text) if mode else Unsure(f"{reply.status} {text}".rstrip())
    if reply.status == 408 or reply.status < 400 or not text:
        return Unsure(f"{reply.status} without a clear word")
    return _refused(text)


def read_batch(reply: Reply, count: int) -> tuple[Answer, ...]:
    """The answers to a batch of `count`, in its order; a refused batch refuses each alike."""
    if not 200 <= reply.status < 300:
        return (read_placed(reply),) * count
    try:
        entries = _bodies.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        entries = []
    if len(entries) != count:
        return (Unsure("the batch was answered with another number of entries"),) * count
    return tuple(_entry(bytes(entry)) for entry in entries)


def words_of(reply: Reply) -> str:
    """The venue's own words of a refusal, shortened; empty when there are none."""
    try:
        told = _object.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        return ""
    said = told.get("error") or told.get("errorMsg") or told.get("error_msg") or ""
    return str(said)[:LONGEST_TEXT]


def _entry(raw: bytes) -> Answer:
    try:
        body = _body.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return Unsure("the answer could not be read")
    if "Duplicated" in body.error_msg:
        return Doubled()
    if body.success and not body.error_msg and body.order_id:
        if body.status.lower() not in STATUSES:
            return Unsure(f"status {body.status[:40]!r} is unknown")
        return Taken(body.order_id, body.status.lower(), tuple(body.trade_ids or ()))
    if body.error_msg and not body.order_id:
        text = body.error_msg[:LONGEST_TEXT]
        mode = _found(MODES, text)
        return Refused(mode, text) if mode else _refused(text)
    return Unsure("the answer contradicts itself")


def _refused(text: str) -> Answer:
    if any(part in text for part in KILLED):
        return Killed(text)
    return Refused(_found(CODES, text) or "refused", text)


def _limited(reply: Reply, text: str) -> Answer:
    """With the limiter's headers the order was not looked at; without them nobody knows."""
    names = {name for name, _ in reply.headers}
    if LIMITER in names:
        return Refused("rate_limited", text or "too many orders; wait as told")
    return Unsure("429 without the limiter's headers")


def _found(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next((code for part, code in table if part in text), "")
