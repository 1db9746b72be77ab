"""The newest pictures, kept once for the whole web process, and the header made of them.

Pictures arrive twice: whole in Redis (read when a page or a socket opens) and as group messages.
Both are absolute, so taking one twice changes nothing. What cannot be decoded is counted and left.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable

import msgspec
import redis
from django.conf import settings
from django.utils import timezone

from markets.terms import formats
from markets.terms.ids import RelationId, VenueId
from markets.terms.units import MS, SECOND
from trading.engine.pictures import AlertPicture, EnginePicture, RelationPicture, VenueTruth
from trading.rows import Row, dom_id, make_row
from trading.runtime.shown import EDGES_KEY as EDGES_KEY
from trading.runtime.shown import ENGINE_KEY as ENGINE_KEY
from trading.runtime.shown import GROUP as GROUP
from trading.runtime.shown import VENUES_KEY as VENUES_KEY

SILENT_NS = 3 * SECOND
REDIS_SECONDS = 2
# Two processes of one release answer alike: the browser reloads when this changes.
BUILD = f"{zlib.crc32(str(os.path.getmtime(__file__)).encode()):08x}"


def now_ns() -> int:
    """This moment, UTC nanoseconds to the microsecond."""
    return int(timezone.now().timestamp() * 1_000_000) * 1000


class Pictures:
    """The newest picture per relation and of the engine, with the rows made of them."""

    def __init__(self) -> None:
        self._decode = msgspec.msgpack.Decoder(RelationPicture).decode
        self._decode_engine = msgspec.msgpack.Decoder(EnginePicture).decode
        self.forget()

    def forget(self) -> None:
        """Know nothing again."""
        self.relations: dict[RelationId, RelationPicture] = {}
        self.rows: dict[RelationId, Row] = {}
        self.engine: EnginePicture | None = None
        self.malformed = 0
        self._raw: dict[RelationId, bytes] = {}
        self._known: dict[bytes, RelationId] = {}
        self._engine_raw = b""

    def absorb(
        self, pictures: Iterable[bytes], gone: Iterable[str] = (), engine: bytes | None = None
    ) -> None:
        """Take a batch as it was published. Older pictures never replace newer ones."""
        for raw in pictures:
            if raw not in self._known:
                self._take(raw)
        for name in gone:
            self._drop(RelationId(name))
        if engine and engine != self._engine_raw:
            self._take_engine(engine)

    def replace(self, pictures: Iterable[bytes], engine: bytes | None) -> None:
        """Take everything there is: relations that are not among it are gone."""
        kept = list(pictures)
        self.absorb(kept, (), engine)
        present = {self._known[raw] for raw in kept if raw in self._known}
        for name in [name for name in self.relations if name not in present]:
            stored = self.relations[name]
            if now_ns() - stored.at > SILENT_NS:
                self._drop(name)

    def _take(self, raw: bytes) -> None:
        try:
            picture = self._decode(raw)
        except msgspec.MsgspecError:
            self.malformed += 1
            return
        before = self.relations.get(picture.id)
        if before is not None and before.at > picture.at:
            self._known.setdefault(raw, picture.id)
            self._forget_surplus()
            return
        self._known.pop(self._raw.get(picture.id, b""), None)
        self._known[raw] = picture.id
        self._raw[picture.id] = raw
        self.relations[picture.id] = picture
        self.rows[picture.id] = make_row(picture)

    def _forget_surplus(self) -> None:
        if len(self._known) > 2 * len(self._raw) + 64:
            self._known = {raw: name for name, raw in self._raw.items()}

    def _drop(self, name: RelationId) -> None:
        self.relations.pop(name, None)
        self.rows.pop(name, None)
        self._known.pop(self._raw.pop(name, b""), None)

    def _take_engine(self, raw: bytes) -> None:
        try:
            picture = self._decode_engine(raw)
        except msgspec.MsgspecError:
            self.malformed += 1
            return
        self._engine_raw = raw
        if self.engine is None or picture.at >= self.engine.at:
            self.engine = picture

    def by_dom_id(self, name: str) -> RelationPicture | None:
        """The relation whose element id is `name`."""
        found = self.relations.get(RelationId(name))
        if found is not None:
            return found
        return next((p for p in self.relations.values() if dom_id(p.id) == name), None)


PICTURES = Pictures()


def read(pictures: Pictures = PICTURES) -> bool:
    """Take the pictures Redis holds; False when it does not answer."""
    client = connect()
    try:
        edges = client.hvals(EDGES_KEY)
        engine = client.get(ENGINE_KEY)
    except redis.RedisError:
        return False
    finally:
        client.close()
    pictures.replace(edges, engine)  # type: ignore[arg-type]
    return True


def truths() -> dict[VenueId, VenueTruth]:
    """What the worker last said its feeds are worth; empty when nothing can be read."""
    client = connect()
    try:
        raw = client.get(VENUES_KEY)
        found = msgspec.msgpack.decode(raw, type=list[VenueTruth]) if raw else []  # type: ignore[arg-type]
    except (redis.RedisError, msgspec.MsgspecError):
        return {}
    finally:
        client.close()
    return {truth.venue: truth for truth in found}


def connect() -> redis.Redis:
    """A connection that gives up after `REDIS_SECONDS`; whoever asks closes it."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=REDIS_SECONDS, socket_timeout=REDIS_SECONDS
    )


