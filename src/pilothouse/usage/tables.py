"""The table of usage as queries see it; the migration makes it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import REAL, BigInteger, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified


class UsageRow(Identified):
    """One call to a model. Its cost is in billionths of a dollar; `recording` makes its latency's class."""

    __tablename__ = "usage"

    tenant_id: Mapped[str]
    at: Mapped[dt.datetime]
    source: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    principal: Mapped[str]
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    cache_read: Mapped[int] = mapped_column(BigInteger)
    cache_write: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[int] = mapped_column(BigInteger)
    latency_ms: Mapped[float] = mapped_column(REAL)
    latency_class: Mapped[int] = mapped_column(SmallInteger)
    outcome: Mapped[str]
    valid: Mapped[bool | None]
    repairs: Mapped[int] = mapped_column(Integer)
    streamed: Mapped[bool]
    cached: Mapped[bool]
    run_id: Mapped[UUID | None]
    step: Mapped[str]
    workflow: Mapped[str]
    agent: Mapped[str]
    prompt: Mapped[str]
    prompt_version: Mapped[str]
    experiment: Mapped[str]
    arm: Mapped[str]
