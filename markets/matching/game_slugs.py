"""Games in Polymarket's slugs, of both of its venues.

US venue: `aec-` two-way winner with the first team of the slug on the long side, `atc-` three-way
winner, `asc-…-neg-1pt5` first team minus the line, `-pos-` plus it, `tsc-` totals, `astatc-` parts
and props. Offshore: `nba-tor-nop-2026-03-11` with outcomes in names, `-spread-home-1pt5`,
`-total-224pt5`, and for soccer `-draw` or a team. Source: ../shared/data/pairs/README.md.
"""

import re
from datetime import date, datetime, timedelta

from markets.matching.games import Entrant, Game, dressed, line_from_slug, line_span
from markets.matching.leagues import CODES, DRAWS
from markets.matching.quantities import Span
from markets.matching.sides import Side
from markets.matching.windows import summer
from markets.matching.wording import alike, plain
from markets.terms.units import MICRO

_SLUG = re.compile(
    r"^(?:(aec|asc|tsc|atc|astatc)-)?([a-z0-9]+)-([a-z0-9]+)-([a-z0-9]+)-(20\d\d)-(\d\d)-(\d\d)(?:-(.+))?$"
)
_VERSUS = re.compile(
    r"^(?:[^:]*?(?:event|: )\s*)?(?:Will the total in )?(.+?) vs\.? (.+?)(?: scheduled\b.*| be more than\b.*|:.*|\?|$)"
)
_COVER = re.compile(
    r"^Will (?:the )?(.+?) (?:cover|win|beat).*? (?:vs|against|the first 5 innings vs) (?:the )?(.+?)(?: in (?:the )?\w.*| scheduled.*|\?|$)"
)
_PERIOD = re.compile(r"^(f5|1h|2h|1q|2q|3q|4q|first-half|second-half)-")
_PART = re.compile(r"^(?:map|game|set)-?(\d)(?:-winner)?$|^(first|second)-set-winner")


def game_of_slug(side: Side) -> Game | None:
    """The game a Polymarket market is on; None when its slug names none."""
    match = _SLUG.match(side.slug)
    if match is None:
        return None
    family, league, one, two, *ymd, rest = match.groups()
    try:
        on = date(int(ymd[0]), int(ymd[1]), int(ymd[2]))
    except ValueError:
        return None
    if family is None and league not in CODES and len(side.outcomes) != 2:
        return None
    league = CODES.get(league, league)
    entrants = _entrants(league, one, two, side)
    if family is None:
        return _offshore(league, on, entrants, rest or "", side)
    return _onshore(family, league, on, entrants, rest or "", side)


def _entrants(league: str, one: str, two: str, side: Side) -> tuple[Entrant, Entrant]:
    names = _names(side)
    if names is None:
        return Entrant(one), Entrant(two)
    return dressed(league, (one, two), names)


def _names(side: Side) -> tuple[str, str] | None:
    for text in (side.title, side.event_title):
        for pattern in (_COVER, _VERSUS):
            match = pattern.search(plain(text)) if text else None
            if match is not None:
                return match.group(1).strip(), match.group(2).strip()
    return None


def _onshore(
    family: str, league: str, on: date, entrants: tuple[Entrant, Entrant], rest: str, side: Side
) -> Game:
    """The US venue's families; the long side is the first outcome."""
    cut = _PERIOD.match(rest)
    period = (
        {"first-half": "1h", "second-half": "2h"}.get(cut.group(1), cut.group(1)) if cut else "full"
    )
    tail = rest[cut.end() :] if cut else rest
    backs: int | None = 0
    span: Span | None = None
    kind = {"aec": "win", "atc": "win", "asc": "spread", "tsc": "total", "astatc": "prop"}[family]
    if family == "atc":
        backs = _backed(tail, entrants)
        kind = "draw" if tail in ("draw", "tie") else kind
    if family in ("asc", "tsc"):
        kind, span = _us_line(kind, tail)
        backs = 0 if family == "asc" else None
    player = ""
    if family == "astatc":
        kind, period, player, span, backs = _us_prop(tail, period, entrants, side)
    three = family == "atc" if league in DRAWS or family == "atc" else None
    return Game(
        league,
        on,
        entrants,
        kind,
        period,
        backs,
        span,
        player,
        _minute(side, on),
        three,
        side.title or side.slug,
        by_order=family == "aec" and not _asked_name(side),
    )


def _us_line(kind: str, tail: str) -> tuple[str, Span | None]:
    match = re.fullmatch(r"(?:(gs|tg|ss|ts|tm|ms)-)?(?:(neg|pos)-)?(\d+(?:pt\d)?)", tail)
    if match is None:
        return kind, None
    unit = {"g": "-games", "s": "-sets", "m": "-maps"}.get(
        (match.group(1) or "").strip("t")[:1] or "", ""
    )
    if match.group(1) in ("gs", "tg"):
        unit = "-games"
    line = line_from_slug(match.group(3))
    if line is None:
        return kind + unit, None
    return kind + unit, line_span(-line if match.group(2) == "pos" else line)


