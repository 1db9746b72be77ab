"""The trading process's side of the scribe: starts it, hears it, and starts it again when it dies.

What a person saved or asked becomes an event like any other. A configuration with a problem is
never put in the inbox: the old one runs on, and the scribe is told why. Without a beat for 2.5 s
the scribe counts as away, without a renewal for 2.5 s the lease does; both are told to the engine
once, and once again when they are well.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from markets.terms.units import MS, SECOND, Ns
from trading.engine.config import Snapshot
from trading.engine.events import (
    CommandReceived,
    ConfigChanged,
    Event,
    HealthReported,
    PackageProposed,
)
from trading.runtime.clock import Clock
from trading.runtime.executor import NO_NEW_DEALS, Lease
from trading.runtime.messages import (
    Applied,
    Beat,
    CommandArrived,
    ConfigLoaded,
    Frames,
    FromScribe,
    FromWorker,
    Health,
    LeaseHeld,
    LeaseLost,
    PackageArrived,
    Status,
    Stop,
    encode_frame,
    from_scribe,
)

SILENCE = Ns(2_500 * MS)
BIRTH = 15 * SECOND  # a scribe has to load the whole site before its first word
LOOK = 250 * MS
STATUS = 1 * SECOND
LEASE_TIME = 5 * SECOND
HEALTHY = 60 * SECOND
FIRST_PAUSE_S = 1
LONGEST_PAUSE_S = 30
PATIENCE_S = 30.0
_BACKLOG = 1 << 20

_SNAPSHOT: msgspec.msgpack.Decoder[Snapshot] = msgspec.msgpack.Decoder(Snapshot)


class Desk:
    """Turns what the scribe says into events, and keeps what must be answered.

    `answer` sends a message back; it may drop it while no scribe runs.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        answer: Callable[[FromWorker], None],
        clock: Clock,
        lease: Lease,
    ) -> None:
        self._emit = emit
        self._answer = answer
        self._clock = clock
        self._lease = lease
        self._heard_at = Ns(clock.now() + BIRTH - SILENCE)
        self._well: dict[str, bool] = {}
        self._commands: dict[int, None] = {}
        self.revision = 0
        self.rejected: tuple[str, ...] = ()
        self.lease_word = asyncio.Event()
        self.lease_refusal = ""
        self.configured = asyncio.Event()
        self.cursor = 0

    def hear(self, message: FromScribe) -> None:
        """Acts on one message."""
        now = self._clock.now()
        self._heard_at = now
        match message:
            case ConfigLoaded(revision=revision, body=body):
                self._configure(revision, body)
            case CommandArrived():
                self._command(message, now)
            case PackageArrived(relation=relation, amounts=amounts):
                self._emit(PackageProposed(now, relation, amounts))
            case LeaseHeld(until=until):
                self._lease.renewed(Ns(min(now, until - LEASE_TIME)))
                self._word("")
            case LeaseLost(reason=reason):
                self._lease.lost()
                self.health("lease", ok=False, text=reason)
                self._word(reason)
            case Health(component=component, ok=ok, text=text):
                self.health(component, ok=ok, text=text)
            case Beat(cursor=cursor):
                self.cursor = cursor

    def look(self) -> None:
        """Judges the silence of the scribe and the age of the lease."""
        now = self._clock.now()
        if now - self._heard_at >= SILENCE:
            self.health("scribe", ok=False, text="The scribe is silent.")
        else:
            self.health("scribe", ok=True, text="The scribe is back.")
        age = self._lease.age(now)
        if age is not None:
            well = age < NO_NEW_DEALS
            text = "The lease is renewed." if well else "The lease was not renewed for 2.5 s."
            self.health("lease", ok=well, text=text)

    def died(self, text: str) -> None:
        """The scribe is gone."""
        self._heard_at = Ns(self._clock.now() - SILENCE)
        self.health("scribe", ok=False, text=text)

    def health(self, component: str, *, ok: bool, text: str) -> None:
        """Tells the engine when a part of the machinery changed."""
        if self._well.get(component, True) != ok:
            self._well[component] = ok
            self._emit(HealthReported(self._clock.now(), component, ok, text))

    def _word(self, refusal: str) -> None:
        if not self.lease_word.is_set():
            self.lease_refusal = refusal
            self.lease_word.set()

    def _configure(self, revision: int, body: bytes) -> None:
        if self.configured.is_set() and revision == self.revision:
            self._answer(Applied(self.revision, self.rejected))
            return
        try:
            snapshot = _SNAPSHOT.decode(body)
        except msgspec.DecodeError as problem:
            self._reject(revision, [f"it cannot be read: {problem}"])
            return
        problems = snapshot.problems()
        if problems:
            self._reject(revision, problems)
            return
        self.revision, self.rejected = revision, ()
        self._emit(ConfigChanged(self._clock.now(), snapshot))
        self.configured.set()
        self._answer(Applied(revision, ()))

    def _reject(self, revision: int, problems: list[str]) -> None:
        self.rejected = tuple(f"Revision {revision}: {problem}" for problem in problems)
        self._answer(Applied(self.revision, self.rejected))

    def _command(self, command: CommandArrived, now: Ns) -> None:
        if command.id in self._commands:
            return
        self._commands[command.id] = None
        self._emit(
            CommandReceived(
                now, command.id, command.kind, command.target, command.author, command.reason
            )
        )


