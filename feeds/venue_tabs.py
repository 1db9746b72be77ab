"""What the venues' page shows beside health: latencies, rejects, fees charged, the calendar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from feeds.venue_detail import rejects_of
from markets.selectors import FeeRow, VenueRow
from markets.terms import fees, formats
from markets.terms.ids import MarketId, VenueId, venue_of
from markets.terms.instruments import FeeSchedule
from markets.terms.units import DAY, MS, Ns, Usd
from trading.engine.pictures import DECISION_BOUNDS_US, Decided, VenueTruth
from trading.selectors import ChargedFee, FillTime

BOUNDS_MS = (25, 50, 100, 150, 250, 500, 1_000, 2_000, 5_000)
CALENDAR = 14 * DAY


class Reject(msgspec.Struct, frozen=True):
    """One reason at one venue, and how often since the worker began."""

    short: str
    name: str
    reason: str
    count: str


def all_rejects(
    rows: Iterable[VenueRow], truths: Mapping[VenueId, VenueTruth]
) -> tuple[Reject, ...]:
    """Every reason at every venue, the most frequent first within a venue."""
    return tuple(
        Reject(row.short, row.name, cell.name, cell.text)
        for row in rows
        if (truth := truths.get(row.slug)) is not None
        for cell in rejects_of(truth)
    )


class Bar(msgspec.Struct, frozen=True):
    """How many orders were filled within a span of time; `percent` of the tallest bar."""

    span: str
    count: int
    percent: int


class Latency(msgspec.Struct, frozen=True):
    """The times from an order to its first fill, at one venue in one book."""

    short: str
    name: str
    book: str
    count: int
    p50: str
    p95: str
    bars: tuple[Bar, ...]


def latencies(rows: Iterable[VenueRow], times: Iterable[FillTime]) -> tuple[Latency, ...]:
    """Per venue and book with any fill, in the venues' order."""
    found: dict[tuple[VenueId, str], list[Ns]] = {}
    for time in times:
        found.setdefault((time.venue, time.book), []).append(time.took)
    return tuple(
        _latency(row, book, sorted(took))
        for row in rows
        for (venue, book), took in sorted(found.items())
        if venue == row.slug
    )


def half(times: Iterable[FillTime]) -> dict[VenueId, Ns]:
    """The median of each venue over all its books."""
    found: dict[VenueId, list[Ns]] = {}
    for time in times:
        found.setdefault(time.venue, []).append(time.took)
    return {venue: share(sorted(took), 50) for venue, took in found.items()}


def share(ordered: list[Ns], percent: int) -> Ns:
    """The value that `percent` of an ordered, not empty list do not pass."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def _latency(row: VenueRow, book: str, ordered: list[Ns]) -> Latency:
    counts = [0] * (len(BOUNDS_MS) + 1)
    for took in ordered:
        counts[sum(took >= bound * MS for bound in BOUNDS_MS)] += 1
    most = max(counts)
    lows = (0, *BOUNDS_MS)
    spans = [f"{low:,} to {high:,} ms" for low, high in zip(lows, BOUNDS_MS, strict=False)]
    spans.append(f"{BOUNDS_MS[-1]:,} ms and more")
    bars = tuple(
        Bar(span, count, count * 100 // most) for span, count in zip(spans, counts, strict=True)
    )
    p50, p95 = (formats.latency(share(ordered, percent)) for percent in (50, 95))
    return Latency(row.short, row.name, book, len(ordered), p50, p95, bars)


class Decisiveness(msgspec.Struct, frozen=True):
    """The times from a change of a venue's book to the engine's decision."""

    short: str
    name: str
    count: str
    p50: str
    p95: str
    p99: str
    bars: tuple[Bar, ...]


def decisions(
    rows: Iterable[VenueRow], truths: Mapping[VenueId, VenueTruth]
) -> tuple[Decisiveness, ...]:
    """Per venue whose books lately changed, in the venues' order."""
    return tuple(
        _decisiveness(row, truth.decided)
        for row in rows
        if (truth := truths.get(row.slug)) is not None and truth.decided is not None
    )


