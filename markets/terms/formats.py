"""Every number a person reads, as text. Pages, API examples and messages use these functions and no
others.

Prices are cents per $1 share, edges carry their sign, money has two decimals below $10,000, ages
get coarser as
they grow, what is not known is an en dash. The minus is U+2212. Rounding is never in our favour:
asks and costs
up, bids and gains down. Source: the interface study, section 2.4.
"""

from collections.abc import Callable

from markets.terms.units import MICRO, MS, Ns, Px, Qty, Rounding, Usd, divide, round_to

NOTHING = "–"
MINUS = "−"  # as wide as a plus
_CENT = 10_000
_COARSE_USD = 10_000 * MICRO
_TICK = Px(_CENT)
_HOUR_S = 3600
_DAY_S = 86_400


def _fixed(value: int, unit: int, places: int, rounding: Rounding) -> str:
    """`value / unit` with `places` decimals and thousands commas; the sign is U+2212."""
    step = unit // 10**places if unit >= 10**places else 1
    rounded = round_to(value, step, rounding)
    whole, part = divmod(abs(rounded), unit)
    digits = f"{part // step:0{places}d}" if places else ""
    sign = MINUS if rounded < 0 else ""
    return f"{sign}{whole:,}.{digits}" if places else f"{sign}{whole:,}"


