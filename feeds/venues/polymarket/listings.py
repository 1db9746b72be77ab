"""What Gamma says of one market, as the engine's idea of it.

Decides which markets may be traded, and on which terms and fee rule. Invariants: what may not be
traded is listed as paused, never guessed into being open; a fee rule we cannot read is the kind
"unknown", never zero. Purchases are sent as limit orders, whose amounts are exact at any size and
price on the grid, so that no order of ours needs whole cents (the orders that do, FAK and FOK, are
judged where they are encoded). Source: polymarket sheet sections 3.4, 3.11, 4.1, 4.2, 6.3 and 7.1,
read 2026-11-20.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from feeds.venues.polymarket import delays, wire
from markets.discovery.catalog import Details, Listing
from markets.terms import fees_polymarket
from markets.terms.fees import UNKNOWN, stamped
from markets.terms.ids import VenueId, market_id
from markets.terms.instruments import FeeSchedule, Market, MarketState, even_ladder
from markets.terms.units import MICRO, Ns, Px, Qty, Usd

VENUE = VenueId("polymarket")
MARKETABLE_MINIMUM = Usd(MICRO)
LOT = Qty(10_000)
DEFAULT_MIN_SIZE = Qty(5 * MICRO)
DEFAULT_TICK = Px(10_000)
SITE = "https://polymarket.com/event/"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

CATEGORIES = (
    "Sports",
    "Politics",
    "Geopolitics",
    "Crypto",
    "Economics",
    "Economy",
    "Finance",
    "Weather",
    "Tech",
    "Culture",
    "Mentions",
    "World",
)
SAME_CATEGORY = {"general": "other", "economy": "economics", "world": "geopolitics"}

_texts = msgspec.json.Decoder(list[str] | str | None)
_list = msgspec.json.Decoder(list[str])


def fees(market: wire.GammaMarket) -> FeeSchedule:
    """The taker fee rule. Only an explicit "no fees" is free; what we cannot read is "unknown".

    Source: polymarket sheet 7.1 (rate x p x (1 - p), exponent 1, 5 decimals), read 2026-11-20.
    """
    if market.fees_enabled is False:
        return stamped(fees_polymarket.schedule(0))
    said = market.fee_schedule
    if market.fees_enabled is None or said is None or said.rate is None:
        return _unreadable("no fee schedule")
    rate = _micros(said.rate)
    if said.exponent != 1 or said.takerOnly is not True or not 0 <= rate < MICRO:
        return _unreadable(f"{market.fee_type or 'no type'}, exponent {said.exponent}, {said.rate}")
    return stamped(fees_polymarket.schedule(rate))


def _unreadable(said: str) -> FeeSchedule:
    return stamped(FeeSchedule(UNKNOWN, 0, precision=fees_polymarket.STEP, said=said[:60]))


def tokens(market: wire.GammaMarket) -> tuple[str, ...]:
    """The ids to trade, chosen by `version` and never by which list is there; else empty."""
    ids = names(market.position_ids if market.version == "v2" else market.clob_token_ids)
    is_usable = len(ids) == 2 and ids[0] != ids[1] and all(each.isdecimal() for each in ids)
    return ids if is_usable else ()


def state(market: wire.GammaMarket, ids: tuple[str, ...]) -> MarketState:
    """Open only when the venue says so in every way and we know which ids to trade."""
    if market.closed or market.archived:
        return MarketState.CLOSED
    is_tradable = market.active and market.accepting_orders and market.enable_order_book
    is_known = market.version in ("v1", "v2") and bool(ids) and not market.neg_risk_other
    return MarketState.OPEN if is_tradable and is_known else MarketState.PAUSED


def when(text: str | None) -> Ns | None:
    """A date of the catalogue in UTC nanoseconds; without an offset it is UTC.

    Shape: strict ISO, a bare date, or `2026-07-24 00:00:16+00`; None when absent or unreadable.
    """
    try:
        at = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    if at is None:
        return None
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH
    return Ns(since // timedelta(microseconds=1) * 1_000)


def listing_of(
    event: wire.GammaEvent, market: wire.GammaMarket, outcomes: tuple[str, ...]
) -> Listing:
    """The market as listed, its taker delay left out. Errors: `ValueError` naming what is odd."""
    ids = tokens(market)
    ends = when(market.end_date)
    step = market.order_price_min_tick_size
    least = market.order_min_size
    slug = event.slug or event.id
    return Listing(
        market=Market(
            id=market_id(VENUE, market.condition_id),
            venue=VENUE,
            native=market.condition_id,
            title=market.question,
            outcomes=outcomes,
            ticks=even_ladder(_step(step)),
            fees=fees(market),
            state=state(market, ids),
            tokens=ids,
            lot=LOT,
            min_size=DEFAULT_MIN_SIZE if least is None else Qty(max(LOT, _micros(least))),
            min_notional=MARKETABLE_MINIMUM,
            delay_ms=delays.sports_ms(market),
            close_at=ends,
            payout_at=ends,
            category=_category(event, market),
            neg_risk=bool(market.neg_risk),
        ),
        event=slug,
        event_title=event.title or market.question,
        rules=market.description or "",
        url=f"{SITE}{slug}" if slug else "",
        open_at=when(market.start_date),
        resolution_source=market.resolution_source or "",
        details=_details(event, market),
    )


def _details(event: wire.GammaEvent, market: wire.GammaMarket) -> Details:
    text = market.description or ""
    return Details(
        label=market.group_item_title or "",
        slug=market.slug or "",
        series=event.series_slug or "",
        main_rules=len(text),
        kind=market.sports_market_type or "",
        line=_written(market.line),
        exclusive=bool(event.neg_risk or market.neg_risk),
        augmented=bool(event.neg_risk_augmented),
        other=bool(market.neg_risk_other),
        starts_at=when(market.game_start_time),
        live=bool(event.live),
        ended=bool(event.ended),
        period=event.period or "",
    )


def _written(value: msgspec.Raw) -> str:
    """A number as it was written, as number or text."""
    written = bytes(value).decode(errors="replace").strip('"')
    return "" if written == "null" else written[:40]


def _step(said: Decimal | None) -> Px:
    """The tick. Errors: `ValueError` when it is no fraction of a dollar."""
    step = DEFAULT_TICK if said is None else Px(_micros(said))
    if step <= 0 or MICRO % step:
        raise ValueError(f"tick size {said} does not divide a dollar")
    return step


def _micros(value: Decimal) -> int:
    """Millionths, exactly. Errors: `ValueError` when there are more than six decimals."""
    scaled = value.scaleb(6) if value.is_finite() and abs(value) < MICRO else Decimal("NaN")
    if scaled != scaled.to_integral_value():
        raise ValueError(f"not a number of millionths: {value}")
    return int(scaled)


def names(raw: msgspec.Raw) -> tuple[str, ...]:
    """A list that arrives as an array, as text holding one, as empty text or as null."""
    found = _texts.decode(raw)
    if isinstance(found, str):
        found = _list.decode(found) if found else []
    return tuple(found or ())


def _category(event: wire.GammaEvent, market: wire.GammaMarket) -> str:
    labels = {tag.label for tag in event.tags or ()}
    known = next((name for name in CATEGORIES if name in labels), None)
    family = (market.fee_type or "").partition("_fees")[0]
    name = (known or event.category or family or "other").lower()
    return SAME_CATEGORY.get(name, name)
