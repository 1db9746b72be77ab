"""After a session with money no secret stands in what the gateway told, logged or failed with."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from urllib.parse import quote

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from feeds.venues.base import Request
from feeds.venues.polymarket.desk.keys import Keys
from markets.terms.units import Ns
from tests.contract.polymarket_gateway import KEY, Trade, trade, who
from tests.secrecy import Search
from trading.engine.events import OrderUnknown
from trading.engine.orders import Side, TimeInForce
from trading.runtime.gateway import VenueUnreachable

API = Keys(1, Ns(0))._derive(who().owner, 0)
# The test's key is a seven after 63 zeros, whose pieces stand in every padded number.
SEARCH = Search({"the API secret": API.secret, "the passphrase": API.passphrase})


def found(texts: list[str]) -> set[str]:
    """Names of the secrets that stand in the texts."""
    text = "\n".join(texts).encode()
    return SEARCH.found(text) | ({"the key"} if KEY.hex().encode() in text else set())


async def session(desk: Trade, log: pytest.LogCaptureFixture) -> list[str]:
    """Everything a session wrote: events as they are journaled, log lines, errors, reprs."""
    texts = []
    async with desk.running():
        desk.remember(await desk.place("0.44"))
        desk.remember(await desk.place("0.40", tif=TimeInForce.GTC))
        await desk.place("0.43", side=Side.SELL)
        desk.events.append(await desk.gateway.statement())
        desk.fault("unanswered")
        with pytest.raises(VenueUnreachable) as lost:
            await desk.gateway.place(desk.request("0.44"))
        texts.append(f"{lost.value!r} {lost.getrepr()}")
        sealed = desk.trader.signed(Request("GET", "clob", "/data/orders"), desk.clock.now())
        texts.append(repr(sealed))
        desk.fault("disconnect")
        await desk.until(lambda: not desk.gateway.is_up)
    texts += [f"{event!r} {msgspec.json.encode(event).decode()}" for event in desk.events]
    texts += [record.getMessage() for record in log.records]
    texts += [repr(vars(part)) for part in (desk.trader, desk.trader.known, desk.gateway)]
    return texts


async def test_a_session_at_the_most_talkative_log_level_tells_no_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with trade() as desk:
            texts = await session(desk, caplog)

    assert any("OrderFilled" in text for text in texts)
    assert found(texts) == set()


def in_an_event(secret: str) -> str:
    return repr(OrderUnknown(Ns(0), "r1", f"refused {secret}"))  # type: ignore[arg-type]  # an id


def in_a_shortened_log_line(secret: str) -> str:
    return f'> TEXT {{"auth":{{"secret":"...{secret[-20:]}"}}}}'


def in_base64_inside_something_longer(secret: str) -> str:
    return base64.b64encode(f"user:{secret}!".encode()).decode()


def in_an_address(secret: str) -> str:
    return quote(secret)


def as_bytes(secret: str) -> str:
    return repr(secret.encode().hex())


PLANTS = (
    in_an_event,
    in_a_shortened_log_line,
    in_base64_inside_something_longer,
    in_an_address,
    as_bytes,
)


@pytest.mark.parametrize("secret", [API.secret, API.passphrase])
@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_leak_is_found(plant: Callable[[str], str], secret: str) -> None:
    assert len(found([plant(secret)])) == 1


def test_a_private_keys_file_is_found_by_its_lines_and_by_its_bytes() -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    search = Search({"key": pem})

    raw = key.private_bytes_raw()
    forms = (pem.splitlines()[1].encode(), raw, raw.hex().encode(), base64.b64encode(b"1" + raw))
    assert [search.found(b"x" + form + b"y") for form in forms] == [{"key"}] * 4
    assert search.found(b"-----BEGIN PRIVATE KEY-----") == set()
