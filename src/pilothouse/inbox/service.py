"""The rules of the inbox: what is asked is shown to people, and their answers reach the runs."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import structlog

from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.inbox.repository import QuestionRepository
from pilothouse.inbox.schemas import Answer, Question, QuestionQuery, QuestionStatus
from pilothouse.inbox.tables import QuestionRow
from pilothouse.kit.pagination import Page
from pilothouse.kit.scope import Scope
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Kind, PayloadUnreadable, decode
from pilothouse.runtime.questions import Question as Asked
from pilothouse.runtime.questions import Reply

log = structlog.get_logger(__name__)


class Questions:
    """The questions that a scope may see and answer."""

    def __init__(self, repository: QuestionRepository, engine: Engine, scope: Scope) -> None:
        """Read through `repository`; answers go through `engine`."""
        self._repository = repository
        self._engine = engine
        self._scope = scope

    async def page(self, query: QuestionQuery) -> Page[Question]:
        """The wanted questions, the newest first, without their answers."""
        rows = await self._repository.page(query)
        return Page(items=[_shown(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def show(self, question_id: UUID) -> Question:
        """A question, with its answer if it has one. Raises `NotFound`."""
        row = await self._row(question_id)
        closed = row.status in {QuestionStatus.ANSWERED, QuestionStatus.EXPIRED}
        return _shown(row, await self._answer_to(row) if closed else None)

    async def open_of(self, run_id: UUID) -> list[Question]:
        """The open questions of a run, in the order in which they were asked."""
        return [_shown(row) for row in await self._repository.open_of(run_id)]

    async def open_counts(self, run_ids: Collection[UUID]) -> dict[UUID, int]:
        """How many open questions these runs have; a run without any is left out."""
        return await self._repository.open_counts(run_ids)

    async def answer(self, question_id: UUID, answer: Answer) -> Question:
        """Answer an open question. The same answer by the same principal again changes nothing.

        Raises `NotFound`, `Conflict` where it is closed already, and `InvalidInput` for an answer that is
        none of the choices.
        """
        row = await self._row(question_id)
        scope = self._scope
        try:
            await self._engine.answer(
                row.run_id, row.key, answer.answer, tenant_id=scope.tenant_id, by=scope.principal
            )
        except Conflict:
            shown = await self.show(question_id)
            repeated = shown.answer is not None and shown.answer == _accepted(row, answer.answer)
            if repeated and shown.closed_by == scope.principal:
                return shown
            raise
        log.info("question_answered", run_id=str(row.run_id), step=row.key)
        return await self.show(question_id)

    async def _row(self, question_id: UUID) -> QuestionRow:
        row = await self._repository.get(question_id)
        if row is None:
            raise NotFound(f"There is no question {question_id}.")
        return row

    async def _answer_to(self, row: QuestionRow) -> str | None:
        for entry in await self._engine.journal(row.run_id):
            if entry.kind is Kind.ANSWERED and entry.key == row.key:
                return str(Reply.model_validate_json(decode(entry.codec, entry.payload)).answer)
        return None


def _asked(row: QuestionRow) -> Asked:
    return Asked.model_validate_json(decode(row.codec, row.payload))


def _accepted(row: QuestionRow, text: str) -> str | None:
    """The answer as the question understands it; None where it would be refused."""
    try:
        return _asked(row).accept(text)
    except InvalidInput:
        return None


def _shown(row: QuestionRow, answer: str | None = None) -> Question:
    try:
        asked = _asked(row)
    except PayloadUnreadable as error:  # one that cannot be read must not hide the others
        asked = Asked(prompt=str(error))
    return Question(
        id=row.id,
        run_id=row.run_id,
        key=row.key,
        status=QuestionStatus(row.status),
        kind=asked.kind,
        prompt=asked.prompt,
        why=asked.why,
        choices=list(asked.choices),
        default=asked.default,
        default_assumes=asked.default_assumes,
        answer=answer,
        expires_at=row.expires_at,
        created_at=row.created_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )
