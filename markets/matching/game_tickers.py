"""Games in Kalshi's tickers: `KX` league type, day and codes, the part, and the side.

`KXMLBGAME-26JUL111605COLSF-SF` is the game of 11 July 2026, 16:05 Eastern, backing SF; a number
after the code of a spread or a total N stands for "more than N - 0.5". Titles and rules, where they
are stated, are read first. Source: labelled pairs and market files, tickers beside their titles.
"""

import re
from datetime import date

from markets.matching.games import TYPES, Entrant, Game, dressed, line_span
from markets.matching.leagues import CODES, DRAWS, teams
from markets.matching.quantities import Span, spans
from markets.matching.sides import Side
from markets.matching.windows import MONTHS
from markets.matching.wording import plain
from markets.terms.units import MICRO

_TICKER = re.compile(
    r"^(?:KX)?([A-Z0-9]+)-(\d\d)([A-Z]{3})(\d\d)(\d{4})?([A-Z][A-Z0-9]*|[A-Z0-9]{2,})(?:-(.+))?$"
)
_TEAMS = re.compile(
    r"^(?:will .+? win the |[\w ]+: )?(.+?) (?:vs\.?|at|@) (.+?)(?: ?:| ?\?| winner\b| match\b| game\b|$)",
    re.I,
)
_IN_RULES = re.compile(
    r"(?:wins|in|is the winner of|that) (?:the )?(?:[^.]*?: )?([A-Z0-9][^,:]*?) (?:vs\.?|at) ([A-Z0-9].*?) (?:men's |women's )?(?:professional|college|pro\b|eSports|League|[A-Z]\w+ (?:match|game))"
)
_TYPE_NAMES = sorted(TYPES, key=len, reverse=True)


def game_of_ticker(side: Side) -> Game | None:
    """The game a Kalshi market is on; None when its ticker names none."""
    match = _TICKER.match(side.id.upper())
    if match is None:
        return None
    series, year, month, day, clock, codes, rest = match.groups()
    split = _series(series.lower())
    if split is None:
        return None
    league, (kind, period) = split
    try:
        on = date(2000 + int(year), MONTHS[month.lower()], int(day))
    except (KeyError, ValueError):
        return None
    # Two games of one pair on one day; without a table G2 may be a team.
    twice = re.fullmatch(r"(.{4,}?)G([12])", codes) if teams(league) else None
    codes, number_of_day = twice.groups() if twice else (codes, "")
    pieces = (rest or "").split("-")
    if period == "part":
        number = pieces[0] if len(pieces) > 1 else ""
        period = f"part{number}" if number else ""
        pieces = pieces[1:] or pieces
    suffix, number_text = _suffix(pieces[0] if pieces else "", kind)
    entrants = _entrants(league, codes, suffix, side)
    span = _span(side, kind, number_text or (pieces[-1] if pieces[-1:] != [suffix] else ""))
    return Game(
        league, on, entrants, kind, period, _backs(suffix, entrants, kind), span,
        player=_player(side, kind, pieces, entrants), minute=_minute(clock),
        three_way=_three_way(league, kind, side), number=number_of_day, quote=side.title or side.id,
    )  # fmt: skip


def _series(series: str) -> tuple[str, tuple[str, str]] | None:
    cuts = [(series.removesuffix(n), n) for n in _TYPE_NAMES if series.endswith(n) and series != n]
    known = next(((CODES[league], TYPES[n]) for league, n in cuts if league in CODES), None)
    return known or next(((league, TYPES[n]) for league, n in cuts if len(league) >= 2), None)


def _suffix(text: str, kind: str) -> tuple[str, str]:
    """The code a market is about, and the number behind it."""
    if kind.startswith("total"):
        return "", text
    if kind.startswith("spread"):
        match = re.fullmatch(r"([A-Z0-9]*?[A-Z])(\d+(?:\.\d+)?)", text)
        return (match.group(1), match.group(2)) if match else (text, "")
    return text, ""


