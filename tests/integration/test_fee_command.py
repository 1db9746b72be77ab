"""`manage.py fee`: the four figures, what is refused, and that the unknown is dear."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from markets.terms.fees import revision_of
from markets.terms.fees_kalshi import schedule
from markets.terms.units import MICRO


def asked(venue: str, price: str, count: str, *options: str, role: str = "taker") -> dict[str, Any]:
    out = StringIO()
    line = (venue, "--price", price, "--count", count, "--role", role, *options, "--json")
    call_command("fee", *line, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def test_it_answers_fee_model_regime_and_the_schedule_s_name() -> None:
    answer = asked("kalshi", "0.48", "1")

    assert list(answer) == ["fee", "model", "regime", "rev"]
    assert (answer["fee"], answer["model"]) == ("0.017500", "0.017472")
    assert answer["regime"].startswith("Kalshi regime 2 from 2026-05-28")
    assert answer["rev"] == revision_of(schedule("quadratic", MICRO))


@pytest.mark.parametrize(
    ("line", "fee"),
    [
        (("kalshi", "0.50", "1", "--on", "2026-02-05"), "0.020000"),
        (("kalshi", "0.0131", "0.27", "--on", "2026-10-01"), "0.000263"),
        (("kalshi", "0.50", "1", "--on", "2026-05-27T23:59:00Z"), "0.020000"),
        (("kalshi", "0.50", "1", "--on", "2026-05-27T23:59:00-04:00"), "0.017500"),
        (("kalshi", "0.50", "1", "--precision", "0.01"), "0.020000"),
        (("kalshi", "0.27", "10", "--series", "KXMLBGAME"), "0.069000"),
        (("kalshi", "0.27", "10", "--series", "KXMLBGAME", "--multiplier", "1"), "0.138000"),
        (("kalshi", "0.50", "1", "--series", "KXINXY", "--on", "2026-07-02"), "0.008800"),
        (("kalshi", "0.055", "3", "--side", "sell"), "0.011000"),
        (("polymarket", "0.335", "250", "--category", "sports"), "2.784690"),
        (("polymarket", "0.335", "250", "--category", "Sports", "--on", "2026-07-09"), "1.670820"),
        (("polymarket", "0.12", "1000", "--rate", "0.04"), "4.224000"),
        (("predictit", "0.40", "10"), "0.600000"),
        (("predictit", "0.40", "10", "--side", "sell"), "0.400000"),
        (("betfair", "0.40", "100"), "3.000000"),
        (("amm", "0.49", "100", "--rate", "0.02"), "1.000000"),
        (("bookmaker", "0.50", "100"), "0.000000"),
    ],
)
def test_each_venue_is_charged_by_its_dated_table(line: tuple[str, ...], fee: str) -> None:
    assert asked(*line)["fee"] == fee


def test_a_maker_pays_by_the_type_of_the_series() -> None:
    makers = ("--type", "quadratic_with_maker_fees")

    assert asked("kalshi", "0.25", "100", *makers, role="maker")["fee"] == "0.328200"
    assert asked("kalshi", "0.25", "100", role="maker")["fee"] == "0.000000"
    assert asked("polymarket", "0.25", "100", "--rate", "0.07", role="maker")["fee"] == "0.000000"


@pytest.mark.parametrize(
    "line",
    [
        ("kalshi", "0.50", "1", "--type", "flat"),
        ("polymarket", "0.50", "1"),
        ("polymarket", "0.50", "1", "--category", "curling"),
        ("polymarket", "0.50", "1", "--category", "crypto", "--on", "2026-01-01"),
        ("amm", "0.50", "1"),
    ],
)
def test_what_is_not_known_costs_the_worst_case_and_says_so(line: tuple[str, ...]) -> None:
    answer = asked(*line)

    assert answer["regime"].startswith("schedule unknown, worst case: ")
    assert answer["fee"] == "0.070000"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (("nowhere", "0.50", "1"), "no fee table for venue 'nowhere'"),
        (("kalshi", "half", "1"), "not a decimal number: 'half'."),
        (("kalshi", "1.5", "1"), "--price 1.5 is not between 0 and 1 dollar."),
        (("kalshi", "0.50", "0"), "--count 0 is not above zero."),
        (("kalshi", "0.50", "1", "--on", "yesterday"), "--on 'yesterday' is no date"),
        (("kalshi", "0.50", "1", "--rate", "-0.1"), "--rate -0.1 is no rate of a fee."),
        (("kalshi", "0.50", "1", "--rate", "7"), "--rate 7 is no rate of a fee."),
        (
            ("predictit", "0.50", "1", "--multiplier", "1"),
            "--multiplier means nothing at predictit",
        ),
        (("kalshi", "0.50", "1", "--category", "sports"), "--category means nothing at kalshi"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_two(line: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence.replace("(", r"\(")) as refused:
        asked(*line)

    assert refused.value.returncode == 2
    assert len(str(refused.value).splitlines()) == 1
