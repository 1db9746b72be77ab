"""What phrases of contests and offices mean, as atoms: one word for one competition, prize or post.

`atoms` replaces the phrases venues use ("Pro basketball", "NBA"; "Presidency for the Democratic
party", "Democratic presidential nomination") by one spelling, so that what is left can be compared
word for word. Nothing here is a record of a market: only names of competitions, prizes, posts,
bodies and countries. `IMPLIED` lists what an atom says without saying it.
"""

import re
from functools import cache, lru_cache

from markets.matching.wording import plain

_PHRASES = """
nba = pro basketball | professional basketball | national basketball association
wnba = women's pro basketball | pro women's basketball | women's professional basketball
nhl = pro hockey | professional hockey | national hockey league
nfl = pro football | professional football | national football league
mlb = pro baseball | professional baseball | major league baseball
mls = major league soccer (mls) | major league soccer | mls soccer
epl = english premier league | the premier league | premier league
ncaamb title = division 1 men's college basketball national champion | men's college basketball national champion | college basketball national championship | ncaa men's basketball tournament | ncaa tournament | men's march madness champion
ncaawb title = division 1 women's college basketball national champion | women's college basketball national champion | ncaa women's basketball tournament
ncaamb tournament = men's march madness | march madness | men's college basketball tournament
ncaafb title = college football national championship | college football playoff national championship | cfp national championship
stanleycup = nhl stanley cup | stanley cup finals | stanley cup final | stanley cup
superbowl = pro football championship | super bowl | nfl championship
worldseries = pro baseball championship | world series | mlb championship
nba title = pro basketball finals | pro basketball championship | nba finals | nba championship | nba title
wnba title = wnba finals | wnba championship
mls cup = mls cup | major league soccer (mls) cup
menworldcup = men's fifa world cup | fifa men's world cup | fifa world cup | men's world cup
womenworldcup = fifa women's world cup | women's world cup
championsleague = uefa champions league | champions league | ucl
europaleague = uefa europa league | europa league
conferenceleague = uefa conference league | uefa europa conference league | conference league
ballondor = men's ballon d'or | ballon d'or
masters = the masters tournament | masters tournament | the masters
openchampionship = the open championship | open championship | british open
frenchopen = french open | roland garros | roland-garros
usopen = us open | u.s. open
australianopen = australian open
formula1 drivers = formula 1 drivers championship | f1 drivers' championship | f1 drivers championship | formula 1 drivers' championship | f1 drivers champion | drivers' championship | drivers championship
formula1 constructors = formula 1 constructors championship | f1 constructors' championship | f1 constructors champion | constructors' championship | constructors championship
formula1 = formula one | formula 1 | f1
eurovision = eurovision song contest | eurovision
oscars = academy awards | academy award | the oscars | oscars | oscar
grammys = grammy awards | grammy award | grammys | grammy
emmys = emmy awards | emmy award | emmys | emmy
coy = coach of the year
mvp = most valuable player
roy = rookie of the year
dpoy = defensive player of the year | defensive poy
opoy = offensive player of the year
mip = most improved player
smoy = sixth man of the year | 6th man of the year
cpoy = clutch player of the year
comebackpoy = comeback player of the year
cyyoung = cy young award | cy young
heisman = college football heisman trophy | heisman trophy | heisman
hart = hart memorial trophy | hart trophy
norris = james norris memorial trophy | norris trophy
vezina = vezina trophy
calder = calder memorial trophy | calder trophy
presidency = u.s. presidential election | us presidential election | united states presidential election | u.s. presidency | us presidency | president of the united states | u.s. president | us president | the presidency | presidency | the next presidential election | presidential election | presidential
vicepresidency = vice presidency | vice presidential | vice president
democrats = democratic party | democrat party | democratic | democrats | democrat
republicans = republican party | republican | republicans | gop
house = u.s. house of representatives | us house of representatives | house of representatives | u.s. house | us house
senate = u.s. senate | us senate | united states senate
governor = governorship | gubernatorial | governor's race
lieutenantgovernor = lieutenant governor | lieutenant governorship | lt. gov. | lt. gov | lt governor
attorneygeneral = attorney general
primeminister = prime minister
headofstate = head of state
fed = federal reserve board | the federal reserve's | federal reserve | the fed | federal open market committee | fomc
ecb = european central bank
boe = bank of england
boj = bank of japan
boc = bank of canada
rba = reserve bank of australia
bitcoin = btc | bitcoin
ethereum = eth | ethereum | ether
solana = sol | solana
unitedstates = united states of america | united states | u.s. | usa
unitedkingdom = united kingdom | u.k. | great britain
southkorea = korea republic | republic of korea | south korea
northkorea = north korea
czechia = czech republic | czechia
turkey = turkiye | turkey
ivorycoast = cote d'ivoire | ivory coast
bosnia = bosnia and herzegovina | bosnia-herzegovina | bosnia & herzegovina
capeverde = cabo verde | cape verde
drcongo = dr congo | democratic republic of the congo | congo dr
moldova = republic of moldova | moldova
netherlands = the netherlands | netherlands | holland
newyorkcity = new york city | nyc
easternconference = eastern conference finals | eastern conference championship | eastern conference champion | eastern conference title | eastern conference
westernconference = western conference finals | western conference championship | western conference champion | western conference title | western conference
afcchampionship = afc championship game | afc championship | afc champion
nfcchampionship = nfc championship game | nfc championship | nfc champion
alpennant = american league championship series | american league championship | american league pennant | al pennant | american league champion
nlpennant = national league championship series | national league championship | national league pennant | nl pennant | national league champion
nba finalsmvp = pro basketball finals most valuable player | pro basketball finals mvp | nba finals most valuable player | nba finals mvp
finalsmvp = finals most valuable player | finals mvp
conferencefinalsmvp = eastern conference finals mvp | western conference finals mvp | eastern conference finals most valuable player | western conference finals most valuable player
allstarmvp = all-star game mvp | all-star mvp | all star game mvp
superbowlmvp = super bowl mvp | super bowl most valuable player | pro football championship mvp
worldseriesmvp = world series mvp | world series most valuable player
worldcupfinal = world cup final
nextelection = next general election
team = national team
playoffs = playoff qualifiers | playoffs | playoff
"""
# A division is won, and a season's award given, in the regular season; a finals' award has its own
# atom.
_REGULAR = {"regular"}
IMPLIED = {
    "division": _REGULAR, "mvp": _REGULAR, "roy": _REGULAR, "dpoy": _REGULAR, "mip": _REGULAR, "smoy": _REGULAR,
    "stanleycup": {"nhl"}, "superbowl": {"nfl"}, "worldseries": {"mlb"}, "coy": _REGULAR, "hart": {"nhl", *_REGULAR},
    "norris": {"nhl"}, "vezina": {"nhl"}, "calder": {"nhl"}, "cyyoung": {"mlb"}, "heisman": {"ncaafb"},
    "masters": {"golf"}, "westernconference": {"playoffs"}, "easternconference": {"playoffs"}, "frenchopen": {"tennis"}, "wimbledon": {"tennis"},
    "mlscup": {"mls"}, "presidency": {"us"},
}  # fmt: skip