def _entrants(league: str, codes: str, suffix: str, side: Side) -> tuple[Entrant, ...]:
    pair = _split(league, codes, suffix)
    names = _names(side)
    if pair is None:
        return tuple(Entrant("", name) for name in names or ())
    if not names:
        return tuple(Entrant(code, _label_name(side, code, suffix)) for code in pair)
    return dressed(league, pair, names)


def _split(league: str, codes: str, suffix: str) -> tuple[str, str] | None:
    """Two codes out of one word: the backed one is known, or the league's table knows both."""
    if suffix and codes.startswith(suffix) and len(codes) > len(suffix):
        return suffix, codes[len(suffix) :]
    if suffix and codes.endswith(suffix) and len(codes) > len(suffix):
        return codes[: -len(suffix)], suffix
    known = {code for team in teams(league) for code in team.codes}
    cuts = [
        i
        for i in range(2, len(codes) - 1)
        if codes[:i].lower() in known and codes[i:].lower() in known
    ]
    if len(cuts) == 1:
        return codes[: cuts[0]], codes[cuts[0] :]
    return (codes[:3], codes[3:]) if len(codes) == 6 and not known else None


def _names(side: Side) -> tuple[str, str] | None:
    for pattern, text in ((_TEAMS, side.title), (_IN_RULES, side.rules)):
        match = pattern.search(plain(text)) if text else None
        if match is not None:
            return match.group(1).strip(), match.group(2).strip()
    return None


def _label_name(side: Side, code: str, suffix: str) -> str:
    return (
        side.label if side.label and code == suffix and not re.search(r"\d|:", side.label) else ""
    )


def _backs(suffix: str, entrants: tuple[Entrant, ...], kind: str) -> int | None:
    if kind.startswith(("total", "prop", "btts", "extra")) or suffix in ("TIE", "DRAW"):
        return None
    return next((i for i, e in enumerate(entrants) if e.code and e.code == suffix), None)


def _span(side: Side, kind: str, number: str) -> Span | None:
    if kind.startswith(("win", "advance", "btts", "extra")):
        return None
    said = "\n".join(part for part in (side.label, side.rules, side.title) if part)
    handicap = (
        re.search(r"(?<![\w.])-(\d+(?:\.\d)?)\b", side.label) if kind.startswith("spread") else None
    )
    if handicap is not None:
        return line_span(_micros(handicap.group(1)))
    found = [s for s in spans(said) if s.kind in ("above", "least", "below")]
    if found:
        return found[0]
    if re.fullmatch(r"\d+(\.\d+)?", number):
        threshold = _micros(number)
        if kind.startswith("prop"):
            return line_span(threshold, at_least=True, kind="least")
        return line_span(threshold - MICRO // 2 if "." not in number else threshold)
    return None


def _micros(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * MICRO + int(part.ljust(6, "0") or "0")


def _player(side: Side, kind: str, pieces: list[str], entrants: tuple[Entrant, ...]) -> str:
    if not kind.startswith("prop"):
        return ""
    named = side.label.partition(":")[0]
    if named and not named.isdigit():
        return named
    code = re.sub(r"\d+$", "", pieces[0]) if pieces else ""
    team = next((e.code for e in entrants if e.code and code.startswith(e.code)), "")
    return code.removeprefix(team) if team else ""


def _minute(clock: str | None) -> int | None:
    return int(clock[:2]) * 60 + int(clock[2:]) if clock else None


def _three_way(league: str, kind: str, side: Side) -> bool | None:
    """Whether a level end loses: said in the rules, or the league's ordinary way."""
    text = f"{side.rules} {side.more_rules} {side.label}".lower()
    if "after 90 minutes" in text or "reg time" in text:
        return True
    if re.search(r"ends? in a (tie|draw).{0,60}(50/50|0\.50|fair)", text):
        return False
    return True if league in DRAWS and kind == "win" else None
