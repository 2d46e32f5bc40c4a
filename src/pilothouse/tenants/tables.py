"""The tables of tenants as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table


class TenantRow(Table):
    """An isolated customer account."""

    __tablename__ = "tenants"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    status: Mapped[str]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


class EngagementRow(Identified):
    """A project inside a tenant; closed, it takes no new runs."""

    __tablename__ = "engagements"

    tenant_id: Mapped[str]
    name: Mapped[str]
    closed_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


class JobRow(Identified):
    """The export or the erasure of a tenant: what was asked, how far it is, and what came of it."""

    __tablename__ = "tenant_jobs"

    tenant_id: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    epoch: Mapped[int]
    stage: Mapped[str]
    done: Mapped[int] = mapped_column(BigInteger)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    failure: Mapped[str | None]
    asked_by: Mapped[str]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    expires_at: Mapped[dt.datetime | None]


class JobPartRow(Table):
    """One part of an export's file, which lies in the artifact store."""

    __tablename__ = "tenant_job_parts"

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
