"""A plan can be sent as it stands: lots, minimums, slippage and room."""

from msgspec.structs import replace

from markets.terms.ids import MarketId
from markets.terms.packages import packages
from markets.terms.units import Px, Qty, Usd
from tests.builders import START, book, market, px, qty, relation, usd
from trading.engine.book import Book
from trading.engine.edges import Edge, Terms, find_edge
from trading.engine.orders import BookKind
from trading.engine.plans import make_plan, narrowed, size_within_slippage

R = relation()
P = packages(R)[0]
TERMS = Terms(Px(500), Px(25_000), usd(100), START)


def books(first: str = "0.42x100", second: str = "0.50x100") -> dict[MarketId, Book]:
    return {
        MarketId("kalshi:A"): book("kalshi:A", asks=first),
        MarketId("polymarket:A"): book("polymarket:A", bids=second),
    }


def found(seen: dict[MarketId, Book], lot: str = "1", terms: Terms = TERMS) -> Edge:
    edge = find_edge(R, P, seen, markets(lot), terms)
    assert edge is not None
    return edge


def markets(lot: str = "1"):  # type: ignore[no-untyped-def]
    return {m.id: m for m in (market("kalshi:A", lot=lot), market("polymarket:A"))}


def test_every_leg_buys_the_same_number_of_packages_at_its_limit() -> None:
    plan = make_plan(R, P, found(books()), markets(), BookKind.PAPER)
    assert [leg.qty for leg in plan.legs] == [qty(100), qty(100)]
    assert [leg.limit for leg in plan.legs] == [px("0.42"), px("0.50")]
    assert plan.money == sum(leg.money for leg in plan.legs)


def test_the_money_of_a_leg_is_what_its_limit_costs_with_its_fee() -> None:
    plan = make_plan(R, P, found(books()), markets(), BookKind.PAPER)
    assert plan.legs[1].money == usd(50)
    assert plan.legs[0].money > usd(42)


def test_the_size_is_cut_to_lots_of_every_leg() -> None:
    edge = found(books("0.42x37"))
    plan = make_plan(R, P, edge, markets(lot="10"), BookKind.PAPER)
    assert plan.size == qty(30)
    assert all(leg.qty == qty(30) for leg in plan.legs)


def test_a_size_below_a_venues_smallest_order_is_no_size() -> None:
    big = {k: replace(m, min_size=qty(200)) for k, m in markets().items()}
    assert make_plan(R, P, found(books()), big, BookKind.PAPER).size == 0
    dear = {k: replace(m, min_notional=usd(60)) for k, m in markets().items()}
    assert make_plan(R, P, found(books()), dear, BookKind.PAPER).size == 0


def test_slippage_stops_the_walk_before_the_average_is_too_dear() -> None:
    seen = books("0.40x100 0.42x100", "0.50x500")
    edge = found(seen)
    assert edge.size > qty(100)
    assert size_within_slippage(edge, seen, 0) == qty(100)
    within = size_within_slippage(edge, seen, 10_000)
    assert qty(125) - 1 <= within <= qty(125)


def test_slippage_leaves_an_edge_on_one_level_alone() -> None:
    edge = found(books())
    assert size_within_slippage(edge, books(), 0) == edge.size


def test_a_narrowed_edge_has_at_most_the_size_asked_for() -> None:
    edge = found(books())
    world = (books(), markets(), TERMS)
    assert narrowed(R, P, edge, world, qty(40)).size == qty(40)
    assert narrowed(R, P, edge, world, qty(400)) is edge


def test_a_plan_without_a_size_has_no_money() -> None:
    edge = found(books("0.60x100"))
    plan = make_plan(R, P, edge, markets(), None)
    assert plan.size == Qty(0)
    assert plan.money == Usd(0)
    assert plan.net < 0
