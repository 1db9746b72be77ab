"""Turns what Kalshi says into our integers: levels, ladders, fees, times, states and listings.

The YES book alone is kept: a NO bid at q is a YES ask at 1 - q. Everything numeric is exact; text
that is not a plain decimal is a `ValueError` and never a guess. Nothing is remembered here, and
tickers are never taken apart.
Source: kalshi sheet 3.1, 3.3-3.6, 4.4, 5, 6.1 and 7.1, read 2026-11-20.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from feeds.venues.kalshi import wire
from markets.discovery.catalog import Details, Listing
from markets.terms import fees_kalshi
from markets.terms.fees import UNKNOWN, stamped
from markets.terms.ids import VenueId, market_id
from markets.terms.instruments import FeeSchedule, Market, MarketState, TickBand, TickLadder
from markets.terms.units import MICRO, MS, SECOND, Ns, Px, Qty, micros_from_text
from trading.engine.book import Level
from trading.engine.events import TradeSeen
from trading.engine.orders import Side

VENUE = VenueId("kalshi")

# Sent on every subscription because the default will flip (sheet 4.4). False: NO levels are NO
# prices, and `yes_px` below turns them round.
CENT = 10_000
USE_YES_PRICE = False

KIND = fees_kalshi.KIND
TAKER_PPM = fees_kalshi.TAKER_PPM

STATES = {
    "initialized": MarketState.UNOPENED,
    "active": MarketState.OPEN,
    "inactive": MarketState.PAUSED,
    "closed": MarketState.CLOSED,
    "determined": MarketState.DETERMINED,
    "disputed": MarketState.DETERMINED,
    "amended": MarketState.DETERMINED,
    "finalized": MarketState.SETTLED,
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def side_of(outcome: str) -> Side:
    """Side of the YES book on which a bid for `yes` or `no` stands. Errors: `ValueError`."""
    if outcome == "yes":
        return Side.BUY
    if outcome == "no":
        return Side.SELL
    raise ValueError(f"side is neither yes nor no: {outcome!r}")


def yes_px(side: Side, text: str, *, use_yes_price: bool = USE_YES_PRICE) -> Px:
    """The YES price of a level. Errors: `ValueError`."""
    px = micros_from_text(text)
    return Px(px) if side is Side.BUY or use_yes_price else Px(MICRO - px)


def levels(
    yes: list[wire.Row] | None,
    no: list[wire.Row] | None,
    *,
    use_yes_price: bool = USE_YES_PRICE,
) -> tuple[list[Level], list[Level]]:
    """Bids and asks of the YES book from the two lists of bids. Errors: `ValueError`."""
    bids = [(yes_px(Side.BUY, px), Qty(micros_from_text(size))) for px, size in yes or ()]
    asks = [
        (yes_px(Side.SELL, px, use_yes_price=use_yes_price), Qty(micros_from_text(size)))
        for px, size in no or ()
    ]
    return bids, asks


def is_turned_round(bids: list[Level], asks: list[Level]) -> bool:
    """Whether a crossed book would be sound with its asks read on the other price scale.

    One level can look right on both scales, so fewer than two say nothing. Source: sheet 4.4.
    """
    if len(asks) < 2 or not bids:
        return False
    best_bid = max(px for px, _ in bids)
    return best_bid < MICRO - max(px for px, _ in asks)


def trade_seen(body: wire.TradeBody, at: Ns) -> TradeSeen | None:
    """The print as the taker's purchase; None for block trades, which never touched the book."""
    if body.is_block_trade:
        return None
    side = side_of(body.taker_outcome_side or body.taker_side or "")
    outcome = 0 if side is Side.BUY else 1
    return TradeSeen(
        at=at,
        market=market_id(VENUE, body.market_ticker),
        outcome=outcome,
        px=yes_px(side, body.yes_price_dollars, use_yes_price=False),
        qty=Qty(micros_from_text(body.count_fp)),
        side=Side.BUY,
    )


def ns_from_ms(ms: int | None) -> Ns:
    """Nanoseconds of a Unix time in milliseconds; 0 when unsaid."""
    return Ns((ms or 0) * MS)


