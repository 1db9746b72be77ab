"""Where the Kalshi fake's account requests go: orders, groups, portfolio, limits, keys.

What is nobody's affair but an account's is answered here or refused; anything else is public and
left to `fakerest`. The order endpoints that died in June 2026 answer 410.
Source: kalshi sheet 2.4, 3.8 (410), 3.9, 3.11, 3.13. Our reading: the bodies of group writes.
"""

from typing import Any

from feeds.sim.chance import Chance
from feeds.venues.base import Reply, Request
from feeds.venues.kalshi.fakeauth import NOBODY, Caller, Doorman, forbidden
from feeds.venues.kalshi.fakebodies import Fields, body_of
from feeds.venues.kalshi.fakefloor import Floor
from feeds.venues.kalshi.fakegroups import Group
from feeds.venues.kalshi.fakegroups import body_of as group_body
from feeds.venues.kalshi.fakelimits import ORDERS, Meter, endpoint_costs
from feeds.venues.kalshi.fakenews import Grouped
from feeds.venues.kalshi.fakeorders import OrderDesk
from feeds.venues.kalshi.fakeportfolio import Portfolio
from feeds.venues.kalshi.fakesay import PREFIX, failure, json_reply, size
from markets.terms.units import MICRO, Ns, Qty

GROUPS = "/portfolio/order_groups"
TRANSFER = "/portfolio/intra_exchange_instance_transfer"


class Desk:
    """Answers what needs an account."""

    def __init__(
        self,
        floor: Floor,
        portfolio: Portfolio,
        doorman: Doorman,
        meter: Meter | None,
        chance: Chance | None,
    ) -> None:
        self._floor = floor
        self._portfolio = portfolio
        self._doorman = doorman
        self._meter = meter or Meter({}, None)
        self.orders = OrderDesk(floor, chance)

    def ticked(self, at: Ns) -> None:
        """What time does to orders here."""
        self.orders.ticked(at)

    def answer(self, request: Request, caller: Caller, at: Ns) -> Reply | None:
        """The reply, or None when the request is public."""
        path = request.path.removeprefix(PREFIX)
        if path.startswith("/portfolio"):
            return self._portfolio_of(path, request, caller, at)
        if path.startswith(("/account/", "/api_keys")):
            return self._account(path, request, caller)
        return None

    def _portfolio_of(self, path: str, request: Request, caller: Caller, at: Ns) -> Reply:
        if caller is NOBODY:
            return failure(401, "signature_is_missing_from_headers")
        if path == ORDERS or path.startswith(ORDERS + "/"):
            parts = [part for part in path.removeprefix(ORDERS).split("/") if part]
            return self.orders.answer(parts, request, caller, at)
        if path.startswith(GROUPS):
            parts = [part for part in path.removeprefix(GROUPS).split("/") if part]
            return self._groups(parts, request, caller, at)
        if request.method == "GET":
            return self._portfolio.answer(path.removeprefix("/portfolio/"), request, caller, at)
        if path == TRANSFER and request.method == "POST":
            return self._portfolio.transfer(request, caller, at)
        if path.startswith("/portfolio/orders"):
            return failure(410, "deprecated_v1_order_endpoint")
        return failure(404, "not_found")

    def _account(self, path: str, request: Request, caller: Caller) -> Reply:
        match (request.method, path):
            case ("GET", "/account/limits"):
                return json_reply(200, self._meter.limits(caller.account))
            case ("GET", "/account/endpoint_costs"):
                return json_reply(200, endpoint_costs())
            case ("POST", "/account/api_usage_level/upgrade"):
                return self._upgrade(caller)
            case ("GET", "/api_keys"):
                return json_reply(200, {"api_keys": self._doorman.keys_of(caller)})
            case _:
                return failure(404, "not_found")

    def _upgrade(self, caller: Caller) -> Reply:
        """One order among the last hundred must have come over the API."""
        if not any(order.account == caller.account for order in self._floor.orders.values()):
            return failure(400, "invalid_parameters", details="no order was made over the API")
        self._meter.upgrade(caller.account)
        return json_reply(200, self._meter.limits(caller.account))

    def _groups(self, parts: list[str], request: Request, caller: Caller, at: Ns) -> Reply:
        groups = self._floor.groups
        if request.method == "GET":
            if not caller.may("read"):
                return forbidden("missing scope read")
            if not parts:
                rows = [_row(group) for group in groups.list_of(caller.account)]
                return json_reply(200, {"order_groups": rows})
            group = groups.of(caller.account, parts[0])
            return json_reply(200, {**_row(group), "orders": groups.members(group.id)})
        if not caller.may("write::trade"):
            return forbidden("missing scope write::trade")
        if (request.method, parts) == ("POST", ["create"]):
            return self._create_group(request, caller, at)
        return self._change_group(parts, request, caller, at)

    def _create_group(self, request: Request, caller: Caller, at: Ns) -> Reply:
        fields = Fields(body_of(request), "CreateOrderGroupRequest")
        group = self._floor.groups.create(
            caller.account, fields.number("exchange_index"), fields.subaccount(), _limit(fields)
        )
        self._tell(group, "created", at)
        return json_reply(201, {"order_group_id": group.id})

    def _change_group(self, parts: list[str], request: Request, caller: Caller, at: Ns) -> Reply:
        groups = self._floor.groups
        match (request.method, parts):
            case ("DELETE", [name]):
                group = groups.of(caller.account, name)
                groups.delete(group)
                self._tell(group, "deleted", at)
            case ("PUT", [name, "reset"]):
                body_of(request)
                group = groups.of(caller.account, name)
                groups.reset(group)
                self._tell(group, "reset", at)
            case ("PUT", [name, "trigger"]):
                body_of(request)
                group = groups.of(caller.account, name)
                self._floor.trigger(caller.account, name, groups.stop(group), at)
            case ("PUT", [name, "limit"]):
                fields = Fields(body_of(request), "UpdateOrderGroupLimitRequest")
                group = groups.of(caller.account, name)
                groups.set_limit(group, _limit(fields))
                self._tell(group, "limit_updated", at)
            case _:
                return failure(404, "not_found")
        return json_reply(200, {})

    def _tell(self, group: Group, event: str, at: Ns) -> None:
        self._floor.news.append(Grouped(group.account, group_body(group, event), at))


def _row(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "contracts_limit": group.limit // MICRO,
        "contracts_limit_fp": size(group.limit),
        "is_auto_cancel_enabled": not group.is_stopped,
        "exchange_index": group.shard,
        "subaccount": group.subaccount,
    }


def _limit(fields: Fields) -> Qty:
    if fields.has("contracts_limit_fp"):
        return fields.count("contracts_limit_fp")
    return Qty(fields.number("contracts_limit") * MICRO)