def _decisiveness(row: VenueRow, decided: Decided) -> Decisiveness:
    most = max(decided.spans)
    lows = (0, *DECISION_BOUNDS_US)
    names = [
        f"{_us(low).removesuffix(' ms')} to {_us(high)}"
        for low, high in zip(lows, DECISION_BOUNDS_US, strict=False)
    ]
    names.append(f"{_us(DECISION_BOUNDS_US[-1])} and more")
    bars = tuple(
        Bar(name, count, count * 100 // most)
        for name, count in zip(names, decided.spans, strict=True)
    )
    p50, p95, p99 = (_us(value) for value in (decided.p50_us, decided.p95_us, decided.p99_us))
    return Decisiveness(row.short, row.name, f"{decided.count:,}", p50, p95, p99, bars)


def _us(value: int) -> str:
    """`0.25 ms`, `12.4 ms`, `100 ms`: rounded up to three digits."""
    if value >= 100_000:
        return f"{-(-value // 1_000):,} ms"
    step = 10 if value < 10_000 else 100
    return f"{-(-value // step) * step / 1_000:g} ms"


class FeeLine(msgspec.Struct, frozen=True):
    """One fill: what its fee was, and what our formula says it should have been.

    `differs` is empty where they agree.
    """

    at: Ns
    short: str
    market: str
    price: str
    count: str
    role: str
    charged: str
    model: str
    differs: str


class FeeSum(msgspec.Struct, frozen=True):
    """A venue's fills in one book: charged against modelled."""

    short: str
    name: str
    book: str
    fills: int
    charged: str
    model: str
    differing: int
    unknown: int


def fee_lines(
    rows: Iterable[VenueRow],
    charged: Iterable[ChargedFee],
    schedules: Iterable[FeeRow],
    titles: Mapping[str, str],
) -> tuple[tuple[FeeSum, ...], tuple[FeeLine, ...]]:
    """Sums per venue and book, and every fill, newest first.

    The model is the fee formula of the revision the fill was expected by; a revision no longer on
    file has none.
    """
    venues = {row.slug: row for row in rows}
    by_rev = {(row.market, row.rev): row.schedule for row in schedules}
    lines: list[FeeLine] = []
    sums: dict[tuple[VenueId, str], list[int]] = {}
    for fee in charged:
        fill = fee.fill
        venue = venue_of(fill.market)
        if venue not in venues:
            continue
        model = _model(fee, by_rev.get((fill.market, fee.fee_rev)))
        total = sums.setdefault((venue, fill.book), [0, 0, 0, 0, 0])
        total[0] += 1
        total[1] += fill.fee
        total[2] += model or 0
        total[3] += model is not None and model != fill.fee
        total[4] += model is None
        lines.append(_fee_line(fee, venues[venue], titles.get(fill.market, fill.market), model))
    found = tuple(
        FeeSum(
            venues[venue].short,
            venues[venue].name,
            book,
            total[0],
            exact(Usd(total[1])),
            formats.NOTHING if total[0] == total[4] else exact(Usd(total[2])),
            total[3],
            total[4],
        )
        for (venue, book), total in sorted(sums.items())
    )
    return found, tuple(lines)


def _model(fee: ChargedFee, schedule: FeeSchedule | None) -> Usd | None:
    if schedule is None:
        return None
    fill = fee.fill
    return fees.trade_fee(
        schedule,
        fill.px,
        fill.qty,
        maker=fee.rested,
        selling=fill.side == "sell",
    )


def _fee_line(fee: ChargedFee, row: VenueRow, title: str, model: Usd | None) -> FeeLine:
    fill = fee.fill
    differs = formats.NOTHING
    if model is not None:
        differs = "" if model == fill.fee else exact(Usd(fill.fee - model), sign=True)
    return FeeLine(
        fill.at,
        row.short,
        title,
        formats.exact_cents(fill.px) + "¢",
        formats.count(fill.qty),
        "maker" if fee.rested else "taker",
        exact(fill.fee),
        formats.NOTHING if model is None else exact(model),
        differs,
    )


def exact(usd: Usd, *, sign: bool = False) -> str:
    """Dollars with four decimals or as many as needed up to six, never rounded."""
    text = f"{abs(usd) // 1_000_000:,}.{abs(usd) % 1_000_000:06}"
    text = text[:-2] if text.endswith("00") else text
    before = "−" if usd < 0 else "+" if sign else ""
    return f"{before}${text}"


class Planned(msgspec.Struct, frozen=True):
    """An announced window, from then to then."""

    short: str
    name: str
    starts: Ns
    ends: Ns
    what: str
    when: str


def calendar(
    rows: Iterable[VenueRow],
    windows: Mapping[VenueId, tuple[tuple[Ns, Ns, str], ...]],
    now: Ns,
) -> tuple[Planned, ...]:
    """Announced maintenance of the next 14 days, the nearest first."""
    found = [
        Planned(row.short, row.name, starts, ends, what, _when(starts, ends, now))
        for row in rows
        for starts, ends, what in windows.get(row.slug, ())
        if ends > now and starts < now + CALENDAR
    ]
    return tuple(sorted(found, key=lambda window: (window.starts, window.short)))


def _when(starts: Ns, ends: Ns, now: Ns) -> str:
    if starts <= now:
        return f"now, {formats.until(Ns(ends - now))} more"
    return f"in {formats.until(Ns(starts - now))}"


def markets_of(charged: Iterable[ChargedFee]) -> list[MarketId]:
    """The markets these fills were in, each once."""
    return list(dict.fromkeys(fee.fill.market for fee in charged))
