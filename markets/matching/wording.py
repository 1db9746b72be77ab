"""Words made comparable: accents, marks and markdown away, sentences cut, names compared.

Nothing is understood here beyond spelling: `contests` knows what phrases mean. Names of people are
equal when surname and first name agree (an initial or a usual short form is enough), unlike when a
surname or a first name contradicts, and otherwise unknown.
"""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

# Hyphens, figure and en dashes, minus; then typographic quotes, by code point.
_DASHES = {
    **dict.fromkeys((0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212), "-"),
    **dict.fromkeys((0x2018, 0x2019), "'"),
    **dict.fromkeys((0x201C, 0x201D), '"'),
    0xF8: "o",
    0xD8: "O",
    0x142: "l",
    0x141: "L",
    0x131: "i",
}
_MARKS = re.compile(r"[*_`​]+")
_WORD = re.compile(r"[a-z0-9]+(?:[.'][a-z0-9]+)*(?:-[a-z0-9]+)*")
_CUT = re.compile(r"(?<=[.!?;])[\"')]*\s+(?=[A-Z\"(\[*0-9])|\n+")
_ABBREVIATED = re.compile(
    r"(\b(?:[A-Za-z]|U\.S|U\.K|Mr|Mrs|Ms|Dr|St|Jr|Sr|vs|Inc|Co|Corp|Jan|Feb|Mar|Apr|Jun|Jul|Aug"
    r"|Sep|Sept|Oct|Nov|Dec|e\.g|i\.e|a\.m|p\.m|Gov|Sen|Rep|Lt|Gen|Ft|Mt))\.$"
)
_TITLES = frozenset(
    [
        "the",
        "mr",
        "mrs",
        "ms",
        "dr",
        "sen",
        "senator",
        "rep",
        "gov",
        "governor",
        "president",
        "prime",
        "minister",
        "sir",
    ]
)
_SUFFIXES = frozenset(["jr", "sr", "ii", "iii", "iv"])
# Words that make another team or body of a name, and never stand for a middle name.
_OTHERS_TEXT = """women womens woman men mens ladies girls boys youth junior juniors senior seniors amateur u16
    u17 u18 u19 u20 u21 u22 u23 reserve reserves academy b wheelchair deaf legends allstars futures
    acting interim deputy vice former national regional local mayoral state"""
_OTHERS = frozenset(_OTHERS_TEXT.split())
_SHORT = {
    "alex": ("alexander", "alejandro", "alexandra"), "andy": ("andrew",), "ben": ("benjamin",),
    "bill": ("william",), "billy": ("william",), "bob": ("robert",), "bobby": ("robert",),
    "cam": ("cameron",), "chris": ("christopher", "christian"), "dan": ("daniel",),
    "danny": ("daniel",), "dave": ("david",), "don": ("donald",), "ed": ("edward",),
    "gabe": ("gabriel",), "greg": ("gregory",), "jim": ("james",), "joe": ("joseph",),
    "jon": ("jonathan",), "josh": ("joshua",), "kate": ("katherine",), "ken": ("kenneth",),
    "liz": ("elizabeth",), "matt": ("matthew",), "mike": ("michael",), "nick": ("nicholas",),
    "pat": ("patrick",), "pete": ("peter",), "phil": ("philip", "phillip"), "rob": ("robert",),
    "ron": ("ronald",), "sam": ("samuel", "samantha"), "steve": ("steven", "stephen"),
    "tim": ("timothy",), "tom": ("thomas",), "tony": ("anthony",), "vince": ("vincent",),
    "will": ("william",), "zach": ("zachary",),
}  # fmt: skip


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """Text without accents, typographic marks and markdown, spaces made single; case is kept."""
    flat = text
    if not text.isascii():
        flat = text.translate(_DASHES)
        if not flat.isascii():
            flat = "".join(
                c for c in unicodedata.normalize("NFKD", flat) if not unicodedata.combining(c)
            )
    return re.sub(r"[ \t\xa0]+", " ", _MARKS.sub("", flat)).strip()


