"""Kalshi's published SDK (kalshi-python-sync) against the fake; runs in `.venv-oracles`.

The SDK signs everything here. Its typed calls are used where they still fit the service: balance,
settlements, order groups, exchange status, schedule. Version 3.2 has no methods for the order
endpoints of June 2026 (its own are answered 410, as by the service) and its typed markets and
orders demand fields that the service has removed; those are asked for through the SDK's own signed
transport, without its models.
"""

import json
import sys
from pathlib import Path
from typing import Any

from kalshi_python_sync import (  # type: ignore[import-not-found]
    Configuration,
    KalshiClient,
)
from kalshi_python_sync.exceptions import ApiException  # type: ignore[import-not-found]

ORDERS = "/portfolio/events/orders"


class Judge:
    """Writes each step down, and counts what went otherwise than expected."""

    def __init__(self, client: Any, base: str) -> None:
        self.client = client
        self.base = base
        self.failed = 0

    def check(self, what: str, is_so: bool, seen: object) -> None:
        """One line of the transcript."""
        self.failed += not is_so
        sys.stdout.write(f"{'ok  ' if is_so else 'FAIL'} kalshi {what}: {seen}\n")

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """A request through the SDK's signed transport."""
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = self.base + path
        headers.update(self.client.kalshi_auth.create_auth_headers(method, url))
        reply = self.client.rest_client.request(method, url, headers=headers, body=body)
        return reply.status, json.loads(reply.read())


def reads(judge: Judge) -> None:
    """The typed calls whose models still fit."""
    balance = judge.client.get_balance()
    judge.check("get_balance", balance.balance == 10_000, f"{balance.balance} cents")
    status = judge.client.get_exchange_status()
    judge.check("get_exchange_status", status.trading_active, status.trading_active)
    found = judge.client.get_settlements()
    judge.check("get_settlements", found.settlements == [], found.settlements)
    group = judge.client.create_order_group(contracts_limit=5)
    judge.check("create_order_group", bool(group.order_group_id), group.order_group_id)


def orders(judge: Judge, ticker: str) -> None:
    """Place, read, cancel, and be refused."""
    order = {
        "ticker": ticker,
        "client_order_id": "sdk-1",
        "side": "bid",
        "count": "1.00",
        "price": "0.0100",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "taker_at_cross",
    }
    status, placed = judge.call("POST", ORDERS, order)
    judge.check("place", status == 201, placed)
    status, again = judge.call("POST", ORDERS, order)
    judge.check("the same client id", status == 409, again)
    taking = {"client_order_id": "sdk-2", "price": "0.9900", "time_in_force": "immediate_or_cancel"}
    status, taken = judge.call("POST", ORDERS, {**order, **taking})
    judge.check("take", taken.get("average_fill_price") == "0.5200", taken)
    status, read = judge.call("GET", f"/portfolio/orders/{placed['order_id']}")
    judge.check("read the order", read["order"]["status"] == "resting", read["order"]["status"])
    status, gone = judge.call("DELETE", f"{ORDERS}/{placed['order_id']}?market_ticker={ticker}")
    judge.check("cancel", status == 200, gone)
    status, gone = judge.call("DELETE", f"{ORDERS}/{placed['order_id']}?market_ticker={ticker}")
    judge.check("cancel again", status == 404, gone)


def refusals(judge: Judge, ticker: str) -> None:
    """What the SDK's own order methods meet: 410, and models for fields long removed."""
    try:
        judge.client.create_order(
            ticker=ticker, side="yes", action="buy", count=1, type="limit", yes_price=1
        )
        judge.check("create_order (old endpoint)", False, "was taken")
    except ApiException as problem:
        judge.check("create_order (old endpoint)", problem.status == 410, problem.status)
    try:
        judge.client.get_market(ticker)
        judge.check("get_market's model", False, "accepted removed fields' absence")
    except ValueError as problem:
        first = str(problem).splitlines()[0]
        judge.check("get_market's model wants removed fields", True, first)


def main(base: str, key_id: str, key_file: str, ticker: str) -> int:
    """0 when every step went as expected."""
    configuration = Configuration(host=base)
    configuration.api_key_id = key_id
    configuration.private_key_pem = Path(key_file).read_text()
    judge = Judge(KalshiClient(configuration), base)
    reads(judge)
    orders(judge, ticker)
    refusals(judge, ticker)
    return 1 if judge.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
