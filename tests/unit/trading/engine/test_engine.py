"""The step: what each event does to the whole, and that nothing depends on anything else."""

from msgspec.structs import replace

from markets.terms.instruments import MarketState
from markets.terms.units import Ns
from risk.gates.chain import Chain
from tests.builders import (
    FIRST,
    KA,
    PM,
    RELATION,
    SECOND_MARKET,
    START,
    at,
    book,
    cash,
    command,
    filled,
    gap,
    market,
    orders,
    px,
    qty,
    rejected,
    relation,
    show,
    snapshot,
    started,
    tick,
    usd,
)
from trading.engine import events as ev
from trading.engine import reconcile
from trading.engine.book import BookState
from trading.engine.engine import Engine
from trading.engine.intents import CancelOrder, ConfigApplied, Halt, PositionChanged, SetTimer
from trading.engine.orders import BookKind
from trading.engine.results import today


def test_a_snapshot_with_problems_leaves_the_old_one_running() -> None:
    engine = started()
    broken = replace(snapshot(revision=2), markets=())
    assert engine.step(ev.ConfigChanged(at(1), broken)) == []
    assert engine.state.config is not None
    assert engine.state.config.revision == 1


def test_a_new_snapshot_is_applied_and_looked_at_at_once() -> None:
    engine = started(snapshot(min_net_edge=90_000))
    assert not orders(show(engine, *gap()))
    intents = engine.step(ev.ConfigChanged(at("0.1"), snapshot(revision=2)))
    assert [i.revision for i in intents if isinstance(i, ConfigApplied)] == [2]
    assert len(orders(intents)) == 2


def test_orders_of_a_relation_no_longer_confirmed_are_cancelled() -> None:
    engine = started()
    placed = orders(show(engine, *gap()))
    other = snapshot(relation("b", "kalshi:B", "polymarket:B"), revision=2)
    intents = engine.step(ev.ConfigChanged(at("0.1"), other))
    assert [i.order for i in intents if isinstance(i, CancelOrder)] == [o.id for o in placed]
    assert FIRST in engine.state.markets
    engine.step(filled(placed[0], when=at("0.2")))
    assert orders(engine.step(rejected(placed[1], when=at("0.3"))))


def test_books_of_unknown_markets_are_not_kept() -> None:
    engine = started()
    assert show(engine, book("kalshi:ZZZ", "0.4x1", "0.5x1")) == []
    assert not engine.state.books
    engine.step(ev.BookSeen(at(1), FIRST, START))
    engine.step(ev.BookStale(at(1), book("kalshi:ZZZ").market, "gap"))
    assert not engine.state.doubts


def test_a_feed_that_went_away_makes_its_books_suspect_until_the_next_one() -> None:
    engine = started(snapshot(min_net_edge=90_000))
    show(engine, *gap())
    down = engine.step(ev.FeedDown(at(1), KA, "gone"))
    assert [(i.scope, i.cause) for i in down if isinstance(i, Halt)] == [("kalshi", "venue")]
    assert engine.state.books[FIRST].state is BookState.SUSPECT
    assert engine.state.books[SECOND_MARKET].state is BookState.LIVE
    engine.step(ev.FeedUp(at(2), KA))
    engine.step(ev.BookSeen(at(2), FIRST, START))
    assert engine.state.books[FIRST].state is BookState.SUSPECT
    show(engine, gap(at(3))[0])
    assert engine.state.books[FIRST].state is BookState.LIVE
    assert not engine.state.doubts


def test_a_run_that_starts_believes_no_book_and_no_feed() -> None:
    engine = started(snapshot(min_net_edge=90_000))
    show(engine, *gap())
    engine.step(ev.HealthReported(at(1), "scribe", False, "gone"))
    engine.step(ev.RunStarted(at(2), engine.state.run, "paper"))
    assert {b.state for b in engine.state.books.values()} == {BookState.SUSPECT}
    assert not any(feed.up for feed in engine.state.feeds.values())
    assert not engine.state.health


def test_a_markets_new_terms_and_its_end_are_taken_over() -> None:
    engine = started()
    engine.step(ev.MarketChanged(at(1), replace(market(FIRST), state=MarketState.PAUSED)))
    show(engine, *gap(at(1)))
    assert not engine.state.deals
    engine.step(ev.ConfigChanged(at(2), snapshot(revision=2)))
    assert engine.state.markets[FIRST].state is MarketState.PAUSED
    engine.step(ev.MarketChanged(at(2), market("kalshi:ZZZ")))
    engine.step(ev.MarketClosed(at(2), book("kalshi:ZZZ").market))
    assert "kalshi:ZZZ" not in engine.state.markets


def test_a_settlement_pays_positions_once() -> None:
    engine = started()
    first, second = orders(show(engine, *gap()))
    engine.step(filled(first))
    engine.step(filled(second))
    pays = ev.MarketSettled(at(5), FIRST, (px("1"), px("0")))
    told = [i for i in engine.step(pays) if isinstance(i, PositionChanged)]
    assert (told[0].realised, told[0].qty) == (usd(58), (0, 0))
    assert engine.state.cash["paper/kalshi"] == usd(10_058)
    assert not engine.step(pays)


def test_old_books_are_forgotten() -> None:
    engine = started(snapshot(min_net_edge=90_000))
    show(engine, *gap())
    engine.step(tick("relook", at(299)))
    assert engine.state.books
    engine.step(tick("relook", at(301)))
    assert not engine.state.books


def test_closed_deals_are_forgotten_after_an_hour_and_others_are_not() -> None:
    engine = started()
    first, second = orders(show(engine, *gap()))
    engine.step(rejected(first))
    engine.step(rejected(second))
    show(engine, *gap(at(20)))
    engine.step(tick("relook", at(3_500)))
    assert len(engine.state.deals) == 2
    engine.step(tick("relook", at(3_700)))
    assert list(engine.state.deals) == ["r-2"]
    assert all(o.request.deal == "r-2" for o in engine.state.orders.values())


