"""What deals kept, told by the database: from the rows of results, and again from fills, fees and
payouts. It must agree with the engine to the cent, and does to the millionth.

The engine's own figures come with its picture, as of one event; rows up to that event are summed.
Two sums are told apart: *booked*, what each deal had locked in when it was last told, which must be
the engine's day, week, month and total; and *settled*, what the fills of a closed deal paid,
received and were charged, and what its markets paid, which must be what was booked for it. Both
begin anew with a journal that was replaced. Nothing is repaired here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from django.db import connection

from markets.moments import moment
from markets.terms import formats
from markets.terms.units import Ns, Px, Qty, Rounding, Usd, times
from trading.engine.orders import Side
from trading.engine.periods import Period, bounds
from trading.engine.pictures import EnginePicture, KeptPicture
from trading.models import (
    DealResult,
    Fill,
    JournalCursor,
    ResultCheck,
    Settlement,
    WorkerHeartbeat,
)

CENT = 10_000
DEALS_A_LOOK = 500

# Each deal counts with the last result told before `begin` taken from the last told until `seq`.
_BOOKED = """
SELECT COALESCE(SUM(now.locked - COALESCE(before.locked, 0)), 0)
FROM (
    SELECT DISTINCT ON (deal_id) deal_id, locked FROM trading_dealresult
    WHERE book = %(book)s AND journal = %(journal)s AND seq <= %(seq)s
    ORDER BY deal_id, seq DESC
) AS now
LEFT JOIN (
    SELECT DISTINCT ON (deal_id) deal_id, locked FROM trading_dealresult
    WHERE book = %(book)s AND journal = %(journal)s AND seq <= %(seq)s AND at < %(begin)s
    ORDER BY deal_id, seq DESC
) AS before USING (deal_id)
"""


class Difference(msgspec.Struct, frozen=True):
    """One sum that two sources tell otherwise; money of `book`."""

    what: str
    engine: Usd
    rows: Usd

    @property
    def text(self) -> str:
        """The difference in a sentence."""
        said, ours = (formats.money(x, gain=True) for x in (self.engine, self.rows))
        return f"{self.what}: the engine says {said}, the rows say {ours}."


class Compared(msgspec.Struct, frozen=True):
    """A comparison as of event `seq`. `behind` says that rows do not reach it yet: nothing was
    compared.
    """

    seq: int
    deals: int = 0
    differences: tuple[Difference, ...] = ()
    behind: bool = False


def booked(book: str, seq: int, journal: int = 0, begin: Ns | None = None) -> Usd:
    """What the deals of a book kept since `begin` (None: ever), as booked until event `seq`."""
    since = moment(begin) if begin is not None else None
    with connection.cursor() as cursor:
        cursor.execute(
            _BOOKED,
            {"book": book, "journal": journal, "seq": seq, "begin": since or "-infinity"},
        )
        return Usd(int(cursor.fetchone()[0]))


def settled(deal_id: str) -> Usd | None:
    """What the fills of a deal and the payouts of its markets came to; None while a market of which
    something is held has not paid.
    """
    money = 0
    held: dict[tuple[str, int], int] = {}
    fills = Fill.objects.filter(deal_id=deal_id).exclude(finality="failed")
    for fill in fills:
        sign = 1 if fill.side == Side.BUY.value else -1
        rounding = Rounding.UP if sign == 1 else Rounding.DOWN
        money -= sign * times(Px(fill.px), Qty(fill.qty), rounding) + fill.fee
        key = (fill.market_id, fill.outcome)
        held[key] = held.get(key, 0) + sign * fill.qty
    paid = _payouts(market for (market, _), qty in held.items() if qty)
    for (market, outcome), qty in held.items():
        if qty and market not in paid:
            return None
        if qty:
            money += times(Px(paid[market][outcome]), Qty(qty), Rounding.DOWN)
    return Usd(money)


def _payouts(markets: Iterable[str]) -> dict[str, list[int]]:
    rows = Settlement.objects.filter(market_id__in=list(markets))
    return {row.market_id: row.pays for row in rows}


def compare(picture: EnginePicture, timezone: str, since: Ns) -> Compared:
    """The engine's results beside the rows, as of the picture's event; and every deal that was
    closed after `since` beside its own fills.
    """
    seq = picture.events
    cursor = JournalCursor.objects.filter(name="journal").first()
    if cursor is None or cursor.seq < seq:
        return Compared(seq, behind=True)
    found = [
        difference
        for kept in picture.kept
        for difference in _sums(kept, picture, timezone, cursor.journal)
    ]
    deals = 0
    for result in _closed(cursor.journal, since):
        deals += 1
        ours = settled(str(result.deal_id))
        if ours is not None and ours != result.locked:
            found.append(Difference(f"Deal {result.deal_id}", Usd(result.locked), ours))
    return Compared(seq, deals, tuple(found))


def _sums(
    kept: KeptPicture, picture: EnginePicture, timezone: str, journal: int
) -> Iterator[Difference]:
    periods = (
        (Period.DAY, kept.day, kept.day_ends),
        (Period.WEEK, kept.week, kept.week_ends),
        (Period.MONTH, kept.month, kept.month_ends),
    )
    total = booked(kept.book, picture.events, journal)
    if total != kept.total:
        yield Difference(f"All {kept.book} deals", kept.total, total)
    for period, said, ends in periods:
        begin, end = bounds(period, picture.at, timezone)
        if end != ends:
            continue  # another time zone was set; it holds from the end of the running period
        ours = booked(kept.book, picture.events, journal, begin)
        if ours != said:
            yield Difference(f"This {period.value}'s {kept.book} deals", said, ours)


def _closed(journal: int, since: Ns) -> list[DealResult]:
    """The last results of deals closed lately, newest first."""
    rows = DealResult.objects.filter(journal=journal, at__gte=moment(since))
    last: dict[str, DealResult] = {}
    for row in rows.order_by("-seq")[: 2 * DEALS_A_LOOK]:
        last.setdefault(str(row.deal_id), row)
    return [row for row in last.values() if row.state == "closed"][:DEALS_A_LOOK]


# --- the standing check ---------------------------------------------------------------------------


class Check(msgspec.Struct, frozen=True):
    """How a check ended: `agrees`, `differs`, `behind` or `none` where no engine has spoken.

    `is_news` says that the check before said the same and the one before that did not: a difference
    seen twice, said once.
    """

    outcome: str
    seq: int = 0
    deals: int = 0
    text: str = ""
    is_news: bool = False


def check(timezone: str, now: Ns, since: Ns) -> Check:
    """Compares what the worker last said of itself with the rows, and keeps what was found."""
    row = WorkerHeartbeat.objects.order_by("-at").first()
    if row is None or row.picture is None:
        return Check("none")
    picture = msgspec.msgpack.decode(bytes(row.picture), type=EnginePicture)
    found = compare(picture, timezone, since)
    if found.behind:
        return Check("behind", found.seq)
    text = " ".join(difference.text for difference in found.differences)
    before = [check.text for check in ResultCheck.objects.all()[:2]]
    ResultCheck.objects.create(
        at=moment(now),
        seq=found.seq,
        engine=sum(kept.total for kept in picture.kept),
        rows=sum(booked(kept.book, found.seq, _journal()) for kept in picture.kept),
        deals=found.deals,
        text=text,
    )
    is_news = bool(text) and before[:1] == [text] and before[1:] != [text]
    return Check("differs" if text else "agrees", found.seq, found.deals, text, is_news)


def _journal() -> int:
    cursor = JournalCursor.objects.filter(name="journal").first()
    return cursor.journal if cursor is not None else 0
