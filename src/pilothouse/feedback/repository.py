"""Queries on the feedback of one tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text

from pilothouse.errors import Conflict
from pilothouse.feedback.schemas import FeedbackQuery, NewFeedback, VersionFeedback
from pilothouse.feedback.tables import FeedbackRow
from pilothouse.kit.repository import Repository, Rows
from pilothouse.runtime.beside import alone
from pilothouse.runtime.ports import Statement

MOST_VERSIONS = 500

_RUN = "select exists (select from runs where id = :run_id and tenant_id = :tenant_id)"
_STEP = """
select exists (
  select from (select cast(:run_id as uuid) as run_id, null as high union all
               select run_id, high from lineage(:run_id)) as own
    join journal on journal.run_id = own.run_id and journal.seq <= coalesce(own.high, journal.seq)
   where journal.key = :step and journal.tenant_id = :tenant_id)
"""
_EPOCH = """
select epoch from experiments
 where id = :id and (tenant_id = :tenant_id or everybody)
   and arms @> jsonb_build_array(jsonb_build_object('name', cast(:arm as text)))
"""


class Told(NamedTuple):
    """Whether there is what is rated."""

    run: bool
    step: bool


class FeedbackRepository(Repository):
    """The feedback of a tenant."""

    async def known(self, run_id: UUID, step: str) -> Told:
        """Whether there is such a run, and in its journal such a step (none: there is)."""
        named = {"run_id": run_id, "tenant_id": self._tenant_id}
        if not await self._session.scalar(text(_RUN), named):
            return Told(run=False, step=False)
        found = not step or await self._session.scalar(text(_STEP), named | {"step": step})
        return Told(run=True, step=bool(found))

    async def epoch(self, experiment_id: UUID, arm: str) -> int | None:
        """The epoch that an experiment with this arm is in; None where there is no such."""
        named = {"id": experiment_id, "arm": arm, "tenant_id": self._tenant_id}
        found: int | None = await self._session.scalar(text(_EPOCH), named)
        return found

    async def given(self, wanted: NewFeedback, principal: str) -> FeedbackRow | None:
        """What the principal has said of the same before, for the caller alone; None where it has not."""
        statement = select(FeedbackRow).where(
            FeedbackRow.tenant_id == self._tenant_id,
            FeedbackRow.run_id.is_not_distinct_from(wanted.run_id),
            FeedbackRow.step == wanted.step,
            FeedbackRow.message == wanted.message,
            FeedbackRow.principal == principal,
        )
        return (await self._session.scalars(statement.with_for_update())).one_or_none()

    async def save(self, row: FeedbackRow, told: Sequence[Statement]) -> None:
        """Write new or changed feedback, and what guards want recorded of it."""
        row.tenant_id = self._tenant_id
        taken = Conflict(
            "The same was rated at this very moment.", hint="Send it again: the later one holds."
        )
        await self._keep(row, taken)
        connection = await self._session.connection()
        for statement in told:
            written, parameters = alone(statement)
            await connection.exec_driver_sql(written, tuple(parameters))

    async def page(self, query: FeedbackQuery) -> Rows[FeedbackRow]:
        """The wanted page, the newest first."""
        statement = select(FeedbackRow).where(FeedbackRow.tenant_id == self._tenant_id)
        for name, value in query.model_dump(exclude={"limit", "cursor"}, exclude_none=True).items():
            statement = statement.where(getattr(FeedbackRow, name) == value)
        return await self._page(statement, FeedbackRow, query)

    async def versions(self, prompt: str | None) -> list[VersionFeedback]:
        """How each version was rated, by prompt and the latest rated first."""
        of, latest = FeedbackRow, func.max(FeedbackRow.changed_at)
        statement = (
            select(
                of.prompt,
                of.version,
                func.count().label("ratings"),
                func.count().filter(of.rating == 1).label("good"),
                func.count().filter(of.rating == 0).label("neither"),
                func.count().filter(of.rating == -1).label("bad"),
                func.count(of.comment).label("comments"),
                func.avg(of.rating).label("mean"),
                latest.label("latest_at"),
            )
            .where(of.tenant_id == self._tenant_id, of.prompt.is_not(None), of.version.is_not(None))
            .group_by(of.prompt, of.version)
            .order_by(of.prompt, latest.desc())
            .limit(MOST_VERSIONS)
        )
        if prompt is not None:
            statement = statement.where(of.prompt == prompt)
        rows = (await self._session.execute(statement)).mappings()
        return [VersionFeedback.model_validate(dict(row)) for row in rows]
