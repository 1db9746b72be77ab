"""True pairs turned false: changes to one market's texts after which it asks for something else.

Each change is a pattern, what to put in its place, and a name. It is made in what decides a market,
its title and the condition of its rules: in both, or in one of them alone, where the market then
contradicts itself. Neither may ever be confirmed as what it was.
"""

import re
from collections.abc import Iterator

import msgspec

from markets.matching.sides import Side
from markets.matching.statements import conditions

CHANGES: tuple[tuple[str, str, str], ...] = (
    ("next year", r"(?<![-–])\b2026\b(?!-)", "2027"),
    ("last year", r"(?<![-–])\b2026\b(?!-)", "2025"),
    ("next season", r"2025[-–](?:20)?26", "2026-27"),
    ("another term", r"\b2028\b", "2032"),
    ("another day", r"\bMar(?:ch)? 11\b", "March 12"),
    ("another month", r"\bApril\b", "June"),
    ("another cut-off", r"\bJun(?:e)? 30\b", "July 31"),
    ("another threshold", r"(?<=\$)(\d+)(?=,000)", "7"),
    ("another size", r"\b(>?)25(\+?) ?bps", r"\g<1>50\g<2> bps"),
    ("a hike", r"\b(?:[Cc]ut|decrease)\b", "Hike"),
    ("another bank", r"the (?:Federal Reserve|Fed)\b", "the Bank of England"),
    ("loses", r"\bwins?\b", "lose"),
    ("not", r"\b(wins?|Cut|decrease|makes?)\b", r"not \1"),
    ("unless", r"^(?:If|Will)\b", "Unless"),
    ("second", r"\bwins?\b", "finish second in"),
    ("the first round", r"\bwins?\b", "wins the first round of"),
    ("one game", r"\bwins? (?=the\b(?!.*\bgame\b))", "win a game in "),
    ("reaches", r"\bwins?\b", "reach"),
    ("the nomination for it", r"\bwins?\b", "is nominated for"),
    ("winner, not nominee", r"\bnominee\b|\bnomination\b", "election"),
    ("the vice presidency", r"\b[Pp]residen", "Vice Presiden"),
    ("the other party", r"\bDemocratic\b", "Republican"),
    ("the women's", r"(?:Men's )?World Cup", "Women's World Cup"),
    ("the youth's", r"(?:Men's )?World Cup", "U20 World Cup"),
    ("another league", r"\bNHL\b|Stanley Cup Finals", "AHL Calder Cup"),
    ("another league", r"\bNBA\b|Pro [Bb]asketball", "WNBA"),
    ("the other conference", r"\bEastern\b", "Western"),
    ("another division", r"\bPacific\b", "Central"),
    ("a conference", r"\bDivision\b", "Conference"),
    ("the finals' prize", r"\bMVP\b|Most Valuable Player", "Finals MVP"),
    ("another prize", r"Coach of the Year", "Executive of the Year"),
    ("one semi-final", r"Eurovision( Song Contest)?", "Eurovision Semi-Final 1"),
    ("the juniors'", r"Eurovision( Song Contest)?", "Junior Eurovision"),
    ("another course", r"Masters( Tournament| tournament)?", "Masters Par 3 Contest"),
    ("the first half", r"basketball game|NBA game", "basketball game's first half"),
    ("a college game", r"professional basketball|\bNBA\b", "college basketball"),
    ("without overtime", r"including any overtime", "excluding any overtime"),
    ("a primary", r"\b([Mm]ayoral|presidential) [Ee]lection", r"\1 primary"),
    ("another city", r"Los Angeles", "San Francisco"),
    ("another country", r"\bBrazilian\b", "Argentinian"),
    ("the play-in", r"[Pp]layoffs?( Qualifiers)?", "Play-In Tournament"),
    ("misses", r"\bmakes?\b|is one of", "misses"),
    ("another state", r"\bTexas\b", "Nevada"),
    ("pays on No", r"resolves? to (\"?)Yes", r"resolves to \1No"),
)  # fmt: skip


def changed(side: Side) -> Iterator[tuple[str, Side]]:
    """The side with each change that fits: in all that decides, in the title alone, in the rules
    alone; named.
    """
    told = conditions(side)
    for name, pattern, put in CHANGES:
        title = re.sub(pattern, put, side.title)
        label = re.sub(pattern, put, side.label)
        rules = _rules(side, told, pattern, put)
        shown = msgspec.structs.replace(side, title=title, label=label)
        whole = msgspec.structs.replace(shown, rules=rules)
        alone = msgspec.structs.replace(side, rules=rules)
        for where, made in (("all", whole), ("title", shown), ("rules", alone)):
            if made != side and (made.title, made.rules) != (side.title, side.rules):
                yield f"{name} ({where})", made


def _rules(side: Side, told: tuple[str, ...], pattern: str, put: str) -> str:
    """The rules with the sentence that decides changed, or the first one where none is read."""
    first = next((one for one in told if one in side.rules), "")
    start = side.rules.find(first) if first else 0
    begin = max(side.rules.rfind(mark, 0, start) for mark in (". ", "\n", "! ")) + 1
    end = side.rules.find(".", start + len(first))
    end = len(side.rules) if end < 0 else end
    lead = len(side.rules[begin:end]) - len(side.rules[begin:end].lstrip())
    begin += lead
    return side.rules[:begin] + re.sub(pattern, put, side.rules[begin:end]) + side.rules[end:]
