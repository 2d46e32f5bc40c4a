"""Queries of workers on the running experiments of all tenants."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import to_json
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.experiments.measuring import Tally
from pilothouse.experiments.repository.tallies import tallies_of
from pilothouse.experiments.tables import ExperimentRow

ENGINE = "engine"
"""Who stops an arm that nobody has stopped by hand."""

_NOTICE = """
insert into notices (tenant_id, kind, subject_id, occasion, facts, at)
select :tenant_id, 'experiment', :id, :arm, cast(:facts as jsonb), :now
 where exists (select from notification_targets where tenant_id = :tenant_id and disabled_at is null)
"""


class RunningExperiments:
    """The experiments of all tenants that assign arms, in a session with the rights to all of them."""

    def __init__(self, session: AsyncSession) -> None:
        """Work in `session`."""
        self._session = session

    async def ids(self) -> Sequence[UUID]:
        """The running ones."""
        found = await self._session.scalars(select(ExperimentRow.id).where(ExperimentRow.state == "running"))
        return found.all()

    async def take(self, experiment_id: UUID) -> ExperimentRow | None:
        """One that still runs, for the caller alone; None where another worker has it."""
        statement = select(ExperimentRow).where(
            ExperimentRow.id == experiment_id, ExperimentRow.state == "running"
        )
        found = await self._session.scalars(statement.with_for_update(skip_locked=True))
        return found.one_or_none()

    async def tallies(self, experiment_id: UUID) -> dict[tuple[str, int], Tally]:
        """What was counted of one, by arm and epoch."""
        return await tallies_of(self._session, experiment_id)

    async def record(
        self, audit: AuditLog, row: ExperimentRow, did: str, details: Mapping[str, JsonValue]
    ) -> None:
        """Record in the log of its tenant what was done by itself."""
        said = {"did": did, **details}
        subject = f"experiment/{row.id}"
        await audit.record(self._session, row.tenant_id, Kind.EXPERIMENT, ENGINE, subject, details=said)

    async def notify(
        self, row: ExperimentRow, arm: str, now: dt.datetime, facts: Mapping[str, JsonValue]
    ) -> None:
        """Note for those who are told of such things that an arm was stopped."""
        said = {"tenant_id": row.tenant_id, "id": row.id, "arm": arm, "now": now}
        await self._session.execute(text(_NOTICE), said | {"facts": to_json(facts).decode()})
