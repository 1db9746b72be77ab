"""The calculators: the engine's arithmetic, errors beside the field, open to visitors."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from markets.terms.fees import KALSHI, NONE, POLYMARKET, trade_fee
from markets.terms.instruments import FeeSchedule
from markets.terms.units import ONE, Px, Qty, Usd
from markets.tools.fields import cents, days, read, shares, values
from markets.tools.legs import Asked, Leg, add_up, break_even, grid, worst_of

pytestmark = pytest.mark.django_db

KA = FeeSchedule(KALSHI, 70_000)
PM = FeeSchedule(POLYMARKET, 50_000, precision=Usd(10))
FREE = FeeSchedule(NONE, 0)
LEGS = (Leg("Kalshi", KA, Px(420_000)), Leg("Polymarket", PM, Px(535_000)))
ASKED = Asked(Qty(310_000_000), ONE, 1_300_000, 45_000)


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_sum_is_what_both_legs_cost_with_their_own_fees() -> None:
    found = add_up(LEGS, ASKED)

    fees = sum(trade_fee(leg.fees, leg.px, ASKED.qty) for leg in LEGS)
    assert found.fee == fees
    assert found.cost == 310 * 955_000 + fees
    assert found.worst == 310_000_000 - found.cost
    assert found.each == found.worst * 1_000_000 // ASKED.qty


def test_just_below_the_break_even_pays_and_just_above_does_not() -> None:
    for which in (0, 1):
        even = break_even(LEGS, which, ASKED)
        assert even is not None
        for step, is_fine in ((0, True), (1_000, False)):
            legs = list(LEGS)
            legs[which] = Leg("x", LEGS[which].fees, Px(even + step))
            assert (worst_of(tuple(legs), ASKED) >= 0) is is_fine


def test_the_middle_of_the_grid_is_the_sum_and_dearer_is_never_better() -> None:
    rows = grid(LEGS, ASKED, (-5_000, 0, 5_000), (-5_000, 0, 5_000))

    assert rows[1][1][1] == (Px(535_000), add_up(LEGS, ASKED).worst)
    results = [[result for _, result in cells] for _, cells in rows]
    assert results == [sorted(r, reverse=True) for r in results]  # type: ignore[type-var]
    assert [r[0] for r in results] == sorted((r[0] for r in results), reverse=True)  # type: ignore[type-var]


def test_three_exclusive_noes_cost_less_than_the_two_dollars_they_pay() -> None:
    noes = tuple(Leg(f"No {n}", FREE, Px(640_000)) for n in range(3))
    found = add_up(noes, Asked(Qty(100_000_000), Px(2 * ONE), 30_000_000))

    assert (found.cost, found.worst) == (192_000_000, 8_000_000)


def test_a_field_says_its_bounds_and_guesses_a_shifted_point() -> None:
    fields = (cents("p", "Price", "42"), shares("n", "Shares", "1"), days("d", "Days", "1"))
    typed = read(fields, {"p": "420", "n": "many", "d": "1,000"})

    assert "0.01 to 99.99" in typed["p"].error
    assert "Did you mean 42?" in typed["p"].error
    assert "plain number" in typed["n"].error
    assert values(typed, "d") == (1_000_000_000,)
    assert values(typed, "d", "p") is None


@pytest.mark.parametrize("name", ["two", "many", "fees", "odds"])
def test_a_visitor_may_calculate_and_sees_nothing_of_the_site(name: str, client: Client) -> None:
    page = client.get(f"/tools/{name}/")

    assert page.status_code == 200
    assert b"Calculators" in page.content
    assert b"HALT" not in page.content
    assert b"Today" not in page.content


def test_with_the_switch_off_a_visitor_is_sent_to_the_login(
    client: Client, settings: object
) -> None:
    settings.PUBLIC_TOOLS = False  # type: ignore[attr-defined]

    assert client.get("/tools/two/").status_code == 302
    client.force_login(User.objects.create_user("reader"))
    assert client.get("/tools/two/").status_code == 200


def test_the_address_holds_the_inputs(client: Client) -> None:
    page = client.get("/tools/two/?a=none&pa=42&b=none&pb=53.5&shares=100&days=10").content.decode()

    assert "+$4.50" in text_of(page)
    assert 'value="53.5"' in page


def test_an_error_stands_beside_its_field_and_blanks_only_what_needs_it(client: Client) -> None:
    page = text_of(client.get("/tools/two/?capital=450").content.decode())
    assert "Did you mean 45?" in page
    assert "needs cost of capital" in page
    assert "Worst case" in page

    assert "Worst case" not in text_of(client.get("/tools/two/?pa=1e3").content.decode())


def test_a_fee_is_told_to_the_hundredth_of_a_cent_with_its_source(client: Client) -> None:
    page = text_of(client.get("/tools/fees/?v=kalshi&p=48&n=1").content.decode())

    assert "$0.0175" in page
    assert "Kalshi regime" in page


def test_odds_translate_and_impossible_ones_are_a_sentence(client: Client) -> None:
    page = text_of(client.get("/tools/odds/?kind=decimal&x=2.5").content.decode())
    assert "40.00¢" in page
    assert "+150" in page

    assert "must be above 1" in text_of(
        client.get("/tools/odds/?kind=decimal&x=1").content.decode()
    )


def test_an_unknown_calculator_is_not_found(client: Client) -> None:
    assert client.get("/tools/horoscope/").status_code == 404
