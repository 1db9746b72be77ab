"""What a market states: its condition, who it is about, what is done, and the words that are left.

The statement is taken from "If …, then the market resolves to Yes" or "will resolve to “Yes” if …"
or "resolve according to …", beside the question. `act` is the kind of deed (win, nominee, run,
leave …), `core` the words that remain when subject, deed, dates and plain grammar are taken away:
two statements may be confirmed together only when each core stands in the other's texts.
"""

import re
from functools import lru_cache

import msgspec

from markets.matching.contests import atoms, implied
from markets.matching.leagues import CODES
from markets.matching.lexicon import PLAIN
from markets.matching.quantities import spans
from markets.matching.sides import Side
from markets.matching.wording import alike, name_words, nearly, plain, sentences, words

_IF_YES = re.compile(
    r"^(?:If|Where) (.+?),?\.? then the market (?:will )?resolves? to \"?Yes", re.I | re.S
)
_YES_IF = re.compile(
    r"resolves? (?:immediately )?(?:to )?\"?Yes\"?,? (?:if|when) (.+?)\.?$", re.I | re.S
)
_ACCORDING = re.compile(
    r"(?:will resolve|resolves) (?:based on|according to|to|in accordance with) (?!\"?(?:Yes|No)\b)(.+?)\.?$",
    re.I | re.S,
)
_WHETHER = re.compile(r"polymarket on whether (.+?)\.?$", re.I | re.S)
_SUBJECT_ENDS = (
    r"(?: (?:wins?|won|win|be|is|are|has|have|had|becomes?|becoming|makes?|makes|qualif\w+|accepts?|advances?|finish\w*|"
    r"officially|leaves?|leave|out|announce[sd]?|releases?|releasing|reach\w*|receives?|gets?|runs?|records?|leads?|"
    r"serves?|confirms?|holds?|publicly|physically|acquires?|buys?|resigns?|cease\w*|announcing|cover|represent)\b)"
)
_QUESTION = re.compile(rf"^(?:Will|Does|Is|Are|Has|Did) (?:the )?(.+?){_SUBJECT_ENDS}", re.I)
_CONDITION = re.compile(rf"^(?:the )?(.+?){_SUBJECT_ENDS}", re.I)
_ACTS: tuple[tuple[str, str], ...] = (
    ("run", r"\b(run|runs|running|ran) for\b|\bannounces? (a |their |an? \w+ )?(campaign|candidacy)|\bcandidacy\b|\bwho will run\b"),
    ("nominee", r"\bnominees?\b|\bnomination\b|\bprimary (winner|election winner)\b|\bwins? the .{0,60}\bprimary\b|\bdem primary\b"),
    ("nominated", r"\bnominated (as|to|for)\b"),
    ("confirmed", r"\bconfirmed (as|by|to)\b"),
    ("inaugurated", r"\binaugurated\b|\bsworn in\b"),
    ("leave", r"\bleaves?\b|\bleaving\b|\bout (as|by|before|in|of)\b|\bresigns?\b|\bresignation\b|\bceases? to\b|\bremoved\b|\bdepart"),
    ("impeach", r"\bimpeach"),
    ("pardon", r"\bpardon"),
    ("announce", r"\bannounced? as\b|\bofficially announced\b|\bannouncement\b"),
    ("cast", r"\bcast as\b"),
    ("purchase", r"\bpurchas|\bbuys?\b"),
    ("acquire", r"\bacquir|\bacquisition"),
    ("invade", r"\binvad|\bmilitary offensive"),
    ("annex", r"\bannex"),
    ("qualify", r"\bqualif|\bmakes? the .{0,20}playoffs|\bplayoffs qualifiers"),
    ("advance", r"\badvances?\b|\breach(es)? the\b"),
    ("relegated", r"\brelegat"),
    ("seed", r"\b#?\d(st)? seed\b|\bno\.? ?1 seed"),
    ("lead", r"\bleads? (the )?(nba|nhl|mlb|nfl|pro)|\bleader at the end\b|\bleading scorer|\btop (goal ?)?scorer|\bgolden boot"),
    ("place", r"\bfinish(es)?\b|\brunner-?up\b|\bsecond place\b|\bthird place\b|\b(2nd|3rd|4th|last)\b"),
    ("hold", r"\bofficially holds?\b|\bbe the (leader|headofstate|primeminister|chair)|\bholds? the position\b"),
    ("next", r"\bthe next\b|\bnext\b"),
    ("release", r"\breleas"),
    ("ipo", r"\bipos?\b|\binitial public offering"),
    ("meet", r"\bmeets?\b"),
    ("endorse", r"\bendors"),
    ("visit", r"\bvisits?\b|\btravell?ed\b"),
    ("draft", r"\bdraft(ed)?\b|\boverall pick\b"),
    ("eliminated", r"\beliminated\b"),
    ("win", r"\bwins?\b|\bwon\b|\bwinner\b|\bchampions?\b|\bcrowned\b|\bawarded\b|\bcontrol\b|\belected\b"),
)  # fmt: skip
_STEMS = {
    "run": ("run", "ran ", "candidacy", "campaign"), "nominee": ("nomin", "primary"), "leave": ("leav", "out ", "resign", "cease", "remov", "depart"),
    "purchase": ("purchas", "buy"), "invade": ("invad", "offensive"), "qualify": ("qualif", "makes", "playoffs"), "advance": ("advance", "reach"),
    "seed": ("seed",), "lead": ("lead", "scorer", "golden"), "place": ("finish", "runner", "place", "2nd", "3rd", "4th", "last"), "hold": ("hold", "be the"),
    "next": ("next",), "ipo": ("ipo", "public offering"), "visit": ("visit", "travel"), "draft": ("draft", "pick"), "inaugurated": ("inaug", "sworn"),
    "announce": ("announc",), "acquire": ("acqui",), "confirmed": ("confirm",), "win": ("win", "won", "champion", "crowned", "award", "control", "elected"),
}  # fmt: skip
_ACT_PATTERNS = tuple(
    (name, _STEMS.get(name, (name[:5],)), re.compile(pattern)) for name, pattern in _ACTS
)
_DAY = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?\b(?:,? 20\d\d)?|\b\d{1,2}(?::\d\d)? ?[ap]\.?m\b\.?",
    re.I,
)
_ASKS = re.compile(r"(?:who|which|what|when|where|how)\b", re.I)
_NUMBER = re.compile(r"20\d\d(-\d\d|-20\d\d)?|\d\d-\d\d")  # years and seasons


