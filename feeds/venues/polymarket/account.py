"""Errands about the whole account.

The statement (free money, shares by token, open orders), what the venue says of whether we may
trade, the API key, the heartbeat that keeps our orders alive. Invariants: a statement is complete
only when every page came and nothing of ours is on its way to the chain; free money is what open
purchases have not spoken for; the indexer names tokens, it never counts them.
Source: polymarket sheet 2.1, 3.8, 3.9, 4.4, 6.2, 8.1 and 8.2, read 2026-11-20.
"""

from collections.abc import Generator
from typing import TypeVar

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.errands import Heard, Rest, Step
from feeds.venues.polymarket import encode, place
from feeds.venues.polymarket.catalogue import VENUE
from feeds.venues.polymarket.credentials import ApiKey
from feeds.venues.polymarket.flows import Got, ask
from feeds.venues.polymarket.identity import Identity, introduced
from feeds.venues.polymarket.known import Known
from feeds.venues.polymarket.orderwire import END, FIRST, Balance, OrderPage, OrderRecord, amount
from feeds.venues.secret import Secret
from markets.terms.ids import MarketId, OrderId
from markets.terms.instruments import Market
from markets.terms.units import MS, Ns, Px, Qty, Rounding, Usd, times
from trading.engine.events import AccountReported, StatedOrder
from trading.engine.orders import BookKind, Side
from trading.runtime.gateway import VenueUnreachable

T = TypeVar("T")
Asking = Generator[Step, Heard, T]
MOST_PAGES = 200
POSITIONS = 500
# `/balance-allowance/update` may be asked 50 times in ten seconds (sheet 3.12).
AT_ONCE = 4
BETWEEN = Ns(250 * MS)

_orders = msgspec.json.Decoder(OrderPage)
_balance = msgspec.json.Decoder(Balance)
_key = msgspec.json.Decoder(ApiKey)


class _Ban(msgspec.Struct):
    closed_only: bool


class _Beat(msgspec.Struct):
    heartbeat_id: str = ""


class _Position(msgspec.Struct):
    token_id: str


class _Paging(msgspec.Struct, frozen=True):
    has_more: bool = False
    next_cursor: str = ""


class _Positions(msgspec.Struct):
    data: list[_Position]
    pagination: _Paging = _Paging()


def statement(known: Known, at: Ns) -> Asking[AccountReported]:
    """The account as the venue has it. Errors: `VenueUnreachable` when not even the money is told,
    for nothing may be concluded then.
    """
    money = yield from _money(known, at)
    if isinstance(money, str):
        raise VenueUnreachable(VENUE, money, sent=True)
    orders = yield from _open_orders(known, at)
    named = yield from _named_tokens(known.who, at)
    holdings = yield from _holdings(known, named or (), at)
    is_complete = orders is not None and named is not None and holdings is not None
    spoken = sum(times(o.px, o.left, Rounding.UP) for o in orders or () if o.side is Side.BUY)
    return AccountReported(
        at,
        VENUE,
        BookKind.LIVE,
        Usd(max(0, money - spoken)),
        holdings or (),
        orders or (),
        asked_at=at,
        complete=is_complete and not known.is_settling(),
    )


def may_trade(known: Known, at: Ns, *, asks_place: bool = True) -> Asking[None]:
    """Set what bars new deals: the place we ask from, and the account's own mode.

    `asks_place` is False only where the venue itself is on this machine.
    """
    bars: dict[str, str] = {}
    if asks_place:
        heard = yield from ask(place.REQUEST, at)
        said = place.told(heard.reply)
        bars.update({"geoblock": place.UNKNOWN if said is None else said} if said != "" else {})
    heard = yield from ask(Request("GET", "clob", "/auth/ban-status/closed-only"), at)
    ban = _read(heard, _Ban)
    if ban is None:
        bars["closed_only"] = "Whether the account may open positions could not be asked."
    elif ban.closed_only:
        bars["closed_only"] = "The account may only close positions."
    known.bars = bars


def derived(who: Identity, at: Ns) -> Asking[Secret[ApiKey] | str]:
    """The account's API key, made when there is none; a sentence when it is refused."""
    headers = introduced(who, at)
    said = ""
    for method, path in (("GET", "/auth/derive-api-key"), ("POST", "/auth/api-key")):
        heard = yield from ask(Request(method, "clob", path, headers=headers), at)
        if heard.reply is None:
            return f"The API key could not be asked for: {heard.problem}"
        if heard.reply.status == 200:
            try:
                return Secret(_key.decode(heard.reply.body))
            except msgspec.DecodeError:
                return "The answer to the question for an API key could not be read."
        said = f"{path} was answered {heard.reply.status}"
    return f"No API key: {said}; check that the private key is the account's signer."