@lru_cache(maxsize=65_536)
def words(text: str) -> tuple[str, ...]:
    """Lower-case words in order; possessives lose their ending, dots inside initials go."""
    found = _WORD.findall(plain(text).lower().replace("'s ", " ").replace("'s", ""))
    return tuple(w if w[0].isdigit() else w.replace(".", "").replace("'", "") for w in found)


@lru_cache(maxsize=32_768)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, in order; abbreviations do not end one."""
    found: list[str] = []
    for piece in _CUT.split(plain(text)):
        part = piece.strip()
        if not part:
            continue
        if found and _ABBREVIATED.search(found[-1]):
            found[-1] = f"{found[-1]} {part}"
        else:
            found.append(part)
    return tuple(found)


@lru_cache(maxsize=65_536)
def name_words(name: str) -> tuple[str, ...]:
    """A name's words without titles; `St.` at the end of a school is `state`."""
    text = re.sub(r"\bst\.?$", "state", plain(name).lower().strip())
    text = re.sub(r"\bst\.? (?=[a-z])", "saint ", text).replace("&", " and ")
    found = [w for part in words(text) for w in part.split("-")]
    return tuple(w for w in found if w not in _TITLES and w != "and") or tuple(found)


def alike(a: str, b: str) -> bool | None:
    """Whether two names mean one person or body: True, False, or None when it cannot be said."""
    first, second = name_words(a), name_words(b)
    if not first or not second:
        return None
    if first == second or "".join(first) == "".join(second):
        return True
    one, two = _bare(first), _bare(second)
    if (set(first) ^ set(second)) & _OTHERS:
        return None
    suffixes = {w for w in first if w in _SUFFIXES} ^ {w for w in second if w in _SUFFIXES}
    if one == two:
        return None if suffixes else True
    if not set(one) & set(two):
        return None if _near(one, two) else False
    return _same_person(one, two, bool(suffixes))


def _bare(name: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(w for w in name if w not in _SUFFIXES) or name


def _same_person(one: tuple[str, ...], two: tuple[str, ...], suffixed: bool) -> bool | None:
    if len(one) < 2 or len(two) < 2:
        return None
    if one[-1] == two[-1]:
        agrees = _first_names(one[:-1], two[:-1])
        return None if agrees and suffixed else agrees
    inside = set(one) <= set(two) or set(two) <= set(one)
    return None if inside or _misspelt(one[-1], two[-1]) else False


def _misspelt(a: str, b: str) -> bool:
    """Whether two surnames may be one with letters exchanged."""
    return len(a) > 3 and SequenceMatcher(None, a, b).ratio() > 0.75


def nearly(a: str, b: str) -> bool:
    """Whether two names differ by a letter or two in spelling."""
    first, second = name_words(a), name_words(b)
    one, two = "".join(first), "".join(second)
    if len(first) != len(second) or min(len(one), len(two)) < 8:
        return False
    return SequenceMatcher(None, one, two).ratio() > 0.92


def _first_names(one: tuple[str, ...], two: tuple[str, ...]) -> bool | None:
    a, b = one[0], two[0]
    if _middles_clash(one[1:], two[1:]):
        return False
    if a == b or b in _SHORT.get(a, ()) or a in _SHORT.get(b, ()):
        return True
    if _initials(one) == _initials(two) and 1 in (len(a), len(b)):
        return True
    if set(one) & set(two) or a.startswith(b) or b.startswith(a):
        return None
    return False


def _middles_clash(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    """Whether both names have words in the middle, and these are other words."""
    if not one or not two:
        return False
    short, long = sorted((one, two), key=len)
    return not all(any(m.startswith(w) or w.startswith(m) for m in long) for w in short)


def _initials(name: tuple[str, ...]) -> str:
    return "".join(w if len(w) <= 2 else w[0] for w in name)


def _near(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    """Whether no word is shared but spelling or joining may be to blame."""
    a, b = "".join(one), "".join(two)
    if a in b or b in a:
        return True
    return one[-1][:5] == two[-1][:5] and len(one[-1]) > 4
