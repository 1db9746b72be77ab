"""Kalshi's texts as integers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from feeds.venues.kalshi import parse, wire
from markets.terms.fees import revision_of
from markets.terms.instruments import MarketState
from markets.terms.units import Ns, Px, Qty
from tests.unit.feeds.venues.kalshi.test_session import market
from trading.engine.orders import Side


def band(start: str, end: str, step: str) -> wire.Band:
    return wire.Band(start, end, step)


def test_bids_for_no_become_asks_of_yes() -> None:
    bids, asks = parse.levels([("0.0100", "966425.00")], [("0.5600", "9.12"), ("0.570", "1")])

    assert bids == [(10_000, 966_425_000_000)]
    assert asks == [(440_000, 9_120_000), (430_000, 1_000_000)]


@pytest.mark.parametrize(
    ("bids", "asks", "turned"),
    [
        ([420_000], [560_000, 10_000], True),
        ([420_000], [560_000], False),
        ([], [560_000, 10_000], False),
        ([600_000], [500_000, 410_000], False),
    ],
)
def test_a_book_sound_only_on_the_other_scale_is_known(
    bids: list[int], asks: list[int], turned: bool
) -> None:
    def sized(prices: list[int]) -> list[tuple[Px, Qty]]:
        return [(Px(px), Qty(1)) for px in prices]

    assert parse.is_turned_round(sized(bids), sized(asks)) is turned


def test_missing_sides_are_empty() -> None:
    assert parse.levels(None, None) == ([], [])


@pytest.mark.parametrize("text", ["", "x", "1e-2", "0.12345678", " 0.1", "NaN"])
def test_a_price_that_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        parse.yes_px(Side.BUY, text)


def test_a_side_that_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(ValueError, match="neither yes nor no: 'both'"):
        parse.side_of("both")


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-11-20T00:00:00Z", 1_795_132_800_000_000_000),
        ("2026-11-20T00:00:00.12345Z", 1_795_132_800_123_450_000),
        ("2026-11-20T01:00:00+01:00", 1_795_132_800_000_000_000),
        ("0001-01-01T00:00:00Z", None),
        ("2026-11-20T00:00:00", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_exact_and_the_zero_date_is_unset(text: str | None, ns: int | None) -> None:
    assert parse.ns_from_text(text) == ns


def test_a_tapered_ladder_is_read_from_its_bands() -> None:
    ladder = parse.ladder(
        [
            band("0.9000", "1.0000", "0.0010"),
            band("0.0000", "0.1000", "0.0010"),
            band("0.1000", "0.9000", "0.0100"),
        ]
    )

    assert [ladder.is_legal(Px(px)) for px in (99_000, 101_000, 110_000, 901_000)] == [
        True,
        False,
        True,
        True,
    ]
    assert ladder.bands[0].start == 0


@pytest.mark.parametrize(
    "bands",
    [
        None,
        [],
        [band("0", "1", "0")],
        [band("0.5", "0.5", "0.01")],
        [band("0", "2", "0.01")],
        [band("-1", "1", "0.01")],
        [band("a", "1", "0.01")],
    ],
)
def test_a_ladder_that_makes_no_sense_is_refused(bands: list[wire.Band] | None) -> None:
    with pytest.raises(ValueError, match=r"price_ranges|decimal"):
        parse.ladder(bands)


@pytest.mark.parametrize(
    ("name", "multiplier", "kind", "maker", "ppm"),
    [
        (None, None, "kalshi_quadratic", 0, 1_000_000),
        ("quadratic", Decimal("0.5"), "kalshi_quadratic", 0, 500_000),
        ("quadratic", Decimal(0), "kalshi_quadratic", 0, 0),
        ("quadratic_with_maker_fees", Decimal(1), "kalshi_quadratic", 17_500, 1_000_000),
        ("quadratic_with_combo_maker_fees", Decimal(1), "kalshi_quadratic", 35_000, 1_000_000),
        ("flat", Decimal(1), "unknown", 0, 1_000_000),
        ("margin_market_maker_program_fees", None, "unknown", 0, 1_000_000),
        ("quadratic", Decimal(-1), "unknown", 0, 1_000_000),
        ("quadratic", Decimal("NaN"), "unknown", 0, 1_000_000),
        ("quadratic", Decimal("0.12345678"), "unknown", 0, 1_000_000),
    ],
)
def test_fees_follow_type_and_multiplier_and_the_rest_is_unknown(
    name: str | None, multiplier: Decimal | None, kind: str, maker: int, ppm: int
) -> None:
    schedule = parse.fees(name, multiplier)

    assert (schedule.kind, schedule.maker_rate_ppm) == (kind, maker)
    assert (schedule.rate_ppm, schedule.multiplier_ppm) == (70_000, ppm)
    assert schedule.precision == 100
    assert schedule.rev == revision_of(schedule)


@pytest.mark.parametrize(
    ("result", "value", "paid"),
    [
        ("yes", None, (1_000_000, 0)),
        ("no", None, (0, 1_000_000)),
        ("scalar", "0.3060", (306_000, 694_000)),
        ("scalar", None, None),
        ("scalar", "1.5", None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_results_pay(result: str | None, value: str | None, paid: tuple[int, int] | None) -> None:
    assert parse.pays(result, value) == paid


def test_the_states_of_the_sheet_are_all_known_and_only_active_is_open() -> None:
    open_states = [name for name, state in parse.STATES.items() if state is MarketState.OPEN]

    assert open_states == ["active"]
    assert len(parse.STATES) == 8


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        (wire.Market("T", mve_collection_ticker="M"), "combo"),
        (wire.Market("T", market_type="scalar"), "not_binary"),
        (wire.Market("T", notional_value_dollars="2.0000"), "odd_payout"),
        (wire.Market("T", notional_value_dollars="one"), "odd_payout"),
        (wire.Market("T"), "bad_price_ranges"),
    ],
)
def test_markets_we_cannot_trade_are_left_out_with_a_reason(
    listed: wire.Market, reason: str
) -> None:
    assert parse.listing(wire.Event("E"), listed, parse.fees(None, None), "") == reason


def test_a_life_cycle_message_that_changes_nothing_is_nothing() -> None:
    one = market("A")

    assert parse.changed(one, wire.LifecycleBody("A", "activated")) is None
    assert parse.changed(one, wire.LifecycleBody("A", "metadata_updated")) is None


def test_a_settled_market_is_settled() -> None:
    after = parse.changed(market("A"), wire.LifecycleBody("A", "settled"))

    assert after is not None
    assert after.state is MarketState.SETTLED


def test_the_takers_purchase_is_what_a_print_says() -> None:
    body = wire.TradeBody("A", "0.4200", "2.00", taker_side="yes")

    seen = parse.trade_seen(body, Ns(5))

    assert seen is not None
    assert (seen.outcome, seen.px, seen.qty) == (0, Px(420_000), Qty(2_000_000))
