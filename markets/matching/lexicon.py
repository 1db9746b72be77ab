"""Lists of words by what they do to a comparison; what they mean stands where they are used.

`PLAIN` says nothing by itself (grammar, calendar, the frame of a question). `HARD` tells stages,
prizes and posts apart: when only one side says one, the markets are not equal. `OFFICES` and
`STATEWIDE` are posts. `SPANNING` are contests whose season begins in one year and ends in the next.
"""

_PLAIN = """
a an the of in on at for to by and or be is are was were will would it its their his her this
that which who what when if then market resolves resolve yes no with from as has have had do
does did any one all listed named individual person candidate player team teams club country
nation party following next upcoming win wins won winner winning winners champion champions
crowned awarded award officially official officials whose than there not before after during
between until through year season race election elections scheduled currently held take
place pursuant term beginning date time et am pm est edt et's january february march april may
june july august september october november december jan feb mar apr jun jul aug sep sept oct
nov dec being been nominee nomination nominations accepts accept accepting polymarket
contest seat us united states unitedstates hypothetical officialy tournament someone declared
announced make makes one's outcome result results selected chosen professional pro person's
competition event
"""
_HARD = """
division conference westernconference easternconference quarterfinal quarterfinals semifinal
semifinals televote jury second third fourth last runner-up runnerup 2nd 3rd 4th 5th
vicepresidency lieutenantgovernor attorneygeneral margin round group pole scorer ballot runoff
secretary treasurer comptroller mayor mayoral governor senate house presidency primeminister
headofstate stanleycup superbowl worldseries cup seed coy mvp roy dpoy opoy mip smoy cpoy hart
norris vezina calder cyyoung heisman televised women womens wta atp popular overall top fastest
sprint qualifying constructors drivers speaker chair supreme court nhl nba mlb nfl finalsmvp
conferencefinalsmvp allstarmvp superbowlmvp worldseriesmvp afcchampionship nfcchampionship
alpennant nlpennant preseason
"""
_OFFICES = """
vicepresidency presidency lieutenantgovernor attorneygeneral governor senate house secretary
treasurer mayor mayoral primeminister headofstate speaker
"""
_SPANNING = """
nba nhl ncaamb ncaawb stanleycup epl laliga seriea bundesliga ligue championsleague europaleague
conferenceleague coy ncaafb nfl superbowl
"""
PLAIN = frozenset(_PLAIN.split())
HARD = frozenset(_HARD.split())
OFFICES = frozenset(_OFFICES.split())
SPANNING = frozenset(_SPANNING.split())
STATEWIDE = frozenset(["senate", "house", "governor", "attorneygeneral", "presidency"])
