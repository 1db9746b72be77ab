from markets.terms.fees import KALSHI, POLYMARKET
from markets.terms.ids import MarketId, RelationId, venue_of
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.packages import packages
from markets.terms.relations import pair
from markets.terms.tables import Certificate, Runner, Subject, field
from markets.terms.units import MICRO, Ns, Px, Qty, Usd, micros_from_text
from trading.engine.book import Book, Ladders, Levels, binary_book
from trading.engine.edges import Terms
from trading.engine.walks import walk

A, B = MarketId("kalshi:A"), MarketId("polymarket:B")
NOW = Ns(1)
PAIR = pair(RelationId("r"), A, B, title="r")
CROSS = packages(PAIR)[0]
ASKED = Terms(Px(0), Px(0), Usd(10**12), NOW)


def market(name: MarketId, fees: FeeSchedule) -> Market:
    return Market(name, venue_of(name), name, name, ("Yes", "No"), even_ladder(Px(1_000)), fees)


MARKETS = {
    A: market(A, FeeSchedule(KALSHI, 70_000)),
    B: market(B, FeeSchedule(POLYMARKET, 50_000, precision=Usd(10))),
}


def levels(text: str) -> Levels:
    pairs = [part.split("x") for part in text.split()]
    return tuple((Px(micros_from_text(px)), Qty(micros_from_text(qty))) for px, qty in pairs)


def books(a_asks: str, b_bids: str) -> dict[MarketId, Book]:
    return {
        A: binary_book(A, levels("0.01x10"), levels(a_asks), NOW),
        B: binary_book(B, levels(b_bids), levels("0.99x10"), NOW),
    }


def test_the_walk_goes_on_past_where_the_edge_closes() -> None:
    seen = books("0.42x310 0.43x240 0.48x900", "0.475x500 0.47x900")
    rows = walk(PAIR, CROSS, seen, MARKETS, ASKED, 4)

    assert [r.taken for r in rows] == [True, True, True, False]
    assert [r.qty for r in rows] == [310 * MICRO, 500 * MICRO, 550 * MICRO, 1400 * MICRO]
    assert rows[2].profit > rows[3].profit


def test_without_an_ask_there_is_nothing_to_walk() -> None:
    assert walk(PAIR, CROSS, books("", "0.47x1"), MARKETS, ASKED) == ()


def test_a_package_of_three_dollars_is_shown_for_each_dollar() -> None:
    runners = [Runner(n, (MarketId(f"k:{n}"),)) for n in "ABCD"]
    relation = field(Subject(RelationId("f"), "f"), runners, Certificate("one wins"))
    package = next(p for p in packages(relation) if p.scale == 3)
    names = list(dict.fromkeys(c.market for c in relation.claims))
    free = FeeSchedule(KALSHI, 0)
    seen = {
        n: Book(n, (Ladders((), levels("0.9x1")), Ladders((), levels("0.72x10"))), NOW)
        for n in names
    }
    rows = walk(relation, package, seen, {n: market(n, free) for n in names}, ASKED)

    # Four NOs cost 2.88 and pay 3.
    assert (rows[0].cost, rows[0].net, rows[0].qty) == (960_000, 40_000, 10 * MICRO)
    assert rows[0].profit == 1_200_000
