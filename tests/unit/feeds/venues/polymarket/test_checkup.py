"""What the doctor finds at the fake Polymarket: one thing wrong at a time, and what to do."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from feeds.venues.base import Reply, Request
from feeds.venues.checkups import Finding
from feeds.venues.errands import Ask, Heard
from feeds.venues.polymarket.checkup import checkup
from feeds.venues.polymarket.desk.wallets import Wallet
from feeds.venues.polymarket.identity import Identity, introduced
from feeds.venues.polymarket.signing import WalletKind
from markets.terms.ids import VenueId
from markets.terms.units import SECOND, Ns
from tests.contract.polymarket_desk import DEPOSIT, Desk, money
from tests.contract.polymarket_gateway import who
from tests.unit.feeds.venues.polymarket.orders import market
from trading.runtime.gateway import VenueUnreachable

ORDER = [
    "host",
    "clock",
    "gamma host",
    "geoblock",
    "key",
    "data host",
    "api key",
    "permissions",
    "limits",
    "balance",
    "allowance",
]
AWAY = VenueUnreachable(VenueId("polymarket"), "no answer", sent=False)


class Checked:
    """A desk with one account whose API key was made before, and a doctor who asks it."""

    def __init__(self, *, cash: str = "100", approved: bool = True, keyed: bool = True) -> None:
        self.desk = Desk()
        self.me: Identity = who()
        wallet = Wallet(
            address=DEPOSIT,
            owner=self.me.owner,
            kind=WalletKind.DEPOSIT,
            cash=money(cash),
            is_approved=approved,
        )
        self.desk.fake.office.open(wallet)
        if keyed:
            asked = Request("POST", "clob", "/auth/api-key", headers=introduced(self.me, self.at))
            assert self.answer(asked).status == 200
        self.instead: dict[str, Reply | VenueUnreachable] = {}
        self.off = 0

    @property
    def at(self) -> Ns:
        return self.desk.at

    def answer(self, request: Request) -> Reply:
        lower = tuple((name.lower(), value) for name, value in request.headers)
        return self.desk.fake.request(replace(request, headers=lower), self.at)

    def found(self, me: Identity | None, **options: Any) -> dict[str, Finding]:
        now = Ns(self.at + self.off * SECOND)
        steps = checkup(me, options.get("markets", ()), options.get("tier", ""), now)
        step = next(steps)
        try:
            while True:
                assert isinstance(step, Ask)
                given = self.instead.get(step.request.path)
                if isinstance(given, VenueUnreachable):
                    step = steps.throw(given)
                    continue
                step = steps.send(Heard(now, given or self.answer(step.request)))
        except StopIteration as end:
            return {finding.what: finding for finding in end.value}

    def ill(self, what: str, words: str, **options: Any) -> None:
        """That one thing, and nothing else, is to be fixed, and what is said of it."""
        found = self.found(options.pop("me", self.me), **options)
        assert [one.what for one in found.values() if not one.is_well] == [what], found
        assert words in found[what].text
        assert found[what].text.endswith(".")


def test_all_is_well_and_everything_was_looked_at() -> None:
    found = Checked().found(Checked().me)

    assert list(found) == ORDER
    assert all(one.is_well for one in found.values()), found
    assert "a deposit wallet" in found["key"].text
    assert found["balance"].text == "$100.00 free."
    assert found["limits"].text == "Tier standard: 40 orders, 80 cancels a second."


def test_without_a_key_only_what_is_public_is_asked() -> None:
    found = Checked().found(None)

    assert list(found) == [*ORDER[:4], "key"]
    assert "store the private key" in found["key"].text


@pytest.mark.parametrize("path", ["/events/keyset", "/v2/positions"])
@pytest.mark.parametrize("instead", [AWAY, Reply(503, (), b"")])
def test_a_host_that_is_away_is_named(path: str, instead: Reply | VenueUnreachable) -> None:
    checked = Checked()
    checked.instead[path] = instead
    name = "gamma" if "events" in path else "data"
    checked.ill(f"{name} host", f"check the venue's {name} address")


def test_the_first_host_away_ends_the_questions() -> None:
    checked = Checked()
    checked.instead["/time"] = AWAY
    assert list(checked.found(checked.me)) == ["host"]


def test_a_clock_that_is_off_is_told_by_how_much() -> None:
    checked = Checked()
    checked.off = 9
    checked.ill("clock", "-8000 ms")


def test_a_blocked_place_is_said_and_one_that_was_not_told_is_no_yes() -> None:
    checked = Checked()
    checked.desk.fake.office.outside.place.blocked = True
    checked.desk.fake.office.outside.place.country = "US"
    checked.ill("geoblock", "takes no orders from US")
    checked.instead["/api/geoblock"] = Reply(200, (), b"{}")
    checked.ill("geoblock", "could not be asked")


def test_a_key_that_the_venue_never_gave_is_made_by_the_worker() -> None:
    Checked(keyed=False).ill("api key", "runfeeds --mode live")


def test_a_key_that_is_not_accepted_ends_the_questions() -> None:
    checked = Checked()
    checked.instead["/auth/ban-status/closed-only"] = Reply(401, (), b"{}")
    checked.ill("api key", "drop the API key")


def test_an_account_that_may_only_close_is_said() -> None:
    checked = Checked()
    checked.desk.fake.office.calls.closed_only[checked.me.owner] = None
    checked.ill("permissions", "may only close")


def test_the_tier_of_the_account_is_compared_with_the_one_that_is_set() -> None:
    checked = Checked()
    checked.ill("limits", "--rate-tier standard", tier="gold")
    checked.desk.fake.office.calls.limiter.promote(checked.me.owner, "Gold")
    text = checked.found(checked.me)["limits"].text
    assert text.startswith("Tier gold: 400 orders, 800 cancels a second; only standard is used,")
    checked.instead["/v1/user/rate-limit-tier"] = Reply(200, (), json.dumps({"tier": "X"}).encode())
    checked.ill("limits", "not known here")
    checked.instead["/v1/user/rate-limit-tier"] = AWAY
    checked.ill("limits", "could not be read")


def test_no_money_and_no_leave_to_take_it_are_said() -> None:
    Checked(cash="0").ill("balance", "deposit pUSD")
    Checked(approved=False).ill("allowance", "approve it on polymarket.com")


def test_only_the_exchanges_of_our_markets_must_be_allowed() -> None:
    checked = Checked(approved=False)
    found = checked.found(checked.me, markets=(market(neg_risk=True),))
    assert found["allowance"].text.count("0x") == 1
