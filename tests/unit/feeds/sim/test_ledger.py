"""The venue's own books: pairs, netting, shards, settlement, trades taken back."""

import pytest

from feeds.sim.ledger import Deed, Ledger, Party
from feeds.sim.matching import HOUSE
from markets.terms.ids import MarketId
from markets.terms.units import MICRO, Ns, Px, Qty, Usd
from trading.engine.orders import Side

AT = Ns(1_000)
A = MarketId("kalshi:A")
B = MarketId("kalshi:B")


def cents(number: int) -> Px:
    return Px(number * 10_000)


def count(number: int) -> Qty:
    return Qty(number * MICRO)


def usd(number_of_cents: int) -> Usd:
    return Usd(number_of_cents * 10_000)


def ledger(*, nets: bool = False) -> Ledger:
    made = Ledger()
    made.open(A, nets=nets)
    for account in ("ann", "bob"):
        made.deposit(account, usd(10_000))
    return made


def party(account: str, outcome: int, side: Side, fee: int = 0) -> Party:
    return Party(account, f"{account}-1", outcome, side, Usd(fee))


def buys(made: Ledger, key: str, account: str, outcome: int, px: int, size: int) -> Deed:
    """`account` buys from the house at the outcome's own price."""
    yes = px if outcome == 0 else 100 - px
    side = Side.BUY if outcome == 0 else Side.SELL
    against = made.house(A, Side.SELL if side is Side.BUY else Side.BUY, count(size))
    level = (cents(yes), count(size))
    return made.trade(key, A, level, (party(account, outcome, Side.BUY), against), AT)[0]


def test_buyers_of_both_outcomes_make_a_pair_that_is_backed_by_their_dollar() -> None:
    made = ledger()
    level = (cents(42), count(10))
    made.trade("t", A, level, (party("ann", 0, Side.BUY), party("bob", 1, Side.BUY)), AT)
    assert (made.cash("ann"), made.cash("bob")) == (usd(10_000 - 420), usd(10_000 - 580))
    assert made.pairs(A) == count(10)
    assert made.holdings("bob") == {(A, 1): count(10)}
    assert made.problems() == []


def test_a_seller_hands_over_shares_and_two_sellers_give_the_pair_back() -> None:
    made = ledger()
    both = (party("ann", 0, Side.BUY), party("bob", 1, Side.BUY))
    made.trade("t1", A, (cents(42), count(10)), both, AT)
    made.deposit("cyd", usd(1_000))
    handed = (party("cyd", 0, Side.BUY), party("ann", 0, Side.SELL))
    made.trade("t2", A, (cents(50), count(4)), handed, AT)
    assert (made.pairs(A), made.held("cyd", A, 0)) == (count(10), count(4))
    back = (party("bob", 1, Side.SELL), party("ann", 0, Side.SELL))
    made.trade("t3", A, (cents(45), count(6)), back, AT)
    assert made.pairs(A) == count(4)
    assert made.cash("ann") == usd(10_000 - 420 + 200 + 270)
    assert made.cash("bob") == usd(10_000 - 580 + 330)
    assert made.problems() == []


def test_yes_and_no_of_a_netting_market_give_their_dollar_back_at_once() -> None:
    made = ledger(nets=True)
    buys(made, "t1", "ann", 0, 48, 1)
    buys(made, "t2", "ann", 1, 48, 1)
    assert made.cash("ann") == usd(10_000 - 48 - 48 + 100)
    assert made.holdings("ann") == {}
    assert made.problems() == []


def test_without_netting_both_are_kept() -> None:
    made = ledger()
    buys(made, "t1", "ann", 0, 48, 1)
    buys(made, "t2", "ann", 1, 48, 1)
    assert made.cash("ann") == usd(10_000 - 96)
    assert made.holdings("ann") == {(A, 0): count(1), (A, 1): count(1)}


def test_the_outcome_a_netting_venue_trades_closes_before_it_opens() -> None:
    made = ledger(nets=True)
    assert made.intent("ann", A, Side.SELL, count(5)) == 1
    buys(made, "t1", "ann", 0, 48, 5)
    assert made.intent("ann", A, Side.SELL, count(5)) == 0
    assert made.intent("ann", A, Side.SELL, count(6)) == 1
    assert made.intent("ann", A, Side.BUY, count(6)) == 0


def test_nobody_sells_what_he_has_not_and_both_sides_must_differ() -> None:
    made = ledger()
    level = (cents(42), count(1))
    short = (party("ann", 0, Side.SELL), party("bob", 0, Side.BUY))
    with pytest.raises(ValueError, match="ann sells 1000000 of outcome 0 of kalshi:A and holds 0"):
        made.trade("t", A, level, short, AT)
    with pytest.raises(ValueError, match="both parties are on the same side"):
        made.trade("t", A, level, (party("ann", 0, Side.BUY), party("bob", 1, Side.SELL)), AT)
    assert made.problems() == []


