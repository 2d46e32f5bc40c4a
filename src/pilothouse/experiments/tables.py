"""The tables of experiments as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table


class ExperimentRow(Identified):
    """An experiment; `epoch` counts the times that shares have changed, `ranges` say who is in which arm."""

    __tablename__ = "experiments"

    tenant_id: Mapped[str]
    name: Mapped[str]
    about: Mapped[str]
    key: Mapped[str]
    state: Mapped[str]
    everybody: Mapped[bool]
    arms: Mapped[list[Any]] = mapped_column(JSONB)
    ranges: Mapped[list[Any]] = mapped_column(JSONB)
    guards: Mapped[list[Any]] = mapped_column(JSONB)
    alpha: Mapped[float]
    rollout: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    stage: Mapped[int | None]
    stage_since: Mapped[dt.datetime | None]
    epoch: Mapped[int]
    winner: Mapped[str | None]
    why: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]


class HourRow(Table):
    """What came of the calls of an arm in one hour, while the shares stayed as they were."""

    __tablename__ = "experiment_hours"

    experiment_id: Mapped[UUID] = mapped_column(primary_key=True)
    arm: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    hour: Mapped[dt.datetime] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    calls: Mapped[int] = mapped_column(BigInteger)
    valid: Mapped[int] = mapped_column(BigInteger)
    errors: Mapped[int] = mapped_column(BigInteger)
    repairs: Mapped[int] = mapped_column(BigInteger)
    tokens: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[Decimal]
    cost_log: Mapped[float]
    cost_squares: Mapped[float]
    latency_log: Mapped[float]
    latency_squares: Mapped[float]
    latencies: Mapped[dict[str, int]] = mapped_column(JSONB)
