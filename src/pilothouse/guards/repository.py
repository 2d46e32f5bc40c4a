"""Queries on what placeholders stand for: of the runtime on every tenant's, and of a request on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import select, text

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.guards.tables import OriginalRow
from pilothouse.kit.repository import Repository
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runtime.beside import alone
from pilothouse.runtime.ports import Statement

_KEEP = """
insert into guard_originals as known (run_id, placeholder, tenant_id, digest, original)
values (%s, %s, %s, %s, %s)
on conflict (run_id, placeholder) do update
   set digest = case when known.digest = excluded.digest then known.digest end
"""
"""The same placeholder for another text violates the column's NOT NULL: nothing is written over."""
_CARRY = """
insert into guard_originals (run_id, placeholder, tenant_id, digest, original)
select %s, placeholder, tenant_id, digest, original from guard_originals where run_id = %s and tenant_id = %s
on conflict (run_id, placeholder) do nothing
"""
_OF_RUN = """
select placeholder, original from guard_originals where run_id = :run_id and tenant_id = :tenant_id
"""


def keep(run_id: UUID, placeholder: str, tenant_id: str, digest: bytes, original: bytes) -> Statement:
    """Writes what a placeholder stands for; writing it again changes nothing."""
    return Statement(_KEEP, (run_id, placeholder, tenant_id, digest, original))


def carry(tenant_id: str, source: UUID, target: UUID) -> Statement:
    """Gives the run `target` what `source` has."""
    return Statement(_CARRY, (target, source, tenant_id))


class Originals:
    """The sealed originals of runs of every tenant, for the runtime."""

    def __init__(self, database: Database) -> None:
        """Ask `database` in transactions of their own, which are few: once something was masked."""
        self._database = database

    async def of(self, tenant_id: str, run_id: UUID) -> dict[str, bytes]:
        """What is kept of a run, by placeholder."""
        async with self._database.maintenance() as session:
            rows = await session.execute(text(_OF_RUN), {"run_id": run_id, "tenant_id": tenant_id})
            return {placeholder: bytes(original) for placeholder, original in rows}

    async def write(self, statements: Sequence[Statement]) -> None:
        """Write what has no append of its own."""
        async with self._database.maintenance() as session:
            connection = await session.connection()
            for statement in statements:
                text, parameters = alone(statement)
                await connection.exec_driver_sql(text, tuple(parameters))


class OriginalRepository(Repository):
    """The sealed originals that a scope may see."""

    async def record(
        self, audit: AuditLog, scope: Scope, run_id: UUID, details: Mapping[str, JsonValue]
    ) -> None:
        """Record in the audit log that originals were shown, and nothing of them."""
        said = {"did": "restored", **details}
        await audit.record(
            self._session,
            scope.tenant_id,
            Kind.ACCESS,
            scope.principal,
            f"run/{run_id}",
            run_id=run_id,
            details=said,
        )

    async def of(self, run_id: UUID) -> dict[str, bytes]:
        """What is kept of a run, by placeholder."""
        mine = OriginalRow.tenant_id == self._tenant_id
        wanted = select(OriginalRow.placeholder, OriginalRow.original).where(
            OriginalRow.run_id == run_id, mine
        )
        return {row.placeholder: bytes(row.original) for row in await self._session.execute(wanted)}
