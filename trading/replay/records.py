"""What a journal is made of: four kinds of record, as values.

A segment opens with a `Header` and a `Checkpoint` of the state before its first event; then each
event is followed by what the engine answered, unless it answered nothing. `seq` is the event's
number and grows for ever, across runs. Encoded as tagged arrays: fields are only ever appended,
each with a default. Framing, files and checksums are not here.
"""

import msgspec

from markets.terms.units import Ns
from trading.engine.events import Event
from trading.engine.intents import Intent

SCHEMA = 1


class _Record(msgspec.Struct, frozen=True, gc=False, array_like=True, tag=True):
    pass


class Header(_Record, frozen=True):
    """Which run wrote the segment: `code` is the program's revision, `zones` the time-zone data's
    version.
    """

    schema: int
    run: str
    started_at: Ns
    code: str = ""
    zones: str = ""


class Checkpoint(_Record, frozen=True):
    """The engine after event `seq` (0: before the first), and the timers waiting then as (key,
    due).
    """

    seq: int
    at: Ns
    state: bytes
    timers: tuple[tuple[str, Ns], ...] = ()


class EventRecord(_Record, frozen=True):
    """Event number `seq`, written before the engine saw it."""

    seq: int
    event: Event


class IntentsRecord(_Record, frozen=True):
    """What the engine answered to event `seq`; never empty."""

    seq: int
    intents: tuple[Intent, ...]


Record = Header | Checkpoint | EventRecord | IntentsRecord


class Step(msgspec.Struct, frozen=True, gc=False):
    """One event and its recorded answer; `intents` is None when no answer was recorded."""

    seq: int
    event: Event
    intents: tuple[Intent, ...] | None = None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


def encode_record(record: Record) -> bytes:
    """A record as msgpack."""
    return _ENCODER.encode(record)


def decode_record(data: bytes) -> Record:
    """A record from msgpack.

    Errors: `msgspec.DecodeError` when it is not one.
    """
    return _DECODER.decode(data)


def encode_intents(intents: tuple[Intent, ...]) -> bytes:
    """An answer as bytes: two answers are the same exactly when their bytes are."""
    return _ENCODER.encode(intents)
