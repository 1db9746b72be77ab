"""Pages of the calculators: two legs, many legs, fees, odds. The address holds the inputs.

Recomputed here per input by the same functions the engine uses. Open to visitors while the setting
`PUBLIC_TOOLS` is on; nothing of the site's own money is shown to them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from markets.terms.fees import fee_each, revision_of, trade_fee
from markets.terms.odds import (
    american_from_decimal,
    decimal_from_american,
    decimal_from_px,
    px_from_decimal,
)
from markets.terms.units import (
    MICRO,
    ONE,
    Px,
    Qty,
    Rounding,
    Usd,
    divide,
    text_from_micros,
)
from markets.tools import schedules
from markets.tools.fields import Field, Typed, cents, days, read, shares, values, yearly
from markets.tools.legs import Asked, Leg, add_up, break_even, grid

TABS = (("two", "Two legs"), ("many", "Many legs"), ("fees", "Fees"), ("odds", "Odds"))
MOST_LEGS = 6
_HALF_CENT = 5_000
_ROWS = tuple(n * _HALF_CENT for n in (-2, -1, 0, 1, 2))
_COLUMNS = tuple(n * _HALF_CENT for n in (-3, -2, -1, 0, 1, 2, 3))

Result = dict[str, Any]


@login_not_required
@require_GET
def calculator(request: HttpRequest, name: str = "two") -> HttpResponse:
    """One calculator with what was typed and what follows from it."""
    if not (request.user.is_authenticated or settings.PUBLIC_TOOLS):
        return redirect_to_login(request.get_full_path())
    if name not in _TOOLS:
        raise Http404(f"There is no calculator {name!r}.")
    fields, work = _TOOLS[name]
    typed = read(fields, request.GET)
    context = {
        "page": "tools",
        "base": "base.html" if request.user.is_authenticated else "tools/visitor.html",
        "tabs": TABS,
        "tool": name,
        "title": dict(TABS)[name],
        "inputs": list(typed.values()),
        "read_on": f"{schedules.READ_ON:%-d %b %Y}",
        **work(typed),
    }
    return render(request, f"tools/{name}.html", context)


def _choice(name: str, label: str, default: str) -> Field:
    return Field(name, label, "", default, 0, 0, schedules.CHOICES)


def _px(value: int) -> Px:
    """Cents in millionths of a cent as a price."""
    return Px(value // 100)


def _asked(typed: dict[str, Typed], payout: int) -> Asked | None:
    found = values(typed, "shares", "days")
    if found is None:
        return None
    rate = typed["capital"].value
    return Asked(Qty(found[0]), Px(payout), found[1], (rate or 0) // 100)


# --- two legs -------------------------------------------------------------------------------------

_TWO = (
    _choice("a", "Leg A is bought at", "kalshi"),
    cents("pa", "Price of leg A", "42.0"),
    _choice("b", "Leg B is bought at", "pm-sports"),
    cents("pb", "Price of leg B", "53.5"),
    shares("shares", "Shares, both legs", "310"),
    days("days", "Days to payout", "1.3"),
    yearly("capital", "Cost of capital", "4.5"),
)


def _two(typed: dict[str, Typed]) -> Result:
    prices = values(typed, "pa", "pb")
    asked = _asked(typed, ONE)
    if prices is None or asked is None:
        return {"sum": None}
    legs = tuple(
        Leg(schedules.name(typed[key].text), schedules.answer(typed[key].text).schedule, _px(value))
        for key, value in zip("ab", prices, strict=True)
    )
    return {
        "sum": add_up(legs, asked),
        "capital_known": typed["capital"].value is not None,
        "even": [break_even(legs, which, asked) for which in (0, 1)],
        "grid": grid(legs, asked, _ROWS, _COLUMNS),
        "here": (legs[0].px, legs[1].px),
        "sources": [schedules.answer(typed[key].text).regime for key in "ab"],
    }


# --- many legs ------------------------------------------------------------------------------------

_NO_LEG = ("", "–")


def _many_fields() -> tuple[Field, ...]:
    fields: list[Field] = []
    for number in range(1, MOST_LEGS + 1):
        default = "pm-politics" if number <= 3 else ""
        choices = (_NO_LEG, *schedules.CHOICES)
        fields.append(Field(f"v{number}", f"Leg {number}", "", default, 0, 0, choices))
        fields.append(cents(f"p{number}", "Price", "64.0" if number <= 3 else "50.0"))
    return (
        *fields,
        Field("payout", "A set pays at least", "¢", "200", MICRO, (MOST_LEGS - 1) * 100 * MICRO),
        shares("shares", "Sets", "100"),
        days("days", "Days to payout", "30"),
        yearly("capital", "Cost of capital", "4.5"),
    )


def _many(typed: dict[str, Typed]) -> Result:
    used = [n for n in range(1, MOST_LEGS + 1) if typed[f"v{n}"].text]
    prices = values(typed, *(f"p{n}" for n in used), "payout")
    if len(used) < 2 or prices is None:
        return {"sum": None, "few": len(used) < 2}
    asked = _asked(typed, prices[-1] // 100)
    if asked is None:
        return {"sum": None}
    legs = tuple(
        Leg(
            schedules.name(typed[f"v{n}"].text),
            schedules.answer(typed[f"v{n}"].text).schedule,
            _px(price),
        )
        for n, price in zip(used, prices, strict=False)
    )
    return {
        "sum": add_up(legs, asked),
        "capital_known": typed["capital"].value is not None,
        "payout": asked.payout,
    }


# --- fees -----------------------------------------------------------------------------------------

_FEES = (
    _choice("v", "Venue and schedule", "kalshi"),
    cents("p", "Price", "48.0"),
    shares("n", "Shares", "100"),
    Field("role", "Role", "", "taker", 0, 0, (("taker", "Taker"), ("maker", "Maker"))),
    Field("side", "Side", "", "buy", 0, 0, (("buy", "Buy"), ("sell", "Sell"))),
)


def _fees(typed: dict[str, Typed]) -> Result:
    found = values(typed, "p", "n")
    if found is None:
        return {"fee": None}
    px, qty = _px(found[0]), Qty(found[1])
    answer = schedules.answer(typed["v"].text)
    maker, selling = typed["role"].text == "maker", typed["side"].text == "sell"
    fee = trade_fee(answer.schedule, px, qty, maker=maker, selling=selling)
    rows = [
        (Px(n * 10_000), trade_fee(answer.schedule, Px(n * 10_000), qty, maker=maker))
        for n in (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99)
    ]
    return {
        "fee": fee,
        "exact": text_from_micros(fee, 4),
        "each": fee_each(answer.schedule, px),
        "notional": Usd(px * qty // MICRO),
        "regime": answer.regime,
        "rev": revision_of(answer.schedule),
        "rows": rows,
    }


# --- odds -----------------------------------------------------------------------------------------

_KINDS = (
    ("cents", "Price, ¢"),
    ("decimal", "Decimal odds"),
    ("american", "American odds"),
    ("percent", "Probability, %"),
)
_ODDS = (
    Field("kind", "Given as", "", "decimal", 0, 0, _KINDS),
    Field("x", "Value", "", "2.42", -100_000 * MICRO, 100_000 * MICRO),
)


def _odds(typed: dict[str, Typed]) -> Result:
    value = typed["x"].value
    if value is None:
        return {"px": None}
    try:
        px = _price_of(typed["kind"].text, value)
        decimal = decimal_from_px(px)
        american = american_from_decimal(decimal)
    except ValueError as problem:
        return {"px": None, "problem": f"{str(problem)[:1].upper()}{str(problem)[1:]}."}
    return {"px": px, "decimal": f"{decimal:.3f}", "american": f"{american:+d}"}


def _price_of(kind: str, value: int) -> Px:
    if kind in ("cents", "percent"):
        return Px(value // 100)
    if kind == "decimal":
        if value <= MICRO:
            raise ValueError("decimal odds must be above 1")
        return Px(divide(MICRO * MICRO, value, Rounding.UP))
    return px_from_decimal(decimal_from_american(value // MICRO))


_TOOLS: dict[str, tuple[tuple[Field, ...], Callable[[dict[str, Typed]], Result]]] = {
    "two": (_TWO, _two),
    "many": (_many_fields(), _many),
    "fees": (_FEES, _fees),
    "odds": (_ODDS, _odds),
}
