"""Fills the site's database for a browser: a login, pairs in each status, deals, decisions.

Run as `python -m tests.e2e.prepare`, on a database of its own, before the site starts.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402

from markets import services  # noqa: E402
from markets.models import Relation  # noqa: E402
from markets.terms.relations import TailRisk  # noqa: E402
from markets.terms.units import Px  # noqa: E402
from tests import listings, records  # noqa: E402
from trading.models import (  # noqa: E402
    Deal,
    DealStep,
    Decision,
    Fill,
    Leg,
    Order,
    Position,
)

LOGIN = "operator"
VIEWER = "viewer"
PASSWORD = "a-password-for-tests"
FIRST_RULES = (
    "This market resolves to Yes if the Federal Reserve lowers the upper bound of its target "
    "range by exactly 25 basis points at the meeting that ends on 9 December 2026.\n\n"
    "Any other size resolves to No. The official statement is the source. If the meeting is "
    "called off the market resolves to No.\n\n<script>document.title = 'owned'</script>"
)
SECOND_RULES = (
    "The change of the upper bound of the target range against its level before the December "
    "2026 meeting. A size between brackets is rounded up to the nearest 25 bp.\n\n"
    "If no statement is published by 27 January 2027 the no-change bracket wins. The oracle may "
    "answer 50–50 while the facts are truly unclear."
)


def main() -> None:
    """Make what is missing."""
    call_command("migrate", interactive=False, verbosity=0)
    users = get_user_model().objects
    if users.filter(username=LOGIN).exists():
        return
    with transaction.atomic():
        users.create_superuser(LOGIN, password=PASSWORD)
        users.create_user(VIEWER, password=PASSWORD)
        pairs()
        deals()


def pairs() -> None:
    """A candidate with long texts, a confirmed pair, a blocked one."""
    listings.two_venues()
    listings.confirmed()
    listings.confirmed("BILLS")
    Relation.objects.filter(claims__market_id="kalshi:BILLS").update(
        title="Bills beat Chiefs", category="Sports"
    )
    blocked = listings.candidate("HAIL")
    services.block_pair(blocked.slug, LOGIN, "different gauges")
    for venue, native, text in (
        ("kalshi", "KXFEDDECISION-26DEC-C25", FIRST_RULES),
        ("polymarket", "fed-decreases-25-bps-december", SECOND_RULES),
    ):
        found = listings.listing(
            venue, native, rules=text, title="Fed cuts 25 bp at the December meeting"
        )
        services.apply_catalogue(venue, [found])
    services.propose_pair(
        services.PairFacts(
            "kalshi:KXFEDDECISION-26DEC-C25",
            "polymarket:fed-decreases-25-bps-december",
            tails=(
                TailRisk("odd size, rounded up", 2_000, Px(0), Px(1_000_000)),
                TailRisk("oracle says 50–50", 1_000, Px(0), Px(500_000)),
            ),
            score=0.94,
            rules_passed=False,
        ),
        "matcher",
        ["rounding rule differs"],
    )
    Relation.objects.filter(score=0.94).update(category="Economics")


def deals() -> None:
    """A balanced deal, and one whose second leg filled in part."""
    records.a_deal()
    at = datetime.now(UTC) - timedelta(seconds=9)  # noqa: TID251  a deal of just now
    Deal.objects.create(
        deal_id="r1-2",
        relation="bills",
        title="Bills beat Chiefs",
        package=0,
        package_label="KA Yes + PM No",
        state="hedging",
        book="paper",
        opened_at=at,
        changed_at=at,
        size=480_000_000,
        matched=360_000_000,
        planned_net=15_600,
        planned_profit=7_500_000,
        locked=5_620_000,
        revision=118,
        fee_rev="2026-09",
    )
    for place, (market, filled, px, ms) in enumerate(
        (("kalshi:BILLS", 480, 412_000, 57), ("polymarket:BILLS", 360, 541_000, 143))
    ):
        side = ("yes", "no")[place]
        Leg.objects.create(
            deal_id="r1-2",
            position=place,
            market_id=market,
            outcome=place,
            outcome_name="No" if place else "Yes",
            weight=1_000_000,
            planned=480_000_000,
            limit_px=px,
            expected_px=px,
            held=filled * 1_000_000,
            cost=filled * px,
            fees=filled * 15_000,
        )
        order = f"r1-2-{place}"
        Order.objects.create(
            order_id=order,
            deal_id="r1-2",
            leg=place,
            market_id=market,
            outcome=place,
            side="buy",
            px=px,
            qty=480_000_000,
            tif="ioc",
            book="paper",
            purpose="open",
            state="filled",
            sent_at=at + timedelta(milliseconds=4 + place),
            changed_at=at,
        )
        Fill.objects.create(
            key=f"{order}-f",
            order_id=order,
            deal_id="r1-2",
            market_id=market,
            outcome=place,
            side="buy",
            px=px,
            qty=filled * 1_000_000,
            fee=filled * 15_000,
            at=at + timedelta(milliseconds=ms),
            finality="matched" if place else "final",
        )
        Position.objects.create(
            market_id=market,
            book="paper",
            changed_at=at,
            fees=filled * 15_000,
            **{f"qty_{side}": filled * 1_000_000, f"cost_{side}": filled * px},
        )
    for seq, (ms, state, text) in enumerate(
        (
            (0, "opening", "480 packages of KA Yes + PM No at +1.56¢ net."),
            (150, "hedging", "120 KA Yes without their hedge."),
        ),
        start=10,
    ):
        DealStep.objects.create(
            deal_id="r1-2", seq=seq, at=at + timedelta(milliseconds=ms), state=state, text=text
        )
    Decision.objects.create(
        seq=9,
        relation="bills",
        at=at,
        package=0,
        verdict="approved",
        net=15_600,
        qty=480_000_000,
        profit=7_500_000,
        deal_id="r1-2",
    )


if __name__ == "__main__":
    main()
