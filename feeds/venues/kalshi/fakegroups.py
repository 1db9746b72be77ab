"""Order groups of the Kalshi fake: a brake of the venue's own.

When fills in a group exceed its limit within 15 rolling seconds, everything resting in it is
cancelled and it takes no more until reset. A trigger does the same by hand.
Source: kalshi sheet 3.13, frames of 4.3; the code of a refused order is our reading.
"""

from typing import Any

import msgspec

from feeds.venues.kalshi.fakenews import Grouped
from feeds.venues.kalshi.fakesay import Refused, failure, market_uuid, size
from markets.terms.units import MICRO, SECOND, Ns, Qty

WINDOW = 15 * SECOND
MOST = Qty(1_000_000 * MICRO)


class Group(msgspec.Struct):
    """One group of one account, bound to a shard."""

    id: str
    account: str
    shard: int
    subaccount: int
    limit: Qty
    is_stopped: bool = False
    orders: list[str] = []
    fills: list[tuple[Ns, int]] = []


class Groups:
    """Every account's groups."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._number = 0

    def create(self, account: str, shard: int, subaccount: int, limit: Qty) -> Group:
        """A new group. Errors: `Refused` for a limit outside 1 to a million."""
        _must_be_limit(limit)
        self._number += 1
        name = market_uuid(f"group {self._number}")
        group = self._groups[name] = Group(name, account, shard, subaccount, limit)
        return group

    def of(self, account: str, name: str) -> Group:
        """The account's group of that id. Errors: `Refused` 404."""
        group = self._groups.get(name)
        if group is None or group.account != account:
            raise Refused(failure(404, "not_found"))
        return group

    def list_of(self, account: str) -> list[Group]:
        """All of an account."""
        return [group for group in self._groups.values() if group.account == account]

    def delete(self, group: Group) -> None:
        """The group is gone; its orders stay."""
        del self._groups[group.id]

    def reset(self, group: Group) -> None:
        """It takes orders again and counts from nothing."""
        group.is_stopped = False
        group.fills = []

    def set_limit(self, group: Group, limit: Qty) -> None:
        """Another limit. Errors: `Refused`."""
        _must_be_limit(limit)
        group.limit = limit

    def must_be_open(self, account: str, name: str) -> None:
        """Errors: `Refused` when an order names a group that is stopped or not there."""
        if name and self.of(account, name).is_stopped:
            details = "EXCEEDED_ORDER_GROUP_RISK_LIMIT"
            raise Refused(failure(400, "invalid_order", details=details))

    def join(self, name: str, order: str) -> None:
        """An order belongs to the group from now on."""
        if name:
            self._groups[name].orders.append(order)

    def members(self, name: str) -> list[str]:
        """Orders of a group."""
        return list(self._groups[name].orders) if name in self._groups else []

    def count(self, name: str, qty: Qty, at: Ns) -> None:
        """A fill of an order of the group."""
        if name in self._groups:
            self._groups[name].fills.append((at, qty))

    def overrun(self, at: Ns) -> list[tuple[str, str, dict[str, Any]]]:
        """Groups that went over their limit since the last question; they are stopped now."""
        found: list[tuple[str, str, dict[str, Any]]] = []
        for group in self._groups.values():
            group.fills = [fill for fill in group.fills if at - fill[0] < WINDOW]
            if not group.is_stopped and sum(qty for _, qty in group.fills) > group.limit:
                found.append((group.account, group.id, self.stop(group)))
        return found

    def stop(self, group: Group) -> dict[str, Any]:
        """Takes no more orders; what is said of it."""
        group.is_stopped = True
        return body_of(group, "triggered")

    def told(self, account: str, body: dict[str, Any], at: Ns) -> Grouped:
        """The news of it."""
        return Grouped(account, body, at)


def body_of(group: Group, event: str) -> dict[str, Any]:
    """The frame's message."""
    return {
        "event_type": event,
        "order_group_id": group.id,
        "contracts_limit_fp": size(group.limit),
    }


def _must_be_limit(limit: Qty) -> None:
    if not MICRO <= limit <= MOST:
        raise Refused(failure(400, "invalid_order_group_limit"))
