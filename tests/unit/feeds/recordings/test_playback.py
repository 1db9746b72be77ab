"""A recording as a scenario: its markets, their twins, and its time."""

import json
from collections.abc import Iterator

import pytest

from feeds.recordings.lines import BadLine, Line
from feeds.recordings.playback import LAG, PAUSE, Playback
from feeds.sim.scenario import KALSHI, POLYMARKET, Move
from feeds.venues.kalshi.tape import KalshiEar
from feeds.venues.tape import Ear, Nature
from markets.terms.units import SECOND, Ns

TICKER = "KXGOLD-26AUG10-T1"
START = Ns(10**18)
RECORDED = 1_786_401_938 * SECOND


def line(seconds: float, frame: dict[str, object]) -> Line:
    return Line(Ns(RECORDED + int(seconds * SECOND)), "in", json.dumps(frame))


def snapshot(seq: int, yes: str, no: str) -> dict[str, object]:
    body = {
        "market_ticker": TICKER,
        "market_id": "m",
        "yes_dollars_fp": [[yes, "30.00"]],
        "no_dollars_fp": [[no, "20.00"]],
    }
    return {"type": "orderbook_snapshot", "sid": 1, "seq": seq, "msg": body}


def delta(seq: int, px: str, change: str) -> dict[str, object]:
    body = {
        "market_ticker": TICKER,
        "market_id": "m",
        "price_dollars": px,
        "delta_fp": change,
        "side": "yes",
        "ts_ms": 1,
    }
    return {"type": "orderbook_delta", "sid": 1, "seq": seq, "msg": body}


LINES = (
    line(0, snapshot(1, "0.4000", "0.5500")),
    line(2, delta(2, "0.4200", "7.00")),
    BadLine(3, "no JSON"),
    line(4, delta(3, "0.4200", "-7.00")),
)


def playback(lines: tuple[Line | BadLine, ...] = LINES) -> Playback:
    def reel() -> tuple[Ear, Iterator[Line | BadLine]]:
        ear = KalshiEar(Nature())
        for one in lines:
            if isinstance(one, Line):
                ear.learn(one.frame, is_out=False)
        return ear, iter(lines)

    return Playback(reel, START)


def tops(moves: list[Move]) -> list[tuple[str, int, int]]:
    return [(m.venue, m.bids[0][0] // 10_000, m.asks[0][0] // 10_000) for m in moves]


def after(seconds: float) -> Ns:
    return Ns(START + int(seconds * SECOND))


def test_a_recorded_market_is_listed_with_a_twin_at_the_other_venue() -> None:
    own, twin = playback().listed
    assert (own.venue, own.native, own.twin) == (KALSHI, TICKER, twin.native)
    assert (twin.venue, twin.twin) == (POLYMARKET, TICKER)
    assert [len(token) for token in twin.tokens] == [77, 77]
    assert own.open_at < START < own.close_at
    assert playback().listed == (own, twin)


def test_books_follow_the_recording_in_its_own_time_and_the_twin_is_late() -> None:
    made = playback()
    assert tops(made.advance(START)) == [(KALSHI, 40, 45)]
    assert made.advance(after(1)) == []
    assert tops(made.advance(Ns(START + LAG))) == [(POLYMARKET, 40, 45)]
    assert tops(made.advance(after(2))) == [(KALSHI, 42, 45)]
    assert tops(made.advance(after(4.5))) == [(POLYMARKET, 42, 45), (KALSHI, 40, 45)]


def test_how_often_it_is_asked_changes_nothing() -> None:
    often, once = playback(), playback()
    told = often.advance(START)
    assert once.advance(START) == told
    for tenth in range(1, 81):
        told += often.advance(after(tenth / 10))
    assert tops(told[1:]) == tops(once.advance(after(8)))


def test_at_its_end_it_begins_again_after_a_pause() -> None:
    made = playback()
    made.advance(START)
    made.advance(after(4))
    made.advance(Ns(after(4) + PAUSE - 1))
    again = Ns(after(4) + PAUSE)
    assert (KALSHI, 40, 45) in tops(made.advance(again))
    assert (KALSHI, 42, 45) in tops(made.advance(Ns(again + 2 * SECOND)))


def test_a_recording_without_a_market_is_refused() -> None:
    with pytest.raises(ValueError, match="speaks of no market"):
        playback((line(0, {"type": "subscribed", "id": 1, "msg": {"channel": "x", "sid": 1}}),))
