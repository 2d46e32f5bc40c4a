"""A turn: one stretch of a worker executing a run, and the state that its verbs share."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from uuid import UUID

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.clock import Clock, elapsed
from pilothouse.kit.ids import Ids
from pilothouse.runtime.booking import Book, Unbooked
from pilothouse.runtime.branch import Branch
from pilothouse.runtime.deltas import Delta, Unheard
from pilothouse.runtime.emitting import Unread, read
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.errors import (
    Declined,
    Killed,
    NonDeterminismError,
    NotJournalled,
    RunStalled,
    StepTimedOut,
    TurnLost,
)
from pilothouse.runtime.governing import Governor, Mark, Unwitnessed, Witness
from pilothouse.runtime.guarding import Guard, Inlet, Passage, Unguarded
from pilothouse.runtime.history import History, Step
from pilothouse.runtime.laddering import Ladders, Unladdered
from pilothouse.runtime.observing import Observer, TurnObserver, Unobserved
from pilothouse.runtime.payloads import Payloads
from pilothouse.runtime.ports import ArtifactSink, Lease, Statement
from pilothouse.runtime.store import Append, Claim, TurnEnd
from pilothouse.runtime.switches import Switches, Unswitched
from pilothouse.runtime.threads import Threads
from pilothouse.runtime.uploaded import NoUploads, UploadSource

T = TypeVar("T")

SEAL_RUN = "update runs set personal = true where id = %s and not personal"

SHOW_AFTER = 0.05
"""Seconds after which a step in progress, or something emitted, is written without waiting for company."""


class Appender(Protocol):
    """Where a turn's entries go."""

    async def append(self, item: Append) -> str:
        """Append; returns the run's status."""
        ...


class Speaker(Protocol):
    """Where the deltas of a turn's steps go."""

    def say(self, delta: Delta) -> None:
        """Show a piece of text to whoever watches its run. From any thread; it must not block."""
        ...


@dataclass(frozen=True)
class Services:
    """What every turn of a worker shares."""

    appender: Appender
    governor: Governor
    artifacts: ArtifactSink
    lease: Lease
    clock: Clock
    ids: Ids
    threads: Threads
    step_timeout: float = 300.0
    deltas: Speaker = field(default_factory=Unheard)
    observer: Observer = field(default_factory=Unobserved)
    payloads: Payloads = field(default_factory=Payloads)
    uploads: UploadSource = field(default_factory=NoUploads)
    switches: Switches = field(default_factory=Unswitched)
    witness: Witness = field(default_factory=Unwitnessed)
    guard: Guard = field(default_factory=Unguarded)
    ladders: Ladders = field(default_factory=Unladdered)
    book: Book = field(default_factory=Unbooked)


