"""Queries on questions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from pilothouse.inbox.schemas import QuestionQuery, QuestionStatus
from pilothouse.inbox.tables import QuestionRow
from pilothouse.kit.repository import Repository, Rows

OPEN = QuestionStatus.OPEN.value


class QuestionRepository(Repository):
    """The questions of one tenant."""

    async def get(self, question_id: UUID) -> QuestionRow | None:
        """A question, or None where there is none or it is another tenant's. Read anew each time."""
        statement = select(QuestionRow).where(
            QuestionRow.id == question_id, QuestionRow.tenant_id == self._tenant_id
        )
        found = await self._session.scalars(statement.execution_options(populate_existing=True))
        return found.one_or_none()

    async def page(self, query: QuestionQuery) -> Rows[QuestionRow]:
        """The wanted questions, the newest first; of a fork, those whose answers it shares among them."""
        statement = select(QuestionRow).where(QuestionRow.tenant_id == self._tenant_id)
        if query.status:
            statement = statement.where(QuestionRow.status.in_([status.value for status in query.status]))
        if query.run_id is not None:
            shared = await self._shared_steps(query.run_id, ["answered", "expired"])
            statement = statement.where(
                or_(
                    QuestionRow.run_id == query.run_id,
                    *(and_(QuestionRow.run_id == run, QuestionRow.key.in_(keys)) for run, keys in shared),
                )
            )
        return await self._page(statement, QuestionRow, query)

    async def open_of(self, run_id: UUID) -> Sequence[QuestionRow]:
        """The open questions of a run, in the order in which they were asked."""
        statement = select(QuestionRow).where(
            QuestionRow.run_id == run_id,
            QuestionRow.tenant_id == self._tenant_id,
            QuestionRow.status == OPEN,
        )
        return (await self._session.scalars(statement.order_by(QuestionRow.id))).all()

    async def open_counts(self, run_ids: Collection[UUID]) -> dict[UUID, int]:
        """How many open questions these runs have; a run without any is left out."""
        statement = (
            select(QuestionRow.run_id, func.count())
            .where(
                QuestionRow.run_id.in_(run_ids),
                QuestionRow.tenant_id == self._tenant_id,
                QuestionRow.status == OPEN,
            )
            .group_by(QuestionRow.run_id)
        )
        return {row[0]: row[1] for row in await self._session.execute(statement)}
