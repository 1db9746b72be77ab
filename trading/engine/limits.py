"""The one table of settings: key, unit, bounds, shipped value, scopes and meaning.

The admin, the pages, the documents and the tests read it. Values are integers in the unit's base
(cents and dollars in millionths, rates in parts per million, times in milliseconds); the table is
written as people read it and turned exactly. The defaults are the shipped profile. Not here: what
the founding systems chose (`risk.profiles`), nor who set what.
"""

from enum import StrEnum

import msgspec

from markets.terms.units import MICRO, micros_from_text


class Unit(StrEnum):
    """Base units of settings: what one integer step means."""

    CENTS = "¢"  # millionths of a dollar per $1 contract, shown in cents
    USD = "USD"  # millionths of a dollar
    PPM = "%"  # parts per million, shown in percent
    BPS = "bps"  # parts per million, shown in basis points
    MS = "ms"
    CONTRACTS = "contracts"  # millionths of a contract
    COUNT = "count"
    FLAG = "on/off"


# Base units in one unit shown, where the base unit is not the shown one.
PER_SHOWN: dict[Unit, int] = {
    Unit.CENTS: 10_000,
    Unit.USD: MICRO,
    Unit.PPM: 10_000,
    Unit.BPS: 100,
    Unit.CONTRACTS: MICRO,
}


class Scope(StrEnum):
    """What a value may be set for, from the least specific to the most; the last one holds."""

    EVERYTHING = ""
    STRATEGY = "strategy"
    VENUE = "venue"
    CATEGORY = "category"
    EVENT = "event"
    RELATION = "relation"


class LimitSpec(msgspec.Struct, frozen=True):
    """One setting. `low` and `high` bound what is accepted, both included. `scopes` are what it may
    be set for besides everything. `dormant` says why nothing reads it, empty where it acts.
    """

    key: str
    unit: Unit
    default: int
    low: int
    high: int
    group: str
    meaning: str
    scopes: tuple[Scope, ...] = ()
    dormant: str = ""


# Settings of parts that are not connected: kept, shown and compared, and read by nothing. Each says
# whose it is; a test holds that every other setting is read somewhere, and none of these.
_PS3838 = "It is for PS3838, which is not connected."
_BROWSER = "It is for feeds read in a browser, and no such feed is connected."
DORMANT: dict[str, str] = {
    "ps3838_tick_ms": _PS3838,
    "ps3838_delta_ms": _PS3838,
    "ps3838_snapshot_ms": _PS3838,
    "dom_flush_ms": _BROWSER,
    "dom_scrape_ms": _BROWSER,
    "dom_recover_ms": _BROWSER,
}