@dataclass
class Turn:
    """The state of one turn.

    `pending` entries say what is worth recording but has no effect of its own (a scope began, a card, the
    time that was told); they are written together with the next entry that has. `asked` holds the keys of
    questions opened in this turn. `active` counts steps under way, `appending` appends, and `touched` is
    when the last one ended: they tell a waiting workflow from a stalled one. `broken` is what ended the
    turn early: every later verb raises it again, so that no code can swallow it. `interrupted_at` is when
    its code was stopped from outside.
    """

    claim: Claim
    history: History
    services: Services
    pending: deque[Entry] = field(default_factory=deque)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: list[str] = field(default_factory=list)
    broken: BaseException | None = None
    last_step: str = ""
    active: int = 0
    appending: int = 0
    interrupted_at: float | None = None
    touched: float = 0.0
    task: asyncio.Future[bytes] | None = None
    spoken: dict[str, int] = field(default_factory=dict)
    _beside: list[Statement] = field(default_factory=list)
    _sealing: bool = False
    _flush: asyncio.TimerHandle | None = None
    _flushing: set[asyncio.Task[None]] = field(default_factory=set)
    _braking: dict[asyncio.Timeout, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Open the workflow's own branch."""
        self.root = self._root()
        self.watch: TurnObserver = self.services.observer.turn(self.claim, self.history.seq)
        self.loop = asyncio.get_running_loop()
        self.touched = self.loop.time()

    @property
    def run_id(self) -> UUID:
        """The run that is executed."""
        return self.claim.run_id

    def load(self, history: History) -> None:
        """Replay `history`, which was not at hand when the turn began."""
        self.history = history
        self.root = self._root()

    def _root(self) -> Branch:
        """The workflow's own branch, which has consumed the run's input."""
        root = Branch(self.history)
        if self.claim.untrusted:
            root.consume(frozenset({Mark.UNTRUSTED}))
        if self.claim.injection:
            root.consume(frozenset({Mark.INJECTION}))
        if self.claim.personal:
            root.consume(frozenset({Mark.PERSONAL}))
        return root

    def seal(self) -> None:
        """What is journalled from now on is personal. The run's row says so with the next append."""
        if not self.claim.personal:
            self.claim, self._sealing = self.claim._replace(personal=True), True

    def now(self) -> dt.datetime:
        """The real time, for timers and expiry (a workflow sees `ctx.now()`)."""
        return self.services.clock.now()

    def check(self) -> None:
        """Raise again what broke the turn, if anything did."""
        if self.broken is not None:
            raise self.broken

    def breaks(self, error: BaseException) -> BaseException:
        """Remember what broke the turn."""
        if self.broken is None:
            self.broken = error
        return self.broken

    def meet(
        self, branch: Branch, name: str, verb: str, digest: bytes | None, key: str | None = None
    ) -> Step:
        """The next step of `branch`, as `Branch.meet`; a difference from the journal breaks the turn."""
        self.check()
        try:
            return branch.meet(name, verb, digest, key)
        except NonDeterminismError as error:
            raise self.breaks(error) from None

    def close(self, branch: Branch) -> None:
        """The code of `branch` has ended; a difference from the journal breaks the turn."""
        self.check()
        try:
            branch.close()
        except NonDeterminismError as error:
            raise self.breaks(error) from None

    def interrupt(self, error: BaseException) -> None:
        """Break the turn from outside, and stop the workflow where it stands.

        It is stopped once, so that its `finally` blocks may await something; see `outlived`.
        """
        self.breaks(error)
        if self.task is not None and self.interrupted_at is None:
            self.interrupted_at = self.loop.time()
            self.task.cancel()

    def outlived(self, patience: float) -> bool:
        """Whether the workflow's code still runs `patience` seconds after it was stopped."""
        if self.interrupted_at is None or self.task is None or self.task.done():
            return False
        return self.loop.time() - self.interrupted_at >= patience

    def interrupt_if_stalled(self, after: float) -> None:
        """Break a turn whose workflow has waited `after` seconds for something that is no step."""
        if self.active or self.appending or self.loop.time() - self.touched < after:
            return
        message = (
            f"The workflow's own code has waited {after:g} s {self.where()} for something that is no step."
        )
        hint = "Use ctx.sleep for time, and an agent or a tool for anything else that takes a while."
        self.interrupt(RunStalled(message, hint=hint))

    def where(self) -> str:
        """How far the code has come, for a message."""
        return f"at or after step {self.last_step}" if self.last_step else "before its first step"

    async def append(
        self,
        *entries: Entry,
        end: TurnEnd | None = None,
        beside: Sequence[Statement] = (),
        unless_woken: bool = False,
    ) -> str:
        """Append the pending entries and these; returns the run's status after the commit.

        With `unless_woken` only where nothing has reached the run from outside since it was claimed.
        Raises `TurnLost` where they cannot be written now and `NotJournalled` where they never can, and
        the same at every later attempt. Raises `Declined` where what is written `beside` does not allow it:
        then nothing was written, and something else may be.
        """
        await self._read_emitted()
        if end is None:
            self.check()
        written, waiting, self._beside = [], self._beside, []
        while self.pending and not isinstance(self.pending[0], Unread):  # a thread may be adding to them
            written.append(self.pending.popleft())
        written.extend(entries)
        beside = (*waiting, *beside)
        self.appending += 1
        claim, since, sealing = self.claim, elapsed(), self._sealing
        if sealing:
            beside = (*beside, Statement(SEAL_RUN, (claim.run_id,)))
        item = Append(
            claim.run_id,
            claim.epoch,
            claim.wakes,
            written,
            end,
            beside,
            unless_woken,
            claim.tenant_id,
            claim.personal,
        )
        try:
            status = await self.services.appender.append(item)
        except Declined:
            self.pending.extendleft(reversed(written[: len(written) - len(entries)]))
            self._beside[:0] = waiting
            raise
        except (TurnLost, Exception) as error:
            reason = self._not_written(error, written)
            raise (reason if end is not None else self.breaks(reason)) from error
        else:
            self._sealing &= not sealing
            self.watch.appended(written, since)
            return status
        finally:
            self.appending -= 1
            self.touched = self.loop.time()

    def note(self, entry: Entry) -> None:
        """Record something together with the next append, or by itself after a moment."""
        self.pending.append(entry)
        if self._flush is None:
            self.loop.call_soon_threadsafe(self._schedule)

    def write_beside(self, *statements: Statement) -> None:
        """Have something written in the transaction of the next append, in the event loop of the turn."""
        self._beside += statements

    async def _read_emitted(self) -> None:
        """Have what was emitted pass the guard, where it waits. Appends that come meanwhile wait for it."""
        if not any(isinstance(entry, Unread) for entry in tuple(self.pending)):
            return
        async with self.reading:
            for entry in tuple(self.pending):
                if not isinstance(entry, Unread):
                    continue
                claim = self.claim
                passage = Passage(
                    Inlet.EMITTED, claim.tenant_id, claim.run_id, self.now(), step=entry.key, ours=True
                )
                try:
                    with self.working():
                        seen, found = await read(self.services.guard, passage, entry)
                except DatabaseUnavailable as error:
                    raise self.breaks(TurnLost(str(error))) from error
                at = next((at for at, each in enumerate(tuple(self.pending)) if each is entry), None)
                if at is not None:
                    self.pending[at] = seen
                    self._beside += found.beside
                    if found.personal:
                        self.seal()

    def say(self, step: str, text: str) -> None:
        """Show a piece of a step's answer to whoever watches; it is journalled nowhere."""
        offset = self.spoken.get(step, 0)
        self.spoken[step] = offset + len(text)
        self.services.deltas.say(Delta(self.run_id, step, offset, text))

    def anew(self, step: str) -> bool:
        """What a step says next begins its answer anew; whether it had said anything that is void now."""
        return self.spoken.pop(step, 0) > 0

    async def flush(self) -> None:
        """Write the pending entries now; returns once everything that was noted is committed.

        Appends are committed in the order in which they were made.
        """
        if self.pending or self.appending:
            await self.append()

    async def settle(self) -> None:
        """The turn is over: nothing is flushed behind its back any more, nor noted by a thread left over."""
        self.breaks(TurnLost("The turn is over."))
        if self._flush is not None:
            self._flush.cancel()
        if self._flushing:
            await asyncio.wait(self._flushing)

    def brake(self) -> None:
        """Something was killed or let go: stop this run, or those of its steps that are killed."""
        switches, claim = self.services.switches, self.claim
        if held := switches.holds(claim.tenant_id, claim.pin.partition("@")[0]):
            self.interrupt(TurnLost(held))
        for scope, (kind, name) in self._braking.items():
            if not scope.expired() and switches.stops(claim.tenant_id, kind, name):
                scope.reschedule(self.loop.time())

    async def timed(
        self, key: str, work: Callable[[], Awaitable[T]], limit: float | None, by: tuple[str, str]
    ) -> T:
        """Await a step's work within its time, and show it as started where it takes a while.

        The work is done `by` an agent or a tool: its kind and its name. Raises `StepTimedOut`, and `Killed`
        where that is killed; what already runs in a thread goes on there, its result unused.
        """
        if stopped := self.services.switches.stops(self.claim.tenant_id, *by):
            raise Killed(stopped)
        limit = self.services.step_timeout if limit is None else limit
        scope = asyncio.timeout(limit)
        self._braking[scope] = by
        show = self.loop.call_later(SHOW_AFTER, self._show_started, key)
        self.last_step = key
        self.active += 1
        begun = self.watch.began(key)
        try:
            async with scope:
                return await work()
        except TimeoutError:
            if not scope.expired():
                raise
            if stopped := self.services.switches.stops(self.claim.tenant_id, *by):
                raise Killed(stopped) from None
            message = f"Step {key} did not finish within {limit:g} s."
            raise StepTimedOut(message, hint="Raise its timeout, or make the step smaller.") from None
        finally:
            del self._braking[scope]
            self.watch.finished(key, begun)
            show.cancel()
            self.active -= 1
            self.touched = self.loop.time()

    @contextmanager
    def working(self) -> Iterator[None]:
        """The block is part of a step: the workflow is not stalled while it lasts."""
        self.active += 1
        try:
            yield
        finally:
            self.active -= 1
            self.touched = self.loop.time()

    async def in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        """Run a plain function in a thread, with this code's context variables."""
        context = copy_context()

        def work() -> T:
            try:
                return context.run(function, *arguments)
            except StopIteration as error:  # no future can carry it: whoever waits would wait for ever
                message = f"{getattr(function, '__name__', 'A function')} raised StopIteration."
                raise RuntimeError(message) from error

        threads = self.services.threads
        future = threads.submit(work)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            threads.leave(future)
            raise

    @staticmethod
    def _not_written(error: BaseException, entries: Sequence[Entry]) -> BaseException:
        if isinstance(error, TurnLost):
            return error
        if isinstance(error, DatabaseUnavailable):
            return TurnLost(str(error))
        keys = ", ".join(dict.fromkeys(entry.key for entry in entries if entry.key)) or "The run's end"
        return NotJournalled(f"{keys} could not be journalled: {error}")

    def _show_started(self, key: str) -> None:
        self.note(Entry(Kind.STARTED, key))
        self._start_flush()

    def _schedule(self) -> None:
        if self._flush is None and self.pending:
            self._flush = self.loop.call_later(SHOW_AFTER, self._start_flush)

    def _start_flush(self) -> None:
        self._flush = None
        if self.pending and self.broken is None:
            task = self.loop.create_task(self._flush_quietly())
            self._flushing.add(task)
            task.add_done_callback(self._flushing.discard)

    async def _flush_quietly(self) -> None:
        try:
            if self.pending:
                await self.append()
        except (TurnLost, NotJournalled):
            return  # `broken` is set: the next verb raises it where it is heard
