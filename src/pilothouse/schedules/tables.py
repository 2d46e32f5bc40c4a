"""The table of schedules as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified


class ScheduleRow(Identified):
    """When which workflow is run, and how far that has come.

    `queued` are fires that wait for the last run to end, `failure` is why the last fire made no run.
    """

    __tablename__ = "schedules"

    tenant_id: Mapped[str]
    name: Mapped[str]
    workflow: Mapped[str]
    version: Mapped[int | None]
    codec: Mapped[int] = mapped_column(SmallInteger)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    cron: Mapped[str | None]
    interval_seconds: Mapped[int | None]
    time_zone: Mapped[str]
    start_at: Mapped[dt.datetime | None]
    end_at: Mapped[dt.datetime | None]
    missed: Mapped[str]
    missed_limit: Mapped[int]
    overlap: Mapped[str]
    paused: Mapped[bool]
    priority: Mapped[int] = mapped_column(SmallInteger)
    labels: Mapped[dict[str, str]] = mapped_column(JSONB)
    next_at: Mapped[dt.datetime | None]
    last_at: Mapped[dt.datetime | None]
    last_run_id: Mapped[UUID | None]
    queued: Mapped[list[dt.datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    failure: Mapped[str | None]
    failing_since: Mapped[dt.datetime | None]
    edition: Mapped[int]
    principal: Mapped[str]
    engagement_id: Mapped[UUID | None]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