# A group, then for each setting: key, unit, shipped, lowest and highest value in the unit shown,
# scopes; and below it the meaning. Scopes `plan` are all that a whole plan has: no single venue.
_PLAN = (Scope.STRATEGY, Scope.CATEGORY, Scope.EVENT, Scope.RELATION)
_TABLE = """
Switches
  xv_arb_enabled          on/off    1        0        1         -
    The cross-venue engine may trade.
  scanning_paused         on/off    0        0        1         -
    No edge is looked for.
  view_only               on/off    0        0        1         -
    Edges are shown, nothing is traded.
Edge
  min_net_edge            ¢         2.5      0        100       plan
    Least net edge per $1 payout.
  min_apy                 %         0        0        10000     plan
    Yearly return that is enough below the least edge; 0 is off.
  max_edge                %         15       0        100       plan
    Above this the edge is not believed.
  max_neutral_loss        ¢         1        0        10        plan
    Most a neutral world may cost.
  max_tail_cost           ¢         0.6      0        100       plan
    Most the tail worlds may cost.
  max_slippage            bps       50       0        1000      plan
    Most a limit price may be worse.
  friction                ¢         0.05     0        10        -
    Cost per $1 payout that no fee names.
  profit_fell             %         10       0        100       plan
    A plan whose profit fell by more than this before sending is dropped.
  min_match_score         %         92       0        100       -
    A pair with a lower score is never confirmed by rule alone.
Size
  min_trade               USD       5        0        10000     plan
    Least cost of a deal.
  max_trade               USD       100      0.000001 100000    plan
    Most cost of one leg.
  max_event_exposure      USD       200      0.000001 1000000   plan
    Most cost held in one relation.
  max_total_exposure      USD       500      0.000001 1000000   -
    Most cost held in all.
  venue_capital           USD       5000     0        1000000   venue
    Most cost held at one venue.
  open_deals              count     8        0        1000      -
    Most deals open at once.
  per_contract_exposure   USD       250      0.000001 1000000   venue
    Most cost held in one outcome at one venue.
  max_category_exposure   USD       500      0.000001 1000000   category
    Most cost held in one category.
  max_open_relations      count     3        1        1000      category,event
    Most relations of one event with money at work at once.
  max_contracts_market    contracts 100      1        1000000   venue,category
    Most contracts held in one market.
  max_contracts_total     contracts 500      1        1000000   -
    Most contracts held in all.
Fill
  fill_model              count     0        0        2         -
    Counts levels by how likely they are still there and ours: 1 is on, 2 aggressive, 0 off.
  half_life_ms            ms        500      10       600000    venue
    After this time a level is still there with one half.
  half_life_aggressive_ms ms        300      10       600000    venue
    The same while the fill model is aggressive.
  fill_floor              %         10       0        100       -
    The least a level's age can leave of it.
  queue_prior_1           %         30       0        100       -
    Part of the best level that is ours.
  queue_prior_2           %         50       0        100       -
    Part of the second level that is ours.
  queue_prior_3           %         65       0        100       -
    Part of the third level that is ours.
  queue_prior_4           %         75       0        100       -
    Part of every deeper level that is ours.
  hedge_probability       %         99       0        100       plan
    With the fill model on, a first leg goes alone only if its hedge is this likely.
Freshness
  trade_age_ms            ms        2000     50       600000    venue
    A leg older than this is not traded.
  max_skew_ms             ms        1000     10       600000    -
    Most the ages of two legs may differ.
  stale_ms                ms        5000     100      600000    -
    Shown as stale after this.
  ignore_ms               ms        30000    100      3600000   -
    Not priced after this.
  evict_ms                ms        300000   1000     86400000  -
    Forgotten after this.
Venues
  min_venue_score         count     50       0        100       venue
    A venue with a lower score is not traded.
  trade_polled            on/off    0        0        1         venue
    Books polled over REST may be traded.
  clock_warn_ms           ms        100      10       60000     -
    A clock this far from ours is logged.
  clock_critical_ms       ms        500      10       60000     -
    A clock this far from ours is an error.
  clock_halt_ms           ms        1000     10       60000     -
    With a clock this far from ours nothing is traded.
  feed_latency_ms         ms        2000     50       600000    venue
    Messages later than this make a venue slow.
  feed_latency_for_ms     ms        10000    0        600000    venue
    A venue slow for this long is halted.
  reconnect_cap_ms        ms        30000    100      600000    venue
    Longest wait before a socket is opened again.
  unexpected_error_ms     ms        5000     100      600000    -
    Wait after an error of a feed that nobody foresaw.
  ps3838_tick_ms          ms        200      50       60000     -
    PS3838: how often its poller looks.
  ps3838_delta_ms         ms        5000     1000     600000    -
    PS3838: least time between delta calls of a sport.
  ps3838_snapshot_ms      ms        60000    1000     3600000   -
    PS3838: least time between whole calls of a sport.
  dom_flush_ms            ms        20       1        10000     -
    Browser feeds: changes are sent this often.
  dom_scrape_ms           ms        30000    1000     600000    -
    Browser feeds: whole page read.
  dom_recover_ms          ms        10000    1000     600000    -
    Browser feeds: a page that says nothing is loaded again after this.
  discovery_ttl_ms        ms        7200000  60000    604800000 venue
    A venue's catalogue is read again after this.
Pace
  match_interval_ms       ms        1000     0        3600000   plan
    Least time between deals of a relation.
  cooldown_ms             ms        10000    0        86400000  plan
    Pause of a relation after a failed deal.
  relook_ms               ms        1000     100      60000     -
    Everything is looked at again this often.
  self_test_ms            ms        600000   0        86400000  -
    A synthetic opportunity goes through everything this often; 0 is off.
  stats_ms                ms        60000    1000     3600000   -
    A line of statistics is made this often.
  dashboard_ms            ms        250      100      10000     -
    Pages get a row's news at most this often.
Deals
  hedge_timeout_ms        ms        250      10       60000     plan
    Hedge deadline besides the venue's delay.
  deal_timeout_ms         ms        5000     100      600000    plan
    A leg without an answer is asked for.
  hedge_loss              ¢         2        0        100       plan
    Most a hedge may lose per $1 payout.
  unwind_loss             ¢         5        0        100       plan
    Most an unwind may lose per contract.
  dust                    contracts 0.01     0        10        plan
    A mismatch up to this is left alone.
  size_mismatch           contracts 1        0        1000      plan
    A leftover above this, where it is more than dust, keeps its deal open.
  adverse_move            ¢         1.5      0        100       plan
    A naked leg that moved this far against us is unwound.
  adverse_move_ms         ms        5000     0        600000    plan
    How long a move against us must last.
  collapse_share          %         50       0        100       plan
    A hedge side that lost this part of its depth has collapsed.
  unhedged_alert_ms       ms        30000    100      3600000   plan
    A leg naked for this long raises an alert.
  maker_timeout_ms        ms        10000    100      3600000   plan
    A resting order without a fill is taken back after this.
  leader_first            on/off    1        0        1         plan
    The leg with the longer declared delay is bought first, the others for what it filled.
  maker_hedge             on/off    0        0        1         plan
    An order may rest where what is taken beside it leaves the least edge.
  retries                 count     3        0        20        -
    Most attempts at a refused order.
  backoff_max_ms          ms        800      10       60000     -
    Longest wait between attempts.
Stops
  daily_loss              USD       50       0        1000000   -
    A day's loss that stops all; 0 is off.
  daily_loss_share        %         1        0        100       -
    The same as part of the equity; the lesser holds; 0 is off.
  weekly_loss_share       %         3        0        100       -
    A week's loss of the equity that pauses trading until the next; 0 is off.
  monthly_loss_share      %         5        0        100       -
    A month's loss of the equity that waits for a person's review; 0 is off.
  max_drawdown            %         10       0        100       -
    A fall of the equity from its highest that stops all; 0 is off.
  max_losses              count     5        0        1000      -
    Losing deals in a row that stop all; 0 is off.
  max_errors              count     5        0        1000      -
    Errors in a row that stop all; 0 is off.
  error_cooldown_ms       ms        60000    1000     86400000  -
    How long errors in a row stop trading.
Lead-lag
  lead_bar_ms             ms        5000     100      600000    -
    Length of one bar of a lead-lag measurement.
  lead_window_ms          ms        600000   10000    86400000  -
    How far back bars are correlated.
  lead_stable             count     3        1        100       -
    Windows that must agree on the leader.
  lead_of                 count     4        1        100       -
    Windows that are asked.
"""


