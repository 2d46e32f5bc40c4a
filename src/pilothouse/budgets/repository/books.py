"""Queries on the budgets of one tenant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import delete, exc, select

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.budgets.schemas import BudgetQuery
from pilothouse.budgets.tables import AlertRow, BudgetRow, DayRow, PeriodRow
from pilothouse.errors import Conflict
from pilothouse.kit.repository import Repository, Rows
from pilothouse.kit.scope import Scope

PERIODS = 100
"""Periods, and alerts, that are shown at once."""


class BudgetRepository(Repository):
    """The budgets of a tenant, and what is spent of them."""

    async def record(
        self, audit: AuditLog, scope: Scope, subject: str, did: str, **details: JsonValue
    ) -> None:
        """Record in the audit log what was done."""
        await audit.did(self._session, scope, Kind.BUDGET, subject, did, **details)

    async def page(self, query: BudgetQuery) -> Rows[BudgetRow]:
        """The wanted page, the newest first."""
        return await self._page(
            select(BudgetRow).where(BudgetRow.tenant_id == self._tenant_id), BudgetRow, query
        )

    async def get(self, budget_id: UUID, *, locked: bool = False) -> BudgetRow | None:
        """A budget, or None where the tenant has no such; it is the caller's alone where `locked`."""
        statement = select(BudgetRow).where(BudgetRow.tenant_id == self._tenant_id, BudgetRow.id == budget_id)
        found = await self._session.scalars(statement.with_for_update() if locked else statement)
        return found.one_or_none()

    async def save(self, row: BudgetRow) -> None:
        """Write a new or changed budget; raises `Conflict` where the tenant has another of that name."""
        row.tenant_id, name = self._tenant_id, row.name
        self._session.add(row)
        try:
            await self._session.flush()
        except exc.IntegrityError as error:
            raise Conflict(
                f"There is a budget {name!r} already.", hint="Take another name, or change that one."
            ) from error

    async def delete(self, budget_id: UUID) -> bool:
        """Delete a budget with all that was counted; whether there was one."""
        statement = delete(BudgetRow).where(BudgetRow.id == budget_id, BudgetRow.tenant_id == self._tenant_id)
        return (await self._session.scalars(statement.returning(BudgetRow.id))).one_or_none() is not None

    async def periods(self, budget_id: UUID) -> Sequence[PeriodRow]:
        """The latest periods in which anything was spent or reserved, the latest first."""
        statement = select(PeriodRow).where(
            PeriodRow.tenant_id == self._tenant_id, PeriodRow.budget_id == budget_id
        )
        latest = statement.order_by(PeriodRow.starts_at.desc(), PeriodRow.changed_at.desc())
        return (await self._session.scalars(latest.limit(PERIODS))).all()

    async def days(self, budget_id: UUID, since: dt.date) -> Sequence[DayRow]:
        """What was spent by the end of each day since one, in order."""
        statement = select(DayRow).where(
            DayRow.tenant_id == self._tenant_id, DayRow.budget_id == budget_id, DayRow.day >= since
        )
        return (await self._session.scalars(statement.order_by(DayRow.day))).all()

    async def alerts(self) -> Sequence[AlertRow]:
        """The latest alerts of the tenant, the latest first."""
        statement = select(AlertRow).where(AlertRow.tenant_id == self._tenant_id)
        return (await self._session.scalars(statement.order_by(AlertRow.id.desc()).limit(PERIODS))).all()