def _us_prop(
    tail: str, period: str, entrants: tuple[Entrant, Entrant], side: Side
) -> tuple[str, str, str, Span | None, int | None]:
    part = _PART.match(tail)
    if part is not None:
        return "win", f"part{part.group(1) or 1}", "", None, _asked(side, entrants)
    if tail == "xi":
        return "extra-innings", period, "", None, None
    match = re.fullmatch(r"([a-z0-9]+)-([a-z]+)-gte(\d+)", tail)
    if match is not None:
        player = _asked_name(side) or match.group(2)
        return (
            f"prop-{match.group(1)}",
            period,
            player,
            line_span(int(match.group(3)) * MICRO, at_least=True, kind="least"),
            None,
        )
    stat = {"mov": "prop-method", "es": "prop-score"}.get(
        tail.split("-")[0], f"prop-{tail.split('-')[0]}"
    )
    return stat, period, tail, None, None


def _asked(side: Side, entrants: tuple[Entrant, Entrant]) -> int | None:
    """Which entrant the question backs; without a question, the first of the slug."""
    name = _asked_name(side)
    if not name:
        return 0 if not side.title else None
    found = [i for i, e in enumerate(entrants) if e.name and alike(e.name, name)]
    return found[0] if len(found) == 1 else None


def _asked_name(side: Side) -> str:
    match = re.match(r"Will (?:the )?(.+?) (?:win|record|cover|score|have|be)\b", plain(side.title))
    return match.group(1) if match else ""


def _offshore(
    league: str, on: date, entrants: tuple[Entrant, Entrant], rest: str, side: Side
) -> Game | None:
    cut = re.match(r"^(1h|2h|1q|first-half)-", rest)
    period = {"first-half": "1h"}.get(cut.group(1), cut.group(1)) if cut else "full"
    tail = rest[cut.end() :] if cut else rest
    kind, span, backs, part = _offshore_kind(tail, entrants, side)
    if kind is None:
        return None
    three = (
        True
        if side.outcomes[:1] == ("Yes",) and kind in ("win", "draw")
        else _void_draw(league, kind)
    )
    return Game(
        league,
        on,
        entrants,
        kind,
        part or period,
        backs,
        span,
        "",
        _minute(side, on),
        three,
        side.title or side.slug,
    )


def _void_draw(league: str, kind: str) -> bool | None:
    return False if league in DRAWS and kind == "win" else None


def _offshore_kind(
    tail: str, entrants: tuple[Entrant, Entrant], side: Side
) -> tuple[str | None, Span | None, int | None, str]:
    first = side.outcomes[0] if side.outcomes else ""
    part = _PART.match(tail)
    if tail in ("", "moneyline") or part is not None:
        label = (
            f"part{part.group(1) or {'first': 1, 'second': 2}.get(part.group(2), '')}"
            if part
            else ""
        )
        return "win", None, _backed(first, entrants), label
    if tail in ("draw", "tie"):
        return "draw", None, None, ""
    line = re.match(
        r"(spread|total|match-total|set-totals|map-handicap|set-handicap)-(?:(?:home|away)-)?(\d+pt\d|\d+)$",
        tail,
    )
    if line is not None:
        return _offshore_line(line, first, entrants)
    if first == "Yes" and tail in (entrants[0].code, entrants[1].code):
        return "win", None, 0 if tail == entrants[0].code else 1, ""
    return f"prop-{tail}", None, None, ""


def _offshore_line(
    line: re.Match[str], first: str, entrants: tuple[Entrant, Entrant]
) -> tuple[str, Span | None, int | None, str]:
    kind = {
        "spread": "spread", "total": "total", "match-total": "total-games", "set-totals": "total-sets",
        "map-handicap": "spread-maps", "set-handicap": "spread-sets",
    }[line.group(1)]  # fmt: skip
    strike = line_from_slug(line.group(2)) or 0
    span = line_span(strike)
    if kind.startswith("total"):
        under = first.lower().startswith("under")
        return kind, Span(None, strike, False, False, "", "below", "") if under else span, None, ""
    return kind, span, _backed(first, entrants), ""


def _backed(said: str, entrants: tuple[Entrant, Entrant]) -> int | None:
    found = [
        i
        for i, e in enumerate(entrants)
        if said
        and (said.lower() == e.code or (e.name and alike(e.name, said)) or _part_of(said, e.name))
    ]
    return found[0] if len(found) == 1 else None


def _part_of(said: str, name: str) -> bool:
    return bool(name) and len(said) > 2 and plain(said).lower() in plain(name).lower().split()


def _minute(side: Side, on: date) -> int | None:
    """The start in Eastern time, in minutes since the slug's own midnight; may pass a day."""
    match = re.match(r"(20\d\d)-(\d\d)-(\d\d)[T ](\d\d):(\d\d)", side.start_at)
    if match is None:
        return None
    shift = timedelta(hours=4 if summer(on) else 5)
    year, month, day, hour, minute = (int(part) for part in match.groups())
    # Eastern time, kept without a zone as everywhere in this package.
    at = datetime(year, month, day, hour, minute) - shift  # noqa: DTZ001
    return int((at - datetime(on.year, on.month, on.day)).total_seconds() // 60)  # noqa: DTZ001
