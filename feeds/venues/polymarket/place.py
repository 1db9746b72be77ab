"""Whether the venue takes orders from where we are, in its own words.

Asked of the site, not of the hosts that trade, and from the machine that sends the orders. What was
not understood is a word against trading. Source: polymarket sheet 1 and 8.1, read 2026-11-30.
"""

import msgspec

from feeds.venues.base import Reply, Request

REQUEST = Request("GET", "site", "/api/geoblock")
UNKNOWN = "Whether trading is allowed from here could not be asked."


class _Place(msgspec.Struct):
    blocked: bool
    country: str = ""
    region: str = ""


_place = msgspec.json.Decoder(_Place)


def told(reply: Reply | None) -> str | None:
    """What stands against trading from here, empty for nothing; None for an answer that says
    nothing of it.
    """
    if reply is None or reply.status != 200:
        return None
    try:
        said = _place.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        return None
    where = f"{said.country} {said.region}".strip() or "this place"
    return f"The venue takes no orders from {where}." if said.blocked else ""
