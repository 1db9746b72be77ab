from msgspec.structs import replace

from markets.terms.ids import MarketId, RelationId
from markets.terms.packages import Package, least_payout, share
from markets.terms.relations import pair
from markets.terms.tables import Certificate, Runner, Subject, field
from markets.terms.units import MICRO, Px, Qty
from tests.builders import (
    FIRST,
    RELATION,
    SECOND_MARKET,
    START,
    book,
    gap,
    market,
    show,
    snapshot,
    started,
)
from trading.engine.events import PackageProposed
from trading.engine.proposals import PROPOSED, package_of, priced

NAMES = "ABCD"
FIELD = field(
    Subject(RelationId("f"), "f"),
    [Runner(n, (MarketId(f"kalshi:{n}"),)) for n in NAMES],
    Certificate("one wins"),
)
NOES = {1: Qty(30 * MICRO), 3: Qty(30 * MICRO), 5: Qty(30 * MICRO), 7: Qty(30 * MICRO)}


def test_a_proposal_is_priced_from_the_books_as_they_are() -> None:
    relation = pair(RelationId("r"), MarketId(FIRST), MarketId(SECOND_MARKET), title="r")
    books = {b.market: b for b in gap()}
    markets = {b.market: market(b.market) for b in gap()}
    found = priced(relation, {0: Qty(10 * MICRO), 3: Qty(10 * MICRO)}, books, markets, Px(500))

    assert found is not None
    assert (found.payout, found.cost, found.friction) == (10 * MICRO, 9_200_000, 5_000)
    assert found.profit == found.payout - found.cost - found.fees - found.friction
    assert priced(relation, {0: Qty(101 * MICRO)}, books, markets, Px(0)) is None
    assert priced(relation, {0: Qty(MICRO)}, {}, markets, Px(0)) is None


def test_a_proposed_purchase_is_the_package_whose_least_payout_is_a_dollar() -> None:
    package = package_of(FIELD, NOES, 64)

    assert isinstance(package, Package)
    assert [str(share(package, leg)) for leg in package.legs] == ["1/3"] * 4
    prices = (Px(700_000),) * 4
    assert least_payout(FIELD, package, prices) == package.scale * MICRO


def test_an_uneven_purchase_is_weighed_exactly() -> None:
    package = package_of(FIELD, {**NOES, 7: Qty(37_010_000)}, 64)

    assert isinstance(package, Package)
    least = min(
        sum(FIELD.claims[x.claim].pays[w].fixed * x.weight for x in package.legs) for w in range(4)
    )
    assert least == package.scale * 10**12


def test_what_covers_nothing_or_does_not_exist_is_no_package() -> None:
    assert "pays nothing" in str(package_of(FIELD, {1: Qty(MICRO)}, 64))
    assert "do not exist" in str(package_of(FIELD, {99: Qty(MICRO)}, 64))
    assert "do not exist" in str(package_of(FIELD, {}, 64))


def test_the_engine_takes_a_proposal_where_proposals_are_approved() -> None:
    config = snapshot()
    allowed = tuple(replace(r, packages=(*r.packages, PROPOSED)) for r in config.relations)
    engine = started(replace(config, relations=allowed))
    show(engine, book(FIRST, bids="0.40x100", asks="0.60x100"))
    engine.step(PackageProposed(START, RELATION, ((0, Qty(MICRO)), (3, Qty(MICRO)))))

    routes = [route.package.index for route in engine.state.entries[RELATION].routes]
    assert PROPOSED in routes
    engine.step(PackageProposed(START, RELATION, ((0, Qty(MICRO)),)))
    routes = [route.package.index for route in engine.state.entries[RELATION].routes]
    assert PROPOSED not in routes
