"""Pairs as a founding `markets.json` writes them, read into what they say; nothing is looked up.

The file is an object whose `markets` lists games or questions. Each names a market of Kalshi
(`kalshi.markets.main`, for a game also the `opponent`'s) and one of Polymarket
(`polymarket.markets.slug` or `.condition_id`), with a `description`; either side may be
`enabled: false`. Other keys are remarks of whoever wrote the file and are passed over. It does not
say whether the two pay together or opposite: that is for the rules and a person.
"""

from __future__ import annotations

import msgspec


class _Kalshi(msgspec.Struct):
    main: str
    opponent: str = ""


class _Polymarket(msgspec.Struct):
    slug: str = ""
    condition_id: str = ""


class _KalshiSide(msgspec.Struct):
    markets: _Kalshi
    enabled: bool = True


class _PolymarketSide(msgspec.Struct):
    markets: _Polymarket
    enabled: bool = True


class _Entry(msgspec.Struct):
    kalshi: _KalshiSide
    polymarket: _PolymarketSide
    description: str = ""
    event_id: str = ""


class _File(msgspec.Struct):
    markets: list[msgspec.Raw]


class Wanted(msgspec.Struct, frozen=True):
    """One pair of the file: `where` names its entry in sentences; of Polymarket's names one is
    empty.
    """

    where: str
    ticker: str
    slug: str
    condition_id: str
    title: str


class BadFile(ValueError):
    """The file cannot be read; the message says which entry and what is wrong with it."""


def is_founding(text: str) -> bool:
    """Whether the text is one JSON object with `markets`, and not a line for each pair."""
    try:
        msgspec.json.decode(text, type=_File)
    except msgspec.ValidationError as problem:
        return "`$.markets" in str(problem)  # it has them, but not as a list
    except msgspec.DecodeError:
        return text.lstrip().startswith("{") and '"markets"' in text
    return True


def read(text: str) -> list[Wanted]:
    """The pairs of a file, in its order, two for an entry with an opponent; those that are switched
    off are left out.

    Errors: `BadFile` for the first thing that is wrong.
    """
    try:
        raw = msgspec.json.decode(text, type=_File).markets
    except msgspec.DecodeError as problem:
        raise BadFile(f"It is no list of markets: {problem}.") from None
    found: list[Wanted] = []
    for number, body in enumerate(raw, 1):
        found += _wanted(number, body)
    return found


def _wanted(number: int, body: msgspec.Raw) -> list[Wanted]:
    try:
        entry = msgspec.json.decode(body, type=_Entry)
    except msgspec.DecodeError as problem:
        raise BadFile(f"Entry {number}: {problem}.") from None
    name = entry.description or entry.event_id
    where = f"Entry {number} ({name})" if name else f"Entry {number}"
    ours, theirs = entry.kalshi.markets, entry.polymarket.markets
    if not (entry.kalshi.enabled and entry.polymarket.enabled):
        return []
    if not ours.main.strip():
        raise BadFile(f"{where}: kalshi.markets.main is empty; give the market's ticker.")
    if bool(theirs.slug.strip()) == bool(theirs.condition_id.strip()):
        raise BadFile(f"{where}: give polymarket.markets either a slug or a condition_id.")
    tickers = [ticker.strip() for ticker in (ours.main, ours.opponent) if ticker.strip()]
    return [
        Wanted(where, ticker, theirs.slug.strip(), theirs.condition_id.strip(), entry.description)
        for ticker in tickers
    ]
