"""Teams of the big leagues with the codes and names venues use for them; leagues' codes.

Written by us from the leagues' own names; a row is `league: code(s) | place(s) | nickname(s)`.
Kalshi writes places ("Los Angeles L"), Polymarket nicknames or full names; codes differ ("VGK" and
"veg"). Leagues without a table (soccer, tennis, fighting, electronic sports) are matched by name.
"""

from functools import cache

import msgspec

_NBA = """ATL|Atlanta|Hawks;BOS|Boston|Celtics;BKN BRK|Brooklyn|Nets;CHA CHO|Charlotte|Hornets;CHI|Chicago|Bulls;
CLE|Cleveland|Cavaliers,Cavs;DAL|Dallas|Mavericks,Mavs;DEN|Denver|Nuggets;DET|Detroit|Pistons;
GSW GS|Golden State|Warriors;HOU|Houston|Rockets;IND|Indiana|Pacers;LAC|Los Angeles C,LA Clippers|Clippers;
LAL|Los Angeles L,LA Lakers|Lakers;MEM|Memphis|Grizzlies;MIA|Miami|Heat;MIL|Milwaukee|Bucks;
MIN|Minnesota|Timberwolves,Wolves;NOP NO|New Orleans|Pelicans;NYK NY|New York|Knicks;
OKC|Oklahoma City|Thunder;ORL|Orlando|Magic;PHI|Philadelphia|76ers,Sixers;PHX PHO|Phoenix|Suns;
POR|Portland|Trail Blazers,Blazers;SAC|Sacramento|Kings;SAS SA|San Antonio|Spurs;TOR|Toronto|Raptors;
UTA UTH|Utah|Jazz;WAS WSH|Washington|Wizards"""
_WNBA = """ATL|Atlanta|Dream;CHI|Chicago|Sky;CON CONN|Connecticut|Sun;DAL|Dallas|Wings;GSV GS|Golden State|Valkyries;
IND|Indiana|Fever;LVA LV|Las Vegas|Aces;LAS LA|Los Angeles|Sparks;MIN|Minnesota|Lynx;NYL NY|New York|Liberty;
PHX PHO|Phoenix|Mercury;SEA|Seattle|Storm;WAS WSH|Washington|Mystics;TOR|Toronto|Tempo;POR|Portland|Fire"""
_NHL = """ANA|Anaheim|Ducks;BOS|Boston|Bruins;BUF|Buffalo|Sabres;CGY CAL|Calgary|Flames;CAR|Carolina|Hurricanes;
CHI|Chicago|Blackhawks;COL|Colorado|Avalanche;CBJ CLB|Columbus|Blue Jackets;DAL|Dallas|Stars;
DET|Detroit|Red Wings;EDM|Edmonton|Oilers;FLA|Florida|Panthers;LAK LA|Los Angeles|Kings;MIN|Minnesota|Wild;
MTL MON|Montreal|Canadiens;NSH NAS|Nashville|Predators;NJD NJ|New Jersey|Devils;NYI|New York I|Islanders;
NYR|New York R|Rangers;OTT|Ottawa|Senators;PHI|Philadelphia|Flyers;PIT|Pittsburgh|Penguins;
SJS SJ|San Jose|Sharks;SEA|Seattle|Kraken;STL|St Louis,St. Louis|Blues;TBL TB|Tampa Bay|Lightning;
TOR|Toronto|Maple Leafs;UTA UTAH|Utah|Mammoth,Hockey Club;VAN|Vancouver|Canucks;
VGK VEG LV|Vegas,Las Vegas|Golden Knights;WSH WAS|Washington|Capitals;WPG WIN|Winnipeg|Jets"""
_NFL = """ARI ARZ|Arizona|Cardinals;ATL|Atlanta|Falcons;BAL|Baltimore|Ravens;BUF|Buffalo|Bills;CAR|Carolina|Panthers;
CHI|Chicago|Bears;CIN|Cincinnati|Bengals;CLE|Cleveland|Browns;DAL|Dallas|Cowboys;DEN|Denver|Broncos;
DET|Detroit|Lions;GB GNB|Green Bay|Packers;HOU|Houston|Texans;IND|Indianapolis|Colts;
JAX JAC|Jacksonville|Jaguars;KC KAN|Kansas City|Chiefs;LV LVR|Las Vegas|Raiders;LAC|Los Angeles C|Chargers;
LA LAR|Los Angeles R|Rams;MIA|Miami|Dolphins;MIN|Minnesota|Vikings;NE NWE|New England|Patriots;
NO NOR|New Orleans|Saints;NYG|New York G|Giants;NYJ|New York J|Jets;PHI|Philadelphia|Eagles;
PIT|Pittsburgh|Steelers;SF SFO|San Francisco|49ers,Niners;SEA|Seattle|Seahawks;TB TAM|Tampa Bay|Buccaneers;
TEN|Tennessee|Titans;WAS WSH|Washington|Commanders"""
_MLB = """ARI AZ|Arizona|Diamondbacks;ATL|Atlanta|Braves;BAL|Baltimore|Orioles;BOS|Boston|Red Sox;CHC|Chicago C|Cubs;
CWS CHW|Chicago WS,Chicago W|White Sox;CIN|Cincinnati|Reds;CLE|Cleveland|Guardians;COL|Colorado|Rockies;
DET|Detroit|Tigers;HOU|Houston|Astros;KC KCR|Kansas City|Royals;LAA|Los Angeles A|Angels;
LAD|Los Angeles D|Dodgers;MIA|Miami|Marlins;MIL|Milwaukee|Brewers;MIN|Minnesota|Twins;NYM|New York M|Mets;
NYY|New York Y|Yankees;ATH OAK|A's,Oakland|Athletics;PHI|Philadelphia|Phillies;PIT|Pittsburgh|Pirates;
SD SDP|San Diego|Padres;SF SFG|San Francisco|Giants;SEA|Seattle|Mariners;STL|St. Louis,St Louis|Cardinals;
TB TBR|Tampa Bay|Rays;TEX|Texas|Rangers;TOR|Toronto|Blue Jays;WSH WAS WSN|Washington|Nationals"""
_MLS = """ATL|Atlanta|Atlanta United;ATX AUS|Austin|Austin FC;CLT|Charlotte|Charlotte FC;CHI|Chicago|Chicago Fire;
CIN|Cincinnati|FC Cincinnati;COL|Colorado|Colorado Rapids;CLB CBS|Columbus|Columbus Crew;DAL|Dallas|FC Dallas;
DC DCU|DC United,D.C.|D.C. United;HOU|Houston|Houston Dynamo;LAG LA|Los Angeles G,LA Galaxy|Los Angeles Galaxy,Galaxy;
LAFC|Los Angeles F|LAFC,Los Angeles FC;MIA|Miami|Inter Miami;MIN|Minnesota|Minnesota United;
MTL|Montreal|CF Montreal;NSH|Nashville|Nashville SC;NE|New England|New England Revolution,Revolution;
NYC NYCFC|New York City|New York City FC;RBNY NYRB|New York RB,New York|New York Red Bulls,Red Bulls;
ORL|Orlando|Orlando City;PHI|Philadelphia|Philadelphia Union;POR|Portland|Portland Timbers;
RSL|Salt Lake|Real Salt Lake;SD SDG|San Diego|San Diego FC;SJ SJE|San Jose|San Jose Earthquakes;
SEA|Seattle|Seattle Sounders;SKC|Kansas City|Sporting Kansas City,Sporting KC;STL|St. Louis|St. Louis City;
TOR|Toronto|Toronto FC;VAN|Vancouver|Vancouver Whitecaps"""
_EPL = """ARS|Arsenal|Gunners;AVL AST|Aston Villa|Villa;BOU|Bournemouth|AFC Bournemouth;BRE|Brentford|Brentford FC;
BHA BRI|Brighton|Brighton & Hove Albion;BUR|Burnley|Burnley FC;CFC CHE|Chelsea|Chelsea FC;CRY CRP|Crystal Palace|Palace;
EVE|Everton|Everton FC;FUL|Fulham|Fulham FC;LEE LDS|Leeds|Leeds United;LFC LIV|Liverpool|Liverpool FC;
MCI MNC MCF|Manchester City,Man City|Manchester City FC;MUN MNU MUF|Manchester United,Man United,Man Utd|Manchester United FC;
NEW|Newcastle|Newcastle United;NFO NOT|Nottingham,Nottm Forest|Nottingham Forest;SUN|Sunderland|Sunderland AFC;
TOT|Tottenham|Tottenham Hotspur,Spurs;WHU WES|West Ham|West Ham United;WOL|Wolves|Wolverhampton,Wolverhampton Wanderers;
LEI|Leicester|Leicester City;IPS|Ipswich|Ipswich Town;SOU|Southampton|Southampton FC"""
_LIGA = """BAR FCB|Barcelona|FC Barcelona,Barca;RMA REA|Real Madrid|Real Madrid CF;ATM ATL|Atletico,Atletico Madrid|Club Atletico de Madrid;
ATH|Athletic Bilbao,Athletic Club|Athletic;RSO|Real Sociedad|Sociedad;SEV|Sevilla|Sevilla FC;VAL|Valencia|Valencia CF;
VIL|Villarreal|Villarreal CF;BET RBB|Betis|Real Betis;GIR|Girona|Girona FC;CEL|Celta Vigo|Celta,RC Celta;
OSA|Osasuna|CA Osasuna;GET|Getafe|Getafe CF;RAY|Rayo Vallecano|Rayo;MLL|Mallorca|RCD Mallorca;ESP|Espanyol|RCD Espanyol"""
_SERIEA = """INT|Inter,Inter Milan|Internazionale;ACM MIL|Milan,AC Milan|AC Milan;JUV|Juventus|Juventus FC;NAP|Napoli|SSC Napoli;
ROM|Roma|AS Roma;LAZ|Lazio|SS Lazio;ATA|Atalanta|Atalanta BC;FIO|Fiorentina|ACF Fiorentina;BOL|Bologna|Bologna FC;
TOR|Torino|Torino FC;COM|Como|Como 1907;GEN|Genoa|Genoa CFC;UDI|Udinese|Udinese Calcio"""
_BUNDES = """BAY FCB BMU|Bayern,Bayern Munich|FC Bayern;BVB DOR|Dortmund,Borussia Dortmund|BVB;LEV B04|Leverkusen,Bayer Leverkusen|Bayer 04;
RBL LEI|Leipzig,RB Leipzig|Leipzig;SGE FRA|Frankfurt,Eintracht Frankfurt|Eintracht;STU VFB|Stuttgart|VfB Stuttgart;
WOB|Wolfsburg|VfL Wolfsburg;BMG|Monchengladbach,Gladbach|Borussia Monchengladbach;SVW|Bremen|Werder Bremen"""
_LIGUE1 = """PSG|PSG,Paris,Paris Saint-Germain|Paris SG;OM MAR|Marseille|Olympique Marseille,Olympique de Marseille;MON ASM|Monaco|AS Monaco;
OL LYO|Lyon|Olympique Lyonnais,Olympique Lyon;LIL LOSC|Lille|LOSC Lille;NIC|Nice|OGC Nice;LEN RCL|Lens|RC Lens"""

