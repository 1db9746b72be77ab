"""Positions follow fills, and rounding never flatters us."""

from markets.terms.ids import MarketId, OrderId
from markets.terms.units import Ns, Qty, Usd
from tests.builders import px, qty, usd
from trading.engine.orders import BookKind, Fill, Side
from trading.engine.positions import Position, apply, empty, key_of, money_of, settle, undo

M = MarketId("kalshi:A")


def fill(side: Side, price: str, size: str, outcome: int = 0, fee: str = "0") -> Fill:
    return Fill("k", OrderId("o"), M, outcome, side, px(price), qty(size), usd(fee), Ns(0))


def held(*fills: Fill) -> Position:
    position = empty(M, BookKind.PAPER, 2)
    for one in fills:
        position = apply(position, one)
    return position


def test_buying_adds_contracts_money_and_fees() -> None:
    position = held(fill(Side.BUY, "0.42", "10", fee="0.05"), fill(Side.BUY, "0.44", "10"))
    assert position.qty == (qty("20"), 0)
    assert position.cost == (usd("8.6"), 0)
    assert position.fees == usd("0.05")


def test_selling_takes_cost_out_at_the_average() -> None:
    position = held(fill(Side.BUY, "0.40", "10"), fill(Side.SELL, "0.50", "4"))
    assert position.qty[0] == qty("6")
    assert position.cost[0] == usd("2.4")
    assert position.realised == usd("0.4")


def test_an_uneven_average_never_overstates_the_gain() -> None:
    three = Fill("k", OrderId("o"), M, 0, Side.BUY, px("0.333333"), Qty(3), Usd(0), Ns(0))
    one = Fill("l", OrderId("o"), M, 0, Side.SELL, px("0.333333"), Qty(1), Usd(0), Ns(0))
    assert held(three, one).realised == -1


def test_money_of_a_purchase_rounds_up_and_of_a_sale_down() -> None:
    tiny = Fill("k", OrderId("o"), M, 0, Side.BUY, px("0.5"), Qty(1), Usd(0), Ns(0))
    assert money_of(tiny) == 1
    assert money_of(Fill("k", OrderId("o"), M, 0, Side.SELL, px("0.5"), Qty(1), Usd(0), Ns(0))) == 0


def test_selling_more_than_held_is_not_hidden() -> None:
    assert held(fill(Side.SELL, "0.5", "3")).qty[0] == -qty("3")


def test_outcomes_are_kept_apart() -> None:
    position = held(fill(Side.BUY, "0.40", "10"), fill(Side.BUY, "0.55", "10", outcome=1))
    assert position.qty == (qty("10"), qty("10"))
    assert position.cost == (usd("4"), usd("5.5"))


def test_a_settlement_empties_the_position_and_realises_its_gain() -> None:
    position = held(fill(Side.BUY, "0.40", "10"), fill(Side.BUY, "0.55", "10", outcome=1))
    after = settle(position, (px("1"), px("0")))
    assert after.qty == (0, 0)
    assert after.realised == usd("0.5")


def test_paper_and_live_are_kept_under_different_keys() -> None:
    assert key_of(M, BookKind.PAPER) != key_of(M, BookKind.LIVE)


def test_a_purchase_taken_back_leaves_nothing_behind() -> None:
    bought = fill(Side.BUY, "0.42", "10", fee="0.05")
    assert undo(held(bought), bought) == empty(M, BookKind.PAPER, 2)


def test_a_sale_taken_back_brings_the_shares_back_and_no_gain_is_made_of_it() -> None:
    sale = fill(Side.SELL, "0.50", "4", fee="0.01")
    before = held(fill(Side.BUY, "0.40", "10"))
    after = undo(apply(before, sale), sale)
    assert (after.qty, after.fees) == (before.qty, before.fees)
    assert after.cost[0] - after.realised == before.cost[0] - before.realised


def test_cost_left_without_shares_is_a_loss() -> None:
    cheap, dear = fill(Side.BUY, "0.40", "5"), fill(Side.BUY, "0.60", "5")
    position = apply(held(cheap, dear), fill(Side.SELL, "0.50", "5"))
    after = undo(position, cheap)
    assert (after.qty[0], after.cost[0]) == (0, 0)
    assert after.realised == position.realised - (position.cost[0] - usd("2"))
