"""What the doctor asks Polymarket.

Do its hosts answer, is our clock right, may one trade from here, whose wallet is it, is there an
API key, may the account open positions, which rate tier has it, how much money, and may the
exchanges take it. Nothing is changed: a missing API key is not made here, the venue's copy of a
balance is not refreshed.
Source: polymarket sheet 1, 2.1, 2.5, 3.8, 3.12, 6.2 and 8.1, read 2026-11-30.
"""

from collections.abc import Generator
from typing import TypeVar

import msgspec

from feeds.venues.base import Reply, Request
from feeds.venues.checkups import Answer, Checkup, Finding, ask, clock, ill, judged_tier, well
from feeds.venues.errands import Heard, Step
from feeds.venues.polymarket import place, spot, wire
from feeds.venues.polymarket.credentials import ApiKey
from feeds.venues.polymarket.encode import exchange_of
from feeds.venues.polymarket.identity import Identity, introduced, sealed
from feeds.venues.polymarket.limits import TIERS
from feeds.venues.polymarket.listings import VENUE
from feeds.venues.polymarket.orderwire import Balance
from feeds.venues.polymarket.signing import WalletKind
from feeds.venues.secret import Secret
from markets.terms import formats
from markets.terms.instruments import Market
from markets.terms.units import Ns, Usd

T = TypeVar("T")
Found = Generator[Step, Heard, Finding]
Derived = Generator[Step, Heard, Secret[ApiKey] | Finding]
CATALOGUE = Request(
    "GET", "gamma", "/events/keyset", (("closed", "false"), ("limit", "1")), headers=wire.AGENT
)
NO_KEY = (
    "There is none; store the private key of a wallet made for this program as a credential "
    "(docs/credentials.md)."
)
KINDS = {
    WalletKind.EOA: "a plain key, which trades only where the venue has allowed it",
    WalletKind.PROXY: "a proxy wallet",
    WalletKind.SAFE: "a Safe",
    WalletKind.DEPOSIT: "a deposit wallet",
}


class _Ban(msgspec.Struct):
    closed_only: bool


class _Tier(msgspec.Struct):
    tier: str


def checkup(who: Identity | None, markets: tuple[Market, ...], tier: str, at: Ns) -> Checkup:
    """Everything that must be well before an order is sent; `markets` say which exchanges must be
    allowed to take money, `tier` is the rate tier that is set here.
    """
    reply, came, problem = yield from ask(_public(spot.CLOCK))
    if reply is None:
        return [ill("host", f"It cannot be reached ({problem}); check address and network.")]
    found = [well("host", "It answers."), clock(spot.told_time(reply), at, came)]
    found += [(yield from _host("gamma", CATALOGUE)), (yield from _place())]
    if who is None:
        return [*found, ill("key", NO_KEY)]
    found += [
        well("key", f"It signs for {who.wallet}, {KINDS[who.kind]}."),
        (yield from _host("data", _positions(who))),
    ]
    if who.api is None:
        said = yield from _derived(who, came)
        if isinstance(said, Finding):
            return [*found, said]
        who = msgspec.structs.replace(who, api=said)
    reply, _, problem = yield from _own(who, "/auth/ban-status/closed-only", (), came)
    found += _permissions(reply, problem)
    if not found[-1].is_well and found[-1].what == "api key":
        return found
    reply, _, problem = yield from _own(who, "/v1/user/rate-limit-tier", (), came)
    found.append(_limits(reply, tier, problem))
    asked = (("asset_type", "COLLATERAL"), ("signature_type", str(int(who.kind))))
    reply, _, problem = yield from _own(who, "/balance-allowance", asked, came)
    return [*found, *_money(reply, markets, problem)]


def _public(request: Request) -> Request:
    """With a header of its own, so that no seal is added."""
    return msgspec.structs.replace(request, headers=wire.AGENT)


def _positions(who: Identity) -> Request:
    query = (("user", who.wallet), ("limit", "1"))
    return Request("GET", "data", "/v2/positions", query, headers=wire.AGENT)