LEAGUES = {
    "nba": _NBA, "wnba": _WNBA, "nhl": _NHL, "nfl": _NFL, "mlb": _MLB, "mls": _MLS, "epl": _EPL,
    "laliga": _LIGA, "seriea": _SERIEA, "bundesliga": _BUNDES, "ligue1": _LIGUE1,
}  # fmt: skip

# What Kalshi's series and Polymarket's slugs call a league, where the two differ.
CODES = {
    "mlb": "mlb", "nba": "nba", "wnba": "wnba", "nhl": "nhl", "nfl": "nfl", "mls": "mls", "epl": "epl",
    "ncaamb": "ncaamb", "cbb": "ncaamb", "ncaab": "ncaamb", "cwbb": "ncaawb", "ncaawb": "ncaawb",
    "ncaaf": "ncaaf", "cfb": "ncaaf", "lol": "lol", "cs2": "cs2", "csgo": "cs2", "valorant": "valorant",
    "val": "valorant", "dota2": "dota2", "r6": "r6", "atp": "atp", "atpchallenger": "atp", "wta": "wta",
    "wtachallenger": "wta", "itf": "itf", "itfw": "itfw", "ufc": "ufc", "ipl": "ipl", "laliga": "laliga",
    "lal": "laliga", "seriea": "seriea", "sea": "seriea", "bundesliga": "bundesliga", "bun": "bundesliga",
    "ligue1": "ligue1", "fl1": "ligue1", "ucl": "ucl", "uel": "uel", "uecl": "uecl", "ligamx": "ligamx",
    "lmx": "ligamx", "mex": "ligamx", "brasileiro": "bra", "bra": "bra", "brasileirob": "brab", "brb": "brab",
    "kleague": "kleague", "kl1": "kleague", "eculp": "ecu", "ecu1": "ecu", "usl": "usl", "uslc": "usl",
    "conmebolsud": "sudamericana", "sud": "sudamericana", "conmebollib": "libertadores",
    "lib": "libertadores", "clubf": "clubfriendly", "clbf": "clubfriendly", "wc": "worldcup",
    "fwc": "worldcup", "mlc": "t20", "t20": "t20", "t20gsl": "t20", "nwsl": "nwsl", "afl": "afl",
    "eredivisie": "eredivisie", "ere": "eredivisie", "ligaportugal": "primeira", "por": "primeira",
    "saudipl": "saudi", "spl": "saudi", "euroleague": "euroleague", "kbo": "kbo", "npb": "npb",
    "argpremdiv": "arg", "arg": "arg", "jleague": "jleague", "jap": "jleague", "boxing": "boxing",
}  # fmt: skip
_DRAWS = """
mls epl laliga seriea bundesliga ligue1 ucl uel uecl ligamx bra brab kleague ecu usl
sudamericana libertadores clubfriendly worldcup nwsl eredivisie primeira saudi arg jleague
"""
DRAWS = frozenset(_DRAWS.split())  # leagues whose ordinary time may end level


