"""Names of the rate tiers that venues give accounts, the lowest first.

What a tier allows is the venue's adapter's to know; nothing is claimed here but the names, so that
a person can say which one an account has. Source: kalshi sheet 3.11, polymarket sheet 3.12.
"""

TIERS: dict[str, tuple[str, ...]] = {
    "kalshi": ("basic", "advanced", "expert", "premier", "paragon", "prime", "prestige"),
    "polymarket": (
        "standard",
        "copper",
        "bronze",
        "silver",
        "gold",
        "platinum",
        "diamond",
        "elite",
    ),
}


def known(venue: str, tier: str) -> str:
    """The tier where the venue has it, else its lowest: less is asked than may be, never more.

    Empty for a venue without tiers.
    """
    tiers = TIERS.get(venue, ("",))
    return tier if tier in tiers else tiers[0]
