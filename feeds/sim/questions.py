"""Questions of an invented world, worded as Kalshi and as Polymarket would word them.

Shape: `questions` gives as many as asked for, first a varied list, then games without end. Dates
are counted from the start given, so a question is always in the future. The two venues' rules say
nearly the same and settle the odd cases differently, as the real ones do (kalshi sheet section 8,
polymarket sheet 6.4). Nothing here has a price. A question that is not `plain` rests on another
source or hour at the other venue: a person should look before anything is traded on it.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from markets.terms.units import DAY, SECOND, Ns

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600 * SECOND

RATES = {
    "sports": 50_000,
    "politics": 40_000,
    "economics": 50_000,
    "crypto": 70_000,
    "weather": 50_000,
}


class Wording(msgspec.Struct, frozen=True):
    """A question as one venue lists it."""

    native: str
    event: str
    event_title: str
    title: str
    rules: str
    outcomes: tuple[str, str] = ("Yes", "No")


class Question(msgspec.Struct, frozen=True):
    """One question at both venues. `inverse`: Polymarket's first outcome is Kalshi's NO.

    `base` is the probability in millionths around which Kalshi's YES moves.
    """

    category: str
    base: int
    close_at: Ns
    kalshi: Wording
    polymarket: Wording
    inverse: bool = False
    plain: bool = True
    starts_at: Ns | None = None


class _When:
    """A moment in the spellings of both venues."""

    def __init__(self, at: Ns) -> None:
        moment = EPOCH + timedelta(seconds=at // SECOND)
        self.at = at
        self.code = moment.strftime("%y%b%d").upper()
        self.month_code = moment.strftime("%y%b").upper()
        self.year_code = moment.strftime("%y")
        self.year = moment.strftime("%Y")
        self.short = f"{moment:%b} {moment.day}, {moment.year}"
        self.long = f"{moment:%B} {moment.day}"
        self.month = f"{moment:%B} {moment.year}"
        self.slug = f"{moment:%B}-{moment.day}".lower()
        self.iso = moment.strftime("%Y-%m-%d")


# City as Kalshi says it, its code, name as Polymarket says it.
Team = tuple[str, str, str]
LEAGUES: tuple[tuple[str, str, str, tuple[Team, ...]], ...] = (
    (
        "KXNBAGAME",
        "nba",
        "professional basketball",
        (
            ("Boston", "BOS", "Celtics"),
            ("New York", "NYK", "Knicks"),
            ("Denver", "DEN", "Nuggets"),
            ("Phoenix", "PHX", "Suns"),
            ("Milwaukee", "MIL", "Bucks"),
            ("Dallas", "DAL", "Mavericks"),
            ("Oklahoma City", "OKC", "Thunder"),
            ("Minnesota", "MIN", "Timberwolves"),
            ("Miami", "MIA", "Heat"),
            ("Golden State", "GSW", "Warriors"),
        ),
    ),
    (
        "KXNFLGAME",
        "nfl",
        "professional football",
        (
            ("Kansas City", "KC", "Chiefs"),
            ("Buffalo", "BUF", "Bills"),
            ("Detroit", "DET", "Lions"),
            ("Green Bay", "GB", "Packers"),
            ("Baltimore", "BAL", "Ravens"),
            ("Cincinnati", "CIN", "Bengals"),
            ("Philadelphia", "PHI", "Eagles"),
            ("San Francisco", "SF", "49ers"),
        ),
    ),
    (
        "KXNHLGAME",
        "nhl",
        "professional hockey",
        (
            ("Toronto", "TOR", "Maple Leafs"),
            ("Montreal", "MTL", "Canadiens"),
            ("Edmonton", "EDM", "Oilers"),
            ("Vegas", "VGK", "Golden Knights"),
            ("Colorado", "COL", "Avalanche"),
            ("Carolina", "CAR", "Hurricanes"),
        ),
    ),
)

# Days ahead, city at Kalshi, series code, city at Polymarket, degrees, base.
HIGHS = (
    (1, "NYC", "NY", "New York City", 54, 610_000),
    (1, "Chicago", "CHI", "Chicago", 47, 380_000),
    (2, "Miami", "MIA", "Miami", 81, 720_000),
    (2, "Los Angeles", "LAX", "Los Angeles", 73, 450_000),
)

# Days ahead, series code, name, ticker at Binance, level in dollars, base.
COINS = (
    (3, "BTC", "Bitcoin", "BTC/USDT", 105_000, 340_000),
    (3, "ETH", "Ethereum", "ETH/USDT", 4_200, 570_000),
    (7, "BTC", "Bitcoin", "BTC/USDT", 95_000, 860_000),
    (7, "SOL", "Solana", "SOL/USDT", 210, 230_000),
)

# Series, suffix, days ahead, title and rule at Kalshi, question at Polymarket, source, base, plain.
FIGURES = (
    (
        "KXFEDDECISION",
        "H0",
        24,
        "Will the Federal Reserve hold rates at the {month} meeting?",
        "the Federal Reserve leaves the upper bound of the federal funds target range unchanged "
        "at its {month} meeting",
        "No change in Fed interest rates after the {month} meeting?",
        "the FOMC's statement",
        640_000,
        True,
    ),
    (
        "KXFEDDECISION",
        "C25",
        24,
        "Will the Federal Reserve cut rates by 25bps at the {month} meeting?",
        "the Federal Reserve lowers the upper bound of the federal funds target range by exactly "
        "25 basis points at its {month} meeting",
        "Fed decreases interest rates by 25 bps after the {month} meeting?",
        "the FOMC's statement",
        330_000,
        True,
    ),
    (
        "KXCPIYOY",
        "T2.9",
        18,
        "Will CPI rise more than 2.9% in the year ending {month}?",
        "the CPI rises by more than 2.9% in the twelve months ending in the month reported in "
        "{month}",
        "Annual inflation above 2.9% in the {month} report?",
        "the Bureau of Labor Statistics",
        420_000,
        True,
    ),
    (
        "KXU3",
        "T4.4",
        14,
        "Will unemployment be above 4.4% in the {month} report?",
        "the seasonally adjusted unemployment rate published in {month} is above 4.4%",
        "Unemployment rate above 4.4% in the {month} jobs report?",
        "the Bureau of Labor Statistics",
        280_000,
        True,
    ),
    (
        "KXPAYROLLS",
        "T100000",
        14,
        "Will above 100,000 jobs be added in the {month} report?",
        "nonfarm payrolls as first published in {month} rise by more than 100,000",
        "More than 100k jobs added in the {month} report?",
        "the Bureau of Labor Statistics",
        550_000,
        True,
    ),
    (
        "KXRECSSNBER",
        "Y",
        400,
        "Will there be a recession by {year}?",
        "there are two consecutive quarters of negative real GDP growth published before the end "
        "of {year}",
        "US recession by the end of {year}?",
        "the Bureau of Economic Analysis or an announcement of the NBER",
        190_000,
        False,
    ),
)

# Series, suffix, days ahead, title at Kalshi, rule, question at Polymarket, base, plain.
AFFAIRS = (
    (
        "KXPRESPARTY",
        "D",
        710,
        "Will Democrats win the next presidential election?",
        "a representative of the Democratic party is inaugurated as President after the next "
        "presidential election",
        "Will the Democrats win the next US presidential election?",
        540_000,
        True,
    ),
    (
        "CONTROLS",
        "R",
        710,
        "Will Republicans win the Senate?",
        "the Republican party controls the Senate after the next general election",
        "Will the Republican Party control the Senate after the next election?",
        660_000,
        True,
    ),
    (
        "CONTROLH",
        "D",
        710,
        "Will Democrats win the House?",
        "the Democratic party controls the House of Representatives after the next general "
        "election",
        "Will the Democratic Party control the House after the next election?",
        710_000,
        True,
    ),
    (
        "KXGOVSHUT",
        "Y",
        70,
        "Will the government shut down by {short}?",
        "the Office of Personnel Management announces a shutdown due to a lapse in appropriations "
        "before {short}",
        "US government shutdown by {long}?",
        220_000,
        False,
    ),
    (
        "KXCABOUT",
        "Y",
        45,
        "Will a cabinet member leave by {short}?",
        "any confirmed cabinet member leaves office before {short}",
        "Cabinet member out by {long}?",
        410_000,
        False,
    ),
    (
        "KXVETO",
        "1",
        60,
        "Will the President veto a bill by {short}?",
        "the President vetoes at least one bill before {short}",
        "Presidential veto by {long}?",
        150_000,
        True,
    ),
    (
        "KXSCOURT",
        "Y",
        240,
        "Will a Supreme Court seat become vacant by {short}?",
        "a seat on the Supreme Court becomes vacant before {short}",
        "Supreme Court vacancy by {long}?",
        170_000,
        False,
    ),
)


def questions(start: Ns, count: int) -> tuple[Question, ...]:
    """The first `count` questions of the world that begins at `start`."""
    varied = _interleave(
        [_game(start, number) for number in range(8)],
        [_figure(start, *row) for row in FIGURES],
        [_affair(start, *row) for row in AFFAIRS],
        [_high(start, *row) for row in HIGHS],
        [_coin(start, *row) for row in COINS],
    )
    more = [_game(start, number) for number in range(8, 8 + max(0, count - len(varied)))]
    return tuple([*varied, *more][:count])


def strays(start: Ns) -> tuple[tuple[str, str, int, Ns, Wording], ...]:
    """Questions only one venue lists: venue, category, base, closing time, wording."""
    late, soon = _When(Ns(start + 200 * DAY)), _When(Ns(start + 5 * DAY))
    return (
        ("kalshi", "weather", 260_000, soon.at, _stray_rain(soon)),
        ("kalshi", "economics", 480_000, late.at, _stray_gas(late)),
        ("kalshi", "politics", 120_000, late.at, _stray_approval(late)),
        ("polymarket", "crypto", 310_000, late.at, _stray_launch(late)),
        ("polymarket", "politics", 90_000, late.at, _stray_summit(late)),
        ("polymarket", "sports", 160_000, late.at, _stray_award(late)),
    )


def _interleave(*lists: list[Question]) -> list[Question]:
    longest = max(len(each) for each in lists)
    return [each[i] for i in range(longest) for each in lists if i < len(each)]


def _game(start: Ns, number: int) -> Question:
    """Two teams; every second game Polymarket names the other team first."""
    series, league, sport, teams = LEAGUES[number % len(LEAGUES)]
    turn = number // len(LEAGUES)
    away = teams[turn * 2 % len(teams)]
    home = teams[(turn * 2 + 1 + turn * 2 // len(teams)) % len(teams)]
    if home is away:
        home = teams[(teams.index(away) + 1) % len(teams)]
    when = _When(Ns(start + (10 + 9 * number) * HOUR))
    is_inverse = number % 2 == 1
    ours = home if is_inverse else away
    event = f"{series}-{when.code}{away[1]}{home[1]}"
    vs = f"{away[0]} vs {home[0]}"
    slug = f"{league}-{away[1].lower()}-{home[1].lower()}-{when.iso}"
    return Question(
        category="sports",
        base=300_000 + 53_000 * (number % 9),
        close_at=Ns(when.at + 3 * HOUR),
        kalshi=Wording(
            native=f"{event}-{ours[1]}",
            event=event,
            event_title=f"{away[0]} at {home[0]} Winner?",
            title=f"Will {ours[0]} win the {away[0]} at {home[0]} game on {when.short}?",
            rules=f"If {ours[0]} wins the {vs} {sport} game originally scheduled for "
            f"{when.short}, then the market resolves to Yes.\n\nNote: This market includes "
            "overtime.\n\nIf this game is postponed or delayed, the market will remain open and "
            "close after the rescheduled game has finished (within 2 days). If the cancelled game "
            "is not played or is rescheduled further than 2 days out, all markets will resolve to "
            "a fair price in accordance with the rules.",
        ),
        polymarket=Wording(
            native=slug,
            event=slug,
            event_title=f"{away[2]} vs. {home[2]}",
            title=f"{away[2]} vs. {home[2]}",
            rules=f"In the upcoming {league.upper()} game, scheduled for {when.long}:\n\nIf the "
            f'{away[2]} win, the market will resolve to "{away[2]}".\n\nIf the {home[2]} win, the '
            f'market will resolve to "{home[2]}".\n\nIf the game is postponed, this market will '
            "remain open until the game has been completed. If the game is canceled entirely, "
            "with no make-up game, this market will resolve 50-50. The result will be determined "
            "based on the final score including any overtime periods.",
            outcomes=(away[2], home[2]),
        ),
        inverse=is_inverse,
        starts_at=when.at,
    )


def _high(
    start: Ns, days: int, city: str, code: str, full: str, degrees: int, base: int
) -> Question:
    when = _When(Ns(start + days * DAY))
    event = f"KXHIGH{code}-{when.code}"
    slug = f"highest-temperature-in-{full.lower().replace(' ', '-')}-on-{when.slug}"
    return Question(
        category="weather",
        base=base,
        close_at=when.at,
        kalshi=Wording(
            native=f"{event}-T{degrees}",
            event=event,
            event_title=f"Highest temperature in {city} on {when.short}?",
            title=f"Will the high temp in {city} be >{degrees}° on {when.short}?",
            rules=f"If the highest temperature recorded in {city} for {when.short} as reported by "
            f"the National Weather Service's Climatological Report (Daily), is greater than "
            f"{degrees}°, then the market resolves to Yes.\n\nNot all weather data is the same. "
            "If the report is not published within 7 days, the market resolves to the last fair "
            "price.",
        ),
        polymarket=Wording(
            native=f"{slug}-{degrees + 1}f-or-higher",
            event=slug,
            event_title=f"Highest temperature in {full} on {when.long}?",
            title=f"Will the highest temperature in {full} be {degrees + 1}°F or higher on "
            f"{when.long}?",
            rules='This market will resolve to "Yes" if the highest temperature recorded in '
            f"{full} on {when.long} is {degrees + 1}°F or higher, according to the daily report "
            'of the National Weather Service. Otherwise, this market will resolve to "No". '
            "Revisions after the first publication are not considered. If no data is published "
            "within 7 days, this market will resolve 50-50.",
        ),
    )


def _coin(
    start: Ns, days: int, code: str, name: str, symbol: str, level: int, base: int
) -> Question:
    when = _When(Ns(start + days * DAY))
    event = f"KX{code}D-{when.code}17"
    slug = f"{name.lower()}-above-on-{when.slug}"
    return Question(
        category="crypto",
        base=base,
        close_at=when.at,
        kalshi=Wording(
            native=f"{event}-T{level - 1}.99",
            event=event,
            event_title=f"{name} price on {when.short} at 5pm EST?",
            title=f"{name} above ${level:,} on {when.short} at 5pm EST?",
            rules=f"If the simple average of the sixty seconds of CF Benchmarks' {name} Real-Time "
            f"Index before 5 PM EST is above {level - 1:,}.99 at 5 PM EST on {when.short}, then "
            "the market resolves to Yes. If the index is not available, the market resolves to "
            "the last fair price.",
        ),
        polymarket=Wording(
            native=f"{slug}-{level}",
            event=slug,
            event_title=f"{name} above ___ on {when.long}?",
            title=f"Will the price of {name} be above ${level:,} on {when.long}?",
            rules=f'This market will resolve to "Yes" if the Binance 1 minute candle for {symbol} '
            f"17:00 in the ET timezone on {when.long} has a final Close price higher than "
            f'{level:,}. Otherwise, this market will resolve to "No". Prices from other exchanges '
            "or trading pairs are not considered.",
        ),
        plain=days > 3,
    )


def _figure(  # noqa: PLR0913  one row of the table
    start: Ns,
    series: str,
    suffix: str,
    days: int,
    title: str,
    rule: str,
    question: str,
    source: str,
    base: int,
    plain: bool,
) -> Question:
    when = _When(Ns(start + days * DAY))
    event = f"{series}-{when.month_code}"
    asked = question.format(month=when.month, year=when.year)
    return Question(
        category="economics",
        base=base,
        close_at=when.at,
        kalshi=Wording(
            native=f"{event}-{suffix}",
            event=event,
            event_title=title.format(month=when.month, year=when.year),
            title=title.format(month=when.month, year=when.year),
            rules=f"If {rule.format(month=when.month, year=when.year)}, then the market resolves "
            "to Yes. If the release is postponed, the market stays open until it is published.",
        ),
        polymarket=Wording(
            native=f"{_slug(asked)}",
            event=_slug(asked),
            event_title=asked,
            title=asked,
            rules=f'This market will resolve to "Yes" if '
            f"{rule.format(month=when.month, year=when.year)}, according to {source}. Otherwise, "
            'this market will resolve to "No". If no figure is published within 45 days of the '
            "scheduled date, this market will resolve based on the last one available.",
        ),
        plain=plain,
    )


def _affair(  # noqa: PLR0913  one row of the table
    start: Ns,
    series: str,
    suffix: str,
    days: int,
    title: str,
    rule: str,
    question: str,
    base: int,
    plain: bool,
) -> Question:
    when = _When(Ns(start + days * DAY))
    event = f"{series}-{when.month_code}"
    asked = question.format(short=when.short, long=when.long)
    return Question(
        category="politics",
        base=base,
        close_at=when.at,
        kalshi=Wording(
            native=f"{event}-{suffix}",
            event=event,
            event_title=title.format(short=when.short),
            title=title.format(short=when.short),
            rules=f"If {rule.format(short=when.short)}, then the market resolves to Yes. The "
            "source agencies are the White House, Congress.gov and the New York Times.",
        ),
        polymarket=Wording(
            native=_slug(asked),
            event=_slug(asked),
            event_title=asked,
            title=asked,
            rules=f'This market will resolve to "Yes" if {rule.format(short=when.short)} '
            '(11:59 PM ET). Otherwise, this market will resolve to "No". The resolution source '
            "will be official information of the US government, however a consensus of credible "
            "reporting will also suffice.",
        ),
        plain=plain,
    )


def _stray_rain(when: _When) -> Wording:
    event = f"KXRAINNYC-{when.code}"
    title = f"Will it rain in NYC on {when.short}?"
    return Wording(f"{event}-T0", event, title, title, "If any rain falls, resolves to Yes.")


def _stray_gas(when: _When) -> Wording:
    event = f"KXAAAGASM-{when.month_code}"
    title = f"Will US gas prices be above $3.20 in {when.month}?"
    return Wording(f"{event}-3.20", event, title, title, "If AAA's average is above $3.20.")


def _stray_approval(when: _When) -> Wording:
    event = f"KXAPRPOTUS-{when.month_code}"
    title = f"Will presidential approval be above 48% in {when.month}?"
    return Wording(f"{event}-48", event, title, title, "If the average is above 48.0.")


def _stray_launch(when: _When) -> Wording:
    title = f"Will a new layer-1 chain launch a token by {when.long}?"
    return Wording(_slug(title), _slug(title), title, title, 'Resolves to "Yes" if launched.')


def _stray_summit(when: _When) -> Wording:
    title = f"Will a peace summit be held in Geneva by {when.long}?"
    return Wording(_slug(title), _slug(title), title, title, 'Resolves to "Yes" if held.')


def _stray_award(when: _When) -> Wording:
    title = f"Will a rookie win the league's most valuable player award in {when.year}?"
    return Wording(_slug(title), _slug(title), title, title, 'Resolves to "Yes" if a rookie wins.')


def _slug(title: str) -> str:
    kept = "".join(c if c.isalnum() else "-" for c in title.lower().replace("'", ""))
    return "-".join(part for part in kept.split("-") if part)
