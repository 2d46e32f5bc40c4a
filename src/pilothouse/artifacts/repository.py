"""Queries on artifacts."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

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
            statement = statement.where(ArtifactRow.run_id == query.run_id)
        return await self._page(statement, ArtifactRow, query)

    async def of_run(self, run_id: UUID) -> Sequence[ArtifactRow]:
        """The artifacts of a run, in the order in which they were saved."""
        statement = select(ArtifactRow).where(
            ArtifactRow.run_id == run_id, ArtifactRow.tenant_id == self._tenant_id
        )
        return (await self._session.scalars(statement.order_by(ArtifactRow.id))).all()
