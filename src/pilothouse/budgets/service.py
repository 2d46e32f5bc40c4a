"""The rules of budgets for those who set them and look at them; what actions meet is in `judging`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from pydantic import JsonValue

from pilothouse.audit.service import AuditLog
from pilothouse.budgets.errors import BudgetExhausted
from pilothouse.budgets.forecasting import daily, outlook
from pilothouse.budgets.judging import Budgets
from pilothouse.budgets.leasing import Held, Leases, Spender
from pilothouse.budgets.periods import window
from pilothouse.budgets.repository import BudgetRepository
from pilothouse.budgets.schemas import (
    Alert,
    Alerts,
    Beyond,
    Budget,
    BudgetQuery,
    BudgetTerms,
    Forecast,
    Lost,
    NewBudget,
    Period,
    Unit,
    Usage,
    Usages,
)
from pilothouse.budgets.schemas import Scope as Counted
from pilothouse.budgets.tables import BudgetRow, PeriodRow
from pilothouse.errors import Conflict, NotFound, Outdated
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.pagination import Page
from pilothouse.kit.preconditions import is_current
from pilothouse.kit.scope import Scope

__all__ = ["BudgetBook", "BudgetExhausted", "Budgets", "Held", "Leases", "Spender", "etag_of"]

log = structlog.get_logger(__name__)

NOTHING = Decimal(0)
LOOKED_BACK = dt.timedelta(weeks=9)
"""How far back days are looked at for a forecast."""


class BudgetBook:
    """The budgets of a tenant. What is changed holds for actions within half a second."""

    def __init__(self, repository: BudgetRepository, scope: Scope, clock: Clock, ids: Ids) -> None:
        """Read and write through `repository` on behalf of `scope`."""
        self._repository = repository
        self._scope = scope
        self._clock = clock
        self._ids = ids
        self._audit = AuditLog(clock, ids)

    async def page(self, query: BudgetQuery) -> Page[Budget]:
        """The wanted budgets, the newest first."""
        rows = await self._repository.page(query)
        return Page(items=[_shown(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def show(self, budget_id: UUID) -> Budget:
        """A budget. Raises `NotFound`."""
        return _shown(await self._row(budget_id))

    async def create(self, wanted: NewBudget) -> Budget:
        """Make a budget. Raises `Conflict` where the tenant has another of that name."""
        now = self._clock.now()
        row = BudgetRow(
            **wanted.model_dump(),
            id=self._ids.new(),
            made_by=self._scope.principal,
            created_at=now,
            changed_at=now,
        )
        await self._repository.save(row)
        await self._record(row, "made")
        log.info("budget_made", budget=str(row.id), name=row.name, by=self._scope.principal)
        return _shown(row)

    async def change(self, budget_id: UUID, terms: BudgetTerms, if_match: str | None = None) -> Budget:
        """Change a budget's limits; what is spent and reserved stays.

        Raises `NotFound`, and `Outdated` where `if_match` names another state of it.
        """
        row = await self._row(budget_id, locked=True)
        if not is_current(etag_of(_shown(row)), if_match):
            raise Outdated(
                f"The budget {row.name} was changed since it was read, at {row.changed_at:%H:%M:%S} UTC.",
                hint="Read it again, and send its ETag as If-Match.",
            )
        for name, value in terms.model_dump().items():
            setattr(row, name, value)
        row.changed_at = self._clock.now()
        await self._repository.save(row)
        await self._record(row, "changed")
        log.info("budget_changed", budget=str(row.id), name=row.name, by=self._scope.principal)
        return _shown(row)

    async def delete(self, budget_id: UUID) -> None:
        """Delete a budget with all that was counted. Raises `NotFound`."""
        if not await self._repository.delete(budget_id):
            raise _missing(budget_id)
        await self._repository.record(self._audit, self._scope, f"budget/{budget_id}", "deleted")
        log.info("budget_deleted", budget=str(budget_id), by=self._scope.principal)

    async def _record(self, row: BudgetRow, did: str) -> None:
        terms: JsonValue = {name: None if value is None else str(value) for name, value in _terms(row)}
        await self._repository.record(self._audit, self._scope, f"budget/{row.id}", did, terms=terms)

    async def usage(self, budget_id: UUID) -> Usages:
        """What is spent and reserved in the latest periods. Raises `NotFound`."""
        row = await self._row(budget_id)
        return Usages(items=[_used(row, period) for period in await self._repository.periods(budget_id)])

    async def forecast(self, budget_id: UUID) -> Forecast:
        """What will be spent by the end of this month.

        Raises `NotFound`, and `Conflict` for a budget whose period is no month.
        """
        row = await self._row(budget_id)
        if row.period != Period.MONTH:
            raise Conflict(f"The budget {row.name} is one of a {row.period}.", hint="Months have a forecast.")
        now, zone = self._clock.now(), ZoneInfo(row.time_zone)
        month = window(Period.MONTH, row.time_zone, now, row.id)
        used = [period for period in await self._repository.periods(budget_id) if period.period == month.key]
        spent = sum((period.spent for period in used), start=NOTHING)
        since = (now - LOOKED_BACK).date()
        days = await self._repository.days(budget_id, since.replace(day=1))
        at_most = row.hard if row.hard is not None else row.soft or NOTHING
        ends_at = month.ends_at or now
        found = outlook(
            daily([(day.period, day.day, day.spent) for day in days]),
            *(spent, at_most, now.astimezone(zone), ends_at.astimezone(zone)),
        )
        return Forecast(
            period=month.key,
            ends_at=ends_at,
            spent=spent,
            expected=found.expected,
            low=found.low,
            high=found.high,
            at_most=at_most,
            basis=found.basis,
            exhausted_on=found.exhausted_on,
        )

    async def alerts(self) -> Alerts:
        """The latest alerts."""
        return Alerts(
            items=[
                Alert(
                    id=row.id,
                    budget_id=row.budget_id,
                    period=row.period,
                    level=row.level,
                    spent=row.spent,
                    at_most=row.at_most,
                    at=row.at,
                )
                for row in await self._repository.alerts()
            ]
        )

    async def _row(self, budget_id: UUID, *, locked: bool = False) -> BudgetRow:
        row = await self._repository.get(budget_id, locked=locked)
        if row is None:
            raise _missing(budget_id)
        return row


def etag_of(budget: Budget) -> str:
    """The entity tag of a budget's limits: each change makes another one, spending does not."""
    return f'"{budget.model_dump(mode="json", include={"changed_at"})["changed_at"]}"'


def _missing(budget_id: UUID) -> NotFound:
    return NotFound(f"There is no budget {budget_id}.", hint="`pilothouse budgets list` shows what there is.")


def _used(row: BudgetRow, period: PeriodRow) -> Usage:
    return Usage(
        period=period.period,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        spent=period.spent,
        reserved=period.reserved,
        remaining=None if row.hard is None else row.hard - period.spent - period.reserved,
        alerted=period.alerted,
    )


def _shown(row: BudgetRow) -> Budget:
    return Budget(
        id=row.id,
        name=row.name,
        scope=Counted(row.scope),
        subject=row.subject,
        unit=Unit(row.unit),
        currency=row.currency,
        period=Period(row.period),
        time_zone=row.time_zone,
        soft=row.soft,
        hard=row.hard,
        beyond=Beyond(row.beyond),
        role=row.role,
        lost=Lost(row.lost),
        made_by=row.made_by,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def _terms(row: BudgetRow) -> Iterator[tuple[str, object]]:
    """What a budget allows, as the audit log tells it."""
    for name in ("scope", "subject", "unit", "currency", "period", "soft", "hard", "beyond", "role"):
        yield name, getattr(row, name)
