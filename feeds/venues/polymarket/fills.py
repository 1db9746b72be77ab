"""Trades as fills of our orders.

One trade is at most one fill of one order, under a key made of both ids, so that the copies of REST
and socket count once. A fill counts from the match on; `CONFIRMED` makes it final, `FAILED` takes
it back. As the taker we pay the average over the makers' own prices (the top-level price where they
do not add up), rounded against us, and the fee; as a maker our own price and no fee.
Source: polymarket sheet 5.5, 6.1 and 7.1, read 2026-11-20.
"""

from feeds.venues.polymarket.known import Known
from feeds.venues.polymarket.orderwire import MakerPart, TradeRecord, amount, plain
from markets.terms.fees import trade_fee
from markets.terms.instruments import Market
from markets.terms.units import MICRO, Ns, Px, Qty, Rounding, Usd, divide
from trading.engine.orders import Fill, Finality, OrderRequest, Side

FINALITY = {"CONFIRMED": Finality.FINAL, "FAILED": Finality.FAILED}


def fills_of(trade: TradeRecord, known: Known, at: Ns) -> list[Fill]:
    """Our parts of a trade. Errors: `ValueError` when its numbers cannot be read."""
    found = []
    taker = known.find(trade.taker_order_id) if trade.taker_order_id else None
    if taker is not None:
        found.append(_taken(trade, taker, known.market(taker), at))
    parts: dict[str, list[MakerPart]] = {}
    for part in trade.maker_orders or ():
        parts.setdefault(part.order_id, []).append(part)
    for name, mine in parts.items():
        maker = known.find(name)
        if maker is not None:
            found.append(_made(trade, mine, maker, known.market(maker), at))
    return found


def key_of(trade: str, order: str) -> str:
    """The fill's key: the venue's trade id and our order's id there."""
    return f"{trade}/{order}"


def _taken(trade: TradeRecord, request: OrderRequest, market: Market, at: Ns) -> Fill:
    size = amount(trade.size)
    px, parts = _average(trade, request.side, size)
    selling = request.side is Side.SELL
    fee = sum(trade_fee(market.fees, p, q, selling=selling) for p, q in parts)
    return _fill(trade, trade.taker_order_id, request, (px, Qty(size), Usd(fee)), at)


def _made(
    trade: TradeRecord, parts: list[MakerPart], request: OrderRequest, market: Market, at: Ns
) -> Fill:
    size = sum(amount(part.matched_amount) for part in parts)
    px = Px(amount(parts[0].price))
    fee = trade_fee(market.fees, px, Qty(size), maker=True, selling=request.side is Side.SELL)
    return _fill(trade, parts[0].order_id, request, (px, Qty(size), fee), at)


def _fill(
    trade: TradeRecord,
    order: str,
    request: OrderRequest,
    what: tuple[Px, Qty, Usd],
    at: Ns,
) -> Fill:
    px, qty, fee = what
    return Fill(
        key=key_of(trade.id, order),
        order=request.id,
        market=request.market,
        outcome=request.outcome,
        side=request.side,
        px=px,
        qty=qty,
        fee=fee,
        at=at,
        finality=FINALITY.get(plain(trade.status), Finality.MATCHED),
    )


def _average(trade: TradeRecord, side: Side, size: int) -> tuple[Px, list[tuple[Px, Qty]]]:
    """Price of the whole, and the parts the fee is charged on."""
    stated = Px(amount(trade.price))
    parts = [
        (
            Px(own if part.asset_id == trade.asset_id else MICRO - own),
            Qty(amount(part.matched_amount)),
        )
        for part in trade.maker_orders or ()
        if (own := amount(part.price))
    ]
    if not size or sum(qty for _, qty in parts) != size:
        return stated, [(stated, Qty(size))]
    rounding = Rounding.UP if side is Side.BUY else Rounding.DOWN
    return Px(divide(sum(px * qty for px, qty in parts), size, rounding)), parts