# --- the header -----------------------------------------------------------------------------------


class Mode(msgspec.Struct, frozen=True):
    """The mode pill: its class, its word, what it adds, and the word of the window's title."""

    kind: str
    word: str
    note: str = ""


class Tile(msgspec.Struct, frozen=True):
    """One number of the header."""

    name: str
    value: str
    unit: str
    tone: str
    link: str
    drop: str = ""


class Header(msgspec.Struct, frozen=True):
    """Everything the shell shows of the engine."""

    mode: Mode
    tiles: tuple[Tile, ...]
    alerts: tuple[AlertPicture, ...]
    open_deals: int
    naked: int
    silent: bool
    as_of_ms: int
    relations: int


def make_header(engine: EnginePicture | None, now: int) -> Header:
    """The header at a moment; an engine that has not reported for 3 s claims nothing."""
    silent = engine is None or now - engine.at > SILENT_NS
    return Header(
        mode=_mode(engine, now),
        tiles=_tiles(engine) if engine else (),
        alerts=_alerts(engine, now),
        open_deals=engine.open_deals if engine else 0,
        naked=engine.naked if engine else 0,
        silent=silent,
        as_of_ms=engine.at // MS if engine else 0,
        relations=engine.relations if engine else 0,
    )


WORDS = {
    "live": Mode("live", "LIVE", "real orders"),
    "both": Mode("both", "LIVE + PAPER", "real orders"),
    "paper": Mode("paper", "PAPER", "no real orders"),
    "detect": Mode("detect", "DETECT", "looks only"),
}


def _mode(engine: EnginePicture | None, now: int) -> Mode:
    if engine is None:
        return Mode("silent", "ENGINE SILENT", "no report yet")
    if now - engine.at > SILENT_NS:
        return Mode("silent", f"ENGINE SILENT {formats.age(now - engine.at)}")
    if engine.halted:
        return Mode("halted", "HALTED")
    tripped = [trip for trip in engine.breakers if trip.book == engine.book]
    if tripped:
        return Mode("halted", "TRIPPED", tripped[0].name.replace("_", " "))
    if engine.view_only:
        return Mode("paused", "VIEW ONLY")
    if engine.paused:
        return Mode("paused", "PAUSED")
    return WORDS.get(engine.mode, WORDS["detect"])


def _tiles(engine: EnginePicture) -> tuple[Tile, ...]:
    paper = ", paper" if engine.book == "paper" else ""
    fit = sum(1 for venue in engine.venues if venue.up and not venue.halted)
    total = len(engine.venues)
    count = engine.open_deals
    deals = f"{count} deal{'s' if count > 1 else ''}" if count else ""
    return (
        Tile(
            f"Today{paper}",
            formats.money(engine.today, gain=True),
            "",
            _tone(engine.today),
            "/deals/",
        ),
        Tile("At work", formats.money_short(engine.at_work), deals, "", "/deals/", "opt3"),
        Tile("Worst world", formats.money(engine.worst), "", _tone(engine.worst), "/positions/"),
        Tile("Free", formats.money_short(engine.free), "", "", "/venues/", "opt2"),
        Tile(
            "Venues",
            f"{fit} of {total}",
            "",
            "" if fit == total else "warn",
            "/venues/",
            "opt2",
        ),
    )


def _tone(usd: int) -> str:
    return "pos" if usd > 0 else "neg" if usd < 0 else "t2"


def _alerts(engine: EnginePicture | None, now: int) -> tuple[AlertPicture, ...]:
    if engine is None:
        return ()
    alerts = list(engine.alerts)
    if engine.rejected:
        text = (
            f"The saved configuration is not applied: {' '.join(engine.rejected)} "
            f"Revision {engine.revision} runs on."
        )
        alerts.append(AlertPicture("config", False, text, engine.at, "/settings/"))
    if now - engine.at > SILENT_NS:
        text = (
            f"The engine has not reported for {formats.age(now - engine.at)}. "
            "Numbers are from before; open orders may still fill."
        )
        alerts.append(AlertPicture("silent", False, text, engine.at, "/venues/"))
    return tuple(alerts)
