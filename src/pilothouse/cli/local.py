"""The client of this machine's own Pilothouse: straight on the engine and the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from pilothouse.cli.client import Named, RunRow, every
from pilothouse.cli.view import Event
from pilothouse.kit.scope import local_scope

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from pilothouse.app import Pilothouse
    from pilothouse.kit.session import Database
    from pilothouse.runs.filters import RunQuery
    from pilothouse.runs.repository import RunPage
    from pilothouse.runtime.entries import Entry

PRINCIPAL = "local"


class LocalRuns:
    """Lists runs of the local database or the configured one, which takes no engine."""

    def __init__(self, database: Database) -> None:
        """Read through `database`."""
        self._database = database

    async def list(self, wanted: Mapping[str, Any], limit: int, sort: str = "newest") -> Sequence[RunRow]:
        """The first `limit` runs that fit a filter."""
        from pilothouse.runs.repository import RunRepository

        async with self._database.session(local_scope()) as session:
            runs = RunRepository(session, local_scope())

            async def page(which: Mapping[str, Any]) -> RunPage:
                return await runs.page(_query({**wanted, "sort": sort, **which}))

            return [
                RunRow(
                    str(row.id),
                    row.workflow,
                    row.version,
                    row.status,
                    row.created_at,
                    row.changed_at,
                    row.labels,
                )
                for row in await every(page, limit)
            ]


class LocalClient:
    """Works as the user of the operating system, on the local database or the configured one."""

    def __init__(self, pilothouse: Pilothouse) -> None:
        """Use the parts of this process."""
        self.pilothouse = pilothouse
        self._engine = pilothouse.engine

    async def submit(
        self,
        workflow: str,
        payload: bytes,
        *,
        priority: int = 0,
        idempotency_key: str | None = None,
        labels: Mapping[str, str] | None = None,
        engagement: str | None = None,
        untrusted: bool = False,
    ) -> str:
        """Make a run, in the engagement with this id or name; returns its id. See `How` for `untrusted`."""
        from pilothouse.runtime.engine import Order

        order = Order(
            workflow,
            payload,
            principal=PRINCIPAL,
            priority=priority,
            idempotency_key=idempotency_key,
            labels=labels or {},
            engagement_id=await self._placed(engagement),
            untrusted=untrusted,
        )
        return str(await self._engine.submit(order))

    async def _placed(self, engagement: str | None) -> UUID | None:
        """The open engagement that is meant; raises `InvalidFields`."""
        from pilothouse.kit.session import Database
        from pilothouse.tenants.service import Placement

        if engagement is None:
            return None
        prepare = self.pilothouse.settings.prepares
        database = Database(self.pilothouse.conninfo, connections=1, prepare=prepare)
        try:
            return await Placement(database, local_scope()).of(engagement)
        finally:
            await database.close()

    async def follow(self, run_id: str, after: int = 0) -> AsyncIterator[Event]:
        """The run's events, until it ends."""
        async for entry in self._engine.follow(UUID(run_id), after):
            yield _event(entry)

    async def events(self, run_id: str) -> Sequence[Event]:
        """The run's events so far."""
        return [_event(entry) for entry in await self._engine.journal(UUID(run_id))]

    async def status(self, run_id: str) -> str:
        """The run's status."""
        return await self._engine.status(UUID(run_id))

    async def list(self, wanted: Mapping[str, Any], limit: int, sort: str = "newest") -> Sequence[RunRow]:
        """The first `limit` runs that fit a filter."""
        from pilothouse.kit.session import Database

        database = Database(
            self.pilothouse.conninfo, connections=1, prepare=self.pilothouse.settings.prepares
        )
        try:
            return await LocalRuns(database).list(wanted, limit, sort)
        finally:
            await database.close()

    async def answer(self, run_id: str, key: str, text: str) -> str:
        """Answer a question; returns the answer as it was understood."""
        return await self._engine.answer(UUID(run_id), key, text, by=PRINCIPAL)

    async def cancel(self, run_id: str) -> str:
        """Cancel a run; returns its status."""
        return await self._engine.cancel(UUID(run_id), by=PRINCIPAL)

    async def retry(self, run_id: str) -> Sequence[str]:
        """Retry a failed run; returns the steps that are executed anew."""
        return await self._engine.retry(UUID(run_id), by=PRINCIPAL)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session on the database, for what the engine does not tell."""
        from pilothouse.kit.session import Database

        database = Database(
            self.pilothouse.conninfo, connections=1, prepare=self.pilothouse.settings.prepares
        )
        try:
            async with database.session(local_scope()) as session:
                yield session
        finally:
            await database.close()

    async def content(self, artifact: dict[str, Any]) -> AsyncIterator[bytes]:
        """An artifact's bytes."""
        from pilothouse.artifacts.repository import ArtifactRepository
        from pilothouse.artifacts.service import Artifacts

        store, payloads, scope = self.pilothouse.artifacts, self._engine.store.payloads, local_scope()
        async with self.session() as session:
            service = Artifacts(ArtifactRepository(session, scope), store, payloads, scope)
            found = await service.show(UUID(artifact["id"]))
            pieces = await service.content(found, 0, found.size)
        async for piece in pieces:
            yield piece

    async def workflows(self) -> Sequence[Named]:
        """What can be run."""
        own = {item.name for app in self.pilothouse.apps for item in app.workflows}
        return [
            Named(item.name, item.summary, f"version {item.version}")
            for item in self._engine.workflows.all()
            if item.name in own
        ]

    async def agents(self) -> Sequence[Named]:
        """The agents of the installed applications."""
        return [
            Named(agent.name, agent.summary, f"{app.name}: {' -> '.join(rung.name for rung in agent.rungs)}")
            for app in self.pilothouse.apps
            for agent in app.agents
        ]


def _query(wanted: Mapping[str, Any]) -> RunQuery:
    """A page query from what was said; raises `InvalidInput` for a filter that cannot be one."""
    from pydantic import ValidationError

    from pilothouse.errors import InvalidInput
    from pilothouse.runs.filters import RunQuery
    from pilothouse.runtime.signature import explain

    try:
        return RunQuery.model_validate(wanted)
    except ValidationError as error:
        raise InvalidInput(f"The filter is not valid: {explain(error)}") from None


def _event(entry: Entry) -> Event:
    from pilothouse.runtime.entries import decode

    payload = decode(entry.codec, entry.payload)
    if entry.at is None:
        raise LookupError(entry.key)  # only entries that were not read from the journal have no time
    return Event(entry.seq, entry.kind.value, entry.key, entry.at, orjson.loads(payload) if payload else None)
