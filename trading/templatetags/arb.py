"""Tags and filters of every page: numbers as text, icons, the shell's header, keys of forms."""

from __future__ import annotations

import secrets
from typing import Any

from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from markets.moments import moment
from markets.selectors import pairs_waiting
from markets.terms import formats
from markets.terms.units import MS, Ns, Px, Qty, Rounding, Usd
from trading import live
from trading.engine.pictures import Reading, Verdict
from trading.judgements import DecisionRow
from trading.rows import Line, comparison, gate_words

register = template.Library()
MICROSECOND = 1000


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """One drawing of the sprite; decoration, never the only carrier of a meaning."""
    return format_html(
        '<svg class="i {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        size,
        static("vendor/lucide/icons.svg"),
        name,
    )


@register.simple_tag
def form_key() -> str:
    """A fresh key, so that a form sent twice acts once."""
    return secrets.token_urlsafe(18)


@register.simple_tag
def build() -> str:
    """The release this page came from."""
    return live.BUILD


@register.simple_tag(takes_context=True)
def shell(context: template.Context) -> live.Header:
    """The header's numbers from the newest picture; a page reads Redis once."""
    request: HttpRequest = context["request"]
    if not getattr(request, "pictures_read", False):
        live.read()
        request.pictures_read = True  # type: ignore[attr-defined]
    return live.make_header(live.PICTURES.engine, live.now_ns())


@register.simple_tag
def waiting_pairs() -> int:
    """Pairs that wait for a person."""
    return pairs_waiting()


@register.simple_tag
def now_ms() -> int:
    """The server's clock for the browser's ages."""
    return live.now_ns() // 1_000_000


@register.filter
def price(px: int | None) -> str:
    """`42.0¢`."""
    return formats.price(None if px is None else Px(px))


@register.filter
def paid(px: int | None) -> str:
    """An average price of fills with two decimals: `41.20¢`."""
    return formats.NOTHING if px is None else f"{formats.exact_cents(Px(px))}¢"


@register.filter
def edge(px: int | None) -> str:
    """`+1.30¢`."""
    return formats.edge_cents(None if px is None else Px(px))


@register.filter
def money(usd: int | None) -> str:
    """`$4.03`."""
    return formats.money(None if usd is None else Usd(usd))


@register.filter
def gain(usd: int | None) -> str:
    """`+$4.03`."""
    return formats.money(None if usd is None else Usd(usd), gain=True)


@register.filter
def cost(usd: int | None) -> str:
    """Money paid, rounded up: `$4.04`."""
    return formats.money(None if usd is None else Usd(usd), rounding=Rounding.UP)


@register.filter
def count(qty: int | None) -> str:
    """`1,150`."""
    return formats.count(None if qty is None else Qty(qty))


@register.filter
def annual(ppm: int | None) -> str:
    """A yearly return: `+15.6%`."""
    return formats.annual(ppm)


@register.filter
def probability(ppm: int | None) -> str:
    """`0.05%`."""
    return formats.probability(ppm)


@register.filter
def tone(value: int | None) -> str:
    """The class of a signed amount; zero is neither gain nor loss."""
    if not value:
        return "t2"
    return "pos" if value > 0 else "neg"


@register.filter
def age_of(at: int | None) -> str:
    """How long ago a moment was, from nanoseconds."""
    return formats.NOTHING if at is None else formats.age(live.now_ns() - at)


@register.filter
def age_ms(at_ms: int) -> str:
    """How long ago a moment was, from milliseconds; 0 is "not known"."""
    return formats.age(live.now_ns() - at_ms * MS) if at_ms else formats.NOTHING


@register.filter
def age_state(line: Line) -> str:
    """The age chip's class: fresh up to half the limit, ageing up to it, then stale."""
    if not line.at_ms:
        return "none"
    passed = live.now_ns() // MS - line.at_ms
    if passed > line.limit_ms:
        return "stale"
    return "ageing" if passed * 2 > line.limit_ms else "fresh"


@register.filter
def clock(at: int | None) -> str:
    """`14:03:22`, from nanoseconds."""
    return formats.NOTHING if at is None else f"{moment(Ns(at)):%H:%M:%S}"


@register.filter
def clock_ms(at: int | None) -> str:
    """`14:03:12.981`, from nanoseconds."""
    if at is None:
        return formats.NOTHING
    when = moment(Ns(at))
    return f"{when:%H:%M:%S}.{when.microsecond // MICROSECOND:03d}"


@register.filter
def date(at: int | None) -> str:
    """`21 Nov`, with the year if it is not this one, from nanoseconds."""
    if at is None:
        return formats.NOTHING
    when = moment(Ns(at))
    this_year = moment(Ns(live.now_ns())).year
    return f"{when.day} {when:%b}" + ("" if when.year == this_year else f" {when.year}")


@register.filter
def nothing(value: Any) -> Any:
    """The sign for "not known" in place of an empty text."""
    return formats.NOTHING if value in (None, "") else value


@register.filter
def gate_name(gate: str) -> str:
    """A gate's id as the operator reads it."""
    return gate_words(gate)


@register.filter
def why(decision: DecisionRow) -> str:
    """Why a plan was refused or taken: the sentence, else actual against limit."""
    if decision.verdict == "approved":
        return "all gates passed"
    numbers = comparison(
        Reading(decision.gate, Verdict.REFUSED, decision.limit, decision.actual, decision.unit)
    )
    return decision.reason or numbers


@register.filter
def ms(at: int | None) -> int:
    """Nanoseconds as milliseconds, for the browser."""
    return 0 if at is None else at // MS
