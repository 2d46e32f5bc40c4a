"""Queries on artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from pilothouse.artifacts.schemas import ArtifactQuery
from pilothouse.artifacts.tables import ArtifactRow
from pilothouse.kit.repository import Repository, Rows


class ArtifactRepository(Repository):
    """The artifacts of one tenant."""

    async def get(self, artifact_id: UUID) -> ArtifactRow | None:
        """An artifact, or None where there is none or it is another tenant's."""
        statement = select(ArtifactRow).where(
            ArtifactRow.id == artifact_id, ArtifactRow.tenant_id == self._tenant_id
        )
        return (await self._session.scalars(statement)).one_or_none()

    async def page(self, query: ArtifactQuery) -> Rows[ArtifactRow]:
        """The wanted artifacts, the newest first."""
        statement = select(ArtifactRow).where(ArtifactRow.tenant_id == self._tenant_id)
        if query.run_id is not None:
            statement = statement.where(await self._of(query.run_id))
        return await self._page(statement, ArtifactRow, query)

    async def of_run(self, run_id: UUID, *, forked: bool = True) -> Sequence[ArtifactRow]:
        """The artifacts of a run, those that a fork shares among them, in the order of their saving."""
        wanted = await self._of(run_id) if forked else ArtifactRow.run_id == run_id
        statement = select(ArtifactRow).where(wanted, ArtifactRow.tenant_id == self._tenant_id)
        return (await self._session.scalars(statement.order_by(ArtifactRow.id))).all()

    async def _of(self, run_id: UUID) -> ColumnElement[bool]:
        """Whether an artifact is the run's own, or one that it shares as a fork."""
        shared = await self._shared_steps(run_id, ["saved"])
        return or_(
            ArtifactRow.run_id == run_id,
            *(and_(ArtifactRow.run_id == source, ArtifactRow.key.in_(keys)) for source, keys in shared),
        )
