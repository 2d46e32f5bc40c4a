"""Queries on the experiments of one tenant."""

from __future__ import annotations

from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import select

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.errors import Conflict
from pilothouse.experiments.measuring import Tally
from pilothouse.experiments.repository.tallies import tallies_of
from pilothouse.experiments.schemas import ExperimentQuery
from pilothouse.experiments.tables import ExperimentRow
from pilothouse.kit.repository import Repository, Rows
from pilothouse.kit.scope import Scope


class ExperimentRepository(Repository):
    """The experiments of a tenant, and what was counted of them."""

    async def record(
        self, audit: AuditLog, scope: Scope, subject: str, did: str, **details: JsonValue
    ) -> None:
        """Record in the audit log what was done."""
        await audit.did(self._session, scope, Kind.EXPERIMENT, subject, did, **details)

    async def page(self, query: ExperimentQuery) -> Rows[ExperimentRow]:
        """The wanted page, the newest first."""
        statement = select(ExperimentRow).where(ExperimentRow.tenant_id == self._tenant_id)
        if query.about is not None:
            statement = statement.where(ExperimentRow.about == query.about)
        if query.state is not None:
            statement = statement.where(ExperimentRow.state == query.state)
        return await self._page(statement, ExperimentRow, query)

    async def get(self, experiment_id: UUID, *, locked: bool = False) -> ExperimentRow | None:
        """An experiment, or None where the tenant has no such; it is the caller's alone where `locked`."""
        statement = select(ExperimentRow).where(
            ExperimentRow.tenant_id == self._tenant_id, ExperimentRow.id == experiment_id
        )
        found = await self._session.scalars(statement.with_for_update() if locked else statement)
        return found.one_or_none()

    async def save(self, row: ExperimentRow) -> None:
        """Write a new or changed experiment.

        Raises `Conflict` where the tenant has another of that name, or another that runs about the same.
        """
        row.tenant_id, name, about = self._tenant_id, row.name, row.about
        taken = Conflict(
            f"There is an experiment {name!r} already, or another one is running about {about}.",
            hint="Take another name, or stop or conclude the one that runs.",
        )
        await self._keep(row, taken)

    async def tallies(self, experiment_id: UUID) -> dict[tuple[str, int], Tally]:
        """What was counted, by arm and epoch."""
        return await tallies_of(self._session, experiment_id)
