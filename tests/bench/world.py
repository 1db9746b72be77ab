"""A world to measure in: the seeded scenario, both fakes, the real adapters, all in memory."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from feeds.sim.scenario import Rates, Scenario
from feeds.venues import ADAPTERS, FAKES, find
from feeds.venues.base import Adapter, Emit, Fake, Output, Send, Session, ToClient
from markets.discovery.catalog import Listing
from markets.terms.ids import MarketId, RelationId, VenueId, market_id
from markets.terms.instruments import Market
from markets.terms.relations import TailRisk, pair
from markets.terms.units import MICRO, MS, Ns, Px
from trading.engine.config import Limits, Mode, RelationConfig, Snapshot, VenueConfig
from trading.engine.events import BookSeen, Event

START = Ns(1_790_000_000_000_000_000)
STEP = Ns(20 * MS)
APART = (
    TailRisk("apart, first yes", 300, Px(MICRO), Px(0)),
    TailRisk("apart, second yes", 300, Px(0), Px(MICRO)),
)


class Arrived(msgspec.Struct, frozen=True):
    """A frame as it would come off a venue's socket."""

    venue: VenueId
    text: str
    at: Ns


class World:
    """`pairs` equivalent markets at two venues, moving `moves` times a second in all."""

    def __init__(self, pairs: int, moves: int = 2_000, seed: int = 7) -> None:
        self.scenario = Scenario(seed, pairs, START, Rates(moves=moves))
        self.adapters: dict[VenueId, Adapter] = {VenueId(v): find(ADAPTERS, v)() for v in ADAPTERS}
        self.fakes: dict[VenueId, Fake] = {
            VenueId(v): find(FAKES, v)(self.scenario.listed) for v in FAKES
        }
        self.markets = {m.id: m for venue in self.fakes for m in self._listed(venue)}
        self.sessions: dict[VenueId, Session] = {}
        self._fetch = 0

    def _listed(self, venue: VenueId) -> list[Market]:
        catalogue = self.adapters[venue].catalogue()
        waiting, found = catalogue.first(), list[Listing]()
        while waiting:
            request = waiting.pop(0)
            listings, more = catalogue.parse(request, self.fakes[venue].request(request, START))
            found += listings
            waiting += more
        return [listing.market for listing in found]

    def snapshot(self, limits: Limits | None = None) -> Snapshot:
        """Every twin confirmed, both venues on paper."""
        relations = []
        for one in self.scenario.listed:
            if one.venue != "kalshi" or not one.twin:
                continue
            first = market_id(one.venue, one.native)
            second = market_id(VenueId("polymarket"), one.twin)
            twin = next(t for t in self.scenario.listed if t.native == one.twin)
            relation = pair(
                RelationId(one.native),
                first,
                second,
                title=one.title,
                inverse=one.inverse or twin.inverse,
                tails=APART,
                payout_at=one.close_at,
            )
            relations.append(RelationConfig(relation, (0, 1)))
        used: dict[MarketId, None] = {c.market: None for r in relations for c in r.relation.claims}
        return Snapshot(
            revision=1,
            at=START,
            exec_mode=Mode.PAPER,
            limits=limits or Limits(),
            venues=tuple(
                VenueConfig(v, a.name, a.short, Mode.PAPER) for v, a in self.adapters.items()
            ),
            markets=tuple(self.markets[m] for m in used),
            relations=tuple(relations),
        )

    def open(self) -> list[Event]:
        """Connects a session to each fake and plays the first ladders; returns the events."""
        events: list[Event] = []
        for move in self.scenario.advance(START):
            self.fakes[move.venue].moved(move, START)
        for venue, adapter in self.adapters.items():
            mine = tuple(m for m in self.markets.values() if m.venue == venue)
            session = self.sessions[venue] = adapter.session(mine)
            fake = self.fakes[venue]
            fake.connected(1, "/", START)
            for output in session.opened(START):
                if isinstance(output, Send):
                    for said in fake.received(1, output.text, START):
                        if isinstance(said, ToClient):
                            events += events_of(session.received(said.text, START))
        return events

    def frames(self, count: int) -> list[Arrived]:
        """The next `count` frames of both venues, in the order they were sent."""
        found: list[Arrived] = []
        for frame in self._endless():
            found.append(frame)
            if len(found) == count:
                break
        return found

    def _endless(self) -> Iterator[Arrived]:
        at = START
        while True:
            at = Ns(at + STEP)
            for move in self.scenario.advance(at):
                for said in self.fakes[move.venue].moved(move, at):
                    if isinstance(said, ToClient):
                        yield Arrived(move.venue, said.text, at)


def events_of(outputs: list[Output]) -> list[Event]:
    """The events among a session's outputs."""
    return [o.event for o in outputs if isinstance(o, Emit)]


def is_quiet(event: Event) -> bool:
    """Whether an event only refreshes an age."""
    return isinstance(event, BookSeen)
