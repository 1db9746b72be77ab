"""After a session with money no secret stands in what the gateway told, logged or failed with."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec
import pytest

from feeds.venues.base import Request
from feeds.venues.polymarket.desk.keys import Keys
from markets.terms.units import Ns
from tests.contract.polymarket_gateway import KEY, Trade, trade, who
from trading.engine.events import OrderUnknown
from trading.engine.orders import Side, TimeInForce
from trading.runtime.gateway import VenueUnreachable

API = Keys(1, Ns(0))._derive(who().owner, 0)
SECRETS = (KEY.hex(), API.secret, API.passphrase)
# A log may shorten a line: a piece of a secret is one too.
PIECE = 16
# The test's key is a seven after 63 zeros: those alone stand in every padded number.
PIECES = [KEY.hex()]
for _secret in SECRETS[1:]:
    PIECES += [_secret[:PIECE], _secret[-PIECE:], _secret[10 : 10 + PIECE]]


def found(texts: list[str]) -> list[str]:
    """Pieces of secrets that stand in the texts."""
    return [piece for piece in PIECES for text in texts if piece in text]


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
    assert found(texts) == []


def in_an_event(secret: str) -> str:
    return repr(OrderUnknown(Ns(0), "r1", f"refused {secret}"))  # type: ignore[arg-type]  # an id


def in_a_shortened_log_line(secret: str) -> str:
    return f'> TEXT {{"auth":{{"secret":"...{secret[-20:]}"}}}}'


@pytest.mark.parametrize("secret", [API.secret, API.passphrase])
@pytest.mark.parametrize("plant", [in_an_event, in_a_shortened_log_line])
def test_a_planted_leak_is_found(plant: Callable[[str], str], secret: str) -> None:
    assert found([plant(secret)])
