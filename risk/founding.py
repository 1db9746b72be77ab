"""The founding systems' `CB_*` names: which setting each means, and the unit it was written in.

A percentage of the payout is the same number of cents per $1, so `CB_MIN_EDGE` 1.5 is 1.5 ¢. A name
that is not here has no counterpart and is reported, never guessed.
"""

from __future__ import annotations

from trading.engine.config import Unit

MODE = "CB_EXEC_MODE"
NAMES: dict[str, tuple[str, Unit]] = {
    "CB_ARB_ENABLED": ("xv_arb_enabled", Unit.FLAG),
    "CB_SCANNING_PAUSED": ("scanning_paused", Unit.FLAG),
    "CB_VIEW_ONLY": ("view_only", Unit.FLAG),
    "CB_MIN_EDGE": ("min_net_edge", Unit.PPM),
    "CB_MIN_EDGE_CENTS": ("min_net_edge", Unit.CENTS),
    "CB_MIN_EDGE_BPS": ("min_net_edge", Unit.BPS),
    "CB_MAX_EDGE": ("max_edge", Unit.PPM),
    "CB_MAX_SLIPPAGE_BPS": ("max_slippage", Unit.BPS),
    "CB_MIN_TRADE_USD": ("min_trade", Unit.USD),
    "CB_MAX_TRADE_USD": ("max_trade", Unit.USD),
    "CB_MAX_EVENT_EXPOSURE_USD": ("max_event_exposure", Unit.USD),
    "CB_MAX_TOTAL_EXPOSURE_USD": ("max_total_exposure", Unit.USD),
    "CB_VENUE_CAPITAL_USD": ("venue_capital", Unit.USD),
    "CB_MAX_OPEN_DEALS": ("open_deals", Unit.COUNT),
    "CB_MAX_QUOTE_AGE_MS": ("trade_age_ms", Unit.MS),
    "CB_MATCH_INTERVAL_MS": ("match_interval_ms", Unit.MS),
    "CB_COOLDOWN_MS": ("cooldown_ms", Unit.MS),
    "CB_HEDGE_TIMEOUT_MS": ("hedge_timeout_ms", Unit.MS),
}
