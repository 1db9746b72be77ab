"""An order on its way from a checked request to the book, and the answer its sender gets.

Invariants: FOK and FAK buys carry a budget, everything else a size; the amounts of an answer are
what was given and got, in plain decimals, and empty when nothing traded. (The venue's units of
these two are not settled: nobody should book from them.)
Source: polymarket sheet 3.5 and 3.6, read 2026-11-20.
"""

from typing import Any

from feeds.venues.polymarket.desk.checks import Checked
from feeds.venues.polymarket.desk.records import Matched, Placed
from feeds.venues.polymarket.shapes import Shown, text
from markets.terms.units import Ns, Qty, Rounding, Usd, times
from trading.engine.orders import Side


def placed_from(checked: Checked, shown: Shown, at: Ns) -> Placed:
    """The record of an order whose form is right."""
    return Placed(
        id=checked.id,
        key=checked.caller.key,
        address=checked.caller.address,
        wallet=checked.wallet,
        shown=shown,
        outcome=checked.outcome,
        side=checked.side,
        px=checked.px,
        shares=Qty(checked.shares),
        budget=Usd(checked.amounts.maker) if checked.is_budget else None,
        kind=checked.kind,
        post_only=checked.post_only,
        expiration=checked.expiration,
        created_at=at,
    )


def accepted(placed: Placed, status: str, trades: tuple[Matched, ...] = ()) -> dict[str, Any]:
    """The body that answers an accepted order."""
    money = sum(times(t.px, t.qty, Rounding.UP) for t in trades)
    shares = sum(t.qty for t in trades)
    gave, got = (money, shares) if placed.side is Side.BUY else (shares, money)
    return {
        "success": True,
        "errorMsg": "",
        "orderID": placed.id,
        "status": status,
        "makingAmount": text(gave) if trades else "",
        "takingAmount": text(got) if trades else "",
        "transactionsHashes": [],
        "tradeIDs": [trade.id for trade in trades],
    }
