"""The table of limits as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Table


class LimitRow(Table):
    """A limit. Only one of a tenant has a tenant's id."""

    __tablename__ = "limits"

    scope: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    workflow: Mapped[str] = mapped_column(primary_key=True)
    concurrency: Mapped[int | None]
    rate: Mapped[int | None]
    per_seconds: Mapped[int]
    changed_at: Mapped[dt.datetime]
