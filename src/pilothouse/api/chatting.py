"""What customers who chat are served with, and what lets them in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.api.parts import Parts
from pilothouse.api.services import Services
from pilothouse.chats import endpoints
from pilothouse.chats.conversations import ChatParts, Conversations
from pilothouse.chats.cookies import ChatCookies
from pilothouse.chats.service import ChatDoor, DoorParts
from pilothouse.inbox.repository import QuestionRepository
from pilothouse.inbox.service import Questions
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import Scope
from pilothouse.routing import Endpoints
from pilothouse.runs.live import RunStream
from pilothouse.runs.schemas import Submission
from pilothouse.runtime.tail_pages import Line


@dataclass(frozen=True)
class Chats:
    """The endpoints of chats: those that are told as JSON, and those that are followed live."""

    told: Sequence[Endpoints]
    live: Endpoints


def chatting_of(parts: Parts, of: Services) -> Chats:
    """The endpoints of chats."""
    pilothouse, clock, auth = parts.pilothouse, SystemClock(), parts.auth
    engine, authority = pilothouse.engine, parts.authority

    async def submit(scope: Scope, wanted: Submission, key: str | None) -> UUID:
        moving = await of.moving(scope, await of.showing(scope))
        return (await moving.submit(wanted, key)).id

    def questions_of(session: AsyncSession, scope: Scope) -> Questions:
        return Questions(QuestionRepository(session, scope), engine, scope, authority)

    async def watch(scope: Scope, run_id: UUID) -> Kinds:
        return Kinds(await parts.live.follow(scope, run_id, 0))

    door = ChatDoor(DoorParts(parts.database, engine, pilothouse.vault, parts.reach.origin, clock))
    own = Conversations(
        ChatParts(
            parts.database,
            engine,
            clock,
            door,
            submit=submit,
            questions_of=questions_of,
            watch=watch,
        )
    )
    cookies = ChatCookies(secure=auth.cookies.secure)
    entrance = endpoints.Entrance(door, cookies, auth.csrf)
    return Chats(
        [endpoints.inviting(door), endpoints.chatting(entrance, own)], endpoints.following(entrance, own)
    )


class Kinds:
    """The kinds of the entries that a run journals, as they come; nothing is a sign of life."""

    def __init__(self, stream: RunStream) -> None:
        """Of a stream that is open."""
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[Collection[str]]:
        """Those that came together."""
        async for batch in self._stream:
            if not batch.items or any(isinstance(item, Line) for item in batch.items):
                yield {item.kind for item in batch.items if isinstance(item, Line)}

    def close(self) -> None:
        """Watch no longer."""
        self._stream.close()
