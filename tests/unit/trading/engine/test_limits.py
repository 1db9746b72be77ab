"""The table of settings: read exactly, unique, each with bounds around what ships."""

from __future__ import annotations

from trading.engine.limits import LIMITS, SPECS, Limits, Scope, Unit


def test_the_table_is_read_in_base_units() -> None:
    edge, age, dust = SPECS["min_net_edge"], SPECS["trade_age_ms"], SPECS["dust"]

    assert (edge.unit, edge.default, edge.low, edge.high) == (Unit.CENTS, 25_000, 0, 1_000_000)
    assert (age.unit, age.default, age.low, age.high) == (Unit.MS, 2000, 50, 600_000)
    assert (dust.unit, dust.default, dust.high) == (Unit.CONTRACTS, 10_000, 10_000_000)
    assert SPECS["max_slippage"].default == 5_000
    assert SPECS["max_trade"].low == 1
    assert edge.meaning == "Least net edge per $1 payout."
    assert edge.group == "Edge"


def test_every_setting_stands_once_and_its_field_has_what_ships() -> None:
    assert len(SPECS) == len(LIMITS) > 80
    for spec in LIMITS:
        assert spec.low <= spec.default <= spec.high, spec.key
        assert getattr(Limits(), spec.key) == spec.default, spec.key
        assert spec.meaning.endswith("."), spec.key


def test_scopes_are_named_from_the_least_specific_to_the_most() -> None:
    order = list(Scope)

    assert SPECS["min_net_edge"].scopes == (
        Scope.STRATEGY,
        Scope.CATEGORY,
        Scope.EVENT,
        Scope.RELATION,
    )
    assert SPECS["venue_capital"].scopes == (Scope.VENUE,)
    assert SPECS["max_total_exposure"].scopes == ()
    for spec in LIMITS:
        assert list(spec.scopes) == sorted(spec.scopes, key=order.index), spec.key
