"""Frames arrive whole however the pipe cuts them, and nothing else passes for a message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.terms.ids import RelationId
from markets.terms.units import Ns, Qty
from trading.runtime.messages import (
    Applied,
    BadFrame,
    Beat,
    CommandArrived,
    ConfigLoaded,
    Frames,
    FromScribe,
    Health,
    LeaseHeld,
    LeaseLost,
    PackageArrived,
    Status,
    Stop,
    encode_frame,
    from_scribe,
    from_worker,
)

SCRIBE: list[FromScribe] = [
    ConfigLoaded(3, b"\x80"),
    CommandArrived(1, "halt", "", "ann", "look"),
    PackageArrived(4, RelationId("r"), ((0, Qty(2_000_000)), (3, Qty(1)))),
    LeaseHeld(Ns(5)),
    LeaseLost("somebody else"),
    Health("database", ok=False, text="away"),
    Beat(Ns(7), 12),
]


@given(cuts=st.lists(st.integers(1, 9), min_size=1))
def test_messages_are_the_same_however_the_stream_is_cut(cuts: list[int]) -> None:
    stream = b"".join(encode_frame(m) for m in SCRIBE)
    frames = Frames()
    heard: list[FromScribe] = []
    while stream:
        for cut in cuts:
            heard += [from_scribe(body) for body in frames.fed(stream[:cut])]
            stream = stream[cut:]

    assert heard == SCRIBE


@pytest.mark.parametrize("message", [Applied(3, ("too small",)), Status(b"\x80"), Stop()])
def test_the_workers_messages_arrive_as_they_were(message: Applied | Status | Stop) -> None:
    (body,) = Frames().fed(encode_frame(message))

    assert from_worker(body) == message


def test_a_message_of_the_other_side_is_refused() -> None:
    (body,) = Frames().fed(encode_frame(Stop()))

    with pytest.raises(BadFrame, match="scribe"):
        from_scribe(body)
    with pytest.raises(BadFrame, match="trading process"):
        from_worker(b"\xc1")


def test_an_absurd_length_is_refused_before_it_is_waited_for() -> None:
    with pytest.raises(BadFrame, match="bytes was announced"):
        list(Frames().fed(b"\xff\xff\xff\xff"))
