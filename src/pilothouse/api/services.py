"""What makes the services around runs for a request."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.api.guarding import book_of
from pilothouse.api.parts import Parts, Scoped
from pilothouse.artifacts.repository import ArtifactRepository
from pilothouse.artifacts.service import Artifacts
from pilothouse.inbox.repository import QuestionRepository
from pilothouse.inbox.service import Questions
from pilothouse.kit.clock import SystemClock
from pilothouse.runs.moving import Moving
from pilothouse.runs.operations import Operations
from pilothouse.runs.queue_room import QueueRoom
from pilothouse.runs.repository import RunRepository
from pilothouse.runs.service import Runs
from pilothouse.runs.showing import Showing
from pilothouse.schedules.repository import ScheduleRepository
from pilothouse.schedules.service import Schedules
from pilothouse.tenants.service import Placement


@dataclass(frozen=True)
class Services:
    """Each a dependency: what it makes serves one request, in the scope of whoever asks."""

    questions: Callable[..., Awaitable[Questions]]
    artifacts: Callable[..., Awaitable[Artifacts]]
    showing: Callable[..., Awaitable[Showing]]
    moving: Callable[..., Awaitable[Moving]]
    runs: Callable[..., Awaitable[Runs]]
    operations: Callable[..., Awaitable[Operations]]
    schedules: Callable[..., Awaitable[Schedules]]


def services_of(parts: Parts) -> Services:
    """The services of one process."""
    engine, store, session_of = parts.pilothouse.engine, parts.pilothouse.artifacts, parts.session_of
    lease, book = parts.pilothouse.settings.worker_lease, book_of(parts)
    room = QueueRoom(parts.database, SystemClock(), parts.pilothouse.settings.queued_runs)

    async def questions(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Questions:
        masks, reveal = parts.reach.masks, book(scope, session).reveal
        found = QuestionRepository(session, scope)
        return Questions(found, engine, scope, parts.authority, masks=masks, reveal=reveal)

    async def artifacts(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Artifacts:
        return Artifacts(ArtifactRepository(session, scope), store, engine.store.payloads, scope)

    async def showing(scope: Scoped) -> Showing:
        return Showing(parts.database, engine, scope, lease=lease)

    async def moving(scope: Scoped, shown: Annotated[Showing, Depends(showing)]) -> Moving:
        return Moving(parts.database, shown, Placement(parts.database, scope), engine, scope, room)

    async def runs(
        scope: Scoped,
        session: Annotated[AsyncSession, session_of],
        asked: Annotated[Questions, Depends(questions)],
        shown: Annotated[Showing, Depends(showing)],
    ) -> Runs:
        return Runs(RunRepository(session, scope), asked, shown, engine, lease=lease)

    async def operations(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Operations:
        return Operations(RunRepository(session, scope), engine, scope, parts.authority, room)

    async def schedules(
        scope: Scoped,
        session: Annotated[AsyncSession, session_of],
        made: Annotated[Runs, Depends(runs)],
    ) -> Schedules:
        placement = Placement(parts.database, scope)
        return Schedules(ScheduleRepository(session, scope), made, placement, engine, scope, room.take)

    return Services(questions, artifacts, showing, moving, runs, operations, schedules)
