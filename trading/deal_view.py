"""Deals as the pages show them: state in words, residual, money, the timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from markets.terms import formats
from markets.terms.ids import MarketId, OrderId, venue_of
from markets.terms.units import MICRO, MS, Px, Qty, Rounding, divide
from trading.engine.orders import Finality
from trading.rows import STATE_TONES
from trading.selectors import DealPage, DealRow, FillRow, LegRow, OrderRow

SHORTS = {"kalshi": "KA", "polymarket": "PM"}
LIFE = ("opening", "balanced", "closed")


class DealLine(msgspec.Struct, frozen=True):
    """A deal in the list."""

    row: DealRow
    tone: str
    note: str
    naked: str


class LegLine(msgspec.Struct, frozen=True):
    """One leg of a deal's page."""

    short: str
    outcome: str
    title: str
    held: str
    planned: str
    average: str
    slip: str
    limit: str
    fees: str
    complete: bool


class Step(msgspec.Struct, frozen=True):
    """One line of the timeline; `kind` is its mark."""

    offset: str
    kind: str
    short: str
    lead: str
    rest: str
    at: int


class Lane(msgspec.Struct, frozen=True):
    """One leg's way to its fill, in parts of a thousand of the race's length."""

    short: str
    sent: int
    width: int
    text: str
    partial: bool


class Race(msgspec.Struct, frozen=True):
    """All opening orders on one scale of milliseconds; `marks` are its labels."""

    lanes: tuple[Lane, ...]
    marks: tuple[str, ...]
    says: str


class DealView(msgspec.Struct, frozen=True):
    """One deal's page."""

    deal: DealRow
    tone: str
    life: tuple[dict[str, Any], ...]
    residual: str
    legs: tuple[LegLine, ...]
    steps: tuple[Step, ...]
    race: Race | None
    fees: int
    cost: int
    active: bool
    may_unwind: bool


def short_of(market: MarketId) -> str:
    """The two letters of a market's venue."""
    venue = venue_of(market)
    return SHORTS.get(venue, venue[:2].upper())


def deal_lines(rows: Sequence[DealRow]) -> tuple[DealLine, ...]:
    """The list's lines, in the order given."""
    return tuple(
        DealLine(row, STATE_TONES.get(row.state, ""), _note(row), _residual(row)) for row in rows
    )


def _note(row: DealRow) -> str:
    return "" if row.state in {"balanced", "opening"} else row.reason


def _residual(row: DealRow) -> str:
    """Contracts held beyond the matched packages, per leg that has some."""
    parts = []
    for leg in row.legs:
        over = leg.held - divide(row.matched * leg.weight, MICRO, Rounding.DOWN)
        if over > 0 and row.state != "closed":
            parts.append(f"{formats.count(Qty(over))} {short_of(leg.market)} {leg.outcome_name}")
    return ", ".join(parts)


def deal_view(page: DealPage, titles: Mapping[str, str]) -> DealView:
    """Everything the page of one deal shows."""
    deal = page.deal
    return DealView(
        deal=deal,
        tone=STATE_TONES.get(deal.state, ""),
        life=_life(deal.state),
        residual=_residual(deal),
        legs=tuple(_leg(leg, titles) for leg in deal.legs),
        steps=_steps(page),
        race=_race(page),
        fees=sum(leg.fees for leg in deal.legs),
        cost=sum(leg.cost for leg in deal.legs),
        active=deal.state in {"opening", "resting", "hedging", "unwinding"},
        may_unwind=deal.state in {"opening", "hedging", "balanced", "residual"},
    )


def _life(state: str) -> tuple[dict[str, Any], ...]:
    names = list(LIFE)
    if state not in names:
        names.insert(1, state)
    here = names.index(state)
    return tuple(
        {
            "name": name,
            "css": "past" if place < here else "now" if place == here else "",
            "tone": STATE_TONES.get(name, ""),
        }
        for place, name in enumerate(names)
    )


def _leg(leg: LegRow, titles: Mapping[str, str]) -> LegLine:
    average = divide(leg.cost * MICRO, leg.held, Rounding.UP) if leg.held else None
    slip = None if average is None else average - leg.expected
    return LegLine(
        short=short_of(leg.market),
        outcome=leg.outcome_name or ("Yes" if leg.outcome == 0 else "No"),
        title=titles.get(leg.market, leg.market),
        held=formats.count(leg.held),
        planned=formats.count(leg.planned),
        average=formats.NOTHING if average is None else f"{formats.exact_cents(Px(average))}¢",
        slip="no slip" if not slip else f"{formats.edge_cents(Px(slip))} against plan",
        limit=formats.price(leg.limit),
        fees=formats.money(leg.fees, rounding=Rounding.UP),
        complete=leg.held >= leg.planned,
    )


# --- race -----------------------------------------------------------------------------------------

RACE_WIDTH = 1000