def test_fees_leave_the_pocket_and_arrive_at_the_venue() -> None:
    made = ledger()
    fee = party("ann", 0, Side.BUY, fee=17_500)
    deed, _ = made.trade("t", A, (cents(50), count(1)), (fee, party("bob", 1, Side.BUY)), AT)
    assert (deed.fee, deed.cash, made.fees) == (17_500, -517_500, 17_500)
    assert made.problems() == []


def test_a_fraction_of_a_millionth_is_paid_up_received_down_and_kept_by_the_venue() -> None:
    made = ledger()
    odd = (Px(333_333), Qty(10_001))
    made.trade("t", A, odd, (party("ann", 0, Side.BUY), party("bob", 1, Side.BUY)), AT)
    assert made.dust == 1
    assert made.problems() == []


def test_each_shard_is_a_pocket_of_its_own() -> None:
    made = ledger()
    made.open(B, shard=3)
    assert not made.has("ann", 3)
    assert made.transfer("ann", usd(500), 0, 3)
    assert not made.transfer("ann", usd(10_000), 0, 3)
    made.deposit("bob", usd(100), 3)
    both = (party("ann", 0, Side.BUY), party("bob", 1, Side.BUY))
    made.trade("t", B, (cents(50), count(1)), both, AT)
    assert made.pockets("ann") == {0: usd(9_500), 3: usd(450)}
    assert made.problems() == []


def test_what_an_open_order_has_spoken_for_is_not_free() -> None:
    made = ledger()
    made.reserve("o1", "ann", usd(4_000))
    made.reserve("o2", "ann", usd(1_000))
    made.reserve("o1", "ann", usd(3_000))
    assert (made.free("ann"), made.cash("ann"), made.free("bob")) == (
        usd(6_000),
        usd(10_000),
        usd(10_000),
    )
    assert not made.transfer("ann", usd(6_001), 0, 1)
    made.reserve("o2", "ann", Usd(0))
    assert made.free("ann") == usd(7_000)


@pytest.mark.parametrize("yes", [0, 37, 50, 100])
def test_a_settled_market_pays_each_share_and_is_gone(yes: int) -> None:
    made = ledger()
    buys(made, "t1", "ann", 0, 42, 10)
    buys(made, "t2", "bob", 1, 55, 10)
    paid = made.settle(A, (cents(yes), cents(100 - yes)), AT)
    assert {p.account: p.cash for p in paid if p.account != HOUSE} == {
        "ann": usd(yes * 10),
        "bob": usd((100 - yes) * 10),
    }
    assert made.holdings("ann") == {} == made.holdings(HOUSE)
    assert made.cash("ann") == usd(10_000 - 420 + yes * 10)
    assert made.problems() == []


def test_a_settlement_must_share_out_one_dollar() -> None:
    made = ledger()
    with pytest.raises(ValueError, match="not one dollar"):
        made.settle(A, (cents(60), cents(60)), AT)


def test_a_trade_that_failed_is_taken_back_entirely() -> None:
    made = ledger()
    before = (made.cash("ann"), made.fees, made.dust)
    fee = party("ann", 0, Side.BUY, fee=17_500)
    level = (Px(333_333), Qty(10_001))
    made.trade("t", A, level, (fee, made.house(A, Side.SELL, level[1])), AT)
    assert made.reverse("t")
    assert (made.cash("ann"), made.fees, made.dust) == before
    assert made.holdings("ann") == {}
    assert [deed.is_reversed for deed in made.deeds] == [True, True]
    assert not made.reverse("t")
    assert made.problems() == []


def test_a_trade_whose_shares_are_gone_cannot_be_taken_back() -> None:
    made = ledger()
    buys(made, "t1", "ann", 0, 42, 10)
    sold = (party("ann", 0, Side.SELL), made.house(A, Side.BUY, count(10)))
    made.trade("t2", A, (cents(41), count(10)), sold, AT)
    assert not made.reverse("t1")
    assert made.reverse("t2")
    assert made.reverse("t1")
    assert made.problems() == []
    buys(made, "t3", "ann", 0, 42, 10)
    made.settle(A, (cents(100), cents(0)), AT)
    assert not made.reverse("t3")
    assert made.problems() == []


def test_the_house_finds_the_shares_it_must_give_back() -> None:
    made = ledger()
    buys(made, "t1", "ann", 0, 42, 10)
    sold = (party("ann", 0, Side.SELL), made.house(A, Side.BUY, count(10)))
    made.trade("t2", A, (cents(41), count(10)), sold, AT)
    assert made.holdings(HOUSE) == {}
    assert made.reverse("t2")
    assert made.held("ann", A, 0) == count(10)
    assert made.problems() == []


def test_shares_from_before_have_their_other_half_at_the_house() -> None:
    made = ledger()
    made.endow("ann", A, (count(3), count(1)))
    assert made.holdings("ann") == {(A, 0): count(3), (A, 1): count(1)}
    assert made.problems() == []


def test_a_difference_is_told_in_words() -> None:
    made = ledger()
    made.fees = Usd(1)
    assert made.problems() == ["200000000 was paid in, 200000001 is there"]
