"""The engine: one object over one database, through which runs are made, moved, followed and executed."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from pilothouse.errors import DatabaseUnavailable, InvalidInput, NotFound
from pilothouse.kit import canonical
from pilothouse.kit.clock import Clock, ServerClock, elapsed
from pilothouse.kit.ids import Ids
from pilothouse.kit.sealing import Sealer
from pilothouse.runtime import deciding, events, forking, labels, moving
from pilothouse.runtime.booking import Book, Unbooked
from pilothouse.runtime.deltas import Deltas
from pilothouse.runtime.entering import Entrance
from pilothouse.runtime.entries import FINAL, Entry
from pilothouse.runtime.governing import AllowAll, Governor, Mark, Unwitnessed, Witness
from pilothouse.runtime.guarding import Guard, Inlet, Unguarded
from pilothouse.runtime.laddering import Ladders, Unladdered
from pilothouse.runtime.listener import Listener
from pilothouse.runtime.observing import Observer, Unobserved, origin
from pilothouse.runtime.passing import given_to
from pilothouse.runtime.payloads import GREATEST, INLINE, Payloads
from pilothouse.runtime.ports import ArtifactStore, Chore
from pilothouse.runtime.questions import Given
from pilothouse.runtime.replaying import LIMIT, Misfit
from pilothouse.runtime.store import Store, Submission
from pilothouse.runtime.switches import Switches, Unswitched
from pilothouse.runtime.tail import AGAIN
from pilothouse.runtime.tail_feeds import LOOK, Feeds, RunView
from pilothouse.runtime.tail_pages import Line
from pilothouse.runtime.threads import Threads
from pilothouse.runtime.turn import Services
from pilothouse.runtime.uploaded import NoUploads, UploadSource
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
    """A run to be made. `payload` is the workflow's input as JSON, `untrusted` where it is from outside."""

    workflow: str
    payload: bytes
    version: int | None = None
    tenant_id: str = DEFAULT_TENANT
    principal: str = ""
    priority: int = 0
    idempotency_key: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    schedule_id: UUID | None = None
    engagement_id: UUID | None = None
    untrusted: bool = False


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
        inline: int = INLINE,
        greatest: int = GREATEST,
        observer: Observer | None = None,
        direct: str | None = None,
        owner: str | None = None,
        prepare: bool = True,
        sealer: Sealer | None = None,
        everything: bool = False,
        uploads: UploadSource | None = None,
        switches: Switches | None = None,
        witness: Witness | None = None,
        guard: Guard | None = None,
        ladders: Ladders | None = None,
        book: Book | None = None,
    ) -> None:
        """Wire the engine; nothing is opened yet. `step_timeout` is in seconds.

        `sealer` seals what personal runs journal: with `everything` all that are submitted here are. Where
        `conninfo` leads through a transaction pooler, `direct` leads past it; see `Store`.
        """
        self.workflows = workflows
        self._observer = seen = observer or Unobserved()
        self.store = Store(conninfo, direct=direct, owner=owner, prepare=prepare, observer=seen)
        self.listener = Listener(self.store.direct, self._observer)
        bounds = {"inline": inline, "greatest": greatest}
        self.store.payloads = Payloads(artifacts, **bounds, may_refer=self.store.may_refer, sealer=sealer)
        self._everything = everything
        self.feeds = Feeds(self.store.ahead, self.store.watches, self.listener, self.store.payloads)
        self._deltas = Deltas(self.store.watches, self.listener)
        self.ids = Ids()
        self.chores = list(chores)
        self._threads = Threads(threads, "pilothouse-step")
        self._services = Services(
            *(self.store, governor or AllowAll(), artifacts, _Leaseless(), clock or ServerClock()),
            ids=self.ids,
            threads=self._threads,
            step_timeout=step_timeout,
            observer=self._observer,
            deltas=self._deltas,
            payloads=self.store.payloads,
            uploads=uploads or NoUploads(),
            switches=switches or Unswitched(),
            witness=witness or Unwitnessed(),
            guard=guard or Unguarded(),
            ladders=ladders or Unladdered(),
            book=book or Unbooked(),
        )

    @property
    def switches(self) -> Switches:
        """What is killed, and what is on."""
        return self._services.switches

    async def open(self) -> None:
        """Begin to listen for notifications."""
        await self.listener.start()

    async def close(self) -> None:
        """Close every connection; workers are stopped before."""
        await self.feeds.close()
        await self._deltas.close()
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
        run_id, since = self.ids.new(), elapsed()
        wanted = await self.submission(order, run_id)
        made = await self.store.submit(wanted)
        if made == run_id:
            self.submitted(wanted, since)
        return made

    async def submission(self, order: Order, run_id: UUID) -> Submission:
        """What `submit` hands to the store, for those who write it in a transaction of their own.

        Raises what `submit` raises. Once that is committed, `submitted` is to be told.
        """
        _assert_storable(order)
        workflow = self.workflow(order.workflow, order.version)
        signature = workflow.signature
        payload = signature.dump_input(signature.parse_input(order.payload))
        entry = Entrance(self.guard, order.tenant_id, run_id, order.principal, self.now())
        payload = await entry.taken(Inlet.INPUT, payload, given_to(signature))
        named = await entry.labels(labels.checked(order.labels))
        key = await entry.key(order.idempotency_key)
        came = origin.get()
        return Submission(
            id=run_id,
            tenant_id=order.tenant_id,
            workflow=workflow.name,
            version=workflow.version,
            payload=payload,
            digest=canonical.digest(canonical.to_json(canonical.from_json(signature.comparable(payload)))),
            priority=order.priority,
            principal=order.principal,
            idempotency_key=key,
            labels=named,
            request_id=came.request_id,
            traceparent=self._observer.submitting(run_id, workflow.name, came),
            schedule_id=order.schedule_id,
            engagement_id=order.engagement_id,
            personal=self.is_personal(workflow) or entry.personal,
            untrusted=order.untrusted or workflow.untrusted_input,
            injection=Mark.INJECTION in entry.marks,
            beside=entry.beside,
        )

    def submitted(self, made: Submission, since: float) -> None:
        """A submission was committed, which began at `since` by `elapsed`: those who observe are told."""
        self._observer.submitted(made.id, made.workflow, origin.get(), since)

    async def answer(
        self, run_id: UUID, key: str, text: str, *, tenant_id: str = DEFAULT_TENANT, by: str = ""
    ) -> str:
        """Answer an open question; see `events.answer`."""
        said = {"tenant_id": tenant_id, "key": key, "text": text, "by": by}
        return await events.answer(self.store, self.guard, run_id, **said, now=self.now())

    async def decide(
        self, run_id: UUID, given: Given, *, tenant_id: str = DEFAULT_TENANT, by: str = ""
    ) -> None:
        """Take what an approver decided about an action; see `deciding.decide`."""
        witness, who = self._services.witness, {"tenant_id": tenant_id, "by": by}
        await deciding.decide(self.store, witness, self.guard, run_id, given, **who, now=self.now())

    async def cancel(self, run_id: UUID, *, tenant_id: str = DEFAULT_TENANT, by: str = "") -> str:
        """Cancel a run; see `events.cancel`."""
        return await events.cancel(self.store, run_id, tenant_id, by)

    async def retry(self, run_id: UUID, *, tenant_id: str = DEFAULT_TENANT, by: str = "") -> tuple[str, ...]:
        """Retry a failed run from its failed step; see `events.retry`."""
        return await events.retry(self.store, run_id, tenant_id, by)

    async def fork(self, order: forking.ForkOrder, *, limit: float = LIMIT) -> UUID:
        """Fork a run at a step; see `forking.fork`. The check takes at most `limit` seconds a time."""
        return await forking.fork(self.store, self.workflows, self._services, order, limit=limit)

    async def move(
        self,
        run_id: UUID,
        version: int,
        *,
        tenant_id: str = DEFAULT_TENANT,
        by: str = "",
        dry_run: bool = False,
        limit: float = LIMIT,
    ) -> Misfit | None:
        """Move an open run to another version of its workflow; see `moving.move`.

        Raises `InvalidInput` where that version is not here.
        """
        name = await moving.workflow_of(self.store, run_id, tenant_id)
        target = self.workflow(name, version)
        return await moving.move(
            *(self.store, self._services, run_id, tenant_id, target), by=by, dry_run=dry_run, limit=limit
        )

    async def status(self, run_id: UUID) -> str:
        """A run's status; raises `NotFound`."""
        found = await self.store.status(run_id)
        if found is None:
            raise NotFound(f"There is no run {run_id}.")
        return found

    async def journal(self, run_id: UUID, after: int = 0) -> Sequence[Entry]:
        """A run's entries from the one behind `after` on."""
        return (await self.store.read_outside([run_id], after))[run_id]

    async def follow(self, run_id: UUID, after: int = 0, *, patience: float = 60.0) -> AsyncIterator[Entry]:
        """A run's entries, first those that are there, then each as it is committed; ends with the run.

        A lost notification costs at most a second. A database that is away is waited for; after `patience`
        seconds `DatabaseUnavailable` is raised.
        """
        async with aclosing(await self._watched(run_id, after, patience)) as view:
            async for batch in view:
                lines = [item for item in batch if isinstance(item, Line)]
                owner = lines[0].tenant_id if lines else ""
                for entry in await self.store.payloads.resolved(owner, [line.entry for line in lines]):
                    yield entry
                if lines and lines[-1].entry.kind in FINAL and not view.more:
                    return

    async def _watched(self, run_id: UUID, after: int, patience: float) -> RunView:
        since = elapsed()
        while True:
            try:
                return await self.feeds.follow(run_id, after, silence=LOOK, patience=patience)
            except DatabaseUnavailable as error:
                if elapsed() - since > patience:
                    raise
                log.warning("journal_not_read", run_id=str(run_id), reason=str(error))
                await asyncio.sleep(AGAIN)

    def workflow(self, name: str, version: int | None = None) -> Workflow:
        """A workflow of this process, in its newest version if none is given.

        Raises `NotFound` for an unknown workflow, `InvalidInput` for a version that is not here.
        """
        if version is None:
            return self.workflows.latest(name)
        try:
            return self.workflows.pinned(f"{name}@{version}")
        except KeyError:
            self.workflows.latest(name)
            raise InvalidInput(f"There is no version {version} of workflow {name}.") from None

    @property
    def guard(self) -> Guard:
        """What looks at every text that passes."""
        return self._services.guard

    def is_personal(self, workflow: Workflow) -> bool:
        """Whether what is submitted for a workflow is to be sealed."""
        return self._everything or workflow.personal

    def now(self) -> dt.datetime:
        """The time by the engine's clock."""
        return self._services.clock.now()


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