_START = re.compile(r"(?<![\w])[\w$#]+")


@cache
def _phrases() -> dict[str, tuple[tuple[str, str], ...]]:
    """Phrases with their atoms by their first word, longest first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in _PHRASES.strip().splitlines():
        atom, _, phrases = line.partition(" = ")
        for phrase in phrases.split(" | "):
            first = _START.match(phrase.strip())
            if first is not None:
                found.setdefault(first.group(0), []).append((phrase.strip(), atom))
    return {
        first: tuple(sorted(rows, key=lambda row: -len(row[0]))) for first, rows in found.items()
    }


@lru_cache(maxsize=65_536)
def atoms(text: str) -> str:
    """The text in lower case with known phrases replaced by their atoms."""
    flat = plain(text).lower()
    known, kept, at = _phrases(), [], 0
    for match in _START.finditer(flat):
        if match.start() < at:
            continue
        for phrase, atom in known.get(match.group(0), ()):
            end = match.start() + len(phrase)
            if flat.startswith(phrase, match.start()) and not flat[end : end + 1].isalnum():
                kept += [flat[at : match.start()], f" {atom} "]
                at = end
                break
    kept.append(flat[at:])
    return re.sub(r"\s+", " ", "".join(kept)).strip()


@cache
def implied(words: frozenset[str]) -> frozenset[str]:
    """What these words say beside themselves."""
    more: set[str] = set()
    for word in words:
        more |= IMPLIED.get(word, set())
    return frozenset(more) | words