def _race(page: DealPage) -> Race | None:
    """Bars of the opening orders from sending to their last fill; nothing before the first fill."""
    start = page.deal.opened_at
    opening = [order for order in page.orders if order.purpose == "open"]
    last = {
        order.id: max((f.at for f in page.fills if f.order == order.id), default=None)
        for order in opening
    }
    ends = [(at - start) // MS for at in last.values() if at is not None]
    if not ends:
        return None
    length = max(40, -(-max(ends) * 115 // 100 // 40) * 40)
    lanes = []
    for order in opening:
        end = last[order.id]
        filled = sum(f.qty for f in page.fills if f.order == order.id)
        sent = min(max((order.sent_at - start) // MS, 0) * RACE_WIDTH // length, RACE_WIDTH)
        reached = RACE_WIDTH if end is None else (end - start) // MS * RACE_WIDTH // length
        lanes.append(
            Lane(
                short=short_of(order.market),
                sent=sent,
                width=max(reached - sent, 3),
                text=_lane_text(order, filled, None if end is None else (end - start) // MS),
                partial=filled < order.qty,
            )
        )
    quarter = length // 4
    marks = tuple(f"{quarter * part} ms" for part in range(4))
    return Race(
        lanes=tuple(lanes),
        marks=marks,
        says="; ".join(f"{lane.short} {lane.text}" for lane in lanes),
    )


def _lane_text(order: OrderRow, filled: int, after_ms: int | None) -> str:
    if after_ms is None:
        return order.state
    whole = formats.count(Qty(filled))
    part = "" if filled >= order.qty else f" of {formats.count(order.qty)}"
    return f"{whole}{part} after {after_ms} ms"


# --- timeline -------------------------------------------------------------------------------------

STEP_KINDS = {
    "opening": "decision",
    "resting": "fact",
    "hedging": "trouble",
    "unwinding": "trouble",
    "residual": "trouble",
    "balanced": "fill",
    "closed": "fact",
}


def _steps(page: DealPage) -> tuple[Step, ...]:
    start = page.deal.opened_at
    found: list[tuple[int, int, Step]] = []
    names = {(leg.market, leg.outcome): leg.outcome_name for leg in page.deal.legs}
    found += [(s.at, 2, _state_step(s.at - start, s.at, s.state, s.text)) for s in page.steps]
    found += [(o.sent_at, 1, _order_step(o, start, names)) for o in page.orders]
    orders = {o.id: o for o in page.orders}
    found += [(f.at, 0, _fill_step(f, start, orders)) for f in page.fills]
    found += [
        (o.changed_at, 3, _end_step(o, start))
        for o in page.orders
        if o.state in {"rejected", "unknown"}
    ]
    found.sort(key=lambda entry: (entry[0], -entry[1] if entry[2].kind == "decision" else entry[1]))
    return tuple(step for _, _, step in found)


def _offset(ns: int) -> str:
    ms = max(ns, 0) // MS
    if ms < 1000:
        return f"{ms} ms"
    return f"{ms // 1000}.{ms % 1000 // 100} s" if ms < 60_000 else formats.age(ns)


def _state_step(offset: int, at: int, state: str, text: str) -> Step:
    lead = state.capitalize()
    rest = text.removeprefix(f"{lead}:").strip()
    return Step(_offset(offset), STEP_KINDS.get(state, "fact"), "", lead, rest, at)


def _order_step(order: OrderRow, start: int, names: Mapping[tuple[MarketId, int], str]) -> Step:
    name = names.get((order.market, order.outcome)) or ("Yes" if order.outcome == 0 else "No")
    return Step(
        _offset(order.sent_at - start),
        "fact",
        short_of(order.market),
        f"{order.purpose.capitalize()} order sent",
        f"{order.side} {formats.count(order.qty)} {name} at {formats.price(order.px)} or better, "
        f"{order.tif.upper()}",
        order.sent_at,
    )


def _fill_step(fill: FillRow, start: int, orders: Mapping[OrderId, OrderRow]) -> Step:
    order = orders.get(fill.order)
    whole = order is None or fill.qty >= order.qty
    if fill.finality == Finality.FAILED.value:
        return Step(
            _offset(fill.at - start),
            "trouble",
            short_of(fill.market),
            f"Taken back {formats.count(fill.qty)}",
            f"at {formats.price(fill.px)}: the venue matched it and could not settle it",
            fill.at,
        )
    return Step(
        _offset(fill.at - start),
        "fill" if whole else "partial",
        short_of(fill.market),
        f"{'Filled' if whole else 'Part filled'} {formats.count(fill.qty)}",
        f"at {formats.price(fill.px)}, fee {formats.money(fill.fee, rounding=Rounding.UP)}, "
        f"{fill.finality}",
        fill.at,
    )


def _end_step(order: OrderRow, start: int) -> Step:
    lead = "Rejected" if order.state == "rejected" else "We do not know if this order exists"
    return Step(
        _offset(order.changed_at - start),
        "trouble",
        short_of(order.market),
        lead,
        order.reason,
        order.changed_at,
    )
