"""Queries on the models that tenants have put behind aliases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from pydantic import JsonValue
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.kit.repository import Repository
from pilothouse.kit.scope import Scope
from pilothouse.llm.tables import AliasRow


class AliasRepository(Repository):
    """The aliases of the scope's tenant."""

    async def all(self) -> list[AliasRow]:
        """Its own aliases, by name."""
        mine = select(AliasRow).where(AliasRow.tenant_id == self._tenant_id).order_by(AliasRow.alias)
        return list((await self._session.execute(mine)).scalars())

    async def put(self, alias: str, models: Sequence[str], by: str, at: dt.datetime) -> None:
        """Put models behind an alias, in the place of those that are there."""
        said = {"models": list(models), "changed_by": by, "changed_at": at}
        made = insert(AliasRow).values(tenant_id=self._tenant_id, alias=alias, **said)
        await self._session.execute(
            made.on_conflict_do_update(index_elements=["tenant_id", "alias"], set_=said)
        )

    async def remove(self, alias: str) -> list[str] | None:
        """Remove an alias of the tenant; the models that were behind it, None where there was none."""
        gone = delete(AliasRow).where(AliasRow.tenant_id == self._tenant_id, AliasRow.alias == alias)
        found = (await self._session.execute(gone.returning(AliasRow.models))).first()
        return None if found is None else list(found.models)

    async def record(
        self, audit: AuditLog, scope: Scope, alias: str, did: str, models: Sequence[JsonValue]
    ) -> None:
        """Record a change in the audit log."""
        said: dict[str, JsonValue] = {"did": did, "models": list(models)}
        await audit.record(
            *(self._session, scope.tenant_id, Kind.SWITCH, scope.principal, f"model_alias/{alias}"),
            details=said,
        )


async def everybodys(session: AsyncSession) -> dict[str, dict[str, tuple[str, ...]]]:
    """The aliases of every tenant, for a process that asks models for all of them."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in (await session.execute(select(AliasRow))).scalars():
        found.setdefault(row.tenant_id, {})[row.alias] = tuple(row.models)
    return found
