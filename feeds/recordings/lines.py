"""One line of a recording, to and from text; older shapes are read, one shape is written.

Written: `{"at": <UTC ns>, "dir": "in"|"out", "frame": <text as received>}`, after a first line
`{"header": {"venue", "url", "filtered", "note"}}` and a line `{"catalogue": <terms>}` for each
market. Also read: `{"recv_ms", "event"}`, `{"received_ms", "frame"}`, any object with a `frame` or
`event` and no time, and bare frames; where there is no time, `at` is the number of the line and
`stamped` is false. A frame may stand as a JSON string or as the JSON itself; the latter is kept
byte for byte. No file is opened here.
"""

import msgspec

from markets.terms.instruments import Market
from markets.terms.units import MS, Ns

DIRECTIONS = {"in": "in", "out": "out", "received": "in", "sent": "out"}


class Header(msgspec.Struct, frozen=True):
    """What a recording says of itself.

    `filtered`: cut out of a shared subscription, only a falling `seq` is a gap.
    """

    venue: str = ""
    url: str = ""
    filtered: bool = False
    note: str = ""


class Line(msgspec.Struct, frozen=True, gc=False):
    """A frame, when it passed, and whether that time is a time (`stamped`) or the number of its
    line.
    """

    at: Ns
    direction: str
    frame: str
    stamped: bool = True


class Terms(msgspec.Struct, frozen=True):
    """A market's terms as the catalogue gave them when the recording began."""

    market: Market


class BadLine(msgspec.Struct, frozen=True):
    """A line that cannot be read; `reason` says why."""

    number: int
    reason: str


class _Wire(msgspec.Struct):
    header: Header | None = None
    catalogue: Market | None = None
    at: int | None = None
    direction: str = msgspec.field(name="dir", default="in")
    frame: msgspec.Raw = msgspec.Raw(b"")
    recv_ms: int | None = None
    received_ms: int | None = None
    event: msgspec.Raw = msgspec.Raw(b"")


class _Written(msgspec.Struct, frozen=True, gc=False):
    at: int
    direction: str = msgspec.field(name="dir")
    frame: str


class _WrittenHeader(msgspec.Struct, frozen=True):
    header: Header


class _WrittenTerms(msgspec.Struct, frozen=True):
    catalogue: Market


_decoder = msgspec.json.Decoder(_Wire)
_text_decoder = msgspec.json.Decoder(str)
_encoder = msgspec.json.Encoder()


def encode_header(header: Header) -> bytes:
    """The first line of a recording, without its line end."""
    return _encoder.encode(_WrittenHeader(header))


def encode_terms(market: Market) -> bytes:
    """A market's terms as a line, without its line end."""
    return _encoder.encode(_WrittenTerms(market))


def encode_line(at: Ns, direction: str, frame: str) -> bytes:
    """One frame as a line, without its line end."""
    return _encoder.encode(_Written(at, direction, frame))


def decode_line(raw: bytes, number: int) -> Header | Terms | Line | BadLine | None:
    """What a line says; None for an empty one.

    `number` counts from 1 and stands in for a missing time.
    """
    text = raw.strip()
    if not text:
        return None
    if text[:1] != b"{":
        return _bare(text, number)
    try:
        wire = _decoder.decode(text)
    except msgspec.DecodeError as problem:
        return _bare(text, number) if _is_json(text) else BadLine(number, str(problem))
    if wire.header is not None:
        return wire.header
    if wire.catalogue is not None:
        return Terms(wire.catalogue)
    return _line(wire, text, number)


def _line(wire: _Wire, text: bytes, number: int) -> Line | BadLine:
    payload = bytes(wire.frame) or bytes(wire.event)
    times = (wire.at, _ns(wire.recv_ms), _ns(wire.received_ms))
    at = next((t for t in times if t is not None), None)
    if not payload or (at is None and payload[:1] not in b"{["):
        return _bare(text, number)
    frame = (
        _text_decoder.decode(payload) if payload[:1] == b'"' else payload.decode(errors="replace")
    )
    direction = DIRECTIONS.get(wire.direction, "in")
    return Line(Ns(number if at is None else at), direction, frame, stamped=at is not None)


def _bare(text: bytes, number: int) -> Line | BadLine:
    try:
        return Line(Ns(number), "in", text.decode(), stamped=False)
    except UnicodeDecodeError:
        return BadLine(number, "not UTF-8 text")


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def _ns(ms: int | None) -> int | None:
    return None if ms is None else ms * MS
