"""Profiles: the numbers the founding systems chose, and our own two, as changes to what ships.

A profile names only what differs from the shipped value; everything else it leaves as shipped. The
values are written as people read them. `S0` to `S4` are the five founding systems; a percentage or
basis points of cost became as many cents per $1 payout, which asks for more. Source: the table in
docs/presets.md, which a test compares with this one.
"""

from __future__ import annotations

import msgspec

from trading.amounts import value_of
from trading.engine.limits import LIMITS, SPECS, Unit

SHIPPED = "shipped"
CONSERVATIVE = "conservative"
TAKER = "taker_taker"


class Profile(msgspec.Struct, frozen=True):
    """A named set of limits in base units, whole: every setting has a value.

    `live` says whether real orders may stay allowed; `strategies` are the only ones that may stay
    on, all of them when it is None.
    """

    name: str
    says: str
    values: dict[str, int]
    live: bool = True
    strategies: tuple[str, ...] | None = None


_FOUNDING: dict[str, tuple[str, dict[str, str]]] = {
    "S0": (
        "Four venues, cross-book engine, 14 steps.",
        {
            "min_net_edge": "1.5",
            "max_edge": "15",
            "ignore_ms": "30000",
            "evict_ms": "300000",
            "reconnect_cap_ms": "30000",
            "unexpected_error_ms": "5000",
            "ps3838_tick_ms": "200",
            "dom_flush_ms": "20",
            "dom_scrape_ms": "30000",
            "dom_recover_ms": "10000",
        },
    ),
    "S1": (
        "Maker then hedge, with a model of the race and a log of fills.",
        {
            "min_net_edge": "1",
            "max_trade": "100",
            "min_trade": "50",
            "max_event_exposure": "200",
            "max_total_exposure": "500",
            "max_slippage": "200",
            "daily_loss": "200",
            "max_losses": "5",
            "trade_age_ms": "2000",
            "stale_ms": "5000",
            "maker_timeout_ms": "10000",
            "size_mismatch": "1",
            "unhedged_alert_ms": "30000",
            "half_life_ms": "500",
            "half_life_aggressive_ms": "300",
            "fill_floor": "10",
            "queue_prior_1": "30",
            "queue_prior_2": "50",
            "queue_prior_3": "65",
            "queue_prior_4": "75",
            "relook_ms": "1000",
            "stats_ms": "60000",
            "dashboard_ms": "500",
        },
    ),
    "S2": (
        "Breaker, dedupe, fee table, discovery cache; its edge is for research.",
        {
            "min_net_edge": "15",
            "max_contracts_market": "100",
            "max_contracts_total": "500",
            "daily_loss": "50",
            "max_errors": "5",
            "error_cooldown_ms": "60000",
            "hedge_timeout_ms": "5000",
            "deal_timeout_ms": "5000",
            "discovery_ttl_ms": "7200000",
        },
    ),
    "S3": (
        "Matching, lead-lag, hedge timer, stops by day, week and month.",
        {
            "min_net_edge": "2.5",
            "per_contract_exposure": "250",
            "venue_capital": "5000",
            "open_deals": "8",
            "daily_loss_share": "1",
            "weekly_loss_share": "3",
            "monthly_loss_share": "5",
            "trade_age_ms": "2000",
            "feed_latency_ms": "2000",
            "hedge_timeout_ms": "250",
            "retries": "3",
            "backoff_max_ms": "800",
            "hedge_probability": "99",
            "adverse_move": "1.5",
            "adverse_move_ms": "5000",
            "size_mismatch": "1",
            "min_match_score": "92",
            "lead_bar_ms": "5000",
            "lead_window_ms": "600000",
            "lead_stable": "3",
            "lead_of": "4",
        },
    ),
    "S4": (
        "Many outcomes, pools, yearly return, early exit.",
        {
            "min_net_edge": "1",
            "min_apy": "50",
            "max_trade": "1000",
            "max_slippage": "50",
        },
    ),
}
FOUNDING = tuple(_FOUNDING)

# Money that `conservative` halves: every most, never a least.
HALVED = tuple(s.key for s in LIMITS if s.unit is Unit.USD and s.key != "min_trade")


def named(name: str) -> dict[str, int]:
    """What a founding profile itself says, in base units; the rest it leaves as shipped."""
    return {key: value_of(text, SPECS[key].unit) for key, text in _FOUNDING[name][1].items()}


def _shipped() -> dict[str, int]:
    return {spec.key: spec.default for spec in LIMITS}


def _founding(name: str) -> Profile:
    return Profile(name, _FOUNDING[name][0], {**_shipped(), **named(name)})


def _conservative() -> Profile:
    halves = {key: max(SPECS[key].low, SPECS[key].default // 2) for key in HALVED}
    edge = value_of("4", SPECS["min_net_edge"].unit)
    return Profile(
        CONSERVATIVE,
        "As shipped with half of all money, 4 ¢ an edge, taker and taker only, nothing live.",
        {**_shipped(), **halves, "min_net_edge": edge},
        live=False,
        strategies=(TAKER,),
    )


PROFILES: dict[str, Profile] = {
    **{name: _founding(name) for name in FOUNDING},
    CONSERVATIVE: _conservative(),
    SHIPPED: Profile(SHIPPED, "What a fresh site has.", _shipped()),
}
