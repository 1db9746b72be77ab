"""Profiles: whole, within bounds, without contradiction, and as the documents say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from markets.terms.units import Ns
from risk.profiles import CONSERVATIVE, FOUNDING, HALVED, PROFILES, SHIPPED, named
from trading.amounts import text_of, value_of
from trading.engine.config import LIMITS, SPECS, Limits, Snapshot, Unit

ROOT = Path(__file__).parents[3]
PRESETS = (ROOT / "docs" / "presets.md").read_text()
FOUNDING_TABLE = ROOT.parent / "shared" / "PRESETS.md"
HEAD = ("key", "unit", *FOUNDING, "shipped")
KEY_HEAD = ("key", "unit", *FOUNDING, CONSERVATIVE, SHIPPED)

# Rows of the founding table: their settings in the order the row names them.
ROWS: dict[str, tuple[str, ...]] = {
    "min_net_edge": ("min_net_edge",),
    "max_edge": ("max_edge",),
    "min_apy (OR with spread)": ("min_apy",),
    "max_trade": ("max_trade",),
    "min_trade (phase 2)": ("min_trade",),
    "per_contract_exposure": ("per_contract_exposure",),
    "max_event_exposure": ("max_event_exposure",),
    "max_total_exposure": ("max_total_exposure",),
    "venue_capital": ("venue_capital",),
    "max_contracts_market / total": ("max_contracts_market", "max_contracts_total"),
    "open deals (pairs_max)": ("open_deals",),
    "max_slippage": ("max_slippage",),
    "daily loss": ("daily_loss", "daily_loss_share"),
    "weekly pause / monthly review": ("weekly_loss_share", "monthly_loss_share"),
    "consecutive losses / errors / cool-down": ("max_losses", "max_errors", "error_cooldown_ms"),
    "trade age (refuse)": ("trade_age_ms",),
    "display stale / ignore / evict": ("stale_ms", "ignore_ms", "evict_ms"),
    "feed latency halt": ("feed_latency_ms", "feed_latency_for_ms"),
    "hedge_timeout": ("hedge_timeout_ms",),
    "deal timeout / maker timeout": ("deal_timeout_ms", "maker_timeout_ms"),
    "retries / backoff_max": ("retries", "backoff_max_ms"),
    "hedge probability": ("hedge_probability",),
    "adverse move": ("adverse_move", "adverse_move_ms"),
    "size mismatch / net": ("size_mismatch",),
    "unhedged alert": ("unhedged_alert_ms",),
    "half-life / floor": ("half_life_ms", "fill_floor"),
    "queue priors by level": ("queue_prior_1", "queue_prior_2", "queue_prior_3", "queue_prior_4"),
    "llm_accept_score → our score": ("min_match_score",),
    "lead-lag": ("lead_bar_ms", "lead_window_ms", "lead_stable", "lead_of"),
    "reconnect cap / unexpected error": ("reconnect_cap_ms", "unexpected_error_ms"),
    "PS3838 poll": ("ps3838_tick_ms", "ps3838_delta_ms", "ps3838_snapshot_ms"),
    "DOM flush / scrape / recover": ("dom_flush_ms", "dom_scrape_ms", "dom_recover_ms"),
    "discovery TTL": ("discovery_ttl_ms",),
    "re-look / statistics": ("relook_ms", "stats_ms"),
    "dashboard refresh": ("dashboard_ms",),
}


def table(text: str, head: tuple[str, ...]) -> list[dict[str, str]]:
    lines = [[c.strip() for c in x.strip("|").split("|")] for x in text.splitlines() if "|" in x]
    begin = lines.index(list(head)) + 2
    found = []
    for cells in lines[begin:]:
        if len(cells) != len(head) or cells == list(head) or cells[0] == "key":
            break
        found.append(dict(zip(head, cells, strict=True)))
    return found


def of_profile(name: str) -> Snapshot:
    limits = replace(Limits(), **PROFILES[name].values)
    return Snapshot(revision=0, at=Ns(0), limits=limits)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_has_every_setting_and_does_not_contradict_itself(name: str) -> None:
    assert list(PROFILES[name].values) == [s.key for s in LIMITS]
    assert of_profile(name).problems() == []


def test_the_documents_show_every_key_with_every_profiles_value() -> None:
    rows = table(PRESETS, KEY_HEAD)

    assert [row["key"].strip("`") for row in rows] == [s.key for s in LIMITS]
    for row in rows:
        spec = SPECS[row["key"].strip("`")]
        assert row["unit"] == spec.unit.value
        for name in (*FOUNDING, CONSERVATIVE, SHIPPED):
            written = row[name] or row[SHIPPED]
            assert value_of(written, spec.unit) == PROFILES[name].values[spec.key], (spec.key, name)


def test_a_founding_profile_says_something_exactly_where_the_founding_table_does() -> None:
    rows = {row["key"]: row for row in table(PRESETS, HEAD)}

    assert list(rows) == list(ROWS)
    for label, keys in ROWS.items():
        for name in FOUNDING:
            said = [key for key in keys if key in named(name)]
            assert bool(said) == bool(numbers(rows[label][name])), (label, name)


def numbers(cell: str) -> list[str]:
    return re.findall(r"\.?\d[\d.]*", cell)


@pytest.mark.parametrize("label", ROWS)
def test_each_shipped_number_is_the_founding_tables(label: str) -> None:
    cell = next(row["shipped"] for row in table(PRESETS, HEAD) if row["key"] == label)
    if cell == "same":
        cell = next(
            row["S1"] + row["S3"] + row["S0"] for row in table(PRESETS, HEAD) if row["key"] == label
        )
    said = [float(text) for text in numbers(cell)]

    for key in ROWS[label]:
        spec = SPECS[key]
        value = float(text_of(spec.default, spec.unit))
        scales = (1, 1000, 60_000, 3_600_000, 100)
        assert value == 0 or any(abs(value - n * scale) < 1e-9 for n in said for scale in scales), (
            key,
            cell,
        )


def test_conservative_is_half_of_all_money_and_takes_only() -> None:
    profile = PROFILES[CONSERVATIVE]

    changed = {k: v for k, v in profile.values.items() if v != SPECS[k].default}
    assert changed.pop("min_net_edge") == 40_000
    assert changed == {key: SPECS[key].default // 2 for key in HALVED}
    assert {s.key for s in LIMITS if s.unit is Unit.USD} - set(HALVED) == {"min_trade"}
    assert (profile.live, profile.strategies) == (False, ("taker_taker",))


@pytest.mark.skipif(not FOUNDING_TABLE.exists(), reason="../shared/PRESETS.md is not here")
def test_the_founding_table_is_copied_word_for_word() -> None:
    rows = [line for line in FOUNDING_TABLE.read_text().splitlines() if line.startswith("|")]

    assert "\n".join(rows) in PRESETS
