"""Money waits for the venue's agreement, paper never does."""

from msgspec.structs import replace

from risk.gates.reconciled import reconciled
from tests.builders import KA, PM, RELATION, at, gap, show, snapshot, started, usd
from trading.engine import events as ev
from trading.engine.engine import Engine
from trading.engine.orders import BookKind
from trading.engine.plans import Plan
from trading.engine.scan import best_plan, route_tops


def planned(engine: Engine, book: BookKind) -> Plan:
    state = engine.state
    entry = state.entries[RELATION]
    plan = best_plan(state, entry, route_tops(state, entry))
    assert plan is not None
    return replace(plan, book=book)


def watched() -> Engine:
    engine = started(snapshot(min_net_edge=90_000))
    show(engine, *gap())
    return engine


def test_paper_needs_no_statement() -> None:
    engine = watched()
    assert reconciled(planned(engine, BookKind.PAPER), engine.state) is None


def test_a_live_plan_needs_an_agreeing_statement_of_each_venue() -> None:
    engine = watched()
    plan = planned(engine, BookKind.LIVE)
    for name, venue in (("Kalshi", KA), ("Polymarket", PM)):
        refused = reconciled(plan, engine.state)
        assert refused is not None
        assert refused.reason == f"{name} and our books do not agree yet: no statement came yet."
        report = ev.AccountReported(at(11), venue, BookKind.LIVE, usd(5), asked_at=at(10))
        engine.step(report)
    assert reconciled(plan, engine.state) is None


def test_a_statement_of_long_ago_no_longer_counts() -> None:
    engine = watched()
    plan = planned(engine, BookKind.LIVE)
    for venue in (KA, PM):
        engine.step(ev.AccountReported(at(11), venue, BookKind.LIVE, usd(5), asked_at=at(10)))
    engine.step(ev.TimerFired(at(310), "nothing"))
    assert reconciled(plan, engine.state) is None
    engine.step(ev.TimerFired(at("310.1"), "nothing"))
    refused = reconciled(plan, engine.state)
    assert refused is not None
    assert "too old" in refused.reason
