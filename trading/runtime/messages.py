"""What the trading process and its scribe say to one another over pipes.

A frame is a 4-byte big-endian length and msgpack of one tagged struct. The end of the stream means
that the other died. A frame longer than `MAX_FRAME` or of another shape is `BadFrame`: both are the
same program, so it is a bug.
"""

from collections.abc import Iterator
from struct import Struct

import msgspec

from markets.terms.ids import RelationId
from markets.terms.units import Ns, Qty

MAX_FRAME = 256 << 20
_LENGTH = Struct(">I")


class BadFrame(Exception):
    """The other side sent something that is none of these messages."""


class _Message(msgspec.Struct, frozen=True, tag=True):
    pass


class ConfigLoaded(_Message, frozen=True):
    """A saved configuration; `body` is msgpack of `trading.engine.config.Snapshot`."""

    revision: int
    body: bytes


class CommandArrived(_Message, frozen=True):
    """A person asked for something; said again until it is done, always with the same `id`."""

    id: int
    kind: str
    target: str
    author: str
    reason: str


class PackageArrived(_Message, frozen=True):
    """A solver proposes a purchase of a relation: claims and contracts; `id` names the proposal."""

    id: int
    relation: RelationId
    amounts: tuple[tuple[int, Qty], ...]


class LeaseHeld(_Message, frozen=True):
    """The lease is ours until then, unless renewed before."""

    until: Ns


class LeaseLost(_Message, frozen=True):
    """Somebody else trades, or nobody can know."""

    reason: str


class Health(_Message, frozen=True):
    """A part of the machinery is well or not."""

    component: str
    ok: bool
    text: str


class Beat(_Message, frozen=True):
    """The scribe lives, and has brought the journal into rows up to event `cursor`."""

    at: Ns
    cursor: int


class Applied(_Message, frozen=True):
    """The revision that runs, and why a newer one does not."""

    revision: int
    rejected: tuple[str, ...]


class Status(_Message, frozen=True):
    """How the engine is; `body` is msgpack of `trading.engine.pictures.EnginePicture`."""

    body: bytes


class Stop(_Message, frozen=True):
    """Bring the journal into rows to its end, give the lease back, and exit."""


FromScribe = ConfigLoaded | CommandArrived | PackageArrived | LeaseHeld | LeaseLost | Health | Beat
FromWorker = Applied | Status | Stop

_ENCODER = msgspec.msgpack.Encoder()
_FROM_SCRIBE: msgspec.msgpack.Decoder[FromScribe] = msgspec.msgpack.Decoder(FromScribe)
_FROM_WORKER: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


def encode_frame(message: FromScribe | FromWorker) -> bytes:
    """A message as it goes over the pipe."""
    body = _ENCODER.encode(message)
    return _LENGTH.pack(len(body)) + body


def from_scribe(body: bytes) -> FromScribe:
    """A message of the scribe.

    Errors: `BadFrame`.
    """
    try:
        return _FROM_SCRIBE.decode(body)
    except msgspec.DecodeError as problem:
        raise BadFrame(f"the scribe sent what is no message of its: {problem}") from None


def from_worker(body: bytes) -> FromWorker:
    """A message of the trading process.

    Errors: `BadFrame`.
    """
    try:
        return _FROM_WORKER.decode(body)
    except msgspec.DecodeError as problem:
        raise BadFrame(f"the trading process sent what is no message of its: {problem}") from None


class Frames:
    """Cuts a stream of bytes into the bodies of frames, however it is chunked."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def fed(self, data: bytes) -> Iterator[bytes]:
        """Takes bytes in and yields each body that is complete now.

        Errors: `BadFrame` for a length above `MAX_FRAME`.
        """
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > MAX_FRAME:
                raise BadFrame(f"a frame of {length} bytes was announced; {MAX_FRAME} are allowed")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            yield body
