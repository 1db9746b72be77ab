"""A relation's picture as a row of the live page: ready-made strings, its state, and what changed.

A row has a *shape* (what only new markup can show: its state, its legs, which cells are empty) and
*cells* (texts the browser may replace one by one). Two rows of one shape differ in cells alone.
Nothing here reads a clock, a database or a socket; numbers become text in `markets.terms.formats`.
"""

from __future__ import annotations

import re
import zlib
from urllib.parse import quote

import msgspec

from markets.terms import formats
from markets.terms.ids import RelationId
from markets.terms.units import MS, Px, Rounding
from trading.engine.pictures import (
    LegPicture,
    PackagePicture,
    QuotePicture,
    Reading,
    RelationPicture,
    Verdict,
)

BAR_SCALE = 500  # the edge bar is 5¢ wide, in hundredths of a cent
PX_PER_UNIT = 100
NEAR = 5  # a refusal is near when less than a fifth of the limit is missing
GATE_WORDS = {
    "xv_arb_enabled": "engine switch",
    "cb_arb_enabled": "engine switch",
    "kill_switch": "kill switch",
    "scanning_paused": "pause switch",
    "halt_if_naked": "naked legs",
    "sharp_freshness": "freshness",
    "token_check": "balance",
    "match_rate_limit": "rate limit",
    "exec_mode": "mode",
}
STATE_TONES = {
    "opening": "deal",
    "resting": "info",
    "hedging": "bad",
    "unwinding": "waiting",
    "residual": "bad",
    "balanced": "good",
    "closed": "",
}
STOPPERS = (Verdict.REFUSED, Verdict.WAITING, Verdict.SAFETY)


class Line(msgspec.Struct, frozen=True):
    """One market of the row: its YES quote, and what the best package buys there."""

    short: str
    name: str
    buy: str
    bid: str
    bid_qty: str
    ask: str
    ask_qty: str
    at_ms: int
    limit_ms: int
    state: str


class Bar(msgspec.Struct, frozen=True):
    """Parts of the gross edge in hundredths of a cent, cut at the end; `tick` is min edge."""

    net: int
    cost: int
    tail: int
    tick: int

    @property
    def tail_x(self) -> int:
        """Where the tail part begins."""
        return self.net + self.cost


class Chip(msgspec.Struct, frozen=True):
    """Which gate holds the best package, in words, and its numbers."""

    kind: str
    icon: str
    text: str
    detail: str = ""
    deal: str = ""


class Row(msgspec.Struct, frozen=True):
    """Everything the row's partial shows, and what it is sorted and filtered by."""

    id: str
    relation: RelationId
    title: str
    sub: str
    lines: tuple[Line, ...]
    state: str
    net: str
    net_percent: str
    other: str
    other_percent: str
    other_label: str
    annual: str
    take: str
    profit: str
    bar: Bar
    chip: Chip
    cells: dict[str, str | int]
    shape: str
    words: str
    views: tuple[str, ...]
    order: dict[str, tuple[int, ...] | str]


def dom_id(relation: str) -> str:
    """A relation's id as part of an element's id: itself when plain, else made plain and told
    apart.
    """
    if re.fullmatch(r"[A-Za-z0-9_-]+", relation):
        return relation
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", relation)
    return f"{plain}-{zlib.crc32(relation.encode()):08x}"


