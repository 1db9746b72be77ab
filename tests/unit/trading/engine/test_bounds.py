"""How bad a price may be, at the very edge."""

from markets.terms.units import Px
from tests.builders import px
from tests.deals import deal, mismatched
from trading.engine.bounds import floors, hedge_cap


def test_a_purchase_is_bounded_by_what_its_package_may_lose() -> None:
    engine, _ = mismatched("0.30x500")
    assert hedge_cap(engine.state, deal(engine), 1, px("0.02")) == px("0.60")
    assert hedge_cap(engine.state, deal(engine), 1, Px(19_999)) == px("0.59")
    assert hedge_cap(engine.state, deal(engine), 1, Px(-50_000)) == px("0.53")


def test_costs_given_take_the_place_of_what_was_paid() -> None:
    engine, _ = mismatched("0.30x500")
    assert hedge_cap(engine.state, deal(engine), 1, Px(0), (px("0.45"), Px(0))) == px("0.55")


def test_no_price_is_none() -> None:
    engine, _ = mismatched("0.30x500")
    assert hedge_cap(engine.state, deal(engine), 1, Px(-900_000)) in (None, Px(0))


def test_a_sale_goes_down_by_stages_of_its_loss() -> None:
    engine, _ = mismatched("0.30x500")
    assert floors(engine.state, deal(engine), 0) == (px("0.41"), px("0.40"), px("0.39"), px("0.37"))
    engine, _ = mismatched("0.30x500", unwind_loss=0)
    assert floors(engine.state, deal(engine), 0) == (px("0.42"),)
