"""Queries on artifacts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from pilothouse.artifacts.schemas import ArtifactQuery
from pilothouse.artifacts.tables import ArtifactRow
from pilothouse.kit.reading import Read
from pilothouse.kit.repository import Repository, Rows
from pilothouse.kit.scope import Scope

T = TypeVar("T")


_COLUMNS = ", ".join(f"artifacts.{name}" for name in ArtifactRow.__table__.columns.keys())  # noqa: SIM118 - of a collection
_OF_RUN = f"""
select {_COLUMNS} from artifacts where run_id = $1 and tenant_id = $2
union all
select {_COLUMNS} from lineage($1) as part join artifacts on artifacts.run_id = part.run_id
 where artifacts.tenant_id = $2 and exists (
   select from journal
    where run_id = part.run_id and seq <= part.high and kind = 'saved' and key = artifacts.key)
 order by id
"""  # noqa: S608 - constants


def of_run(scope: Scope, run_id: UUID, shown: Callable[[ArtifactRow], T]) -> Read[list[T]]:
    """The artifacts of a run, those that a fork shares among them, in the order of their saving."""
    return Read(_OF_RUN, (run_id, scope.tenant_id), lambda rows: [shown(row) for row in rows])


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

    async def _of(self, run_id: UUID) -> ColumnElement[bool]:
        """Whether an artifact is the run's own, or one that it shares as a fork."""
        shared = await self._shared_steps(run_id, ["saved"])
        return or_(
            ArtifactRow.run_id == run_id,
            *(and_(ArtifactRow.run_id == source, ArtifactRow.key.in_(keys)) for source, keys in shared),
        )
