"""The paper twins of a deal as its page shows them: each live order beside its twin."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from markets.terms import formats
from markets.terms.ids import MarketId
from markets.terms.units import Px, Qty, Usd
from trading.deal_view import short_of
from trading.selectors import DealPage
from trading.twins import TwinRow


class TwinLine(msgspec.Struct, frozen=True):
    """One order and its twin. `result` is how much more the twin kept, below 0 less."""

    short: str
    outcome: str
    purpose: str
    live: str
    live_sub: str
    twin: str
    twin_sub: str
    px: str
    qty: str
    took: str
    result: Usd
    reason: str


class TwinTable(msgspec.Struct, frozen=True):
    """All of a deal's twins and what they came to together."""

    lines: tuple[TwinLine, ...]
    result: Usd
    says: str


def twin_table(page: DealPage) -> TwinTable | None:
    """The table of a deal's twins; None where no order has one."""
    if not page.twins:
        return None
    names = {(leg.market, leg.outcome): leg.outcome_name for leg in page.deal.legs}
    total = Usd(sum(row.result_apart for row in page.twins))
    return TwinTable(tuple(_line(row, names) for row in page.twins), total, _says(total))


def _says(total: Usd) -> str:
    if not total:
        return "Paper came to the same result."
    more = "more" if total > 0 else "less"
    return f"Paper would have kept {formats.money(Usd(abs(total)))} {more}."


def _line(row: TwinRow, names: Mapping[tuple[MarketId, int], str]) -> TwinLine:
    outcome = names.get((row.market, row.outcome)) or ("Yes" if row.outcome == 0 else "No")
    return TwinLine(
        short=short_of(row.market),
        outcome=outcome,
        purpose=f"{row.purpose}, {row.side} {formats.count(row.qty)}",
        live=_filled(row.filled, row.px),
        live_sub=_when(row.took_ms, row.state),
        twin=_filled(row.twin_filled, row.twin_px),
        twin_sub=_when(row.twin_took_ms, row.twin_state),
        px=formats.NOTHING if row.px_apart is None else f"{formats.edge_cents(row.px_apart)}",
        qty=_signed(row.qty_apart),
        took=formats.NOTHING if row.took_apart_ms is None else f"{row.took_apart_ms:+d} ms",
        result=row.result_apart,
        reason=row.reason,
    )


def _filled(qty: Qty, px: Px | None) -> str:
    if px is None:
        return "nothing"
    return f"{formats.count(qty)} at {formats.exact_cents(px)}¢"


def _when(took_ms: int | None, state: str) -> str:
    return state if took_ms is None else f"{state}, {took_ms} ms"


def _signed(qty: Qty) -> str:
    if not qty:
        return "same"
    sign = "+" if qty > 0 else "−"
    return f"{sign}{formats.count(Qty(abs(qty)))} sh"
