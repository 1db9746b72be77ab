"""What deals kept is the same by the engine's word, by rows of results, by fills and payouts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from markets.moments import moment
from markets.terms.ids import MarketId
from markets.terms.units import MICRO, SECOND, Ns, Px
from risk.gates.chain import Chain
from risk.tasks import check_results
from tests.builders import (
    FIRST,
    SECOND_MARKET,
    START,
    cancelled,
    filled,
    gap,
    orders,
    rejected,
    relation,
    snapshot,
    started,
)
from tests.golden import stories
from tests.golden.stories import STORIES
from trading import pnl, store
from trading.engine.engine import Engine
from trading.engine.events import BookChanged, Event, MarketSettled
from trading.engine.intents import Intent
from trading.engine.orders import OrderRequest
from trading.engine.pictures import EnginePicture
from trading.models import Command, DealResult, Fill, JournalCursor, ResultCheck, WorkerHeartbeat
from trading.replay.records import EventRecord, IntentsRecord, Record

pytestmark = pytest.mark.django_db
BERLIN = "Europe/Berlin"
Story = Callable[[], list[Event]]


class Session:
    """An engine whose every step is brought into rows as the scribe does."""

    def __init__(self, engine: Engine, seq: int = 0) -> None:
        self.engine = engine
        self.seq = seq
        self.names = store.Names()

    def tell(self, *events: Event) -> list[Intent]:
        records: list[Record] = []
        told: list[Intent] = []
        for event in events:
            self.seq += 1
            records.append(EventRecord(self.seq, event))
            intents = self.engine.step(event)
            told += intents
            if intents:
                records.append(IntentsRecord(self.seq, tuple(intents)))
        with transaction.atomic():
            store.write(records, self.names)
            JournalCursor.objects.update_or_create(name="journal", defaults={"seq": self.seq})
        return told

    def picture(self) -> EnginePicture:
        state = self.engine.state
        return replace(self.engine.overview(state.at), events=self.seq)

    def compare(self, zone: str = "UTC") -> pnl.Compared:
        return pnl.compare(self.picture(), zone, Ns(0))


def settled(at: Ns, market: str, pays: Iterable[int]) -> Event:
    return MarketSettled(at, MarketId(market), tuple(Px(px) for px in pays))


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.__name__)
def test_a_story_came_to_the_same_by_every_count(story: Story) -> None:
    session = Session(Engine(Chain()))
    session.tell(*story())
    end = session.engine.state.at

    assert session.compare() == pnl.Compared(session.seq, session.compare().deals)
    session.tell(settled(end, FIRST, (MICRO, 0)), settled(end, SECOND_MARKET, (MICRO, 0)))

    found = session.compare()
    assert found.differences == ()
    closed = [d for d in session.engine.state.deals.values() if d.state.value == "closed"]
    assert found.deals == len(closed)


def test_the_sums_are_those_of_the_fills_the_fees_and_the_payouts() -> None:
    session = Session(Engine(Chain()))
    session.tell(*stories.both_legs_fill())
    end = session.engine.state.at
    session.tell(settled(end, FIRST, (0, MICRO)), settled(end, SECOND_MARKET, (0, MICRO)))

    # 100 at 42 ¢ and 60 at 49 ¢ and 40 at 50 ¢ were paid; 100 No of Polymarket pay a dollar each.
    fees = sum(fill.fee for fill in Fill.objects.all())
    kept = 100 * MICRO - 42 * MICRO - 29_400_000 - 20 * MICRO - fees
    assert session.picture().kept[1].total == kept
    assert pnl.settled("r-1") == pnl.booked("paper", session.seq) == kept


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 90 * 3600),  # seconds until it begins
            st.sampled_from(["both", "hedged", "unwound", "none"]),
            st.integers(0, 900_000),  # a fee in millionths
            st.integers(0, MICRO),  # what Yes pays
            st.integers(0, 200 * 3600),  # seconds until it is paid
        ),
        min_size=2,
        max_size=4,
    )
)
def test_days_weeks_and_months_agree_over_any_session_with_another_clock(
    deals: list[tuple[int, str, int, int, int]],
) -> None:
    names = [(f"kalshi:R{n}", f"polymarket:R{n}") for n in range(len(deals))]
    relations = [relation(f"r{n}", *pair) for n, pair in enumerate(names)]
    config = replace(snapshot(*relations, max_event_exposure=10**12), timezone=BERLIN)
    with transaction.atomic():
        session = Session(started(config))
        now = START
        due: list[tuple[Ns, int]] = []
        for number, (wait, ending, fee, pays, until_paid) in enumerate(deals):
            now = Ns(now + wait * SECOND)
            _carry_out(session, names[number], now, ending, fee)
            due.append((Ns(now + until_paid * SECOND), pays))
            assert session.compare(BERLIN).differences == ()
        for number, (when, pays) in enumerate(due):
            now = Ns(max(now, when) + SECOND)
            for market in names[number]:
                session.tell(settled(now, market, (pays, MICRO - pays)))
            assert session.compare(BERLIN).differences == ()
        transaction.set_rollback(True)


def _carry_out(session: Session, pair: tuple[str, str], now: Ns, ending: str, fee: int) -> None:
    """One deal of a pair, opened and ended in one of four ways."""
    sent = orders(session.tell(*(BookChanged(now, b) for b in gap(now, *pair))))
    if len(sent) != 2:
        return
    first, second = sent
    cost = f"0.{fee:06d}"
    if ending == "none":
        session.tell(rejected(first, when=now), rejected(second, when=now))
        return
    session.tell(filled(first, when=now, fee=cost))
    if ending == "both":
        session.tell(filled(second, when=now, fee=cost))
        return
    # The second leg gets half of what it wanted; what follows is the engine's own choice.
    half = str(second.qty // 2 // MICRO)
    session.tell(filled(second, half, when=now, fee=cost), cancelled(second, half, when=now))
    _answer_all(session, now, cost, accept=ending == "hedged")


def _answer_all(session: Session, now: Ns, cost: str, *, accept: bool) -> None:
    for _ in range(6):
        state = session.engine.state
        waiting = [o.request for o in state.orders.values() if o.state.value == "sent"]
        if not waiting:
            return
        session.tell(*(_answer(r, now, cost, accept=accept) for r in waiting))


def _answer(request: OrderRequest, now: Ns, cost: str, *, accept: bool) -> Event:
    if accept or request.purpose.value == "unwind":
        return filled(request, when=now, fee=cost)
    return rejected(request, when=now)


# --- what must be noticed -------------------------------------------------------------------------


def balanced() -> Session:
    session = Session(Engine(Chain()))
    session.tell(*stories.both_legs_fill())
    WorkerHeartbeat.objects.create(
        name="engine", at=timezone.now(), picture=msgspec.msgpack.encode(session.picture())
    )
    return session


def test_a_result_that_is_missing_is_told_for_every_sum_it_is_part_of() -> None:
    session = balanced()
    DealResult.objects.all().delete()

    texts = [difference.text for difference in session.compare().differences]

    assert texts[0] == "All paper deals: the engine says +$6.89, the rows say $0.00."
    assert len(texts) == 4


def test_a_fill_that_is_a_millionth_dearer_is_noticed() -> None:
    session = balanced()
    end = session.engine.state.at
    session.tell(settled(end, FIRST, (MICRO, 0)), settled(end, SECOND_MARKET, (MICRO, 0)))
    fill = Fill.objects.order_by("pk")[0]
    Fill.objects.filter(pk=fill.pk).update(fee=fill.fee + 1)

    (difference,) = session.compare().differences

    assert difference.what == "Deal r-1"
    assert difference.engine - difference.rows == 1


def test_rows_that_lag_behind_are_not_compared() -> None:
    session = balanced()
    JournalCursor.objects.update(seq=session.seq - 1)

    assert session.compare().behind


def test_a_journal_that_was_replaced_begins_anew_as_the_engine_did() -> None:
    session = balanced()
    JournalCursor.objects.update(journal=1)
    empty = replace(Session(started()).picture(), events=session.seq)

    assert pnl.compare(empty, "UTC", Ns(0)).differences == ()


def test_the_standing_check_halts_once_when_two_looks_say_the_same() -> None:
    balanced()
    assert check_results()["outcome"] == "agrees"
    DealResult.objects.update(locked=0)

    said = [check_results()["is_news"] for _ in range(3)]

    assert said == [False, True, False]
    (halt,) = Command.objects.all()
    assert (halt.kind, halt.target, halt.author) == ("halt", "", "audit")
    assert halt.reason.startswith("The audit found: All paper deals: the engine says +$6.89")
    assert [bool(row.text) for row in ResultCheck.objects.all()] == [True, True, True, False]
    assert moment(START) < timezone.now()


def test_without_a_worker_there_is_nothing_to_check() -> None:
    assert check_results()["outcome"] == "none"
