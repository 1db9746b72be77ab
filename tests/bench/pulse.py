"""Frames without end at little cost: one level of each market grows and shrinks again, in turn.

Made as templates by whoever holds the opened sessions, written out by the sender with the running
number and the time of sending, so that the sender keeps up with any reader.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from time import perf_counter_ns

import msgspec
import uvloop
from websockets.asyncio.server import ServerConnection, serve

from markets.terms.ids import MarketId
from markets.terms.instruments import Market
from markets.terms.units import MICRO, Px
from tests.bench.world import World
from trading.engine.book import Book
from trading.runtime.clock import SystemClock

SECOND = 1_000_000_000
MS = 1_000_000
EARLY = 500_000
GROWN = 3
# NUMBER and TIME stand in a template where the sender writes its own.
NUMBER, TIME = "\u0001", "\u0002"


class Pulse(msgspec.Struct):
    """Templates of one beat up and one beat down, and the number Kalshi's next frame must carry."""

    up: list[str]
    down: list[str]
    number: int


def pulse_of(world: World, books: dict[MarketId, Book], sid: int, number: int) -> Pulse:
    """Beats of every followed market that has a best bid."""
    up: list[str] = []
    down: list[str] = []
    for market in world.markets.values():
        book = books.get(market.id)
        if book is None or not book.bids(0) or not book.asks(0):
            continue
        beat = _kalshi(market, book, sid) if market.venue == "kalshi" else _polymarket(market, book)
        up.append(beat[0])
        down.append(beat[1])
    return Pulse(up, down, number)


def _text(px: Px) -> str:
    return f"{px / MICRO:.4f}"


def _kalshi(market: Market, book: Book, sid: int) -> tuple[str, str]:
    px = _text(book.bids(0)[0][0])
    head = f'0{{"type":"orderbook_delta","sid":{sid},"seq":{NUMBER},"msg":{{"market_ticker":'
    tail = f'"side":"yes","ts_ms":{TIME}}}}}'
    body = f'{head}"{market.native}","price_dollars":"{px}","delta_fp":"'
    return f'{body}{GROWN}.00",{tail}', f'{body}-{GROWN}.00",{tail}'


def _polymarket(market: Market, book: Book) -> tuple[str, str]:
    (bid, qty), (ask, _) = book.bids(0)[0], book.asks(0)[0]
    both = (
        (market.tokens[0], bid, "BUY", bid, ask),
        (market.tokens[1], Px(MICRO - bid), "SELL", Px(MICRO - ask), Px(MICRO - bid)),
    )
    made = []
    for total in (qty + GROWN * MICRO, qty):
        elements = ",".join(
            f'{{"asset_id":"{token}","price":"{_text(px)}","size":"{total / MICRO:.2f}",'
            f'"side":"{side}","hash":"{NUMBER}","best_bid":"{_text(top)}","best_ask":"{_text(low)}"}}'
            for token, px, side, top, low in both
        )
        made.append(
            f'1{{"market":"{market.native}","price_changes":[{elements}],"timestamp":"{TIME}",'
            '"event_type":"price_change"}'
        )
    return made[0], made[1]


async def send(socket: ServerConnection, pulse: Pulse, rate: int, count: int) -> None:
    """`count` frames at `rate` a second; late frames follow without a pause."""
    clock = SystemClock()
    beats = [*pulse.up, *pulse.down]
    number = pulse.number
    began = perf_counter_ns()
    for sent in range(count):
        if sent % 16 == 0:
            ahead = began + sent * SECOND // rate - perf_counter_ns()
            if ahead > EARLY:
                await asyncio.sleep(ahead / SECOND)
        text = beats[sent % len(beats)]
        if text[0] == "0":
            text = text.replace(NUMBER, str(number))
            number += 1
        else:
            text = text.replace(NUMBER, f"{sent:040x}")
        await socket.send(text.replace(TIME, str(clock.now() // MS)))
    await socket.close()


async def main(pulse: Pulse, rate: int, count: int) -> None:
    """Serve the beats once to the first client, then end."""
    done = asyncio.Event()

    async def serve_one(socket: ServerConnection) -> None:
        await send(socket, pulse, rate, count)
        done.set()

    async with serve(serve_one, "127.0.0.1", 0, compression=None) as server:
        sys.stdout.write(f"{next(iter(server.sockets)).getsockname()[1]}\n")
        sys.stdout.flush()
        await done.wait()


if __name__ == "__main__":
    told = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Pulse)
    uvloop.run(main(told, int(sys.argv[2]), int(sys.argv[3])))