def cents(px: Px | None, tick: Px = _TICK, rounding: Rounding = Rounding.UP) -> str:
    """A price of an outcome: `42.0`, `42.35`; one decimal, or as many as the tick has.

    Without the sign for cents.
    """
    if px is None:
        return NOTHING
    places = next((p for p in (1, 2) if tick % (_CENT // 10**p) == 0), 2)
    return _fixed(px, _CENT, places, rounding)


def price(px: Px | None, tick: Px = _TICK, rounding: Rounding = Rounding.UP) -> str:
    """`cents` with its sign: `42.0¢`."""
    return NOTHING if px is None else f"{cents(px, tick, rounding)}¢"


def exact_cents(px: Px | None, *, rounding: Rounding = Rounding.UP) -> str:
    """A cost, fee or sum per share with two decimals and no sign: `95.50`."""
    return NOTHING if px is None else _fixed(px, _CENT, 2, rounding)


def edge(px: Px | None) -> str:
    """A net edge or any signed amount per share: `+1.30`, `−0.07`. Rounded down."""
    if px is None:
        return NOTHING
    text = _fixed(px, _CENT, 2, Rounding.DOWN)
    return text if text.startswith(MINUS) else f"+{text}"


def edge_cents(px: Px | None) -> str:
    """`edge` with the sign for cents: `+1.30¢`."""
    return NOTHING if px is None else f"{edge(px)}¢"


def money(usd: Usd | None, *, gain: bool = False, rounding: Rounding = Rounding.DOWN) -> str:
    """Money: `$4.03`, `−$51.48`, with `gain` also `+$41.18`; no cents from $10,000 on.

    Rounded down.
    """
    if usd is None:
        return NOTHING
    places = 2 if abs(usd) < _COARSE_USD else 0
    text = _fixed(usd, MICRO, places, rounding)
    if text.startswith(MINUS):
        return f"{MINUS}${text[1:]}"
    return f"+${text}" if gain and usd > 0 else f"${text}"


def money_short(usd: Usd | None) -> str:
    """Money for charts and the header: `$884`, `$12.4k`, `$1.2m`. Rounded down."""
    if usd is None:
        return NOTHING
    size = abs(usd) // MICRO
    if size >= 1_000_000:
        text, name = _fixed(usd, 1_000_000 * MICRO, 1, Rounding.DOWN), "m"
    elif size >= 10_000:
        text, name = _fixed(usd, 1_000 * MICRO, 1, Rounding.DOWN), "k"
    else:
        text, name = _fixed(usd, MICRO, 0, Rounding.DOWN), ""
    if text.startswith(MINUS):
        return f"{MINUS}${text[1:]}{name}"
    return f"${text}{name}"


def count(qty: Qty | None) -> str:
    """Shares: `1,150`, `0.25`; decimals only where there are some. Rounded down to a hundredth."""
    if qty is None:
        return NOTHING
    hundredths = divide(abs(qty), MICRO // 100, Rounding.DOWN)
    text = _fixed(qty, MICRO, 2 if hundredths % 100 else 0, Rounding.DOWN)
    return text


def annual(ppm: int | None) -> str:
    """A yearly return: `+15.6%`, above 999 `>999%`; the en dash without one. Rounded down."""
    if ppm is None:
        return NOTHING
    if ppm > 999 * _CENT:
        return ">999%"
    text = _fixed(ppm, _CENT, 1, Rounding.DOWN)
    return f"{text}%" if text.startswith(MINUS) else f"+{text}%"


def percent(ppm: int | None) -> str:
    """A signed share of cost: `+1.36%`, `−0.07%`. Rounded down."""
    if ppm is None:
        return NOTHING
    text = _fixed(ppm, _CENT, 2, Rounding.DOWN)
    return f"{text}%" if text.startswith(MINUS) else f"+{text}%"


def probability(ppm: int | None) -> str:
    """`38%`, `1.5%`, `0.05%`: whole above ten, one decimal from one to ten, two below.

    Rounded up.
    """
    if ppm is None:
        return NOTHING
    places = 0 if ppm >= 10 * _CENT else 1 if ppm >= _CENT else 2
    return f"{_fixed(ppm, _CENT, places, Rounding.UP)}%"


def bps(ppm: int | None) -> str:
    """`50 bps`: only for slippage limits, fee rates and de-vig differences. Rounded up."""
    return NOTHING if ppm is None else f"{_fixed(ppm, 100, 0, Rounding.UP)} bps"


def age(ns: int | None) -> str:
    """How old: `0.4s`, `41s`, `2m 05s`, `3h 12m`, `5d`. Never below zero, cut, not rounded."""
    if ns is None:
        return NOTHING
    ms = max(0, ns) // MS
    seconds = ms // 1000
    if seconds < 10:
        return f"{seconds}.{ms % 1000 // 100}s"
    if seconds < 60:
        return f"{seconds}s"
    if seconds < _HOUR_S:
        return f"{seconds // 60}m {seconds % 60:02d}s"
    if seconds < _DAY_S:
        return f"{seconds // _HOUR_S}h {seconds % _HOUR_S // 60:02d}m"
    return f"{seconds // _DAY_S}d"


def until(ns: int | None) -> str:
    """How far ahead, coarse: `9h`, `19d`, `40m`; `now` when it is past."""
    if ns is None:
        return NOTHING
    seconds = ns // (1000 * MS)
    if seconds <= 0:
        return "now"
    if seconds < _HOUR_S:
        return f"{-(-seconds // 60)}m"
    if seconds < 2 * _DAY_S:
        return f"{-(-seconds // _HOUR_S)}h"
    return f"{-(-seconds // _DAY_S)}d"


def latency(ns: Ns | None) -> str:
    """`57ms`, `5.2s`. Cut, not rounded."""
    if ns is None:
        return NOTHING
    ms = max(0, ns) // MS
    return f"{ms}ms" if ms < 1000 else f"{ms // 1000}.{ms % 1000 // 100}s"


def amount(value: int | None, unit: str) -> str:
    """A limit or an actual value of a gate or setting in the setting's unit (see `Unit`)."""
    if value is None:
        return NOTHING
    shown = _AMOUNTS.get(unit)
    return shown(value) if shown else f"{value:,}"


_AMOUNTS: dict[str, Callable[[int], str]] = {
    "¢": lambda v: f"{_fixed(v, _CENT, 2, Rounding.DOWN)}¢",
    "USD": lambda v: money(Usd(v)),
    "%": lambda v: f"{_fixed(v, _CENT, 2, Rounding.DOWN)}%",
    "bps": bps,
    "ms": lambda v: latency(Ns(v * MS)),
    "contracts": lambda v: count(Qty(v)),
    "on/off": lambda v: "on" if v else "off",
}
