"""The tables of switches as queries see them; the migrations make them. An empty tenant means all of them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table


class KillRow(Identified):
    """A kill switch that was thrown, and how it ended."""

    __tablename__ = "kills"

    tenant_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    why: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[dt.datetime]
    until: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    ended_by: Mapped[str | None]


class FlagRow(Table):
    """A feature flag of a tenant, or for all."""

    __tablename__ = "flags"

    name: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    enabled: Mapped[bool]
    percentage: Mapped[Decimal | None]
    why: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[dt.datetime]


class DegradationRow(Table):
    """How many rungs down an agent begins."""

    __tablename__ = "degradations"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    agent: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int]
    reason: Mapped[str]
    probe_at: Mapped[dt.datetime | None]
    backoff: Mapped[float]
    changed_at: Mapped[dt.datetime]