class Statement(msgspec.Struct, frozen=True):
    """What a side states. Empty means unknown. `core` are the statement's words beyond subject,
    deed and grammar, `told` those of title and condition, `support` every word of title, event and
    condition, and the league a ticker names.
    """

    condition: str
    subject: str
    acts: tuple[str, ...]
    core: frozenset[str]
    told: frozenset[str]
    support: frozenset[str]
    quote: str


def condition_of(side: Side) -> str:
    """The sentence the first outcome depends on, without its frame; empty when there is none."""
    found = conditions(side)
    return found[0] if found else ""


def conditions(side: Side) -> tuple[str, ...]:
    """Every sentence that says what the first outcome depends on, without its frame, in order.

    "Resolves according to" counts only where no sentence names Yes.
    """
    return _conditions(side.rules)


@lru_cache(maxsize=32_768)
def _conditions(rules: str) -> tuple[str, ...]:
    said = sentences(rules)
    for patterns in ((_IF_YES, _YES_IF, _WHETHER), (_ACCORDING,)):
        found = tuple(
            match.group(1).strip()
            for sentence in said
            if (match := _first_match(patterns, sentence)) is not None
        )
        if found:
            return found if patterns[0] is _IF_YES else found[:1]
    return ()


def _first_match(patterns: tuple[re.Pattern[str], ...], sentence: str) -> re.Match[str] | None:
    return next((m for pattern in patterns if (m := pattern.search(sentence)) is not None), None)


