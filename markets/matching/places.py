"""Places that decide: American states, districts and weather stations.

A station is told by its four-letter code, a climate report's code (CLIMDW) or its usual name; a
city alone names no station. Source: National Weather Service station names; labelled pairs
(Central Park against LaGuardia).
"""

import re
from functools import lru_cache

from markets.matching.wording import plain, words

_STATES = """alabama AL;alaska AK;arizona AZ;arkansas AR;california CA;colorado CO;connecticut CT;delaware DE;florida FL;
georgia GA;hawaii HI;idaho ID;illinois IL;indiana IN;iowa IA;kansas KS;kentucky KY;louisiana LA;maine ME;maryland MD;
massachusetts MA;michigan MI;minnesota MN;mississippi MS;missouri MO;montana MT;nebraska NE;nevada NV;new hampshire NH;
new jersey NJ;new mexico NM;new york NY;north carolina NC;north dakota ND;ohio OH;oklahoma OK;oregon OR;pennsylvania PA;
rhode island RI;south carolina SC;south dakota SD;tennessee TN;texas TX;utah UT;vermont VT;virginia VA;washington WA;
west virginia WV;wisconsin WI;wyoming WY"""
STATES = {
    row.strip().rpartition(" ")[0]: row.strip()[-2:] for row in _STATES.replace("\n", "").split(";")
}
_STATE = re.compile(
    "|".join(rf"\b{name}\b" for name in sorted(STATES, key=len, reverse=True)), re.I
)
_FIRSTS = frozenset(name.split()[0] for name in STATES)
_DISTRICT = re.compile(r"\b(" + "|".join(sorted(STATES.values())) + r")-?(\d{1,2}|AL)\b")
_NOT_STATES = re.compile(
    r"new york city|washington,? d\.?c\.?|washington (?:post|commanders|nationals|capitals|wizards)",
    re.I,
)
_STATIONS = {
    "central park": "KNYC", "laguardia": "KLGA", "la guardia": "KLGA", "john f. kennedy international": "KJFK",
    "jfk airport": "KJFK", "newark liberty": "KEWR", "midway": "KMDW", "o'hare": "KORD", "ohare": "KORD",
    "love field": "KDAL", "dallas love": "KDAL", "dallas/fort worth": "KDFW", "dallas fort worth international": "KDFW",
    "dallas-fort worth": "KDFW", "dfw": "KDFW", "hobby": "KHOU", "bush intercontinental": "KIAH",
    "george bush": "KIAH", "austin-bergstrom": "KAUS", "austin bergstrom": "KAUS", "camp mabry": "KATT",
    "los angeles international": "KLAX", "downtown los angeles": "KCQT", "san francisco international": "KSFO",
    "san francisco downtown": "KSFOC", "miami international": "KMIA", "denver international": "KDEN", "buckley space force": "KBKF",
    "philadelphia international": "KPHL", "logan": "KBOS", "seattle-tacoma": "KSEA", "hartsfield": "KATL",
    "reagan national": "KDCA", "dulles": "KIAD", "phoenix sky harbor": "KPHX", "harry reid": "KLAS",
    "minneapolis-saint paul": "KMSP", "minneapolis-st. paul": "KMSP", "will rogers": "KOKC", "louis armstrong": "KMSY",
    "san antonio international": "KSAT", "san diego international": "KSAN", "heathrow": "EGLL", "london city airport": "EGLC",
    "st james's park": "EGRB",
}  # fmt: skip
_STATION = re.compile(
    "|".join(rf"\b{re.escape(name)}\b" for name in sorted(_STATIONS, key=len, reverse=True)), re.I
)
_ICAO = re.compile(r"\b(K[A-Z]{3})\b")
_CLI = re.compile(r"\bCLI([A-Z]{3})\b")


@lru_cache(maxsize=65_536)
def states(text: str) -> frozenset[str]:
    """Codes of the American states a text names in full."""
    if not _FIRSTS & set(words(text)):
        return frozenset()
    flat = _NOT_STATES.sub(" ", plain(text))
    return frozenset(STATES[match.group(0).lower()] for match in _STATE.finditer(flat))


def districts(text: str) -> frozenset[str]:
    """Districts a text names, as `CA-41`; at large is `AK-AL`, numbers have two digits."""
    found = _DISTRICT.findall(plain(text))
    return frozenset(
        f"{state}-{number if number == 'AL' else number.zfill(2)}" for state, number in found
    )


@lru_cache(maxsize=65_536)
def stations(text: str) -> frozenset[str]:
    """Weather stations a text names, as four-letter codes."""
    flat = plain(text)
    named = {_STATIONS[match.group(0).lower()] for match in _STATION.finditer(flat)}
    reports = {f"K{code}" for code in _CLI.findall(flat)}
    return frozenset(named | reports | set(_ICAO.findall(flat)))
