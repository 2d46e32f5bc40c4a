"""Queries on the answers that models gave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.agents.tables import AnswerRow
from pilothouse.kit.repository import Repository


class AnswerRepository(Repository):
    """The kept answers of the scope's tenant."""

    async def find(self, digest: bytes, models: Sequence[str], since: dt.datetime) -> AnswerRow | None:
        """The latest answer of one of the models that was given since then."""
        row = AnswerRow
        wanted = (
            select(row)
            .where(row.tenant_id == self._tenant_id, row.digest == digest)
            .where(row.model.in_(models), row.made_at >= since)
            .order_by(row.made_at.desc())
            .limit(1)
        )
        return (await self._session.execute(wanted)).scalar_one_or_none()

    async def put(
        self, digest: bytes, model: str, agent: str, run_id: UUID, answer: bytes, at: dt.datetime
    ) -> None:
        """Keep an answer in the place of an earlier one to the same."""
        said = {"agent": agent, "run_id": run_id, "answer": answer, "made_at": at}
        made = insert(AnswerRow).values(tenant_id=self._tenant_id, digest=digest, model=model, **said)
        await self._session.execute(
            made.on_conflict_do_update(index_elements=["tenant_id", "digest", "model"], set_=said)
        )

    async def clear(self, agent: str | None = None, before: dt.datetime | None = None) -> int:
        """Forget answers, those of one agent or of all, given before then or whenever; how many."""
        gone = delete(AnswerRow).where(AnswerRow.tenant_id == self._tenant_id)
        if agent is not None:
            gone = gone.where(AnswerRow.agent == agent)
        if before is not None:
            gone = gone.where(AnswerRow.made_at < before)
        done = await self._session.execute(gone)
        return done.rowcount if isinstance(done, CursorResult) else 0


async def forget_everywhere(session: AsyncSession, before: dt.datetime) -> None:
    """Forget the answers of every tenant that were given before then."""
    await session.execute(delete(AnswerRow).where(AnswerRow.made_at < before))