class Watch:
    """Runs the scribe (`argv`) for as long as the trading process lives.

    `status` gives the engine's picture as msgpack, asked once a second.
    """

    def __init__(
        self,
        argv: Sequence[str],
        emit: Callable[[Event], None],
        status: Callable[[], bytes],
        clock: Clock,
        lease: Lease,
    ) -> None:
        self._argv = tuple(argv)
        self._status = status
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._status_at = Ns(0)
        self.desk = Desk(emit, self._say, clock, lease)

    @property
    def pid(self) -> int | None:
        """The scribe's process, while it runs."""
        return self._process.pid if self._process is not None else None

    async def started(self) -> str:
        """Waits for the first word about the lease: empty when it is ours, else why it is not."""
        await self.desk.lease_word.wait()
        return self.desk.lease_refusal

    async def run(self) -> None:
        """Keeps a scribe running until `stop`."""
        pause = FIRST_PAUSE_S
        self._tick()
        while not self._stopping:
            began = self._clock.now()
            code = await self._one_life()
            if self._stopping:
                return
            if self._clock.now() - began >= HEALTHY:
                pause = FIRST_PAUSE_S
            self.desk.died(f"The scribe ended with exit code {code}; next try in {pause} s.")
            await self._pause(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def stop(self) -> None:
        """Lets the scribe bring the journal into rows to its end, and waits for it."""
        self._stopping = True
        process = self._process
        if process is None or process.stdin is None:
            return
        self._say(Stop())
        process.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _one_life(self) -> int:
        process = await asyncio.create_subprocess_exec(
            *self._argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        self._process = process
        frames = Frames()
        try:
            assert process.stdout is not None  # noqa: S101  it was asked for
            while data := await process.stdout.read(1 << 16):
                for body in frames.fed(data):
                    self.desk.hear(from_scribe(body))
            return await process.wait()
        finally:
            self._process = None
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _tick(self) -> None:
        if self._stopping:
            return
        now = self._clock.now()
        self.desk.look()
        if now - self._status_at >= STATUS:
            self._status_at = now
            self._say(Status(self._status()))
        self._clock.call_at(Ns(now + LOOK), self._tick)

    def _say(self, message: FromWorker) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return
        # A scribe that does not read is told the latest later; it must not cost memory.
        if process.stdin.transport.get_write_buffer_size() < _BACKLOG:
            process.stdin.write(encode_frame(message))

    async def _pause(self, seconds: int) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not waiting.done():
                waiting.set_result(None)

        self._clock.call_at(Ns(self._clock.now() + seconds * SECOND), wake)
        await waiting