def test_a_new_day_begins_with_nothing_earned() -> None:
    engine = started()
    first, second = orders(show(engine, *gap()))
    engine.step(filled(first))
    engine.step(filled(second))
    assert today(engine.state.results) == usd(8)
    ends = engine.state.turns_at
    engine.step(tick("relook", at(86_400)))
    assert (today(engine.state.results), engine.state.turns_at) == (0, ends + 86_400 * 10**9)


def test_the_relook_asks_to_be_woken_again() -> None:
    timers = [i for i in started().step(tick("relook", at(1))) if isinstance(i, SetTimer)]
    assert [(t.key, t.due) for t in timers] == [("relook", at(2))]


def test_timers_of_nothing_do_nothing() -> None:
    engine = started()
    for key in ("deal/r-9", "hedge/r-9", "ask/r-9-0", "nonsense"):
        assert engine.step(tick(key, at(1))) == []


def test_time_never_goes_back() -> None:
    engine = started()
    engine.step(tick("relook", at(5)))
    engine.step(ev.FeedUp(at(1), KA))
    assert engine.state.at == at(5)


def test_a_public_trade_moves_nothing() -> None:
    engine = started()
    first, _ = orders(show(engine, *gap()))
    trade = ev.TradeSeen(at(1), FIRST, 0, px("0.42"), qty(1), first.side)
    assert engine.step(trade) == []


def test_changed_relations_are_drained_once() -> None:
    engine = started()
    engine.drain_dirty()
    show(engine, *gap())
    assert engine.drain_dirty() == [RELATION]
    assert engine.drain_dirty() == []


def test_a_live_account_that_disagrees_halts_its_venue() -> None:
    engine = started()
    report = ev.AccountReported(
        at(11), KA, BookKind.LIVE, usd(5), ((FIRST, 0, qty(3)),), asked_at=at(10)
    )
    halts = [i for i in engine.step(report) if isinstance(i, Halt)]
    assert [(h.scope, h.cause) for h in halts] == [("kalshi", "money")]
    assert not engine.step(replace(report, venue=PM, holdings=((SECOND_MARKET, 0, qty(0)),)))


def test_whoever_resumes_accepts_what_halted() -> None:
    engine = started()
    report = ev.AccountReported(
        at(11), KA, BookKind.LIVE, usd(5), ((FIRST, 0, qty(3)),), asked_at=at(10)
    )
    engine.step(report)
    engine.step(command("resume", "kalshi", when=at(12)))
    assert not engine.step(replace(report, at=at(14), asked_at=at(13)))
    assert not reconcile.missing(engine.state, KA)


def test_a_start_waits_for_a_statement_of_its_own() -> None:
    engine = started()
    engine.step(ev.AccountReported(at(11), KA, BookKind.LIVE, usd(5), asked_at=at(10)))
    assert not reconcile.missing(engine.state, KA)
    engine.step(ev.RunStarted(at(20), engine.state.run, "live"))
    assert "since the start" in reconcile.missing(engine.state, KA)


def test_paper_money_begins_with_what_is_configured_and_is_not_given_twice() -> None:
    engine = started()
    engine.step(cash(KA, "3"))
    engine.step(ev.ConfigChanged(at(1), snapshot(revision=2)))
    assert engine.state.cash["paper/kalshi"] == usd(3)
    assert engine.state.cash["paper/polymarket"] == usd(10_000)


def test_dump_and_tail_give_the_same_engine() -> None:
    engine = started()
    first, second = orders(show(engine, *gap()))
    engine.step(filled(first))
    twin = Engine.load(engine.dump(), Chain())
    tail: list[ev.Event] = [
        rejected(second, when=at(1)),
        tick("hedge/r-1", at(2)),
        command("halt", when=at(3)),
        *(ev.BookChanged(at(4), b) for b in gap(at(4))),
        tick("relook", Ns(at(5))),
    ]
    assert [engine.step(e) for e in tail] == [twin.step(e) for e in tail]
    assert engine.dump() == twin.dump()


def judged(refused: str = "", when: int = 1) -> ev.VenueJudged:
    return ev.VenueJudged(at(when), KA, 100, refused=refused)


def test_a_venue_that_must_not_be_trusted_is_halted_and_goes_on_by_itself() -> None:
    engine = started()

    halted = engine.step(judged("its messages are late"))
    again = engine.step(judged("its messages are late", 2))
    lifted = engine.step(judged("", 3))

    assert [(i.scope, i.cause, i.on) for i in halted if isinstance(i, Halt)] == [
        (KA, "venue", True)
    ]
    assert not [i for i in again if isinstance(i, Halt)]
    assert [i.on for i in lifted if isinstance(i, Halt)] == [False]


def test_a_feed_that_is_back_does_not_lift_what_the_venue_is_halted_for() -> None:
    engine = started()
    engine.step(judged("its messages are late"))

    engine.step(ev.FeedDown(at(2), KA, "cut"))
    engine.step(ev.FeedUp(at(3), KA))
    assert f"{KA}|venue" in engine.state.halts

    engine.step(judged("", 4))
    assert f"{KA}|venue" not in engine.state.halts


def test_a_good_word_does_not_lift_the_halt_of_a_feed_that_is_away() -> None:
    engine = started()
    engine.step(judged("its messages are late"))
    engine.step(ev.FeedDown(at(2), KA, "cut"))

    engine.step(judged("", 3))
    assert f"{KA}|venue" in engine.state.halts

    engine.step(ev.FeedUp(at(4), KA))
    assert f"{KA}|venue" not in engine.state.halts
