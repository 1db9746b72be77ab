"""Pictures leave at once, then four times a second, always the newest, and never queue."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from markets.terms.ids import RelationId
from markets.terms.units import MS, Ns, Px, Usd
from tests.fakes import ManualClock, settle
from trading.engine.events import Event, HealthReported
from trading.engine.pictures import EnginePicture, RelationPicture
from trading.runtime.publish import CHUNK, Batch, Publisher, SendFailed


class Source:
    """An engine that only has pictures: each says how often its relation changed."""

    def __init__(self) -> None:
        self.changes: dict[str, int] = {}
        self.dirty: dict[str, None] = {}

    def change(self, *names: str) -> None:
        for name in names:
            self.changes[name] = self.changes.get(name, 0) + 1
            self.dirty[name] = None

    def drop(self, name: str) -> None:
        del self.changes[name]
        self.dirty[name] = None

    def drain_dirty(self) -> list[RelationId]:
        found = [RelationId(name) for name in self.dirty]
        self.dirty.clear()
        return found

    def picture(self, relation: RelationId) -> RelationPicture | None:
        if relation not in self.changes:
            return None
        return RelationPicture(relation, "", "", None, Ns(self.changes[relation]), Px(0), (), (), 0)

    def overview(self) -> EnginePicture:
        return EnginePicture(
            at=Ns(0),
            run="r",
            revision=1,
            mode="paper",
            halted="",
            halted_by="",
            halted_at=None,
            paused=False,
            view_only=False,
            today=Usd(0),
            at_work=Usd(0),
            worst=Usd(0),
            free=Usd(0),
            open_deals=0,
            naked=0,
            venues=(),
            alerts=(),
            relations=0,
        )


class Stage:
    """A publisher with readers that listen, are away, or do not answer."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.source = Source()
        self.batches: list[Batch] = []
        self.events: list[Event] = []
        self.bugs: list[BaseException] = []
        self.raises: BaseException | None = None
        self.silent = False
        self.spacing = 250
        self.publisher = Publisher(
            self.source,
            self.send,
            self.events.append,
            self.clock,
            self.bugs.append,
            lambda: self.spacing * MS,
        )

    async def send(self, batch: Batch) -> None:
        if self.silent:
            await asyncio.Event().wait()
        if self.raises is not None:
            raise self.raises
        self.batches.append(batch)

    async def turn(self, *changed: str) -> None:
        self.source.change(*changed)
        self.publisher.turned()
        await settle()

    async def advance(self, ms: int) -> None:
        """Moves time on in steps, as a loop that works does."""
        for step in [*[100] * (ms // 100), ms % 100]:
            self.clock.advance(step)
            await settle()

    def shown(self) -> list[tuple[str, int]]:
        """Relation and count of changes of each picture since the last call."""
        found = [(str(p.id), int(p.at)) for b in self.batches for p in b.pictures]
        self.batches.clear()
        return found

    def health(self) -> list[tuple[str, bool]]:
        return [(e.component, e.ok) for e in self.events if isinstance(e, HealthReported)]


async def test_a_change_is_shown_with_the_turn_that_made_it() -> None:
    stage = Stage()

    await stage.turn("a")

    assert stage.shown() == [("a", 1)]


async def test_what_changes_again_is_shown_after_a_quarter_of_a_second_and_only_the_newest() -> (
    None
):
    stage = Stage()
    await stage.turn("a")
    for _ in range(20):
        await stage.turn("a")
    assert stage.shown() == [("a", 1)]
    await stage.advance(249)
    assert stage.shown() == []

    await stage.advance(1)

    assert stage.shown() == [("a", 21)]
    await stage.advance(1_000)
    assert stage.shown() == []


async def test_the_operator_sets_the_pace_and_a_new_one_holds_at_once() -> None:
    stage = Stage()
    stage.spacing = 1_000
    await stage.turn("a")
    await stage.turn("a")
    stage.shown()
    await stage.advance(900)
    assert stage.shown() == []
    await stage.advance(100)
    assert stage.shown() == [("a", 2)]

    stage.spacing = 100
    await stage.turn("a")
    await stage.advance(100)

    assert stage.shown() == [("a", 3)]


async def test_at_most_four_pictures_a_second_of_one_relation_leave() -> None:
    stage = Stage()
    for _ in range(100):
        await stage.turn("a")
        await stage.advance(10)

    assert len(stage.shown()) in (4, 5)


async def test_everything_is_shown_again_every_five_seconds() -> None:
    stage = Stage()
    await stage.turn("a", "b")
    stage.shown()
    await stage.advance(4_999)
    assert stage.shown() == []

    await stage.advance(1)

    assert stage.shown() == [("a", 1), ("b", 1)]


async def test_the_engines_own_picture_leaves_every_second_even_when_nothing_happens() -> None:
    stage = Stage()
    await stage.turn()
    assert [b.engine is not None for b in stage.batches] == [True]

    for _ in range(3):
        await stage.advance(1_000)

    assert [b.engine is not None for b in stage.batches] == [True] * 4


async def test_a_relation_that_is_no_more_is_told_as_gone_and_not_shown_again() -> None:
    stage = Stage()
    await stage.turn("a")
    await stage.advance(250)
    stage.batches.clear()
    stage.source.drop("a")

    await stage.turn()

    assert [b.gone for b in stage.batches] == [("a",)]
    stage.batches.clear()
    await stage.advance(5_000)
    assert [b.gone for b in stage.batches if b.gone] == []


async def test_one_batch_is_under_way_at_a_time_and_the_next_has_the_newest() -> None:
    stage = Stage()
    stage.silent = True
    await stage.turn("a")
    stage.silent = False

    for _ in range(50):
        await stage.turn("a", "b")
    assert stage.batches == []

    await stage.advance(2_000)
    await stage.advance(1_000)
    assert stage.shown() == [("a", 51), ("b", 50)]


@pytest.mark.parametrize("problem", [SendFailed("redis is away"), ConnectionError("refused")])
async def test_readers_that_are_away_are_told_once_and_get_the_newest_when_back(
    problem: BaseException,
) -> None:
    stage = Stage()
    stage.raises = problem
    await stage.turn("a")
    await stage.turn("a")
    await stage.advance(1_000)
    assert stage.health() == [("redis", False)]
    assert stage.publisher.away

    stage.raises = None
    await stage.advance(1_000)

    assert stage.health() == [("redis", False), ("redis", True)]
    assert stage.shown() == [("a", 2)]
    assert stage.bugs == []


async def test_readers_that_do_not_answer_for_two_seconds_count_as_away() -> None:
    stage = Stage()
    stage.silent = True
    await stage.turn("a")

    await stage.advance(2_000)

    assert stage.health() == [("redis", False)]


async def test_while_readers_are_away_they_are_tried_once_a_second() -> None:
    stage = Stage()
    tries: list[int] = []

    async def refuse(batch: Batch) -> None:
        tries.append(1)
        raise SendFailed("away")

    publisher = Publisher(stage.source, refuse, stage.events.append, stage.clock, stage.bugs.append)
    for _ in range(300):
        stage.source.change("a")
        publisher.turned()
        await stage.advance(10)

    assert len(tries) in (3, 4)


async def test_a_bug_while_sending_is_not_swallowed() -> None:
    stage = Stage()
    stage.raises = KeyError("no such field")

    await stage.turn("a")

    assert [type(b) for b in stage.bugs] == [KeyError]


async def test_many_changes_leave_in_batches_that_do_not_hold_the_loop() -> None:
    stage = Stage()

    await stage.turn(*(f"r{n}" for n in range(2 * CHUNK + 1)))

    assert [len(b.pictures) for b in stage.batches] == [CHUNK, CHUNK, 1]


async def test_after_stopping_nothing_leaves() -> None:
    stage = Stage()
    await stage.turn("a")
    stage.shown()

    stage.publisher.stop()
    await stage.turn("a")
    await stage.advance(10_000)

    assert stage.batches == []


def test_a_batch_can_be_encoded_as_it_is() -> None:
    source = Source()
    source.change("a")
    picture = source.picture(RelationId("a"))
    assert picture is not None

    body = msgspec.msgpack.encode(picture)

    assert msgspec.msgpack.decode(body, type=RelationPicture) == picture
