"""Watches one venue's feed: compares it with REST, polls in its place, and tells what it is worth.

Stands between a feed and the engine's inbox and hands every event on, in order and at once. Once a
second it looks: books that a socket does not tell are polled, others are compared with REST in
turn, and the engine hears a judgement when it changed. Every request goes through the venue's rate
buckets, one of each kind at a time. What follows from what was seen is decided in `feeds.books`.
"""

import asyncio
from collections.abc import Callable, Coroutine

from feeds.books.agreement import SETTLE, Outcome, Told
from feeds.books.followed import Followed
from feeds.books.hourly import Hourly
from feeds.books.offset import Worry, words
from feeds.books.score import Measures, Term, score_of, terms_of
from feeds.runtime.clocks import Clocks, measure
from feeds.runtime.conversation import Outside
from feeds.runtime.feed import Feed
from feeds.runtime.lines import Lines
from feeds.runtime.pause import pause
from feeds.venues.base import Adapter
from markets.terms import formats
from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from markets.terms.units import MS, SECOND, Ns
from trading.engine.book import Book
from trading.engine.events import Event, VenueJudged
from trading.engine.pictures import ScoreTerm, VenueTruth
from trading.runtime.gateway import VenueUnreachable

EVERY = Ns(SECOND)
SAY_EVERY = Ns(5 * SECOND)
CLOCK_EVERY = Ns(60 * SECOND)
CLOCK_AGAIN = Ns(10 * SECOND)
WIDE = Ns(100 * MS)
COMPARE_EVERY = Ns(5 * SECOND)
SILENT = Ns(5 * SECOND)
OLDER = "older_shape"
DISAGREES = "disagrees_with_rest"
GAPS = ("sequence_gap", "sequence_repeat")
NO_REJECT = (*GAPS, DISAGREES, "unreachable")