def _scopes(word: str) -> tuple[Scope, ...]:
    if word == "plan":
        return _PLAN
    return () if word == "-" else tuple(Scope(name) for name in word.split(","))


def _read(table: str) -> tuple[LimitSpec, ...]:
    found: list[LimitSpec] = []
    group, row = "", ""
    for line in table.strip().splitlines():
        if not line.startswith(" "):
            group = line
        elif not line.startswith("    "):
            row = line
        else:
            key, unit, *values, scopes = row.split()
            steps = MICRO // PER_SHOWN.get(Unit(unit), 1)
            default, low, high = (micros_from_text(text) // steps for text in values)
            found.append(
                LimitSpec(
                    key,
                    Unit(unit),
                    default,
                    low,
                    high,
                    group,
                    line.strip(),
                    _scopes(scopes),
                    DORMANT.get(key, ""),
                )
            )
    return tuple(found)


LIMITS: tuple[LimitSpec, ...] = _read(_TABLE)
SPECS: dict[str, LimitSpec] = {s.key: s for s in LIMITS}


class Limits(msgspec.Struct, frozen=True, gc=False):
    """All settings of `LIMITS` as fields, in base units; the defaults are the shipped profile."""

    xv_arb_enabled: int = 1
    scanning_paused: int = 0
    view_only: int = 0
    min_net_edge: int = 25_000
    min_apy: int = 0
    max_edge: int = 150_000
    max_neutral_loss: int = 10_000
    max_tail_cost: int = 6000
    max_slippage: int = 5000
    friction: int = 500
    profit_fell: int = 100_000
    min_match_score: int = 920_000
    min_trade: int = 5_000_000
    max_trade: int = 100_000_000
    max_event_exposure: int = 200_000_000
    max_total_exposure: int = 500_000_000
    venue_capital: int = 5_000_000_000
    open_deals: int = 8
    per_contract_exposure: int = 250_000_000
    max_category_exposure: int = 500_000_000
    max_open_relations: int = 3
    max_contracts_market: int = 100_000_000
    max_contracts_total: int = 500_000_000
    fill_model: int = 0
    half_life_ms: int = 500
    half_life_aggressive_ms: int = 300
    fill_floor: int = 100_000
    queue_prior_1: int = 300_000
    queue_prior_2: int = 500_000
    queue_prior_3: int = 650_000
    queue_prior_4: int = 750_000
    hedge_probability: int = 990_000
    trade_age_ms: int = 2000
    max_skew_ms: int = 1000
    stale_ms: int = 5000
    ignore_ms: int = 30_000
    evict_ms: int = 300_000
    min_venue_score: int = 50
    trade_polled: int = 0
    clock_warn_ms: int = 100
    clock_critical_ms: int = 500
    clock_halt_ms: int = 1000
    feed_latency_ms: int = 2000
    feed_latency_for_ms: int = 10_000
    reconnect_cap_ms: int = 30_000
    unexpected_error_ms: int = 5000
    ps3838_tick_ms: int = 200
    ps3838_delta_ms: int = 5000
    ps3838_snapshot_ms: int = 60_000
    dom_flush_ms: int = 20
    dom_scrape_ms: int = 30_000
    dom_recover_ms: int = 10_000
    discovery_ttl_ms: int = 7_200_000
    match_interval_ms: int = 1000
    cooldown_ms: int = 10_000
    relook_ms: int = 1000
    self_test_ms: int = 600_000
    stats_ms: int = 60_000
    dashboard_ms: int = 250
    hedge_timeout_ms: int = 250
    deal_timeout_ms: int = 5000
    hedge_loss: int = 20_000
    unwind_loss: int = 50_000
    dust: int = 10_000
    size_mismatch: int = 1_000_000
    adverse_move: int = 15_000
    adverse_move_ms: int = 5000
    collapse_share: int = 500_000
    unhedged_alert_ms: int = 30_000
    maker_timeout_ms: int = 10_000
    leader_first: int = 1
    maker_hedge: int = 0
    retries: int = 3
    backoff_max_ms: int = 800
    daily_loss: int = 50_000_000
    daily_loss_share: int = 10_000
    weekly_loss_share: int = 30_000
    monthly_loss_share: int = 50_000
    max_drawdown: int = 100_000
    max_losses: int = 5
    max_errors: int = 5
    error_cooldown_ms: int = 60_000
    lead_bar_ms: int = 5000
    lead_window_ms: int = 600_000
    lead_stable: int = 3
    lead_of: int = 4
