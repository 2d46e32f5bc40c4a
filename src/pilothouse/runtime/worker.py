"""The worker: claims due runs and executes their turns, a bounded number at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime import events
from pilothouse.runtime.entries import Entry
from pilothouse.runtime.errors import RunCancelled, TurnLost
from pilothouse.runtime.execution import LOST, execute
from pilothouse.runtime.heartbeat import Heartbeat
from pilothouse.runtime.history import History
from pilothouse.runtime.listener import CANCELS, RUNS, Listener
from pilothouse.runtime.store import Claim, Store
from pilothouse.runtime.turn import Services, Turn
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows

log = structlog.get_logger(__name__)


class Worker:
    """Executes runs of the workflows it has, until it is stopped. One per event loop.

    `only` restricts it to a single run (that of a command in a terminal).
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
    ) -> None:
        """Wire the parts; nothing is claimed before `run`."""
        self.id = services.ids.new()
        self._store = store
        self._workflows = workflows
        self._heartbeat = Heartbeat(store.conninfo, self.id, workflows.pins, settings)
        self._services = replace(services, lease=self._heartbeat)
        self._settings = settings
        self._only = only
        self._wake = asyncio.Event()
        self._ticked = asyncio.Event()
        self._stopping = asyncio.Event()
        self._live: dict[UUID, tuple[Turn, asyncio.Task[None]]] = {}
        self._lost: set[UUID] = set()
        self._off = [listener.on(RUNS, self._woken), listener.on(CANCELS, self._cancel_asked)]

    @property
    def busy(self) -> int:
        """How many turns are under way."""
        return len(self._live)

    async def run(self) -> None:
        """Claim and execute until `stop`; a database that goes away is waited for.

        Raises `DatabaseUnavailable` where it does not answer at the start.
        """
        await asyncio.get_running_loop().run_in_executor(None, self._heartbeat.start)
        log.info("worker_started", worker_id=str(self.id), workflows=self._workflows.pins)
        ticker = asyncio.create_task(self._tick())
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                if not await self._claim():
                    await self._until_woken(stopped)
        finally:
            ticker.cancel()
            stopped.cancel()
            await asyncio.wait([ticker, stopped])

    async def stop(self, drain: float = 10.0) -> None:
        """Claim nothing more; give turns `drain` seconds to end, then give their runs back."""
        self._stopping.set()
        for off in self._off:
            off()
        tasks = [task for _, task in self._live.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=drain)
        for turn, _ in list(self._live.values()):
            turn.interrupt(TurnLost("The worker stops."))
        if left := [task for _, task in self._live.values()]:
            await asyncio.wait(left)
        if self._lost:
            try:
                await self._store.release(self.id, self._lost)
            except DatabaseUnavailable as error:
                log.warning("runs_not_released", runs=len(self._lost), reason=str(error))
        await asyncio.get_running_loop().run_in_executor(None, self._heartbeat.stop)
        log.info("worker_stopped", worker_id=str(self.id), released=len(self._lost))

    async def _until_woken(self, stopped: asyncio.Task[bool]) -> None:
        woken = asyncio.create_task(self._wake.wait())
        await asyncio.wait([woken, stopped], timeout=self._settings.poll, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()

    async def _claim(self) -> bool:
        """Claim what is due, as far as there are free slots; whether anything was."""
        free = self._settings.slots - len(self._live)
        if free <= 0:
            return False
        try:
            claims = await self._store.claim(self.id, self._workflows.pins, free, self._only)
            if not claims:
                return False
            journals = await self._store.read([claim.run_id for claim in claims])
        except DatabaseUnavailable as error:
            log.warning("claim_failed", reason=str(error))
            return False
        for claim in claims:
            self._start(claim, journals[claim.run_id])
        return True

    def _start(self, claim: Claim, journal: Sequence[Entry]) -> None:
        turn = Turn(claim, History(journal), self._services)
        task = asyncio.create_task(self._take(turn))
        self._live[claim.run_id] = turn, task
        task.add_done_callback(lambda _: self._ended(claim.run_id))

    def _ended(self, run_id: UUID) -> None:
        self._live.pop(run_id, None)
        self._wake.set()

    async def _take(self, turn: Turn) -> None:
        pin = turn.claim.pin
        structlog.contextvars.bind_contextvars(run_id=str(turn.run_id), workflow=pin)
        status = await execute(turn, self._workflows.pinned(pin))
        if status == LOST:
            self._lost.add(turn.run_id)
        elif status == "waiting":
            self._ticked.set()
        log.debug("turn_ended", status=status)

    async def _tick(self) -> None:
        """Timers, dead workers, runs to give back and cancellations, at least every `poll` seconds."""
        while True:
            self._ticked.clear()
            self._heartbeat.beat()
            wait = self._settings.poll
            try:
                wait = await self._tend()
            except DatabaseUnavailable as error:
                log.warning("tick_failed", reason=str(error))
            try:
                await asyncio.wait_for(self._ticked.wait(), wait)
            except TimeoutError:
                continue

    async def _tend(self) -> float:
        """Do what is due; returns the seconds until it is to be done again."""
        for turn, _ in list(self._live.values()):
            turn.interrupt_if_stalled(self._settings.stall_timeout)
        woken, following = await self._store.wake_timers()
        taken = await self._store.take_over(self._settings.lease, self._settings.grace)
        for run_id, losses in taken:
            log.warning("run_taken_over", run_id=str(run_id), losses=losses)
            if losses > self._settings.max_losses:
                await events.fail_lost(self._store, run_id, losses)
        await self._give_back()
        for run_id in await self._store.cancels(self.id) if self._live else ():
            self._cancel(run_id)
        if woken or taken:
            self._wake.set()
        if following is None:
            return self._settings.poll
        due = (following - self._services.clock.now()).total_seconds()
        return min(self._settings.poll, max(due, 0.001))

    async def _give_back(self) -> None:
        if self._lost:
            given = set(self._lost)
            await self._store.release(self.id, given)
            self._lost -= given

    def _woken(self, _payload: str | None) -> None:
        self._wake.set()

    def _cancel_asked(self, payload: str | None) -> None:
        if payload:
            self._cancel(UUID(payload))

    def _cancel(self, run_id: UUID) -> None:
        if run_id in self._live:
            self._live[run_id][0].interrupt(RunCancelled())
