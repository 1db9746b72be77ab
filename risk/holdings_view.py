"""The positions page: what is held by world, what that may come to, and the caps over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from markets import selectors as markets
from markets.moments import ns
from markets.selectors import VenueRow
from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import Market
from markets.terms.relations import WorldKind
from markets.terms.units import Ns, Px, Qty, Rounding, Usd, divide
from risk import selectors
from trading import selectors as trading
from trading.engine.limits import Limits, Scope
from trading.engine.orders import BookKind
from trading.engine.scopes import Index, indexed, resolved
from trading.holdings import Held, Holding, holdings, of_venues

FULL = 100
NEAR_CAP = 80


class LegLine(msgspec.Struct, frozen=True):
    """One outcome held, at the average price paid."""

    short: str
    name: str
    outcome: str
    qty: Qty
    px: Px


class WorldCell(msgspec.Struct, frozen=True):
    """What one world would leave."""

    name: str
    is_tail: bool
    ppm: int
    result: Usd


class HoldingLine(msgspec.Struct, frozen=True):
    """What is held on one set of facts. `relation` is empty where no relation speaks of it, `open`
    is what the decisive worlds' results differ by, `worst` the least of a regular world.
    """

    relation: str
    title: str
    category: str
    payout_at: Ns | None
    legs: tuple[LegLine, ...]
    cost: Usd
    open: Usd
    worlds: tuple[WorldCell, ...]
    worst: Usd


class CapLine(msgspec.Struct, frozen=True):
    """Money at work against its cap; `percent` is rounded up and at most 100."""

    name: str
    money: Usd
    cap: Usd
    percent: int
    tone: str


class Totals(msgspec.Struct, frozen=True):
    """The tiles. `payout` is what the next holding to be paid brings at least."""

    at_work: Usd
    locked: Usd
    worst: Usd
    tail: Usd
    open: Usd
    provisional: Usd
    payout: Usd | None
    payout_at: Ns | None


class Account(msgspec.Struct, frozen=True):
    """What is held of one book, the terms of its markets, and the books that hold anything."""

    book: BookKind
    books: tuple[BookKind, ...]
    found: tuple[Holding, ...]
    known: dict[MarketId, Market]


def account(asked: str) -> Account:
    """What is held of a book; of live when anything is, where none of them is asked for."""
    held = trading.held()
    books = tuple(book for book in (BookKind.LIVE, BookKind.PAPER) if held.get(book))
    book = BookKind(asked) if asked in tuple(BookKind) else next(iter(books), BookKind.PAPER)
    rows = held.get(book, ())
    names = [row.market for row in rows]
    known = {market.id: market for market in markets.market_terms(names)}
    found = holdings(rows, markets.relations_on(names), known.values())
    return Account(book, books, found, known)


@require_GET
def positions(request: HttpRequest) -> HttpResponse:
    """What is held of one book: live when anything is, unless the other is asked for."""
    mine = account(request.GET.get("book", ""))
    venues = markets.venues()
    now = ns(timezone.now())
    context = {
        "page": "positions",
        "book": mine.book.value,
        "books": [one.value for one in mine.books],
        "totals": totals(mine.found, trading.provisional(mine.book), now),
        "lines": lines(mine, venues),
        "venues": by_venue(mine.found, mine.known, {row.slug: row.name for row in venues}, now),
        "categories": by_category(mine.found, now),
    }
    return render(request, "risk/positions.html", context)


def lines(mine: Account, venues: Iterable[VenueRow]) -> list[HoldingLine]:
    """Every holding in words, the worst first."""
    shorts = {venue.slug: venue.short for venue in venues}
    return [line(one, mine.known, shorts) for one in mine.found]


def totals(found: Sequence[Holding], provisional: Usd, now: Ns) -> Totals:
    """Sums over all holdings; a worst case adds up, because they may all come at once."""
    paying = [one for one in found if one.payout_at is not None and one.payout_at > now]
    following = min(paying, key=lambda one: one.payout_at or now, default=None)
    return Totals(
        at_work=Usd(sum(one.cost for one in found)),
        locked=Usd(sum(max(0, one.worst) for one in found)),
        worst=Usd(sum(one.worst for one in found)),
        tail=min((one.worst_tail for one in found), default=Usd(0)),
        open=Usd(sum(one.open for one in found)),
        provisional=provisional,
        payout=following.pays if following else None,
        payout_at=following.payout_at if following else None,
    )


def line(one: Holding, known: dict[MarketId, Market], shorts: dict[VenueId, str]) -> HoldingLine:
    """A holding in words."""
    return HoldingLine(
        relation=one.relation,
        title=one.title,
        category=one.category,
        payout_at=one.payout_at,
        legs=tuple(_leg(leg, known[leg.market], shorts) for leg in one.legs),
        cost=one.cost,
        open=one.open,
        worlds=tuple(
            WorldCell(w.name, w.kind is WorldKind.TAIL, w.ppm, w.result) for w in one.worlds
        ),
        worst=one.worst,
    )


def _leg(leg: Held, market: Market, shorts: dict[VenueId, str]) -> LegLine:
    outcomes = market.outcomes
    name = outcomes[leg.outcome] if leg.outcome < len(outcomes) else str(leg.outcome)
    return LegLine(shorts.get(market.venue, market.venue), market.title, name, leg.qty, leg.px)


def by_venue(
    found: Iterable[Holding], known: dict[MarketId, Market], names: dict[VenueId, str], now: Ns
) -> list[CapLine]:
    """What lies at each venue against the capital it may hold."""
    money: dict[VenueId, int] = dict.fromkeys(names, 0)
    for one in found:
        for venue, cost in of_venues(one, known).items():
            money[venue] = money.get(venue, 0) + cost
    cap = _caps(Scope.VENUE, now, lambda limits: limits.venue_capital)
    return [_cap(names.get(venue, venue), cost, cap(venue)) for venue, cost in money.items()]


def by_category(found: Iterable[Holding], now: Ns) -> list[CapLine]:
    """What lies in each category against its most."""
    money: dict[str, int] = {}
    for one in found:
        name = one.category or "Other"
        money[name] = money.get(name, 0) + one.cost
    cap = _caps(Scope.CATEGORY, now, lambda limits: limits.max_category_exposure)
    return [_cap(name, cost, cap(name)) for name, cost in sorted(money.items())]


def _caps(scope: Scope, now: Ns, of: Callable[[Limits], int]) -> Callable[[str], int]:
    limits = selectors.limits()
    index: Index = indexed(selectors.scoped(), now)
    return lambda name: of(resolved(limits, index, {Scope.EVERYTHING: "", scope: name}))


def _cap(name: str, money: int, cap: int) -> CapLine:
    percent = divide(max(0, money) * FULL, cap, Rounding.UP) if cap > 0 else FULL * (money > 0)
    tone = "stop" if percent >= FULL else "warn" if percent >= NEAR_CAP else ""
    return CapLine(name, Usd(money), Usd(cap), min(FULL, percent), tone)
