"""The tables of budgets as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table


class BudgetRow(Identified):
    """A budget: whose spending counts, of what, in which period, and up to where."""

    __tablename__ = "budgets"

    tenant_id: Mapped[str]
    name: Mapped[str]
    scope: Mapped[str]
    subject: Mapped[str]
    unit: Mapped[str]
    currency: Mapped[str | None]
    period: Mapped[str]
    time_zone: Mapped[str]
    soft: Mapped[Decimal | None]
    hard: Mapped[Decimal | None]
    beyond: Mapped[str]
    role: Mapped[str | None]
    lost: Mapped[str]
    made_by: Mapped[str]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


class PeriodRow(Table):
    """What is spent and reserved of a budget in one period."""

    __tablename__ = "budget_periods"

    budget_id: Mapped[UUID] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    starts_at: Mapped[dt.datetime | None]
    ends_at: Mapped[dt.datetime | None]
    spent: Mapped[Decimal]
    reserved: Mapped[Decimal]
    alerted: Mapped[int]
    changed_at: Mapped[dt.datetime]


class ReservationRow(Table):
    """What an action that was dispatched may cost, while nobody knows what it did."""

    __tablename__ = "reservations"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    budget_id: Mapped[UUID] = mapped_column(primary_key=True)
    period: Mapped[str]
    tenant_id: Mapped[str]
    amount: Mapped[Decimal]
    made_at: Mapped[dt.datetime]


class DayRow(Table):
    """What was spent of a budget from the beginning of its month to the end of a day."""

    __tablename__ = "budget_days"

    budget_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    period: Mapped[str]
    spent: Mapped[Decimal]


class AlertRow(Table):
    """A budget has reached a level, in per cent; nobody is told twice."""

    __tablename__ = "budget_alerts"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    budget_id: Mapped[UUID]
    period: Mapped[str]
    tenant_id: Mapped[str]
    level: Mapped[int]
    spent: Mapped[Decimal]
    at_most: Mapped[Decimal]
    at: Mapped[dt.datetime]
    told_at: Mapped[dt.datetime | None]


class LeaseRow(Table):
    """What one process may spend of a budget in a period without asking; it is part of what is reserved."""

    __tablename__ = "budget_leases"

    process: Mapped[UUID] = mapped_column(primary_key=True)
    budget_id: Mapped[UUID] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    amount: Mapped[Decimal]
    report: Mapped[int] = mapped_column(BigInteger)
    renewed_at: Mapped[dt.datetime]
