"""What a match becomes: the record of a trade, and the money and shares that change hands.

Invariants: one record for each price; the taker pays the fee of each fill at its own price, makers
pay none; whatever a trade brings is unseen by the venue's cache at first, whatever it takes is
gone at once. Source: polymarket sheet 5.5, 6.1, 7.1 and 11, read 2026-11-20.
"""

from feeds.sim.ledger import Party
from feeds.sim.matching import HOUSE, Trade
from feeds.venues.polymarket.desk.answers import uuid_of
from feeds.venues.polymarket.desk.records import Matched, Part, Placed
from feeds.venues.polymarket.desk.wallets import COLLATERAL, Vault
from feeds.venues.polymarket.shapes import Shown
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, times
from trading.engine.orders import Side


def matched(
    shown: Shown, taker: Placed | None, group: list[Trade], makers: list[Placed | None], at: Ns
) -> Matched:
    """The record of trades at one price, with each maker's order where it is an account's."""
    first = group[0]
    outcome = taker.outcome if taker else 0
    return Matched(
        id=uuid_of(f"trade {first.key}"),
        shown=shown,
        taker=taker,
        outcome=outcome,
        side=taker.side if taker else first.side,
        px=first.px if outcome == 0 else Px(MICRO - first.px),
        parts=tuple(Part(m, t.key, t.qty) for m, t in zip(makers, group, strict=True)),
        keys=tuple(t.key for t in group),
        at=at,
        updated_at=at,
    )


def pay(vault: Vault, made: Matched, trade: Trade, part: Part) -> None:
    """Book one maker's share of a trade, and what it fills of both orders."""
    maker_side = Side.SELL if trade.side is Side.BUY else Side.BUY
    parties = (
        _party(vault, made, made.taker, trade, trade.side),
        _party(vault, made, part.order, trade, maker_side),
    )
    deeds = vault.ledger.trade(trade.key, made.shown.id, (trade.px, trade.qty), parties, made.at)
    for deed in (d for d in deeds if d.account != HOUSE):
        token = made.shown.listed.tokens[deed.outcome]
        brought = (token, deed.qty) if deed.side is Side.BUY else (COLLATERAL, deed.cash)
        vault.incoming(made.id, deed.account, *brought)


def _party(vault: Vault, made: Matched, placed: Placed | None, trade: Trade, side: Side) -> Party:
    if placed is None:
        return vault.ledger.house(made.shown.id, side, trade.qty)
    own = placed.own(trade.px)
    is_maker = placed is not made.taker
    fee = Usd(0) if is_maker else placed.fee(own, trade.qty)
    placed.matched = Qty(placed.matched + trade.qty)
    placed.money = Usd(placed.money + times(own, trade.qty, Rounding.UP))
    return Party(placed.wallet, placed.id, placed.outcome, placed.side, fee, is_maker)
