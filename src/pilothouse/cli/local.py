"""The client of this machine's own Pilothouse: straight on the engine and the database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import orjson

from pilothouse.app import Pilothouse
from pilothouse.cli.client import Named, RunRow
from pilothouse.cli.view import Event
from pilothouse.runtime.engine import DEFAULT_TENANT, Order
from pilothouse.runtime.entries import Entry, decode

PRINCIPAL = "local"


class LocalClient:
    """Works as the user of the operating system, on the local database or the configured one."""

    def __init__(self, pilothouse: Pilothouse) -> None:
        """Use the parts of this process."""
        self.pilothouse = pilothouse
        self._engine = pilothouse.engine

    async def submit(
        self, workflow: str, payload: bytes, *, priority: int = 0, idempotency_key: str | None = None
    ) -> str:
        """Make a run; returns its id."""
        order = Order(
            workflow, payload, principal=PRINCIPAL, priority=priority, idempotency_key=idempotency_key
        )
        return str(await self._engine.submit(order))

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

    async def list(self, status: str | None, workflow: str | None, limit: int) -> Sequence[RunRow]:
        """The newest runs first."""
        from pilothouse.kit.scope import local_scope
        from pilothouse.kit.session import Database
        from pilothouse.runs.repository import RunRepository
        from pilothouse.runs.schemas import RunQuery

        database = Database(self.pilothouse.conninfo, connections=1)
        found: list[RunRow] = []
        cursor: str | None = None
        try:
            async with database.session() as session:
                runs = RunRepository(session, local_scope())
                while len(found) < limit:
                    page = await runs.page(_query(RunQuery, status, workflow, limit - len(found), cursor))
                    for row in page.items:
                        times = (row.created_at, row.changed_at)
                        found.append(RunRow(str(row.id), row.workflow, row.version, row.status, *times))
                    cursor = page.next_cursor
                    if cursor is None:
                        break
        finally:
            await database.close()
        return found

    async def answer(self, run_id: str, key: str, text: str) -> str:
        """Answer a question; returns the answer as it was understood."""
        return await self._engine.answer(UUID(run_id), key, text, by=PRINCIPAL)

    async def cancel(self, run_id: str) -> str:
        """Cancel a run; returns its status."""
        return await self._engine.cancel(UUID(run_id), by=PRINCIPAL)

    async def retry(self, run_id: str) -> Sequence[str]:
        """Retry a failed run; returns the steps that are executed anew."""
        return await self._engine.retry(UUID(run_id), by=PRINCIPAL)

    def content(self, artifact: dict[str, Any]) -> AsyncIterator[bytes]:
        """An artifact's bytes."""
        return self.pilothouse.artifacts.read(DEFAULT_TENANT, artifact["sha256"])

    async def workflows(self) -> Sequence[Named]:
        """What can be run."""
        return [
            Named(item.name, item.summary, f"version {item.version}") for item in self._engine.workflows.all()
        ]

    async def agents(self) -> Sequence[Named]:
        """The agents of the installed applications."""
        return [
            Named(agent.name, agent.summary, f"{app.name}: {' -> '.join(rung.name for rung in agent.rungs)}")
            for app in self.pilothouse.apps
            for agent in app.agents
        ]


def _query(kind: Any, status: str | None, workflow: str | None, limit: int, cursor: str | None) -> Any:
    """A page query from what was said; raises `InvalidInput` for a filter that cannot be one."""
    from pydantic import ValidationError

    from pilothouse.errors import InvalidInput
    from pilothouse.kit.pagination import MAX_LIMIT
    from pilothouse.runtime.signature import explain

    wanted = {"status": [status] if status else [], "workflow": workflow, "cursor": cursor}
    try:
        return kind(limit=min(limit, MAX_LIMIT), **wanted)
    except ValidationError as error:
        raise InvalidInput(f"The filter is not valid: {explain(error)}") from None


def _event(entry: Entry) -> Event:
    payload = decode(entry.codec, entry.payload)
    if entry.at is None:
        raise LookupError(entry.key)  # only entries that were not read from the journal have no time
    return Event(entry.seq, entry.kind.value, entry.key, entry.at, orjson.loads(payload) if payload else None)
