"""Pictures say what the next look would decide, add up, and change nothing."""

from markets.terms.relations import TailRisk
from markets.terms.units import Px
from risk.gates.chain import GATES
from tests.builders import (
    FIRST,
    KA,
    PM,
    RELATION,
    SECOND_MARKET,
    at,
    book,
    command,
    filled,
    gap,
    orders,
    rejected,
    relation,
    show,
    snapshot,
    started,
    tick,
    unknown,
    usd,
    venue,
)
from trading.engine import events as ev
from trading.engine.config import Mode
from trading.engine.engine import Engine
from trading.engine.looks import worst_result
from trading.engine.orders import BookKind
from trading.engine.pictures import RelationPicture, Verdict


def pictured(engine: Engine, when: str = "0.1") -> RelationPicture:
    picture = engine.picture(RELATION, at(when))
    assert picture is not None
    return picture


def test_a_picture_adds_up_from_payout_to_net() -> None:
    engine = started()
    engine.step(command("view_only"))
    show(engine, *gap())
    for package in pictured(engine).packages:
        assert package.cost is not None
        parts = package.cost + package.fees + package.friction + package.tail
        assert package.net == package.payout - parts


def test_the_best_package_carries_walk_worlds_and_every_gate() -> None:
    engine = started()
    engine.step(command("view_only"))
    show(engine, *gap())
    picture = pictured(engine)
    best = picture.packages[picture.best]
    assert best.label == "KA Yes + PM No"
    assert (best.walk[0].taken, len(best.worlds), len(best.readings)) == (True, 2, len(GATES))
    stopped = next(r for r in best.readings if r.verdict is not Verdict.PASSED)
    assert (stopped.gate, stopped.verdict) == ("view_only", Verdict.SAFETY)
    assert all(not other.readings for other in picture.packages if other is not best)


def test_a_picture_ages_with_the_time_asked_about_and_changes_nothing() -> None:
    engine = started(snapshot(min_net_edge=90_000))
    show(engine, *gap())
    before = engine.dump()
    late = pictured(engine, "3")
    verdicts = {r.gate: r.verdict for r in late.packages[late.best].readings}
    assert verdicts["sharp_freshness"] is Verdict.WAITING
    assert engine.dump() == before


def test_a_relation_without_books_is_pictured_as_missing() -> None:
    picture = pictured(started())
    assert [q.state for q in picture.quotes] == ["missing", "missing"]
    assert all(p.net is None and p.cost is None and p.qty == 0 for p in picture.packages)


def test_a_relation_nobody_follows_has_no_picture() -> None:
    assert started().picture("zzz", at(1)) is None  # type: ignore[arg-type]


def test_a_picture_names_the_deal_that_runs() -> None:
    engine = started()
    first, second = orders(show(engine, *gap()))
    assert (pictured(engine).deal, pictured(engine).deal_state) == ("r-1", "opening")
    engine.step(filled(first))
    engine.step(filled(second))
    assert pictured(engine).deal is None


def test_quotes_show_both_sides_of_yes() -> None:
    engine = started()
    show(engine, *gap())
    quote = pictured(engine).quotes[0]
    assert (quote.bid, quote.ask, quote.short, quote.state) == (400_000, 420_000, "KA", "live")


def test_where_money_may_be_spent_it_is_the_money_that_is_shown() -> None:
    both = (venue(KA, mode=Mode.LIVE), venue(PM, mode=Mode.LIVE))
    engine = started(snapshot(mode=Mode.LIVE, venues=both), mode="live")
    engine.step(ev.AccountReported(at(1), KA, BookKind.PAPER, usd(7)))
    engine.step(ev.AccountReported(at(1), KA, BookKind.LIVE, usd(3), asked_at=at("0.5")))

    seen = engine.overview(at(1))

    assert (seen.mode, seen.book, seen.free, seen.venues[0].cash) == (
        "live",
        "live",
        usd(3),
        usd(3),
    )


def test_the_overview_counts_money_deals_and_venues() -> None:
    engine = started()
    first, second = orders(show(engine, *gap()))
    engine.step(filled(first, fee="1"))
    engine.step(filled(second))
    seen = engine.overview(at(1))
    assert (seen.mode, seen.revision, seen.relations) == ("paper", 1, 1)
    assert (seen.today, seen.at_work, seen.worst) == (usd(7), usd(93), usd(7))
    assert seen.free == usd(20_000) - usd(93)
    assert (seen.open_deals, seen.naked, seen.alerts) == (1, 0, ())
    assert [(v.short, v.up, v.books, v.live_books) for v in seen.venues] == [
        ("KA", True, 1, 1),
        ("PM", True, 1, 1),
    ]


def test_a_halt_is_in_the_header_and_among_the_alerts() -> None:
    engine = started()
    engine.step(command("halt", when=at(1)))
    seen = engine.overview(at(2))
    assert (seen.halted, seen.halted_by, seen.halted_at) == ("because", "alice", at(1))
    assert [a.kind for a in seen.alerts] == ["halted"]


def test_alerts_name_what_needs_a_person_worst_first() -> None:
    engine = started(snapshot(unwind_loss=0))
    first, second = orders(show(engine, *gap()))
    engine.step(filled(first))
    engine.step(unknown(second, when=at(1)))
    assert [a.kind for a in engine.overview(at(1)).alerts] == ["unknown"]
    show(engine, book(SECOND_MARKET, "0.30x9", "0.32x9", at(1)))
    engine.step(rejected(second, when=at(2)))
    engine.step(tick("hedge/r-1", at(3)))
    engine.step(ev.FeedDown(at(3), KA, "socket closed"))
    engine.step(ev.HealthReported(at(4), "scribe", False, "no beat."))
    seen = engine.overview(at(5))
    assert [(a.kind, a.critical) for a in seen.alerts] == [
        ("naked", True),
        ("infrastructure", True),
        ("venue", False),
    ]
    assert "100 sh of KA Yes" in seen.alerts[0].text
    assert seen.naked == 1
    assert seen.venues[0].text == "socket closed"
    assert seen.worst == -usd(42)


def test_the_worst_world_of_an_unmatched_leg_is_its_whole_cost() -> None:
    engine = started()
    first, _ = orders(show(engine, *gap()))
    engine.step(filled(first))
    assert worst_result(engine.state, engine.state.deals["r-1"]) == -usd(42)  # type: ignore[index]
    assert FIRST in engine.state.books


def test_the_worst_world_of_a_whole_deal_is_a_regular_one() -> None:
    apart = TailRisk("apart", 1_000, Px(0), Px(1_000_000))
    engine = started(snapshot(relation(tails=(apart,))))
    first, second = orders(show(engine, *gap()))
    engine.step(filled(first))
    engine.step(filled(second))

    deal = engine.state.deals["r-1"]  # type: ignore[index]
    assert worst_result(engine.state, deal) == deal.locked > 0
