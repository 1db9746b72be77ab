"""Sides written by us in the venues' manner, for the tests of matching."""

from typing import Any

from markets.matching.sides import KALSHI, POLYMARKET, POLYMARKET_US, Side

LONG_SIDE = ("Yes/long side", "No/short side")


def kalshi(ticker: str, title: str = "", rules: str = "", **more: Any) -> Side:
    event = ticker.rpartition("-")[0]
    told = {"event": event, "slug": ticker, "outcomes": ("Yes", "No"), **more}
    return Side(KALSHI, ticker, title=title, rules=rules, **told)


def poly(slug: str, title: str = "", rules: str = "", **more: Any) -> Side:
    told = {"slug": slug, "outcomes": ("Yes", "No"), **more}
    return Side(POLYMARKET, slug, title=title, rules=rules, **told)


def poly_us(slug: str, title: str = "", **more: Any) -> Side:
    return Side(POLYMARKET_US, slug, title=title, slug=slug, outcomes=LONG_SIDE, **more)


CUP_K = kalshi(
    "KXNHL-26-BUF",
    "Will Buffalo Sabres win the 2025-26 Stanley Cup Finals?",
    "If the Buffalo Sabres win the 2025-26 Stanley Cup Finals, then the market resolves to Yes.",
)
CUP_P = poly(
    "will-the-buffalo-sabres-win-the-2026-nhl-stanley-cup",
    "Will the Buffalo Sabres win the 2026 NHL Stanley Cup?",
    'This market will resolve to "Yes" if the Buffalo Sabres win the 2026 NHL Stanley Cup. '
    'Otherwise, this market will resolve to "No". '
    "The resolution source for this market will be information from the NHL.",
)
GAME_K = kalshi(
    "KXNBAGAME-26MAR11TORNOP-TOR",
    "Toronto at New Orleans Winner?",
    "If Toronto wins the Toronto at New Orleans professional basketball game originally "
    "scheduled for Mar 11, 2026, then the market resolves to Yes.",
)
GAME_P = poly(
    "nba-tor-nop-2026-03-11",
    "Raptors vs. Pelicans",
    "In the upcoming NBA game, scheduled for March 11 at 8:00PM ET: If the Raptors win, the "
    'market will resolve to "Raptors". If the Pelicans win, the market will resolve to '
    '"Pelicans". If the game is postponed, this market will remain open until the game has been '
    "completed. If the game is canceled entirely, with no make-up game, this market will resolve "
    "50-50. The result will be determined based on the final score including any overtime periods.",
    outcomes=("Raptors", "Pelicans"),
)
