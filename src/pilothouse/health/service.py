"""Whether this process is ready: its database answers, the schema is the right one, its worker lives."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from pilothouse.errors import Severity, Unavailable
from pilothouse.health import repository
from pilothouse.health.examination import Examination, Inside, Probe
from pilothouse.health.repository import schema_revision, works_on
from pilothouse.health.schemas import Detail, Ready
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.problems import Fault
from pilothouse.kit.session import Database
from pilothouse.runs.service import is_live

PATIENCE = 2.0
"""Seconds within which the database has to answer."""


class NotReady(Unavailable):
    """This process cannot serve now."""

    code = "not_ready"
    severity = Severity.WARNING

    def __init__(self, component: str, detail: str, *, hint: str | None = None) -> None:
        """Name the part that is not ready, and what is wrong with it."""
        super().__init__(detail, hint=hint)
        self.faults = (Fault(where="component", name=component, detail=detail),)


async def oldest_due(database: Database, lease: float) -> float:
    """How many seconds the oldest run has waited that only lacks a free worker.

    A worker silent for `lease` seconds is gone. Raises `DatabaseUnavailable`.
    """
    async with database.maintenance() as session:
        return await repository.oldest_due(session, lease)


class Health:
    """The health of one process. Without `worker_id` other processes execute what this one takes in."""

    def __init__(
        self,
        database: Database,
        revision: str,
        worker_id: UUID | None,
        lease: float,
        probes: Sequence[Probe] = (),
    ) -> None:
        """Expect the schema `revision`, and a heartbeat of the worker in the last `lease` seconds.

        `probes` tell of further parts, such as the place for artifacts.
        """
        self._database = database
        self._revision = revision
        self._worker_id = worker_id
        self._lease = lease
        self._looking: asyncio.Task[Ready] | None = None
        inside = Inside(database, revision, worker_id, lease)
        self._examination = Examination([*inside.probes(), *probes], SystemClock())

    async def detail(self) -> Detail:
        """How each part is. It never fails: a part that does not answer in time has failed."""
        return await self._examination.detail()

    async def ready(self) -> Ready:
        """That all is well; raises `NotReady` that names the first part that is not.

        A look that hangs is left behind, and no other one begins before it has ended.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        done, _ = await asyncio.wait({self._looking}, timeout=PATIENCE)
        if not done:
            raise NotReady("database", f"The database did not answer within {PATIENCE:g} s.")
        try:
            return self._looking.result()
        except NotReady:
            raise
        except Unavailable as error:
            raise NotReady("database", "The database does not answer.") from error

    async def _look(self) -> Ready:
        async with self._database.maintenance() as session:
            found = await schema_revision(session)
            if not await works_on(session, found, self._revision):
                message = f"The database is at schema {found}, this version needs {self._revision}."
                raise NotReady("schema", message, hint="Start this version anew: it migrates the database.")
            if self._worker_id is None:
                return Ready(schema_revision=found, worker="elsewhere")
            if not await is_live(session, self._worker_id, self._lease):
                message = f"The worker was not heard of for {self._lease:g} s."
                raise NotReady("worker", message, hint="Its log says why.")
            return Ready(schema_revision=found, worker="alive")