def make_row(picture: RelationPicture) -> Row:
    """The row of one picture."""
    best = best_package(picture)
    other = _other_way(picture, best)
    lines = tuple(_line(quote, best) for quote in picture.quotes)
    chip = make_chip(picture, best)
    state = _state(picture, best, chip)
    bar = make_bar(best, picture.min_edge)
    row = Row(
        id=dom_id(picture.id),
        relation=picture.id,
        title=picture.title,
        sub=_sub(picture),
        lines=lines,
        state=state,
        net=formats.edge(best.net if best else None),
        net_percent=formats.percent(best.net_ppm) if best and best.net is not None else "",
        other=formats.edge(other.net if other else None),
        other_percent=formats.percent(other.net_ppm) if other and other.net is not None else "",
        other_label=other.label if other else "",
        annual=formats.annual(best.apy_ppm if best else None),
        take=formats.count(best.qty if best and best.qty else None),
        profit=formats.money(best.profit if best and best.qty else None, gain=True),
        bar=bar,
        chip=chip,
        cells={},
        shape="",
        words=f"{picture.title} {picture.category} {chip.text} "
        f"{' '.join(f'{line.short} {line.name}' for line in lines)}".casefold(),
        views=_views(state, chip),
        order=_order(picture, best),
    )
    return msgspec.structs.replace(row, cells=_cells(row), shape=_shape(row))


def best_package(picture: RelationPicture) -> PackagePicture | None:
    """The package the row leads with; none before the first books."""
    return next((p for p in picture.packages if p.package == picture.best), None)


def blocker(package: PackagePicture | None) -> Reading | None:
    """The first gate that stops the package, if one does."""
    if package is None:
        return None
    return next((r for r in package.readings if r.verdict in STOPPERS), None)


def gate_words(gate: str) -> str:
    """A gate's id as the operator reads it."""
    return GATE_WORDS.get(gate, gate.replace("_", " "))


def comparison(reading: Reading) -> str:
    """`1.30¢ < 1.50¢`, the sentence where there are no numbers, else nothing."""
    if reading.actual is None or reading.limit is None:
        return reading.text
    left = formats.amount(reading.actual, reading.unit)
    right = formats.amount(reading.limit, reading.unit)
    passed = reading.verdict is Verdict.PASSED
    if reading.actual < reading.limit:
        sign = "≤" if passed else "<"
    elif reading.actual > reading.limit:
        sign = "≥" if passed else ">"
    else:
        sign = "="
    return f"{left} {sign} {right}"


def is_near(reading: Reading) -> bool:
    """Whether a refusal misses its limit by less than a fifth of it."""
    if reading.verdict is not Verdict.REFUSED or reading.actual is None or not reading.limit:
        return False
    return abs(reading.limit - reading.actual) * NEAR <= abs(reading.limit)


def make_chip(picture: RelationPicture, best: PackagePicture | None) -> Chip:
    """The gate chip: the deal that runs, the first gate that stops, or that all passed."""
    if picture.deal is not None:
        return Chip(
            "deal",
            "arrow-left-right",
            f"in a deal, {picture.deal_state}" if picture.deal_state else "in a deal",
            deal=picture.deal,
        )
    if best is None or best.net is None:
        return Chip("refused", "", "no quote")
    reading = blocker(best)
    if reading is None or (best.net <= 0 and reading.gate == "min_edge"):
        return _unblocked(best)
    return _blocked(reading)


def _unblocked(best: PackagePicture) -> Chip:
    if best.net is None or best.net <= 0:
        return Chip("refused", "", "no edge")
    if not best.approved:
        return Chip("waiting", "triangle-alert", "not approved", "this way round")
    return Chip("passed", "check", "all gates pass")


def _blocked(reading: Reading) -> Chip:
    word = gate_words(reading.gate)
    detail = comparison(reading)
    if reading.verdict is Verdict.WAITING:
        return Chip("waiting", "clock", word, detail)
    if reading.verdict is Verdict.SAFETY:
        return Chip("safety", "triangle-alert", word, detail)
    if is_near(reading):
        return Chip("near", "", f"near · {word}", detail)
    return Chip("refused", "", word, detail)