class Team(msgspec.Struct, frozen=True):
    """A team: its league, its first code, and every name venues write, in lower case."""

    league: str
    code: str
    codes: frozenset[str]
    places: tuple[str, ...]
    names: tuple[str, ...]


@cache
def teams(league: str) -> tuple[Team, ...]:
    """The teams of a league; empty for a league without a table."""
    rows = LEAGUES.get(league, "").replace("\n", "").split(";")
    return tuple(_team(league, row) for row in rows if row.strip())


def _team(league: str, row: str) -> Team:
    codes, places, names = (part.strip() for part in row.split("|"))
    first = codes.split()[0].lower()
    where = tuple(p.strip().lower() for p in places.split(","))
    nicks = tuple(n.strip().lower() for n in names.split(","))
    return Team(league, first, frozenset(codes.lower().split()), where, nicks)


@cache
def team(league: str, said: str) -> Team | None:
    """The team a code, place, nickname or full name stands for in a league; None when unknown or
    not the only one.
    """
    name = said.strip().lower().removeprefix("the ")
    found = [t for t in teams(league) if _called(t, name)]
    return found[0] if len(found) == 1 else None


def _called(one: Team, name: str) -> bool:
    if name in one.codes or name in one.names or name in one.places:
        return True
    full = {f"{place} {nick}" for place in one.places for nick in one.names}
    coded = {f"{code} {nick}" for code in one.codes for nick in one.names}
    bare = {f"{_without_letter(place)} {nick}" for place in one.places for nick in one.names}
    return name in full | coded | bare


def _without_letter(place: str) -> str:
    head, _, tail = place.rpartition(" ")
    return head if len(tail) <= 2 and head else place
