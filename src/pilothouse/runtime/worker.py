"""The worker: claims due runs and executes their turns, a bounded number at once."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import psycopg
import structlog

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime import events, partitions
from pilothouse.runtime.entries import Entry, PayloadUnreadable
from pilothouse.runtime.errors import Fenced, RunCancelled, TurnLost
from pilothouse.runtime.execution import LOST, conclude, execute
from pilothouse.runtime.heartbeat import Heartbeat
from pilothouse.runtime.history import History
from pilothouse.runtime.listener import CANCELS, RUNS, Listener
from pilothouse.runtime.observing import identified
from pilothouse.runtime.payloads import refers
from pilothouse.runtime.ports import Chore
from pilothouse.runtime.store import Claim, Store
from pilothouse.runtime.turn import Services, Turn
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows

log = structlog.get_logger(__name__)


class Worker:
    """Executes runs of the workflows it has, until it is stopped. One per event loop.

    `only` restricts it to a single run (that of a command in a terminal). `on_turn_ended` is called with the
    run's id whenever a turn is over.
    """

    def __init__(
        self,
        store: Store,
        listener: Listener,
        workflows: Workflows,
        services: Services,
        settings: WorkerSettings,
        *,
        only: UUID | None = None,
        chores: Sequence[Chore] = (),
    ) -> None:
        """Wire the parts; nothing is claimed before `run`."""
        self.id = services.ids.new()
        self.on_turn_ended: Callable[[UUID], None] | None = None
        self._store = store
        self._workflows = workflows
        self.pins = workflows.executable(settings.labels, settings.only)
        self._heartbeat = Heartbeat(store.direct, self.id, self.pins, settings, services.clock)
        self._services = services
        self._settings = settings
        self._only = only
        self._chores = chores
        self._wake = asyncio.Event()
        self._ticked = asyncio.Event()
        self._patience = settings.poll
        self._stopping = asyncio.Event()
        self._drained = asyncio.Event()
        self._hurried = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._live: dict[UUID, tuple[Turn, asyncio.Task[None]]] = {}
        self._left: set[asyncio.Task[None]] = set()
        self._astray = False  # runs may be this worker's that it does not execute
        self._thorough_due = 0.0
        self._partitions_due = time.monotonic() + partitions.EVERY.total_seconds()
        self._off = [
            listener.on(RUNS, self._woken),
            listener.on(CANCELS, self._cancel_asked),
            services.switches.on_change(self._braked),
        ]

    @property
    def busy(self) -> int:
        """How many turns are under way."""
        return len(self._live)

    async def run(self) -> None:
        """Claim and execute until `stop` has stopped everything; a database that goes away is waited for.

        Raises `DatabaseUnavailable` where it does not answer at the start.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._heartbeat.start)
        self._pulse(loop)
        log.info("worker_started", worker_id=str(self.id), workflows=self.pins)
        tending = [asyncio.create_task(self._tick())]
        tending += [asyncio.create_task(self._see_to(chore)) for chore in self._chores]
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                if not await self._claim():
                    await self._until_woken(stopped)
            await self._drained.wait()
        finally:
            for task in (*tending, stopped):
                task.cancel()
            await asyncio.wait([*tending, stopped])

    async def stop(self, drain: float = 10.0) -> None:
        """Claim nothing more; give turns `drain` seconds to end, then give their runs back.

        `hurry` cuts that time short.
        """
        self._stopping.set()
        self._heartbeat.draining = True
        while self._off:
            self._off.pop()()
        async with self._claiming:  # what is being claimed is executed, too
            draining = [task for _, task in self._live.values()]
        if draining:
            await self._given_time(draining, drain)
        for turn, _ in list(self._live.values()):
            turn.interrupt(TurnLost("The worker stops."))
        if late := [task for _, task in self._live.values()]:
            await asyncio.wait(late, timeout=self._settings.unwind)
        for run_id in list(self._live):
            self._leave(run_id)
        if self._left:
            await asyncio.wait(self._left)
        self._drained.set()
        try:
            await self._give_back()
        except DatabaseUnavailable as error:
            log.warning("runs_not_released", reason=str(error))
        await asyncio.get_running_loop().run_in_executor(None, self._heartbeat.stop)
        log.info("worker_stopped", worker_id=str(self.id))

    def hurry(self) -> None:
        """Give turns under way no more time, where the worker is being stopped."""
        self._hurried.set()

    async def _given_time(self, turns: Sequence[asyncio.Task[None]], seconds: float) -> None:
        ended = asyncio.ensure_future(asyncio.wait(turns))
        hurried = asyncio.create_task(self._hurried.wait())
        await asyncio.wait([ended, hurried], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (ended, hurried):
            task.cancel()
        await asyncio.wait([ended, hurried])

    def _pulse(self, loop: asyncio.AbstractEventLoop) -> None:
        """Show the heartbeat's thread that the event loop lives, whatever the database does."""
        self._heartbeat.beat()
        if not self._drained.is_set():
            loop.call_later(min(1.0, self._settings.blocked_after / 5), self._pulse, loop)

    async def _until_woken(self, stopped: asyncio.Task[bool]) -> None:
        woken = asyncio.create_task(self._wake.wait())
        await asyncio.wait([woken, stopped], timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()

    async def _claim(self) -> bool:
        """Claim what is due, as far as there are free slots; whether anything was."""
        async with self._claiming:
            self._patience = self._settings.poll
            free = self._settings.slots - len(self._live)
            if free <= 0 or self._stopping.is_set() or not self._heartbeat.valid():
                return False
            services = replace(self._services, lease=self._heartbeat.lease())
            try:
                claims = await self._store.claim(self.id, self.pins, free, self._only)
                if not claims:
                    held = self._store.held_for  # by a rate: nobody tells when that lets go
                    self._patience = min(self._patience, max(held or math.inf, 0.001))
                    return False
                journals = await self._store.read([claim.run_id for claim in claims])
            except (DatabaseUnavailable, psycopg.Error) as error:
                self._astray = True
                log.warning("claim_failed", reason=str(error).strip())
                return False
            for claim in claims:
                self._start(claim, journals[claim.run_id], services)
            return True

    def _start(self, claim: Claim, journal: Sequence[Entry], services: Services) -> None:
        if claim.run_id in self._live:  # it was taken from this worker, which has claimed it again
            self._live[claim.run_id][0].interrupt(Fenced(f"Run {claim.run_id} was taken over."))
        parted = refers(journal)
        try:
            turn = Turn(claim, History(() if parted else journal), services)
        except PayloadUnreadable as error:
            turn = Turn(claim, History(), services)
            turn.breaks(error)
        task = asyncio.create_task(self._take(turn, journal if parted else ()))
        self._live[claim.run_id] = turn, task
        task.add_done_callback(lambda _: self._ended(claim.run_id))

    def _ended(self, run_id: UUID) -> None:
        if run_id in self._live and self._live[run_id][1].done():
            del self._live[run_id]
        self._wake.set()
        if self.on_turn_ended is not None:
            self.on_turn_ended(run_id)

    async def _take(self, turn: Turn, parted: Sequence[Entry] = ()) -> None:
        pin = turn.claim.pin
        structlog.contextvars.bind_contextvars(**identified(turn.claim))
        try:
            if parted:
                await self._store.payloads.load(turn, parted)
            status = await execute(turn, self._workflows.pinned(pin))
        except Exception:
            log.exception("turn_crashed")
            status = LOST
        if status == LOST:
            self._ticked.set()  # it is given back soon
            if self._live.get(turn.run_id, (None,))[0] is turn:
                del self._live[turn.run_id]  # before it counts as astray
            self._astray = True
        elif status == "waiting":
            self._ticked.set()
        log.debug("turn_ended", status=status)

    def _leave(self, run_id: UUID) -> None:
        """Record the end of a turn whose code does not stop; it can journal nothing any more."""
        turn, _ = self._live.pop(run_id)
        end = turn.broken
        if end is None or turn.task is None or turn.task.done():
            return
        log.error("turn_left_behind", run_id=str(run_id), workflow=turn.claim.pin, step=turn.last_step)
        task = asyncio.create_task(self._conclude(turn, end))
        self._left.add(task)
        task.add_done_callback(self._left.discard)

    async def _conclude(self, turn: Turn, end: BaseException) -> None:
        if await conclude(turn, self._workflows.pinned(turn.claim.pin), end) == LOST:
            self._astray = True
        self._wake.set()

    async def _tick(self) -> None:
        """Timers, dead workers, runs to give back and cancellations, at least every `poll` seconds."""
        while True:
            self._ticked.clear()
            wait = self._settings.poll
            try:
                wait = await self._tend()
            except Exception as error:  # noqa: BLE001 - logged; the next round tries again
                log.warning("tick_failed", reason=f"{type(error).__name__}: {error}")
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):  # `asyncio.wait_for` can lose a cancellation
                    await self._ticked.wait()

    async def _see_to(self, chore: Chore) -> None:
        """Tend a chore whenever something is due, at least every `poll` seconds."""
        while True:
            due = None
            try:
                due = await chore.tend(self._services.clock.now())
            except Exception as error:  # noqa: BLE001 - logged; the next round tries again
                log.warning("chore_failed", chore=chore.name, reason=f"{type(error).__name__}: {error}")
            wait = self._settings.poll
            if due is not None:
                ahead = (due - self._services.clock.now()).total_seconds()
                wait = min(wait, max(ahead, 0.001))
            await asyncio.sleep(wait)

    async def _tend(self) -> float:
        """Do what is due; returns the seconds until it is to be done again."""
        for run_id, (turn, _) in list(self._live.items()):
            turn.interrupt_if_stalled(self._settings.stall_timeout)
            if turn.outlived(self._settings.unwind):
                self._leave(run_id)
        now = self._services.clock.now()
        woken, following = await self._store.wake_timers(now)
        if woken:
            self._wake.set()
        if self._heartbeat.valid():
            await self._take_over()
        await self._give_back()
        for run_id in await self._store.cancels(self.id) if self._live else ():
            self._cancel(str(run_id))
        if time.monotonic() >= self._partitions_due:
            self._partitions_due = time.monotonic() + partitions.EVERY.total_seconds()
            await self._store.ensure_partitions(now)
        if following is None:
            return self._settings.poll
        due = (following - self._services.clock.now()).total_seconds()
        return min(self._settings.poll, max(due, 0.001))

    async def _take_over(self) -> None:
        settings, present = self._settings, time.monotonic()
        limits = (settings.lease, settings.grace, settings.max_losses)
        thoroughly = present >= self._thorough_due
        taken = await self._store.take_over(*limits, self.id, thoroughly=thoroughly)
        if thoroughly:
            self._thorough_due = present + settings.lease
        self._services.observer.taken_over(len(taken))
        for run_id, losses in taken:
            log.warning("run_taken_over", run_id=str(run_id), losses=losses)
            self._wake.set()
            if losses > settings.max_losses:
                self._astray = True  # should the next line fail
                await events.fail_lost(self._store, run_id, losses)

    async def _give_back(self) -> None:
        """Queue again what is this worker's in the database and is not executed here."""
        async with self._claiming:
            if not self._astray:
                return
            self._astray = False
            try:
                given = await self._store.release(self.id, self._live)
            except BaseException:
                self._astray = True
                raise
        if given:
            log.info("runs_given_back", runs=given)
            self._wake.set()

    def _woken(self, _payload: str | None) -> None:
        self._wake.set()

    def _braked(self) -> None:
        """Something was killed or let go: turns stop, and runs that were held may be claimed."""
        for turn, _ in list(self._live.values()):
            turn.brake()
        self._ticked.set()
        self._wake.set()

    def _cancel_asked(self, payload: str | None) -> None:
        if payload:
            self._cancel(payload)

    def _cancel(self, run_id: str) -> None:
        for turn, _ in list(self._live.values()):
            if str(turn.run_id) == run_id:
                turn.interrupt(RunCancelled())