def beat(name: str, at: Ns) -> Asking[tuple[str | None, Ns]]:
    """One heartbeat with the expected id; the next id (None when it was not taken), and when."""
    for _ in range(2):
        body = msgspec.json.encode({"heartbeat_id": name})
        heard = yield from ask(Request("POST", "clob", "/v1/heartbeats", body=body), at)
        at = heard.at
        said = _decoded(heard.reply, _Beat) if heard.reply else None
        if heard.reply is None or said is None or heard.reply.status not in (200, 400):
            return None, at
        name = said.heartbeat_id
        if heard.reply.status == 200:
            return name, at
    return None, at


def _money(known: Known, at: Ns) -> Asking[int | str]:
    asked = (("asset_type", "COLLATERAL"), ("signature_type", str(int(known.who.kind))))
    yield from ask(Request("GET", "clob", "/balance-allowance/update", query=asked), at)
    heard = yield from ask(Request("GET", "clob", "/balance-allowance", query=asked), at)
    told = _read(heard, Balance)
    if told is None or not told.balance.isdecimal():
        return heard.problem or "the balance was not told"
    known.allowances = {
        contract.lower(): int(value)
        for contract, value in told.allowances.items()
        if value.isdecimal()
    }
    return int(told.balance)


def _open_orders(known: Known, at: Ns) -> Asking[tuple[StatedOrder, ...] | None]:
    found: list[StatedOrder] = []
    cursor = FIRST
    for _ in range(MOST_PAGES):
        heard = yield from ask(encode.orders_asked(cursor), at)
        page = _read(heard, OrderPage)
        try:
            told = [_stated(known, record) for record in page.data] if page else None
        except ValueError:
            return None
        if page is None or told is None or None in told:
            return None
        found += [order for order in told if order is not None]
        if page.next_cursor in (END, "", cursor):
            return tuple(found)
        cursor = page.next_cursor
    return None


def _stated(known: Known, record: OrderRecord) -> StatedOrder | None:
    """An open order; None for one of a market that is not followed."""
    place = known.token(record.asset_id)
    if place is None:
        return None
    market, outcome = place
    request = known.find(record.id)
    return StatedOrder(
        request.id if request else OrderId(""),
        record.id,
        market.id,
        outcome,
        Side.BUY if record.side == "BUY" else Side.SELL,
        Px(amount(record.price)),
        Qty(amount(record.original_size) - amount(record.size_matched)),
    )


def _named_tokens(who: Identity, at: Ns) -> Asking[tuple[str, ...] | None]:
    """Tokens that the indexer says the wallet holds, however little."""
    found: list[str] = []
    asked = (("user", who.wallet), ("filter_amount", "0"), ("limit", str(POSITIONS)))
    cursor = ""
    for _ in range(MOST_PAGES):
        more = (("cursor", cursor),) if cursor else ()
        heard = yield from ask(Request("GET", "data", "/v2/positions", query=(*asked, *more)), at)
        page = _read(heard, _Positions)
        if page is None:
            return None
        found += [position.token_id for position in page.data]
        if not page.pagination.has_more or not page.pagination.next_cursor:
            return tuple(found)
        cursor = page.pagination.next_cursor
    return None


def _holdings(
    known: Known, named: tuple[str, ...], at: Ns
) -> Asking[tuple[tuple[MarketId, int, Qty], ...] | None]:
    """Shares of every token that an order of ours or the indexer names."""
    places: dict[tuple[MarketId, int], Market] = {}
    for order in known.orders():
        market_id, outcome = order.request.market, order.request.outcome
        market = known.markets.get(market_id)
        if market is not None:
            places[market_id, outcome] = market
    for token in named:
        place = known.token(token)
        if place is not None:
            places[place[0].id, place[1]] = place[0]
    found = []
    for number, ((market_id, outcome), market) in enumerate(sorted(places.items(), key=_first)):
        if number >= AT_ONCE:
            yield Rest(BETWEEN)
        qty = yield from _shares(known.who, market.tokens[outcome], at)
        if qty is None:
            return None
        found.append((market_id, outcome, qty))
    return tuple(found)


def _first(entry: tuple[tuple[MarketId, int], Market]) -> tuple[MarketId, int]:
    return entry[0]


def _shares(who: Identity, token: str, at: Ns) -> Asking[Qty | None]:
    kind = "CONDITIONAL" if encode.version_of(token) == "v1" else "CONDITIONAL-V2"
    asked = (
        ("asset_type", kind),
        ("token_id", token),
        ("signature_type", str(int(who.kind))),
    )
    yield from ask(Request("GET", "clob", "/balance-allowance/update", query=asked), at)
    heard = yield from ask(Request("GET", "clob", "/balance-allowance", query=asked), at)
    told = _read(heard, Balance)
    return Qty(int(told.balance)) if told and told.balance.isdecimal() else None


def _read(heard: Got, kind: type[T]) -> T | None:
    """A 200's body; None for everything else."""
    if heard.reply is None or heard.reply.status != 200:
        return None
    return _decoded(heard.reply, kind)


def _decoded(reply: Reply, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None