class VenueWatch:
    """The watch over one venue; `outside.emit` is where events go after it has heard them."""

    def __init__(
        self,
        adapter: Adapter,
        outside: Outside,
        clocks: Clocks,
        waited: Callable[[], Ns] = lambda: Ns(0),
    ) -> None:
        self.followed = Followed(adapter.venue, outside.clock.now())
        self._adapter = adapter
        self._outside = outside
        self._clock = outside.clock
        self._clocks = clocks
        self._waited = waited
        self._feed: Feed | Lines | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._busy: dict[str, None] = {}
        self._gaps = Hourly()
        self._rejects = Hourly()
        self._reconnects = Hourly()
        self._rest_failures = 0
        self._silent_total = 0
        self._next_poll = 0
        self._compared_at = Ns(0)
        self._said: VenueJudged | None = None

    def follow(self, feed: Feed | Lines) -> None:
        """The feed to watch, made with `heard` as its way out."""
        self._feed = feed

    def heard(self, event: Event) -> None:
        """An event of the feed: take note and hand it on, with what follows from it."""
        resumed = self.followed.heard(event)
        self._outside.emit(event)
        for stale in resumed.stale:
            self._outside.emit(stale)
        for market in resumed.doubted:
            self._doubt(market)

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._ask_the_time())
            while True:
                await pause(self._clock, EVERY)
                self._look()

    def _look(self) -> None:
        """Once a second."""
        now, followed = self._clock.now(), self.followed
        limits = self._outside.limits()
        followed.ages.late = Ns(limits.feed_latency_ms * MS)
        followed.ages.late_for = Ns(limits.feed_latency_for_ms * MS)
        self._count(now)
        if not self._markets():
            return
        if followed.silent_for(now) >= SILENT:
            self._silent_total += EVERY // SECOND
        for market in followed.activity.silent(now):
            followed.note(now, f"{market} is silent while others move: looking at REST.")
            followed.agreement.hurry(market)
            self._compared_at = Ns(0)
        followed.poll(followed.why_poll(now), now)
        if followed.polling:
            self._begin("poll", self._poll_some())
        elif now - self._compared_at >= COMPARE_EVERY:
            self._compare_some(now)
        self._judge(now)

    def _begin(self, kind: str, work: Coroutine[None, None, None]) -> None:
        """Run this unless its like still runs."""
        if kind in self._busy or self._tasks is None:
            work.close()
            return
        self._busy[kind] = None
        task = self._tasks.create_task(work)
        task.add_done_callback(lambda _: self._busy.pop(kind, None))

    # REST

    async def _ask(self, markets: tuple[Market, ...]) -> list[Told]:
        """What REST tells of these books; nothing when it does not answer."""
        try:
            reply = await self._outside.http.send(self._adapter.books_request(markets))
            if reply.status == 200:
                found = self._adapter.told(markets, reply.body)
                if self._feed is not None:
                    older = sum(told.older for told in found)
                    self._feed.tally.faults.update({OLDER: older} if older else {})
                return found
        except (VenueUnreachable, ValueError):
            pass
        self._rest_failures += 1
        return []

    async def _poll_some(self) -> None:
        markets, room = self._markets(), self._adapter.books_at_once
        if not markets:
            return
        start = self._next_poll % len(markets)
        some = markets[start : start + room]
        self._next_poll = start + room if start + room < len(markets) else 0
        for told in await self._ask(some):
            changed = self.followed.take(told, self._clock.now())
            if changed is not None:
                self._outside.emit(changed)

    def _compare_some(self, now: Ns) -> None:
        followed = self.followed
        room = self._adapter.books_at_once
        due = followed.agreement.due(followed.books, followed.changed, now, room)
        self._compared_at = now
        if due:
            self._begin("compare", self._compare({m: followed.books[m] for m in due}))

    async def _compare(self, before: dict[MarketId, Book]) -> None:
        markets = tuple(market for market in self._markets() if market.id in before)
        found = await self._ask(markets)
        await pause(self._clock, SETTLE)
        for told in found:
            book = before.get(told.market)
            if book is None:
                continue
            now = self.followed.books.get(told.market)
            if self.followed.agreement.judge(book, told, now) is Outcome.DIFFERS:
                self.followed.note(self._clock.now(), f"{told.market} is not what REST says.")
                self._doubt(told.market)

    async def _ask_the_time(self) -> None:
        venue = self._adapter.venue
        while True:
            known = self._clocks.offsets.get(venue)
            try:
                offset = await measure(self._adapter, self._outside.http, self._clock, known)
            except VenueUnreachable:
                offset = None
            if offset is not None:
                self._clocks.told(venue, offset)
                self.followed.ages.offset = offset.middle
            is_known = offset is not None and offset.width <= WIDE
            await pause(self._clock, CLOCK_EVERY if is_known else CLOCK_AGAIN)

    def _doubt(self, market: MarketId) -> None:
        if self._feed is not None:
            self._feed.doubt(market, DISAGREES)

    def _markets(self) -> tuple[Market, ...]:
        return self._feed.markets if self._feed is not None else ()

    # what it is worth

    def _count(self, now: Ns) -> None:
        if self._feed is None:
            return
        tally = self._feed.tally
        self._gaps.upto(sum(tally.faults[r] for r in GAPS) + self.followed.losses.total, now)
        self._rejects.upto(sum(n for r, n in tally.faults.items() if r not in NO_REJECT), now)
        self._reconnects.upto(tally.reconnects, now)

    def _terms(self, now: Ns) -> tuple[Term, ...]:
        offset = self._clocks.offsets.get(self._adapter.venue)
        return terms_of(
            Measures(
                age_p95_ms=self.followed.ages.ms(95),
                gaps_hour=self._gaps.count(now),
                rejects_hour=self._rejects.count(now),
                agreement_ppm=self.followed.agreement.ppm(),
                silent_s=self._silent_s(now),
                clock_ms=offset.certain_ms if offset else None,
                reconnects_hour=self._reconnects.count(now),
            )
        )

    def _silent_s(self, now: Ns) -> int:
        return self.followed.silent_for(now) // SECOND if self._markets() else 0

    def _refused(self) -> str:
        """Why nothing may be begun at this venue, empty when all is well."""
        venue = self._adapter.venue
        if self._clocks.worry_of(venue) is Worry.HALT:
            return f"its clock {words(self._clocks.offsets[venue].certain_ms)}"
        ages = self.followed.ages
        if not ages.is_slow():
            return ""
        late, late_for = formats.age(ages.late), formats.age(ages.late_for)
        return f"its messages have been over {late} old for {late_for}"

    def _judge(self, now: Ns) -> None:
        terms = self._terms(now)
        worst = max(terms, key=lambda term: term.lost)
        judged = VenueJudged(
            now,
            self._adapter.venue,
            score_of(terms),
            worst.rule.name if worst.lost else "",
            self._refused(),
            self.followed.polling,
        )
        said = self._said
        if said is not None and now - said.at < SAY_EVERY and _gist(said) == _gist(judged):
            return
        if judged.refused and (said is None or said.refused != judged.refused):
            self.followed.note(now, f"Not to be traded: {judged.refused}.")
        self._said = judged
        self._outside.emit(judged)

    def truth(self) -> VenueTruth | None:
        """Everything for the venue's page; None before there is a feed."""
        if self._feed is None:
            return None
        now, tally, followed = self._clock.now(), self._feed.tally, self.followed
        agreement, terms = followed.agreement, self._terms(now)
        offset = self._clocks.offsets.get(self._adapter.venue)
        race = self._feed.race if isinstance(self._feed, Lines) else None
        return VenueTruth(
            venue=self._adapter.venue,
            at=now,
            up=followed.up,
            down_reason=tally.down_reason,
            url=tally.url,
            sockets=tally.sockets,
            markets=tally.markets,
            live_books=len(followed.books),
            frames=tally.frames,
            bytes=tally.bytes,
            reconnects=tally.reconnects,
            reconnects_hour=self._reconnects.count(now),
            last_frame_at=tally.last_frame_at,
            age_p50_ms=followed.ages.ms(50),
            age_p95_ms=followed.ages.ms(95),
            gaps=self._gaps.total,
            gaps_hour=self._gaps.count(now),
            resyncs=followed.resyncs.total,
            resyncs_hour=followed.resyncs.count(now),
            rejects=dict(sorted(tally.faults.items())),
            rejects_hour=self._rejects.count(now),
            compared=agreement.compared,
            disagreed=agreement.disagreed,
            moved=agreement.moved,
            agreement_ppm=agreement.ppm(),
            silent_s=self._silent_s(now),
            silent_total_s=self._silent_total,
            waited_ms=self._waited() // MS,
            rest_failures=self._rest_failures,
            clock_low_ms=offset.low // MS if offset else None,
            clock_high_ms=-(-offset.high // MS) if offset else None,
            clock_ms=offset.certain_ms if offset else None,
            clock_worry=self._clocks.worry_of(self._adapter.venue).name.lower(),
            score=score_of(terms),
            terms=tuple(_shown(term) for term in terms),
            refused=self._refused(),
            polled=followed.polling,
            lines=self._feed.count if isinstance(self._feed, Lines) else 1,
            lines_agreed=race.agreed if race else 0,
            lines_differed=race.differed if race else 0,
            notes=tuple(followed.notes),
        )


def _gist(judged: VenueJudged) -> tuple[int, str, str, str]:
    return judged.score, judged.worst, judged.refused, judged.polled


def _shown(term: Term) -> ScoreTerm:
    rule = term.rule
    return ScoreTerm(
        rule.key, rule.name, rule.unit, term.actual, rule.good, rule.bad, rule.points, term.lost
    )
