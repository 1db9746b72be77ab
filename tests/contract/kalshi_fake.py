"""A Kalshi fake to test against, and the recordings of the real service it is compared with."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from feeds.sim.scenario import Listed, Move
from feeds.venues.base import FakeOutput, Reply, Request, ToClient
from feeds.venues.kalshi.fake import KalshiFake
from feeds.venues.kalshi.fakeboard import VENUE, Terms
from markets.terms.units import MICRO, SECOND, Ns, Px, Qty, Usd, micros_from_text
from trading.engine.book import Levels
from trading.engine.orders import Side

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "kalshi"
PREFIX = "/trade-api/v2"
ORDERS = "/portfolio/events/orders"
AT = Ns(1_795_000_000 * SECOND)  # a Wednesday
RAIN, SNOW, BALL = "KXRAIN-30-T1", "KXSNOW-30-T1", "KXBALL-30-A"
JSON = (("content-type", "application/json"),)


def listed(native: str, tick: int = 10_000, close_s: int = 86_400) -> Listed:
    """A market of the fake; its event is its ticker without the last part."""
    return Listed(
        venue=VENUE,
        native=native,
        event=native.rpartition("-")[0],
        event_title=native,
        title=native,
        outcomes=("Yes", "No"),
        rules="",
        category="Weather",
        tick=Px(tick),
        fee_rate_ppm=70_000,
        open_at=Ns(AT - 86_400 * SECOND),
        close_at=Ns(AT + close_s * SECOND),
        twin="",
    )


MARKETS = (listed(RAIN), listed(SNOW, 1_000), listed(BALL))


def side(*levels: tuple[str, str]) -> Levels:
    """Levels from text, best first."""
    return tuple((Px(micros_from_text(px)), Qty(micros_from_text(qty))) for px, qty in levels)


class Venue:
    """The fake with a time that tests move, and what it said on its sockets."""

    def __init__(self, **options: Any) -> None:
        terms = options.pop("terms", Terms(shards={"KXBALL-30": 3}))
        self.fake = KalshiFake(options.pop("markets", MARKETS), terms=terms, **options)
        self.at = AT
        self.heard: list[dict[str, Any]] = []
        self.number = 0

    def pass_seconds(self, seconds: float) -> None:
        """Time goes by, and the fake ticks."""
        self.at = Ns(self.at + int(seconds * SECOND))
        self.hear(self.fake.ticked(self.at))

    def hear(self, outputs: list[FakeOutput]) -> list[dict[str, Any]]:
        """Frames said, kept too."""
        said = [json.loads(output.text) for output in outputs if isinstance(output, ToClient)]
        self.heard += said
        return said

    def flush(self) -> list[dict[str, Any]]:
        """Frames of what writes changed."""
        self.heard.clear()
        self.hear(self.fake.ticked(self.at))
        return list(self.heard)

    def show(
        self,
        bids: Levels = (),
        asks: Levels = (),
        ticker: str = RAIN,
        trade: tuple[Px, Qty, Side] | None = None,
    ) -> list[dict[str, Any]]:
        """Others' ladders from now on."""
        return self.hear(self.fake.moved(Move(VENUE, ticker, bids, asks, trade, self.at), self.at))

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: tuple[tuple[str, str], ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
    ) -> tuple[int, Any]:
        """A request; its status and body."""
        raw = b"" if body is None else json.dumps(body).encode()
        all_headers = (*headers, *(JSON if raw else ()))
        reply = self.fake.request(
            Request(method, "rest", PREFIX + path, query, all_headers, raw), self.at
        )
        assert isinstance(reply, Reply)
        return reply.status, json.loads(reply.body)

    def get(self, path: str, **query: str) -> Any:
        """A read that is answered 200."""
        status, body = self.ask("GET", path, None, tuple(query.items()))
        assert status == 200, body
        return body

    def order(self, side: str, count: str, price: str, **more: Any) -> tuple[int, Any]:
        """An order of the usual kind: good till cancelled, a new client id."""
        self.number += 1
        body = {
            "ticker": RAIN,
            "client_order_id": f"client-{self.number}",
            "side": side,
            "count": count,
            "price": price,
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
            **more,
        }
        return self.ask("POST", ORDERS, {k: v for k, v in body.items() if v is not None})

    def ioc(self, side: str, count: str, price: str, **more: Any) -> tuple[int, Any]:
        """An immediate order."""
        return self.order(side, count, price, time_in_force="immediate_or_cancel", **more)

    def cancel(self, order_id: str, ticker: str = RAIN) -> tuple[int, Any]:
        """Its cancellation."""
        query = (("market_ticker", ticker),) if ticker else ()
        return self.ask("DELETE", f"{ORDERS}/{order_id}", None, query)

    def subscribe(self, *channels: str, conn: int = 1, **params: Any) -> list[dict[str, Any]]:
        """A socket that follows channels of the first market."""
        self.fake.connected(conn, "/trade-api/ws/v2", self.at)
        said = {"channels": list(channels), "market_tickers": [RAIN], **params}
        text = json.dumps({"id": 1, "cmd": "subscribe", "params": said})
        return self.hear(self.fake.received(conn, text, self.at))


@cache
def recorded(name: str = "rest_demo_2026-06-11.jsonl") -> dict[str, dict[str, Any]]:
    """Recorded exchanges by name; the test is skipped, saying so, where they are absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the recording {name} is not beside the project")
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return {line.get("name", str(number)): line for number, line in enumerate(lines)}


def assert_like(recording: str, status: int, body: Any, *, gone: tuple[str, ...] = ()) -> None:
    """The same status, keys (but for those that are gone since) and code as recorded."""
    pair = recorded()[recording]
    theirs = pair["response_body"]
    assert status == pair["status"], body
    inner = next((k for k in ("error", "order", "market") if isinstance(theirs.get(k), dict)), "")
    if inner:
        theirs, body = theirs[inner], body[inner]
    missing = set(theirs) - set(body) - {"service", *gone}
    assert not missing, f"{recording}: {sorted(missing)}"
    for name in ("code", "message", "details"):
        assert theirs.get(name) == body.get(name)


def dollars(text: str) -> Usd:
    """Money of a text."""
    return Usd(micros_from_text(text))


def contracts(count: float) -> Qty:
    """Contracts of a number."""
    return Qty(int(count * MICRO))