def make_bar(best: PackagePicture | None, min_edge: Px) -> Bar:
    """The edge bar: net, then fees and friction, then tail; nothing without a positive net."""
    tick = min(max(min_edge, 0) // PX_PER_UNIT, BAR_SCALE)
    if best is None or best.net is None or best.net <= 0:
        return Bar(0, 0, 0, tick)
    left = BAR_SCALE
    parts = []
    for px in (best.net, best.fees + best.friction, best.tail):
        part = min(max(px, 0) // PX_PER_UNIT, left)
        left -= part
        parts.append(part)
    return Bar(parts[0], parts[1], parts[2], tick)


def is_stale(legs: tuple[LegPicture, ...], at: int) -> bool:
    """Whether a leg is so old that its row is shown as stale, or has no live book."""
    return any(
        leg.state in {"missing", "closed"} or leg.at is None or at - leg.at > leg.stale_ms * MS
        for leg in legs
    )


def _state(picture: RelationPicture, best: PackagePicture | None, chip: Chip) -> str:
    if chip.kind == "deal":
        return "indeal"
    if best is None or is_stale(best.legs, picture.at):
        return "stale"
    if best.net is None or best.net <= 0:
        return "noedge"
    return chip.kind


def _views(state: str, chip: Chip) -> tuple[str, ...]:
    if state in {"passed", "indeal"}:
        return ("all", "tradeable")
    return ("all", "near") if chip.kind == "near" else ("all",)


def _other_way(picture: RelationPicture, best: PackagePicture | None) -> PackagePicture | None:
    others = [p for p in picture.packages if p is not best and p.package in {0, 1}]
    return max(others, key=lambda p: -(10**9) if p.net is None else p.net, default=None)


def _line(quote: QuotePicture, best: PackagePicture | None) -> Line:
    legs = best.legs if best else ()
    return Line(
        short=quote.short,
        name=quote.venue,
        buy=" + ".join(leg.outcome for leg in legs if leg.market == quote.market),
        bid=formats.cents(quote.bid, quote.tick, Rounding.DOWN),
        bid_qty=formats.count(quote.bid_qty if quote.bid is not None else None),
        ask=formats.cents(quote.ask, quote.tick),
        ask_qty=formats.count(quote.ask_qty if quote.ask is not None else None),
        at_ms=(quote.at or 0) // MS,
        limit_ms=quote.age_limit_ms,
        state=quote.state,
    )


def _sub(picture: RelationPicture) -> str:
    parts = [picture.category] if picture.category else []
    if picture.payout_at is not None:
        left = picture.payout_at - picture.at
        parts.append(f"pays in {formats.until(left)}" if left > 0 else "payout due")
    return " · ".join(parts)


def _order(
    picture: RelationPicture, best: PackagePicture | None
) -> dict[str, tuple[int, ...] | str]:
    missing = -(10**18)
    net = missing if best is None or best.net is None else best.net
    apy = missing if best is None or best.apy_ppm is None else best.apy_ppm
    return {
        "annual": (apy, net),
        "net": (net, apy),
        "profit": (best.profit if best else 0, net),
        "take": (best.qty if best else 0, net),
        "payout": (picture.payout_at or 2**63, -net),
        "title": picture.title.casefold(),
    }


def _cells(row: Row) -> dict[str, str | int]:
    cells: dict[str, str | int] = {
        "n": row.net,
        "np": row.net_percent,
        "o": row.other,
        "op": row.other_percent,
        "y": row.annual,
        "q": row.take,
        "p": row.profit,
        "g": row.chip.text,
        "gl": row.chip.detail,
        "s": row.sub,
    }
    for number, line in enumerate(row.lines):
        cells |= {
            f"b{number}": line.bid,
            f"B{number}": line.bid_qty,
            f"a{number}": line.ask,
            f"A{number}": line.ask_qty,
            f"t{number}": line.at_ms,
        }
    return cells


def _shape(row: Row) -> str:
    signs = (row.net[0], row.other[0], row.annual == formats.NOTHING, row.profit[0])
    quotes = tuple(
        (line.short, line.buy, line.bid == formats.NOTHING, line.ask == formats.NOTHING, line.state)
        for line in row.lines
    )
    chip = (row.chip.kind, row.chip.icon, row.chip.deal, bool(row.chip.detail))
    return repr((row.title, row.state, signs, quotes, chip, row.other_label, row.bar.tick))


# --- windows --------------------------------------------------------------------------------------

PAGE_SIZE = 50
VIEWS = {"all": "All", "tradeable": "Tradeable", "near": "Near miss"}
UPWARD = frozenset({"title", "payout"})  # the first click on these sorts from small to large
SORTS = ("annual", "net", "profit", "take", "payout", "title")
MAX_FILTER = 80
MAX_PAGE = 1000


class View(msgspec.Struct, frozen=True):
    """What a reader wants: one of VIEWS, a filter, one of SORTS and its direction, a page."""

    name: str = "all"
    sort: str = "annual"
    reverse: bool = False
    q: str = ""
    page: int = 1

    def query(self, **changes: object) -> str:
        """The view as the address' query, with some parts changed; empty for the plain page."""
        view = msgspec.structs.replace(self, **changes)
        parts = []
        if view.name != "all":
            parts.append(f"v={view.name}")
        if view.sort != "annual" or view.reverse:
            parts.append(f"sort={'-' if view.reverse else ''}{view.sort}")
        if view.q:
            parts.append(f"q={quote(view.q, safe='')}")
        if view.page > 1:
            parts.append(f"page={view.page}")
        return f"?{'&'.join(parts)}" if parts else "?"


def read_view(name: str, sort: str, q: str, page: str) -> View:
    """A view from untrusted words; what cannot be read is left at its default."""
    bare = sort.removeprefix("-")
    return View(
        name=name if name in VIEWS else "all",
        sort=bare if bare in SORTS else "annual",
        reverse=bare in SORTS and sort.startswith("-"),
        q=q.strip()[:MAX_FILTER],
        page=min(int(page), MAX_PAGE) if page.isascii() and page.isdigit() and int(page) else 1,
    )


class Window(msgspec.Struct, frozen=True):
    """The rows on one reader's page in order, and what lies around them."""

    rows: list[Row]
    matching: int
    counts: dict[str, int]
    page: int
    pages: int


def window(rows: list[Row], view: View) -> Window:
    """Filter, sort, cut. The page is the last one when there are fewer pages than asked for."""
    words = view.q.casefold().split()
    found = [row for row in rows if all(word in row.words for word in words)]
    counts = {name: sum(1 for row in found if name in row.views) for name in VIEWS}
    shown = [row for row in found if view.name in row.views]
    shown.sort(key=lambda row: row.relation)
    downward = (view.sort not in UPWARD) is not view.reverse
    shown.sort(key=lambda row: row.order[view.sort], reverse=downward)
    pages = max(1, -(-len(shown) // PAGE_SIZE))
    page = min(view.page, pages)
    start = (page - 1) * PAGE_SIZE
    return Window(shown[start : start + PAGE_SIZE], len(shown), counts, page, pages)


def patch(before: Row, after: Row) -> tuple[dict[str, str | int], dict[str, object]]:
    """Cells that differ between two rows of one shape, and the flags that go with them.

    Flags: `f` the cell to flash, `bar` the widths of the edge bar's parts.
    """
    cells = {k: v for k, v in after.cells.items() if before.cells.get(k) != v}
    flags: dict[str, object] = {}
    if "n" in cells:
        prices = [k for k in cells if k[0] in "ab"]
        flags["f"] = ["n", *prices]
    if before.bar != after.bar:
        flags["bar"] = [after.bar.net, after.bar.cost, after.bar.tail]
    return cells, flags


def moves_much(before: list[str], after: list[str]) -> bool:
    """Whether an order is worth moving rows for: other members, or a step of two places."""
    if set(before) != set(after):
        return True
    places = {name: place for place, name in enumerate(before)}
    return any(abs(places[name] - place) >= 2 for place, name in enumerate(after))
