"""The engine: one object over one database, through which runs are made, moved, followed and executed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import structlog

from pilothouse.errors import DatabaseUnavailable, InvalidInput, NotFound
from pilothouse.kit import canonical
from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.runtime import events
from pilothouse.runtime.entries import FINAL, Entry
from pilothouse.runtime.listener import JOURNAL, Listener
from pilothouse.runtime.ports import AllowAll, ArtifactStore, Chore, Governor
from pilothouse.runtime.store import Store, Submission
from pilothouse.runtime.threads import Threads
from pilothouse.runtime.turn import Services
from pilothouse.runtime.worker import Worker
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflow, Workflows

log = structlog.get_logger(__name__)

DEFAULT_TENANT = "default"
MAX_PRIORITY = 1_000
MAX_TEXT = 255


class _Leaseless:
    """The lease of an engine that executes nothing."""

    def valid(self) -> bool:
        return False


@dataclass(frozen=True)
class Order:
    """A run to be made. `payload` is the workflow's input as JSON."""

    workflow: str
    payload: bytes
    version: int | None = None
    tenant_id: str = DEFAULT_TENANT
    principal: str = ""
    priority: int = 0
    idempotency_key: str | None = None


class Engine:
    """Durable runs over one PostgreSQL database. Open it within an event loop, and close it there."""

    def __init__(
        self,
        conninfo: str,
        workflows: Workflows,
        artifacts: ArtifactStore,
        *,
        governor: Governor | None = None,
        clock: Clock | None = None,
        step_timeout: float = 300.0,
        threads: int = 16,
        chores: Sequence[Chore] = (),
    ) -> None:
        """Wire the engine; nothing is opened yet. `step_timeout` is in seconds."""
        self.workflows = workflows
        self.store = Store(conninfo)
        self.listener = Listener(conninfo)
        self.ids = Ids()
        self.chores = list(chores)
        self._threads = Threads(threads, "pilothouse-step")
        self._services = Services(
            appender=self.store,
            governor=governor or AllowAll(),
            artifacts=artifacts,
            lease=_Leaseless(),
            clock=clock or SystemClock(),
            ids=self.ids,
            threads=self._threads,
            step_timeout=step_timeout,
        )

    async def open(self) -> None:
        """Begin to listen for notifications."""
        await self.listener.start()

    async def close(self) -> None:
        """Close every connection; workers are stopped before."""
        await self.listener.stop()
        await self.store.close()
        self._threads.close()

    def worker(self, settings: WorkerSettings | None = None, *, only: UUID | None = None) -> Worker:
        """A worker for this engine's workflows."""
        return Worker(
            self.store,
            self.listener,
            self.workflows,
            self._services,
            settings or WorkerSettings(),
            only=only,
            chores=self.chores if only is None else (),
        )

    async def submit(self, order: Order) -> UUID:
        """Make a run, or find the one that was made with the same idempotency key.

        Raises `NotFound` for an unknown workflow, `WrongType` for input that does not fit it, `Conflict`
        for an idempotency key that was used for something else and `InvalidInput` for what is out of range.
        """
        _assert_storable(order)
        workflow = self._workflow(order)
        signature = workflow.signature
        payload = signature.dump_input(signature.parse_input(order.payload))
        return await self.store.submit(
            Submission(
                id=self.ids.new(),
                tenant_id=order.tenant_id,
                workflow=workflow.name,
                version=workflow.version,
                payload=payload,
                digest=canonical.digest(
                    canonical.to_json(canonical.from_json(signature.comparable(payload)))
                ),
                priority=order.priority,
                principal=order.principal,
                idempotency_key=order.idempotency_key,
            )
        )

    async def answer(
        self, run_id: UUID, key: str, text: str, *, tenant_id: str = DEFAULT_TENANT, by: str = ""
    ) -> str:
        """Answer an open question; see `events.answer`."""
        return await events.answer(self.store, run_id, tenant_id, key, text, by)

    async def cancel(self, run_id: UUID, *, tenant_id: str = DEFAULT_TENANT, by: str = "") -> str:
        """Cancel a run; see `events.cancel`."""
        return await events.cancel(self.store, run_id, tenant_id, by)

    async def retry(self, run_id: UUID, *, tenant_id: str = DEFAULT_TENANT, by: str = "") -> tuple[str, ...]:
        """Retry a failed run from its failed step; see `events.retry`."""
        return await events.retry(self.store, run_id, tenant_id, by)

    async def status(self, run_id: UUID) -> str:
        """A run's status; raises `NotFound`."""
        found = await self.store.status(run_id)
        if found is None:
            raise NotFound(f"There is no run {run_id}.")
        return found

    async def journal(self, run_id: UUID, after: int = 0) -> Sequence[Entry]:
        """A run's entries from the one behind `after` on."""
        return (await self.store.read_outside([run_id], after))[run_id]

    async def follow(
        self, run_id: UUID, after: int = 0, *, poll: float = 1.0, patience: float = 60.0
    ) -> AsyncIterator[Entry]:
        """A run's entries, first those that are there, then each as it is committed; ends with the run.

        A notification wakes the reader, which reads the journal; a lost one costs at most `poll` seconds.
        A database that is away is waited for; after `patience` seconds `DatabaseUnavailable` is raised.
        """
        changed = asyncio.Event()
        mine = str(run_id)

        def heard(payload: str | None) -> None:
            if payload is None or mine in payload:
                changed.set()

        off = self.listener.on(JOURNAL, heard)
        away_since: float | None = None
        try:
            while True:
                changed.clear()
                try:
                    entries = await self.journal(run_id, after)
                    away_since = None
                except DatabaseUnavailable as error:
                    away_since = away_since or time.monotonic()
                    if time.monotonic() - away_since > patience:
                        raise
                    log.warning("journal_not_read", run_id=mine, reason=str(error))
                    entries = ()
                for entry in entries:
                    after = entry.seq
                    yield entry
                if entries and entries[-1].kind in FINAL:
                    return
                await _wait(changed, poll)
        finally:
            off()

    def _workflow(self, order: Order) -> Workflow:
        if order.version is None:
            return self.workflows.latest(order.workflow)
        try:
            return self.workflows.pinned(f"{order.workflow}@{order.version}")
        except KeyError:
            self.workflows.latest(order.workflow)
            message = f"There is no version {order.version} of workflow {order.workflow}."
            raise InvalidInput(message) from None


def _assert_storable(order: Order) -> None:
    """Raise `InvalidInput` for what no column can hold."""
    if not -MAX_PRIORITY <= order.priority <= MAX_PRIORITY:
        raise InvalidInput(f"The priority {order.priority} is not within -{MAX_PRIORITY} and {MAX_PRIORITY}.")
    texts = {
        "tenant": order.tenant_id,
        "principal": order.principal,
        "idempotency key": order.idempotency_key or "",
    }
    for what, text in texts.items():
        if len(text) > MAX_TEXT or not text.isprintable():
            raise InvalidInput(f"The {what} {text[:40]!r} is not at most {MAX_TEXT} printable characters.")


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, at most for a while."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):  # `asyncio.wait_for` can lose a cancellation
            await event.wait()
