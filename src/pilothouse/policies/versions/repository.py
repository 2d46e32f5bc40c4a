"""Queries on the versions of a tenant's policies, on which of them is active, and on what was decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import column, func, select, table, text

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.repository import Repository, Rows
from pilothouse.kit.scope import Scope
from pilothouse.policies.versions.tables import ChangeRow, DecisionRow, StateRow, VersionRow
from pilothouse.runtime.ports import Statement

_TENANTS: Any = table("tenants", column("id"), column("attributes"))
_LOCK = "select pg_advisory_xact_lock(hashtextextended('policy_versions ' || :tenant_id, 0))"
_TELL = "select pg_notify('pilothouse_policies', :tenant_id)"
_PUT = """
insert into policy_states as state (tenant_id, active, shadow, changed_at)
values (:tenant_id, :active, :shadow, :at)
    on conflict (tenant_id) do update set active = excluded.active, shadow = excluded.shadow,
       revision = state.revision + 1, changed_at = excluded.changed_at
"""
_DECIDED = """
insert into decisions (id, tenant_id, run_id, engagement_id, step, tool, at, verdict, policies, roles,
                       reasons, version, codec, request, shadow, shadow_verdict, shadow_policies,
                       shadow_roles, differs)
select * from json_to_recordset(%s::json) as given(
  id uuid, tenant_id text, run_id uuid, engagement_id uuid, step text, tool text, at timestamptz,
  verdict text, policies text[],
  roles text[], reasons text[], version text, codec smallint, request bytea, shadow int,
  shadow_verdict text, shadow_policies text[], shadow_roles text[], differs boolean)
"""


def recorded(**values: Any) -> Statement:
    """The statement that writes a decision beside an append: the columns of `decisions` by name."""
    return Statement(_DECIDED, values)


@dataclass(frozen=True)
class Standing:
    """What holds for a tenant now: its state (None: it never had one), and its attributes."""

    active: int | None
    shadow: int | None
    revision: int
    attributes: dict[str, Any]


class PolicyRepository(Repository):
    """The policies of one tenant, and its decisions."""

    async def record(
        self, audit: AuditLog, scope: Scope, subject: str, did: str, **details: JsonValue
    ) -> None:
        """Record in the audit log what was done."""
        await audit.did(self._session, scope, Kind.POLICY, subject, did, **details)

    async def page(self, query: PageQuery) -> Rows[VersionRow]:
        """The wanted versions, the newest first."""
        statement = select(VersionRow).where(VersionRow.tenant_id == self._tenant_id)
        return await self._page(statement, VersionRow, query)

    async def get(self, number: int) -> VersionRow | None:
        """A version; None where the tenant has no such."""
        statement = select(VersionRow).where(
            VersionRow.tenant_id == self._tenant_id, VersionRow.number == number
        )
        return (await self._session.scalars(statement)).one_or_none()

    async def alone(self) -> None:
        """Let nobody else number or activate versions of the tenant until the transaction ends."""
        await self._session.execute(text(_LOCK), {"tenant_id": self._tenant_id})

    async def last(self) -> int:
        """The highest number of a version; 0 where there is none."""
        statement = select(func.max(VersionRow.number)).where(VersionRow.tenant_id == self._tenant_id)
        return await self._session.scalar(statement) or 0

    async def add(self, row: VersionRow | ChangeRow) -> None:
        """Write a version, or that something was changed."""
        row.tenant_id = self._tenant_id
        self._session.add(row)
        await self._session.flush()

    async def state(self) -> StateRow | None:
        """Which version is active; None where none ever was."""
        statement = select(StateRow).where(StateRow.tenant_id == self._tenant_id)
        return (
            await self._session.scalars(statement.execution_options(populate_existing=True))
        ).one_or_none()

    async def put(self, active: int | None, shadow: int | None, at: dt.datetime) -> None:
        """Make a version active, and another its shadow; every process hears of it once this is committed."""
        given = {"tenant_id": self._tenant_id, "active": active, "shadow": shadow, "at": at}
        await self._session.execute(text(_PUT), given)
        await self._session.execute(text(_TELL), {"tenant_id": self._tenant_id})

    async def standing(self) -> Standing:
        """What holds now, in one query."""
        statement = (
            select(StateRow.active, StateRow.shadow, StateRow.revision, _TENANTS.c.attributes)
            .select_from(_TENANTS)
            .outerjoin(StateRow, StateRow.tenant_id == _TENANTS.c.id)
            .where(_TENANTS.c.id == self._tenant_id)
        )
        row = (await self._session.execute(statement)).one_or_none()
        if row is None:
            return Standing(None, None, 0, {})
        return Standing(row[0], row[1], row[2] or 0, dict(row[3] or {}))

    async def changes(self, query: PageQuery) -> Rows[ChangeRow]:
        """The wanted changes, the newest first."""
        statement = select(ChangeRow).where(ChangeRow.tenant_id == self._tenant_id)
        return await self._page(statement, ChangeRow, query)

    async def activations(self) -> Sequence[ChangeRow]:
        """What was made active until now, the newest first; at most 1,000."""
        statement = select(ChangeRow).where(
            ChangeRow.tenant_id == self._tenant_id, ChangeRow.kind.in_(("activated", "rolled_back"))
        )
        return (await self._session.scalars(statement.order_by(ChangeRow.id.desc()).limit(1_000))).all()

    async def decisions(
        self, query: PageQuery, *, differing: bool = False, run_id: UUID | None = None
    ) -> Rows[DecisionRow]:
        """The wanted decisions, the newest first: only those of a run, or that the shadow saw otherwise."""
        statement = select(DecisionRow).where(DecisionRow.tenant_id == self._tenant_id)
        if differing:
            statement = statement.where(DecisionRow.differs)
        if run_id is not None:
            statement = statement.where(DecisionRow.run_id == run_id)
        return await self._page(statement, DecisionRow, query)

    async def past(
        self,
        limit: int,
        *,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        before: UUID | None = None,
    ) -> Sequence[DecisionRow]:
        """Decisions from `since` to before `until` and older than `before`, the newest `limit` of them."""
        statement = select(DecisionRow).where(DecisionRow.tenant_id == self._tenant_id)
        if since is not None:
            statement = statement.where(DecisionRow.at >= since)
        if until is not None:
            statement = statement.where(DecisionRow.at < until)
        if before is not None:
            statement = statement.where(DecisionRow.id < before)
        return (await self._session.scalars(statement.order_by(DecisionRow.id.desc()).limit(limit))).all()
