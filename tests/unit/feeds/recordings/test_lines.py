"""Lines of recordings: one shape written, older shapes read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.recordings.lines import (
    BadLine,
    Header,
    Line,
    Terms,
    decode_line,
    encode_header,
    encode_line,
    encode_terms,
)
from markets.terms.ids import MarketId, VenueId
from markets.terms.instruments import FeeSchedule, Market, even_ladder
from markets.terms.units import Ns, Px


@given(
    at=st.integers(0, 2**62),
    direction=st.sampled_from(["in", "out"]),
    frame=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_what_is_written_is_read_back(at: int, direction: str, frame: str) -> None:
    raw = encode_line(Ns(at), direction, frame)

    assert b"\n" not in raw
    assert decode_line(raw, 7) == Line(Ns(at), direction, frame)


def test_a_line_has_the_contracts_keys_and_the_frame_as_text() -> None:
    raw = encode_line(Ns(5), "in", '{"a":1}')

    assert json.loads(raw) == {"at": 5, "dir": "in", "frame": '{"a":1}'}


def test_the_header_says_where_the_recording_comes_from() -> None:
    header = Header("kalshi", "wss://example", True, "cut")

    raw = encode_header(header)

    assert json.loads(raw) == {
        "header": {"venue": "kalshi", "url": "wss://example", "filtered": True, "note": "cut"}
    }
    assert decode_line(raw, 1) == header


@pytest.mark.parametrize(
    ("raw", "at", "frame"),
    [
        (b'{"recv_ms": 1786398303277, "event": {"seq": 1.50}}', 1786398303277, '{"seq": 1.50}'),
        (b'{"received_ms": 12, "frame": "PONG"}', 12, "PONG"),
        (b'{"received_ms": 12, "frame": [1, 2]}', 12, "[1, 2]"),
    ],
)
def test_older_shapes_are_read_and_raw_frames_kept_byte_for_byte(
    raw: bytes, at: int, frame: str
) -> None:
    assert decode_line(raw, 3) == Line(Ns(at * 1_000_000), "in", frame)


@pytest.mark.parametrize(
    "raw", [b'{"type":"ok","id":1}', b'[{"event_type":"book"}]', b"PONG", b'{"event":"x"}']
)
def test_a_bare_frame_has_its_line_number_for_a_time_and_says_so(raw: bytes) -> None:
    assert decode_line(raw, 42) == Line(Ns(42), "in", raw.decode(), stamped=False)


def test_a_frame_whose_own_fields_have_our_names_is_bare() -> None:
    raw = b'{"at":"noon","frame":7}'

    assert decode_line(raw, 2) == Line(Ns(2), "in", raw.decode(), stamped=False)


def test_an_empty_line_says_nothing() -> None:
    assert decode_line(b"  \n", 1) is None


@pytest.mark.parametrize("raw", [b'{"at": 5, "dir": "in", "fra', b"\xff\xfe"])
def test_a_torn_or_undecodable_line_is_named_by_its_number(raw: bytes) -> None:
    bad = decode_line(raw, 9)

    assert isinstance(bad, BadLine)
    assert bad.number == 9
    assert bad.reason


@given(st.binary())
def test_no_line_raises(raw: bytes) -> None:
    decode_line(raw, 1)


def test_a_frame_without_a_time_is_taken_out_of_what_holds_it() -> None:
    raw = b'{"capture": "a", "dir": "sent", "frame": {"cmd": "subscribe"}}'

    assert decode_line(raw, 4) == Line(Ns(4), "out", '{"cmd": "subscribe"}', stamped=False)


def test_a_markets_terms_come_back_as_written() -> None:
    market = Market(
        id=MarketId("kalshi:A"),
        venue=VenueId("kalshi"),
        native="A",
        title="Will it?",
        outcomes=("Yes", "No"),
        ticks=even_ladder(Px(10_000)),
        fees=FeeSchedule(kind="none", rate_ppm=0),
        close_at=Ns(7),
    )

    raw = encode_terms(market)

    assert list(json.loads(raw)) == ["catalogue"]
    assert decode_line(raw, 2) == Terms(market)
