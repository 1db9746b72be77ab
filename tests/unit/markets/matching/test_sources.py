from markets.matching.sources import ALLOWED, allowance, data_sources, named
from markets.matching.verdicts import SourceAllowance
from tests.unit.markets.matching.sides_for_tests import kalshi


def names(rules: str) -> frozenset[str]:
    return frozenset(named(kalshi("K", "", rules)))


def test_figures_and_plain_sources_are_told_apart() -> None:
    found = names("Binance BTC/USDT decides. A consensus of credible reporting may also be used.")

    assert found == {"index:binance", "press"}
    assert data_sources(found) == {"index:binance"}


def test_the_same_name_on_both_sides_needs_no_allowance() -> None:
    one = frozenset({"agency:bls"})

    assert allowance(one, one, ()) == "both name agency:bls"


def test_two_indices_are_never_allowed_for_one_another() -> None:
    assert allowance(frozenset({"index:binance"}), frozenset({"index:cf benchmarks"}), ()) is None


def test_an_allowance_works_in_both_orders_and_gives_its_reason() -> None:
    contest, press = frozenset({"contest"}), frozenset({"press"})

    assert allowance(contest, press, ()) == allowance(press, contest, ())
    assert str(allowance(contest, press, ())).startswith("Official league result")


def test_a_policy_s_own_list_takes_the_place_of_the_seeded_one() -> None:
    none = (SourceAllowance("x", "y", "because"),)

    assert allowance(frozenset({"contest"}), frozenset({"press"}), none) is None


def test_every_seeded_allowance_has_its_reason() -> None:
    assert all(len(one.reason) > 30 for one in ALLOWED)
