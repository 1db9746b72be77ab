"""What Polymarket's own SDKs do with the fake: get credentials, place, refuse, cancel, read.

Runs in `.venv-oracles`, knows nothing of the project, and is told where the fake listens.
`py-clob-client-v2` takes any host. `polymarket-client` offers only its own environments, so one is
made here from the production one with other addresses; nothing else of it is touched.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
KINDS = ("EOA", "proxy", "Safe", "deposit wallet")


def done(words: str) -> None:
    """One thing that went as the SDK expects."""
    sys.stdout.write(f"  {words}\n")


def must(is_so: bool, words: str) -> None:
    """End with the words when something is not as it should be."""
    if not is_so:
        raise SystemExit(f"  NOT: {words}")
    done(words)


def refusal(call: Callable[[], Any]) -> str:
    """The words a call is refused with."""
    try:
        return f"accepted: {call()!r}"
    except Exception as problem:
        return str(problem)


def clob(host: str, token: str, kind: int, wallet: str) -> Any:
    """One wallet with the CLOB client of version 2; the client."""
    from py_clob_client_v2.client import ClobClient
    from py_clob_client_v2.clob_types import (
        OrderArgs,
        OrderPayload,
        OrderType,
        PostOrdersV2Args,
    )

    client = ClobClient(host, 137, key=KEY, signature_type=kind, funder=wallet)
    client.set_api_creds(client.create_or_derive_api_key(kind))
    again = ClobClient(host, 137, key=KEY).derive_api_key(kind)
    must(again.api_key == client.creds.api_key, "credentials are created, then derived the same")
    must(client.get_version() == 2, "the CLOB says version 2")
    seen = client.get_order_book(token)
    must(seen["bids"][-1]["price"] == "0.42", "the book's best bid comes last")

    def order(px: float, size: float, side: str = "BUY") -> Any:
        return client.create_order(OrderArgs(token_id=token, price=px, size=size, side=side))

    placed = client.post_order(order(0.4, 10), OrderType.GTC)
    must(placed["success"] and placed["status"] == "live", "a limit order rests")
    told = client.get_order(placed["orderID"])
    must(told["price"] == "0.4" and told["status"] == "LIVE", "and is read by its id")
    must(len(client.get_open_orders()) == 1, "and stands among the open orders")
    gone = client.cancel_order(OrderPayload(orderID=placed["orderID"]))
    must(gone["canceled"] == [placed["orderID"]], "and is cancelled")
    two = [PostOrdersV2Args(order=order(0.3, 10), orderType=OrderType.GTC) for _ in range(2)]
    must([o["status"] for o in client.post_orders(two)] == ["live", "live"], "a batch rests")
    must(len(client.cancel_all()["canceled"]) == 2, "and is cancelled at once")
    return client


def clob_money(client: Any, market: str, token: str, kind: int) -> None:
    """What the same client spends, is refused, holds and sells."""
    from py_clob_client_v2.clob_types import (
        AssetType,
        BalanceAllowanceParams,
        MarketOrderArgs,
        OrderArgs,
        OrderType,
    )

    def order(px: float, size: float, side: str = "BUY") -> Any:
        return client.create_order(OrderArgs(token_id=token, price=px, size=size, side=side))

    bought = client.create_market_order(
        MarketOrderArgs(token_id=token, amount=11, side="BUY", price=0.44, order_type="FOK")
    )
    filled = client.post_order(bought, OrderType.FOK)
    must(filled["status"] == "matched", "11 dollars are spent at once")
    must(len(filled["transactionsHashes"]) == 1, "and its transaction is found after settlement")
    trades = client.get_trades()
    must(trades[-1]["size"] == "25", "and is among the trades")
    again_said = refusal(lambda: client.post_order(bought, OrderType.FOK))
    must("is invalid. Duplicated." in again_said, "the same order again is a duplicate")
    dear = refusal(lambda: client.post_order(order(0.4, 99_999), OrderType.GTC))
    must("not enough balance / allowance" in dear, "money that is not there is refused")
    shares = BalanceAllowanceParams(
        asset_type=AssetType.CONDITIONAL, token_id=token, signature_type=kind
    )
    client.update_balance_allowance(shares)
    must(client.get_balance_allowance(shares)["balance"] == "25000000", "25 shares are there")
    sold = client.post_order(order(0.42, 25, "SELL"), OrderType.GTC)
    must(sold["status"] == "matched", "and are sold again")
    beat = client.post_heartbeat()
    must(bool(client.post_heartbeat(beat["heartbeat_id"])["heartbeat_id"]), "a heart beats twice")
    must(client.get_clob_market_info(market)["mos"] == 5, "the market's terms are read")


def unified(host: str, token: str, wallet: str, nonce: int) -> None:
    """One wallet with the unified SDK."""
    from polymarket.clients.secure import SecureClient
    from polymarket.environments import PRODUCTION, _create_environment

    config = dataclasses.replace(
        PRODUCTION._config,
        clob_url=f"{host}/clob",
        gamma_url=f"{host}/gamma",
        data_url=f"{host}/data",
        rpc_url=f"{host}/rpc",
        relayer_url=f"{host}/relayer",
    )
    environment = _create_environment(name="fake", config=config)
    client = SecureClient._create(
        private_key=KEY, wallet=wallet, environment=environment, nonce=nonce
    )
    with client:
        done(f"credentials for a wallet of kind {client.wallet_type}")
        placed = client.place_limit_order(token_id=token, price="0.5", size="10", side="BUY")
        must(placed.ok and placed.status == "live", "a limit order rests")
        told = client.get_order(order_id=placed.order_id)
        must(str(told.original_size) == "10", "and is read by its id")
        found = [o.id for page in client.list_open_orders() for o in page.items]
        must(found == [placed.order_id], "and stands among the open orders")
        gone = client.cancel_order(order_id=placed.order_id)
        must(list(gone.canceled) == [placed.order_id], "and is cancelled")
        bought = client.place_market_order(
            token_id=token, side="BUY", amount="11", max_price="0.58", order_type="FAK"
        )
        must(bought.ok and bought.status == "matched", "11 dollars are spent at once")
        trades = [t for page in client.list_account_trades() for t in page.items]
        must(bought.trade_ids[0] in [t.id for t in trades], "and are among the trades")
        beat = client.send_order_heartbeat()
        must(bool(client.send_order_heartbeat(heartbeat_id=beat.heartbeat_id)), "a heart beats")
        must(client.get_closed_only_mode() is False, "the account may open positions")


def main(base: str, market: str, yes: str, no: str, *wallets: str) -> None:
    """Every wallet kind with both SDKs; the second SDK buys the other token."""
    for kind, wallet in enumerate(wallets):
        sys.stdout.write(f"py-clob-client-v2, {KINDS[kind]}\n")
        client = clob(f"{base}/clob", yes, kind, wallet)
        clob_money(client, market, yes, kind)
    for kind, wallet in enumerate(wallets):
        sys.stdout.write(f"polymarket-client, {KINDS[kind]}\n")
        unified(base, no, wallet, 10 + kind)


if __name__ == "__main__":
    main(*sys.argv[1:])