def ns_from_text(text: str | None) -> Ns | None:
    """Nanoseconds of an RFC 3339 time; None when unset, unreadable or before 1970 (sheet 3.1)."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or moment.year < 1970:
        return None
    return Ns((moment - _EPOCH) // _MICROSECOND * 1_000)


def ns_from_seconds(seconds: int | None) -> Ns | None:
    """Nanoseconds of a Unix time in seconds."""
    return None if seconds is None else Ns(seconds * SECOND)


def ladder(bands: list[wire.Band] | None) -> TickLadder:
    """The legal prices. Errors: `ValueError` when there are none or a band makes no sense."""
    if not bands:
        raise ValueError("no price_ranges")
    found = tuple(
        TickBand(
            start=Px(micros_from_text(band.start)),
            end=Px(micros_from_text(band.end)),
            step=Px(micros_from_text(band.step)),
        )
        for band in bands
    )
    for band in found:
        if band.step <= 0 or not 0 <= band.start < band.end <= MICRO:
            raise ValueError(f"price_ranges make no sense: {band}")
    return TickLadder(bands=tuple(sorted(found, key=lambda band: band.start)))


def fees(fee_type: str | None, multiplier: Decimal | None) -> FeeSchedule:
    """The schedule of a fee type and its multiplier; both unsaid mean plain quadratic times one.

    A type we do not know, or a multiplier that is no plain number of millionths, is kind `unknown`.
    Source: kalshi sheet 6.1; precision of a direct member, 6.3 regime 2.
    """
    ppm = _ppm(Decimal(1) if multiplier is None else multiplier)
    if ppm is None:
        said = f"type {fee_type!r} x {multiplier}"
        return stamped(FeeSchedule(UNKNOWN, TAKER_PPM, said=said[:60]))
    return stamped(fees_kalshi.schedule(fee_type or "quadratic", ppm))


def listing(
    event: wire.Event,
    market: wire.Market,
    schedule: FeeSchedule,
    category: str,
    starts_at: Ns | None = None,
) -> Listing | str:
    """The market as listed, or the reason it is left out: combos, scalars and odd payouts are."""
    reason = _left_out(market)
    if reason:
        return reason
    try:
        ticks = ladder(market.price_ranges)
    except ValueError:
        return "bad_price_ranges"
    close_at = ns_from_text(market.close_time)
    terms = Market(
        id=market_id(VENUE, market.ticker),
        venue=VENUE,
        native=market.ticker,
        title=_title(market),
        outcomes=("Yes", "No"),
        ticks=ticks,
        fees=schedule,
        state=STATES.get(market.status, MarketState.PAUSED),
        close_at=close_at,
        payout_at=ns_from_text(market.expected_expiration_time) or close_at,
        category=category,
        shard=market.exchange_index or 0,
    )
    return Listing(
        market=terms,
        event=event.event_ticker,
        event_title=" ".join(part for part in (event.title, event.sub_title) if part),
        rules="\n\n".join(text for text in (market.rules_primary, market.rules_secondary) if text),
        open_at=ns_from_text(market.open_time),
        resolution_source=", ".join(
            f"{source.name or ''} {source.url or ''}".strip()
            for source in event.settlement_sources or ()
        ),
        details=_details(event, market, starts_at),
    )


def _details(event: wire.Event, market: wire.Market, starts_at: Ns | None) -> Details:
    early = market.early_close_condition or ("stated" if market.can_close_early else "")
    return Details(
        label=market.yes_sub_title or "",
        slug=market.ticker,
        series=event.series_ticker or "",
        main_rules=len(market.rules_primary or ""),
        strike=market.strike_type or "",
        floor=_text(market.floor_strike),
        cap=_text(market.cap_strike),
        exclusive=bool(event.mutually_exclusive),
        early_close=early,
        starts_at=starts_at,
    )


def _text(value: msgspec.Raw) -> str:
    """A strike as it was written, number or text."""
    written = bytes(value).decode(errors="replace").strip('"')
    return "" if written == "null" else written[:40]


def pays(result: str | None, value: str | None) -> tuple[Px, Px] | None:
    """What YES and NO paid; None while the result is not one we can book. Source: sheet 7.2."""
    if result == "yes":
        return Px(MICRO), Px(0)
    if result == "no":
        return Px(0), Px(MICRO)
    if result != "scalar" or not value:
        return None
    yes = micros_from_text(value)
    return (Px(yes), Px(MICRO - yes)) if 0 <= yes <= MICRO else None


def changed(market: Market, body: wire.LifecycleBody) -> Market | None:
    """The market after a life-cycle message; None when nothing we trade by is different.

    Errors: `ValueError` for a grid that makes no sense. Source: kalshi sheet 4.6 and 7.1.
    """
    match body.event_type:
        case "activated":
            after = msgspec.structs.replace(market, state=MarketState.OPEN)
        case "deactivated":
            after = msgspec.structs.replace(market, state=MarketState.PAUSED)
        case "determined":
            after = msgspec.structs.replace(market, state=MarketState.DETERMINED)
        case "settled":
            after = msgspec.structs.replace(market, state=MarketState.SETTLED)
        case "close_date_updated":
            after = msgspec.structs.replace(market, close_at=ns_from_seconds(body.close_ts))
        case "price_level_structure_updated":
            after = msgspec.structs.replace(market, ticks=ladder(body.price_ranges))
        case _:
            return None
    return None if after == market else after


def _ppm(multiplier: Decimal) -> int | None:
    """Exact millionths of a multiplier within 0..100, else None."""
    if not multiplier.is_finite() or not 0 <= multiplier <= 100:
        return None
    scaled = multiplier * MICRO
    return int(scaled) if scaled == int(scaled) else None


def _left_out(market: wire.Market) -> str:
    if market.mve_collection_ticker:
        return "combo"
    if market.market_type != "binary":
        return "not_binary"
    if market.notional_value_dollars is None:
        return ""
    try:
        odd = micros_from_text(market.notional_value_dollars) != MICRO
    except ValueError:
        odd = True
    return "odd_payout" if odd else ""


def _title(market: wire.Market) -> str:
    """Markets of one event often share a title; the YES side's name tells them apart."""
    name = market.yes_sub_title or ""
    if name in ("", "Yes") or name.casefold() in market.title.casefold():
        return market.title
    return f"{market.title}: {name}" if market.title else name
