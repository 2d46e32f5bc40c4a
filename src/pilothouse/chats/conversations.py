"""The rules of conversations: a customer begins some, goes on in their own, and sees what is said in them.

A conversation is a run. What the customer says is the answer to its open question for customers, which the
inbox takes as it takes every answer.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.chats.errors import TooManyConversations
from pilothouse.chats.reading import TELLING, conversation
from pilothouse.chats.repository import ChatRepository
from pilothouse.chats.schemas import (
    ChatConversation,
    ChatConversations,
    ChatConversationSummary,
    ChatReply,
    ChatStart,
)
from pilothouse.chats.service import ROLE, ChatDoor, Customer, ticket
from pilothouse.errors import Conflict, LimitExceeded, NotFound
from pilothouse.inbox.schemas import Answer, QuestionQuery
from pilothouse.inbox.service import Questions
from pilothouse.kit.clock import Clock
from pilothouse.kit.pagination import MAX_LIMIT
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runs.schemas import RunStatus, Submission
from pilothouse.runtime.engine import Engine

log = structlog.get_logger(__name__)

WINDOW = dt.timedelta(hours=1)
MOST = 10
"""Conversations that a customer may begin within the window."""
MOST_STREAMS = 4
"""Streams that a customer may follow at once, of one process."""

Submit = Callable[[Scope, Submission, str | None], Awaitable[UUID]]
"""Makes a run, or finds the one that the same key has made."""
QuestionsOf = Callable[[AsyncSession, Scope], Questions]


class Watched(Protocol):
    """Kinds of entries as a run journals them, first those that are there; nothing is a sign of life."""

    def __aiter__(self) -> AsyncIterator[Collection[str]]:
        """Those that came together; ends with the run."""
        ...

    def close(self) -> None:
        """Watch no longer."""
        ...


@dataclass(frozen=True)
class ChatParts:
    """What conversations work with."""

    database: Database
    engine: Engine
    clock: Clock
    door: ChatDoor
    submit: Submit
    questions_of: QuestionsOf
    watch: Callable[[Scope, UUID], Awaitable[Watched]]


class Conversations:
    """What customers may do in one process; each method is for one of them, and reaches theirs only."""

    def __init__(self, parts: ChatParts) -> None:
        """Work with `parts`."""
        self._parts = parts
        self._followed: Counter[UUID] = Counter()
        self._beginning: set[UUID] = set()

    async def page(self, customer: Customer) -> ChatConversations:
        """The customer's conversations, the newest first."""
        async with self._parts.database.session(customer.scope) as session:
            rows = await ChatRepository(session, customer.scope).of_customer(customer.id)
        return ChatConversations(
            items=[
                ChatConversationSummary(id=row.id, made_at=row.made_at, is_over=RunStatus(status).is_final)
                for row, status in rows
            ]
        )

    async def start(self, customer: Customer, wanted: ChatStart, key: str | None) -> ChatConversation:
        """Begin a conversation; the same again, with the same key, shows the one that was begun.

        Raises `TooManyConversations`, `Conflict` where the key was used for something else, `QueueFull`.
        """
        if customer.id in self._beginning:  # else what is begun at once would pass the bound together
            raise LimitExceeded(
                "A conversation of yours is beginning already.", hint="Try again in a moment."
            )
        self._beginning.add(customer.id)
        try:
            run_id = await self._begun(customer, wanted.text, key and f"chat:{customer.id}:{key}")
        finally:
            self._beginning.discard(customer.id)
        log.info("chat_conversation_begun", run_id=str(run_id), customer_id=str(customer.id))
        return await self._read(run_id)

    async def _begun(self, customer: Customer, text: str, key: str | None) -> UUID:
        """The run of a conversation that may begin, or has with the same key."""
        scope, now = customer.scope, self._parts.clock.now()
        async with self._parts.database.session(scope) as session:
            begun, first = await ChatRepository(session, scope).begun_since(customer.id, now - WINDOW)
        if begun >= MOST and first is not None:
            raise TooManyConversations(MOST, math.ceil((first + WINDOW - now).total_seconds()))
        said = Submission(workflow=customer.workflow, input=dict(ticket(customer.email, text)))
        run_id = await self._parts.submit(scope, said, key)
        async with self._parts.database.session(scope) as session:
            await ChatRepository(session, scope).note(run_id, customer.id, now)
        return run_id

    async def show(self, customer: Customer, run_id: UUID) -> ChatConversation:
        """A conversation of the customer; raises `NotFound`."""
        await self._insist_on_own(customer, run_id)
        return await self._read(run_id)

    async def reply(self, customer: Customer, run_id: UUID, said: ChatReply) -> ChatConversation:
        """Say something in a conversation. The same again changes nothing.

        Raises `NotFound`, and `Conflict` where the desk does not wait for this, or heard something else.
        """
        await self._insist_on_own(customer, run_id)
        async with self._parts.database.session(customer.scope) as session:
            questions = self._parts.questions_of(session, customer.scope)
            asked = await questions.page(QuestionQuery(run_id=run_id, role=ROLE, limit=MAX_LIMIT))
            named = next((question for question in asked.items if question.key == said.to), None)
            if named is None:
                raise Conflict("The desk does not wait for this message.", hint="Look at what it said last.")
            await questions.answer(named.id, Answer(answer=said.text))
        return await self._read(run_id)

    async def follow(self, customer: Customer, run_id: UUID) -> Following:
        """A conversation as it is now and after each change. Raises `NotFound` and `LimitExceeded`."""
        await self._insist_on_own(customer, run_id)
        if self._followed[customer.id] >= MOST_STREAMS:
            raise LimitExceeded(f"At most {MOST_STREAMS} streams at once.", hint="Close another window.")
        watched = await self._parts.watch(customer.scope, run_id)
        self._followed[customer.id] += 1
        return Following(self, customer, run_id, watched)

    def gone(self, customer: Customer) -> None:
        """A stream of the customer has ended."""
        self._followed[customer.id] -= 1
        if not self._followed[customer.id]:
            del self._followed[customer.id]

    async def look(self, customer: Customer, run_id: UUID) -> ChatConversation | None:
        """A conversation whose stream is open; None where the customer's session has ended."""
        return await self._read(run_id) if await self._parts.door.holds(customer) else None

    async def holds(self, customer: Customer) -> bool:
        """Whether the customer's session has not ended."""
        return await self._parts.door.holds(customer)

    async def _read(self, run_id: UUID) -> ChatConversation:
        return conversation(run_id, await self._parts.engine.journal(run_id))

    async def _insist_on_own(self, customer: Customer, run_id: UUID) -> None:
        async with self._parts.database.session(customer.scope) as session:
            owned = await ChatRepository(session, customer.scope).owns(customer.id, run_id)
        if not owned:
            raise NotFound(f"There is no conversation {run_id}.")


class Following:
    """A conversation as it is told live: a new picture after each change, None as a sign of life.

    Iterate over it, and close it. It ends with the conversation, and with the customer's session.
    """

    def __init__(self, chats: Conversations, customer: Customer, run_id: UUID, watched: Watched) -> None:
        """Look at the conversation whenever `watched` tells of something that may have changed it."""
        self._chats = chats
        self._customer = customer
        self._run_id = run_id
        self._watched = watched
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[ChatConversation | None]:
        """Each picture that differs from the one before."""
        told: ChatConversation | None = None
        async for kinds in self._watched:
            if not kinds:
                if not await self._chats.holds(self._customer):
                    return
                yield None
            elif TELLING.intersection(kinds):
                found = await self._chats.look(self._customer, self._run_id)
                if found is None:
                    return
                if found != told:
                    told = found
                    yield found

    def close(self) -> None:
        """Follow no longer."""
        if not self._closed:
            self._closed = True
            self._watched.close()
            self._chats.gone(self._customer)