def _own(who: Identity, path: str, query: tuple[tuple[str, str], ...], at: Ns) -> Answer:
    """A question of the account's own, sealed for `at`."""
    headers = sealed(who, "GET", path, b"", at)
    return (yield from ask(Request("GET", "clob", path, query, headers=headers)))


def _host(name: str, request: Request) -> Found:
    reply, _, problem = yield from ask(request)
    if reply is None:
        text = f"It cannot be reached ({problem}); check the venue's {name} address."
        return ill(f"{name} host", text)
    if reply.status != 200:
        return ill(f"{name} host", f"It answers {reply.status}; check the venue's {name} address.")
    return well(f"{name} host", "It answers.")


def _place() -> Found:
    reply, _, _ = yield from ask(place.REQUEST)
    said = place.told(reply)
    if said is None:
        return ill("geoblock", f"{place.UNKNOWN} Check the address of the site, or try again.")
    if said:
        return ill("geoblock", f"{said} Trade from a place where it may be done, or not at all.")
    return well("geoblock", "Orders are taken from here.")


def _derived(who: Identity, at: Ns) -> Derived:
    """The API key that the venue gives this wallet, or what is wrong with it."""
    asked = Request("GET", "clob", "/auth/derive-api-key", headers=introduced(who, at))
    reply, _, problem = yield from ask(asked)
    if reply is None:
        return ill("api key", f"It could not be asked for ({problem}).")
    key = _read(reply, ApiKey)
    if key is not None:
        return Secret(key)
    if reply.status == 400:
        text = "There is none yet; `manage.py runfeeds --mode live` makes it when it starts."
        return ill("api key", text)
    text = f"The venue answers {reply.status}; is the private key the account's signer?"
    return ill("api key", text)


def _permissions(reply: Reply | None, problem: str) -> list[Finding]:
    if reply is None:
        return [ill("api key", f"It could not be tried ({problem}).")]
    if reply.status == 401:
        text = "It is not accepted; drop the API key from the credential, it is then derived anew."
        return [ill("api key", text)]
    ban = _read(reply, _Ban)
    if ban is None:
        text = f"Whether positions may be opened was not told (status {reply.status})."
        return [ill("permissions", f"{text} Try again later.")]
    found = [well("api key", "It is accepted.")]
    if ban.closed_only:
        text = "The account may only close positions; ask the venue's support why."
        return [*found, ill("permissions", text)]
    return [*found, well("permissions", "It may open and close positions.")]


def _limits(reply: Reply | None, used: str, problem: str) -> Finding:
    said = _read(reply, _Tier) if reply is not None else None
    if said is None:
        why = problem or "the answer is not understood"
        return ill("limits", f"They could not be read ({why}); the tier that is set is used.")
    name = said.tier.lower()
    rates = TIERS.get(name)
    if rates is None:
        return ill("limits", f"Its tier {said.tier!r} is not known here; the lowest is assumed.")
    return judged_tier(VENUE, name, used, f"{rates[0]} orders, {rates[2]} cancels a second")


def _money(reply: Reply | None, markets: tuple[Market, ...], problem: str) -> list[Finding]:
    said = _read(reply, Balance) if reply is not None else None
    if said is None or not said.balance.isdecimal():
        return [ill("balance", f"It could not be read ({problem or 'no number'}).")]
    cash = Usd(int(said.balance))
    text = formats.money(cash)
    if cash <= 0:
        found = [ill("balance", "There is no free money; deposit pUSD to the wallet.")]
    else:
        found = [well("balance", f"{text} free.")]
    allowed = {
        contract.lower(): int(value) if value.isdecimal() else 0
        for contract, value in said.allowances.items()
    }
    needed = {exchange_of(m, i).contract.lower() for m in markets for i in range(len(m.tokens))}
    short = sorted(c for c in needed or set(allowed) if allowed.get(c, 0) < max(1, cash))
    if short:
        which = ", ".join(short)
        text = f"The wallet does not let {which} take its money; approve it on polymarket.com."
        return [*found, ill("allowance", text)]
    return [*found, well("allowance", "Every exchange in use may take it.")]


def _read(reply: Reply, kind: type[T]) -> T | None:
    """A 200's body; None for everything else."""
    if reply.status != 200:
        return None
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.DecodeError, RecursionError):
        return None
