from markets.terms.fees_other import PREDICTIT
from markets.terms.linked import Held, debit, results
from markets.terms.units import MICRO, Px, Qty, Usd
from tests.unit.markets.terms.fee_records import agreed, record


def held(contract: str, side: str, shares: int, price: float) -> Held:
    return Held(contract, side == "yes", Qty(shares * MICRO), Px(round(price * MICRO)))


def test_a_second_no_in_the_same_market_gives_money_back() -> None:
    first, second = held("Iowa", "no", 5, 0.80), held("Wisconsin", "no", 4, 0.75)

    assert debit((first,), PREDICTIT, complete=False) == 4_000_000
    assert debit((first, second), PREDICTIT, complete=False) == 3_100_000


def test_a_market_without_another_contract_has_one_case_less() -> None:
    three = (held("A", "yes", 100, 0.4), held("B", "yes", 100, 0.38), held("C", "yes", 100, 0.17))

    assert debit(three, PREDICTIT, complete=False) == 95_000_000
    assert debit(three, PREDICTIT, complete=True) == 3_300_000


def test_nothing_held_needs_nothing() -> None:
    assert debit((), PREDICTIT, complete=True) == 0


def test_every_linked_example_agrees() -> None:
    name = "math/predictit_risk.json"
    rows = record(name)["examples"]
    same = []
    for row in rows:
        positions = [
            held(x["contract"], x["side"], x["shares"], x["price"]) for x in row["positions"]
        ]
        wanted = {
            "" if winner == "(any other)" else winner: Usd(round(profit * MICRO))
            for winner, profit in row["profit_if_this_contract_resolves_yes"].items()
        }
        ours = (
            results(positions, PREDICTIT, complete=False),
            debit(positions, PREDICTIT, complete=False),
        )
        same += [row] if ours == (wanted, round(row["amount_debited"] * MICRO)) else []
    agreed(len(same), len(rows), name)