def statement(side: Side) -> Statement:
    """What a side states, from condition, question and label."""
    condition = condition_of(side)
    subject = _subject(side, condition)
    main = condition if side.is_kalshi and condition else side.title
    named = frozenset(_name_tokens(subject)) | _also_named(side, subject)
    texts = (side.title, condition, side.event_title, side.label)
    return Statement(
        condition=condition,
        subject=subject,
        acts=acts(f"{atoms(main)} | {plain(main).lower()}"),
        core=implied(content(_without(main, subject))) - named,
        told=implied(content(_without(condition, subject)) | content(_without(side.title, subject)))
        - named,
        support=implied(
            frozenset().union(_league(side), *(content(text) for text in texts if text))
        ),
        quote=main,
    )


@lru_cache(maxsize=65_536)
def acts(flat: str) -> tuple[str, ...]:
    """The deeds a text in atoms names, most special first."""
    return tuple(
        name
        for name, stems, pattern in _ACT_PATTERNS
        if any(stem in flat for stem in stems) and pattern.search(flat)
    )


def _subject(side: Side, condition: str) -> str:
    """Who or what the first outcome is about; the label where it stands in the title."""
    label = "" if side.label.startswith("::") else side.label
    if (
        label
        and not re.search(r"\d", label)
        and set(name_words(label)) <= set(words_split(side.title))
    ):
        return label
    for pattern, text in (
        (_CONDITION, condition if side.is_kalshi else ""),
        (_QUESTION, side.title),
        (_CONDITION, "" if side.is_kalshi else side.title),
    ):
        match = pattern.search(plain(text)) if text else None
        if match is not None and len(match.group(1)) < 60 and not _ASKS.match(match.group(1)):
            return match.group(1).strip()
    return ""


def _also_named(side: Side, subject: str) -> frozenset[str]:
    """The words of the title's own subject, where it may be the same name spelt otherwise."""
    match = _QUESTION.search(plain(side.title)) if subject else None
    asked = match.group(1) if match is not None else ""
    known = alike(asked, subject) is True or nearly(asked, subject)
    return frozenset(_name_tokens(asked)) if asked[:1].isupper() and known else frozenset()


def words_split(text: str) -> tuple[str, ...]:
    """Words of a text with hyphenated ones cut too, as names are compared."""
    return tuple(w for part in words(text) for w in part.split("-"))


def _without(text: str, subject: str) -> str:
    return plain(text).replace(plain(subject), " ") if subject else text


def _name_tokens(name: str) -> tuple[str, ...]:
    return name_words(name) + words(name)


def _league(side: Side) -> frozenset[str]:
    """The league a Kalshi series is named after."""
    return _league_of(side.id.partition("-")[0]) if side.is_kalshi else frozenset()


@lru_cache(maxsize=8_192)
def _league_of(series: str) -> frozenset[str]:
    name = series.removeprefix("KX").lower()
    found = [code for code in CODES if len(code) > 2 and name.startswith(code)]
    return frozenset(CODES[max(found, key=len)].split()) if found else frozenset()


def undated(text: str) -> str:
    """A text without its days and clock times."""
    return _DAY.sub(" ", plain(text))


@lru_cache(maxsize=65_536)
def content(text: str) -> frozenset[str]:
    """The words of a text that say something: not grammar, not dates, not ranges read as such."""
    flat = undated(text)
    for span in spans(flat):
        flat = flat.replace(span.quote, " ")
    return frozenset(w for w in words(atoms(flat)) if w not in PLAIN and not _NUMBER.fullmatch(w))


def left_over(a: Statement, b: Statement) -> tuple[frozenset[str], frozenset[str]]:
    """Words of each core that the other side's texts do not hold."""
    one = frozenset(_name_tokens(a.subject) + _name_tokens(b.subject))
    return a.core - b.support - one, b.core - a.support - one


def untold(a: Statement, b: Statement) -> tuple[frozenset[str], frozenset[str]]:
    """The same, with every word of title and condition."""
    one = frozenset(_name_tokens(a.subject) + _name_tokens(b.subject))
    return (a.core | a.told) - b.support - one, (b.core | b.told) - a.support - one


def same_subject(a: Statement, b: Statement) -> bool | None:
    """Whether both are about one subject; names are compared as names, after their atoms."""
    if not a.subject or not b.subject:
        return None
    if atoms(a.subject) == atoms(b.subject):
        return True
    return alike(a.subject, b.subject)
