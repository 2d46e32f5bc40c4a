"""The table of retention rules as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Table


class RuleRow(Table):
    """How long the finished runs of a workflow are kept, and how far its removal has come.

    `after_id` is the run up to which the pass under way has looked; null between passes.
    """

    __tablename__ = "retention_rules"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    workflow: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int]
    keep: Mapped[str]
    changed_at: Mapped[dt.datetime]
    changed_by: Mapped[str]
    next_at: Mapped[dt.datetime]
    after_id: Mapped[UUID | None]
    last_at: Mapped[dt.datetime | None]
    runs: Mapped[int] = mapped_column(BigInteger)
    entries: Mapped[int] = mapped_column(BigInteger)
    artifacts: Mapped[int] = mapped_column(BigInteger)
