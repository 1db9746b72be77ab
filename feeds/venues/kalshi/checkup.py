"""What the doctor asks Kalshi: is it open, is our clock right, what may the key do, where is cash.

Nothing is changed. A key trades with `read` and `write::trade`; after the date of its location
attestation it no longer trades sports, elections and entertainment.
Source: kalshi sheet 2.1-2.5, 3.2, 3.9-3.11 and the start-up checks of 9, read 2026-11-20.
"""

import msgspec

from feeds.venues.base import Reply
from feeds.venues.checkups import Checkup, Finding, ask, clock, ill, judged_tier, well
from feeds.venues.kalshi import encode, replies, sign, spot
from feeds.venues.kalshi.limits import TIERS
from feeds.venues.kalshi.parse import VENUE
from markets.terms import formats
from markets.terms.instruments import Market
from markets.terms.units import DAY, SECOND, Ns, Usd

SOON = Ns(7 * DAY)
NEW_KEY = "make one at kalshi.com, under Account and API keys"


class _Key(msgspec.Struct, frozen=True):
    api_key_id: str
    scopes: list[str] | None = None
    subaccount: int | None = None
    api_key_region_expiration_ts: int | None = None


class _Keys(msgspec.Struct, frozen=True):
    api_keys: list[_Key] | None = None


class _Limits(msgspec.Struct, frozen=True):
    usage_tier: str = ""


class _Shard(msgspec.Struct, frozen=True):
    exchange_index: int
    exchange_active: bool = True
    trading_active: bool = True


class _Status(msgspec.Struct, frozen=True):
    exchange_active: bool
    trading_active: bool
    exchange_estimated_resume_time: str | None = None
    exchange_index_statuses: list[_Shard] | None = None


def checkup(
    keys: tuple[str, sign.PrivateKey] | None, markets: tuple[Market, ...], tier: str, at: Ns
) -> Checkup:
    """Everything that must be well before an order is sent; `markets` say which shards are used,
    `tier` is the rate tier that is set here.
    """
    reply, came, problem = yield from ask(encode.STATUS)
    if reply is None:
        return [ill("host", f"It cannot be reached ({problem}); check address and network.")]
    shards = tuple(sorted({market.shard for market in markets}))
    found = [well("host", "It answers."), _open(reply, shards)]
    found.append(clock(spot.told_time(reply), at, came))
    if keys is None:
        return [*found, ill("key", f"There is none; {NEW_KEY}, and store it as a credential.")]
    found.append(_kind(keys[1]))
    reply, came, problem = yield from ask(encode.KEYS)
    found += _permissions(reply, keys[0], came, problem)
    if found[-1].what == "key" and not found[-1].is_well:
        return found
    reply, _, problem = yield from ask(encode.LIMITS)
    found.append(_tier(reply, tier, problem))
    reply, _, problem = yield from ask(encode.BALANCE)
    return [*found, *_balance(reply, shards, problem)]


def _open(reply: Reply, shards: tuple[int, ...]) -> Finding:
    try:
        said = replies.read(reply, _Status)
    except ValueError as problem:
        return ill("exchange", f"Its status {problem}; try again later.")
    closed = [
        str(shard.exchange_index)
        for shard in said.exchange_index_statuses or ()
        if shard.exchange_index in shards and not (shard.exchange_active and shard.trading_active)
    ]
    until = said.exchange_estimated_resume_time
    later = f"; it expects to resume at {until}" if until else "; wait until it resumes"
    if not said.exchange_active:
        return ill("exchange", f"It is paused: not even cancels are taken{later}.")
    if not said.trading_active or closed:
        where = f" on shards {', '.join(closed)}" if closed else ""
        return ill("exchange", f"Trading is paused{where}: only cancels are taken{later}.")
    return well("exchange", "It is open for trading.")


def _kind(key: sign.PrivateKey) -> Finding:
    if sign.is_ed25519(key):
        return well("key kind", "Ed25519.")
    return well("key kind", "RSA; an Ed25519 key signs ten times faster.")


def _permissions(reply: Reply | None, key_id: str, at: Ns, problem: str) -> list[Finding]:
    if reply is None:
        return [ill("key", f"It could not be tried ({problem}).")]
    if reply.status == 401:
        code, text = replies.error_of(reply)
        return [ill("key", f"It is not accepted: {text or code}; is it of this environment?")]
    try:
        rows = replies.read(reply, _Keys).api_keys or []
    except ValueError as wrong:
        return [ill("key", f"The list of keys {wrong}; give the key the scope read.")]
    mine = next((row for row in rows if row.api_key_id == key_id), None)
    if mine is None:
        return [ill("key", f"It is not among the account's keys; {NEW_KEY}.")]
    return [well("key", "It is accepted."), _scopes(mine), _attested(mine, at)]


def _scopes(key: _Key) -> Finding:
    scopes = key.scopes or []
    missing = [
        scope
        for scope in ("read", "write::trade")
        if scope not in scopes and scope.partition("::")[0] not in scopes
    ]
    locked = f" It is locked to subaccount {key.subaccount}." if key.subaccount is not None else ""
    if missing:
        return ill("permissions", f"It lacks {' and '.join(missing)}; {NEW_KEY}.{locked}")
    return well("permissions", f"It may read and trade.{locked}")


def _attested(key: _Key, at: Ns) -> Finding:
    what, do = "attestation", "attest your location at kalshi.com"
    if key.api_key_region_expiration_ts is None:
        return ill(what, f"Sports, elections and entertainment are not traded; {do}.")
    left = key.api_key_region_expiration_ts * SECOND - at
    if left <= 0:
        return ill(what, f"It has ended: sports, elections, entertainment are refused; {do}.")
    days = left // DAY
    if left < SOON:
        return ill(what, f"It ends in {days} days; {do} before then.")
    return well(what, f"It holds for {days} more days.")


def _tier(reply: Reply | None, used: str, problem: str) -> Finding:
    if reply is None:
        return ill("limits", f"They could not be read ({problem}).")
    try:
        tier = replies.read(reply, _Limits).usage_tier
    except ValueError as wrong:
        return ill("limits", f"They could not be read: {wrong}.")
    rates = TIERS.get(tier)
    if rates is None:
        return ill("limits", f"Its tier {tier!r} is not known here; the basic one is assumed.")
    means = f"{rates.read} read, {rates.write} write tokens a second"
    return judged_tier(VENUE, tier, used, means)


def _balance(reply: Reply | None, shards: tuple[int, ...], problem: str) -> list[Finding]:
    if reply is None:
        return [ill("balance", f"It could not be read ({problem}).")]
    try:
        said = replies.read(reply, replies.Balance)
        pockets = said.pockets
    except ValueError as wrong:
        return [ill("balance", f"It could not be read: {wrong}.")]
    empty = [str(shard) for shard in shards if pockets and not pockets.get(shard)]
    if said.cash <= 0:
        return [ill("balance", "There is no free cash; deposit some.")]
    if empty:
        text = f"None of {_money(said.cash)} is on shards {', '.join(empty)}; move cash there."
        return [ill("balance", text)]
    return [well("balance", f"{_money(said.cash)} free.")]


def _money(usd: Usd) -> str:
    return formats.money(usd)
