"""The tables of runs as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, FetchedValue, LargeBinary, SmallInteger, Text, Uuid, column, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table


class RunRow(Identified):
    """A run, which is also its place in the queue."""

    __tablename__ = "runs"

    tenant_id: Mapped[str]
    workflow: Mapped[str]
    version: Mapped[int]
    pin: Mapped[str]
    status: Mapped[str]
    priority: Mapped[int] = mapped_column(SmallInteger)
    principal: Mapped[str]
    epoch: Mapped[int]
    seq: Mapped[int]
    wakes: Mapped[int]
    losses: Mapped[int] = mapped_column(SmallInteger)
    worker_id: Mapped[UUID | None]
    wake_at: Mapped[dt.datetime | None]
    cancel_requested: Mapped[bool]
    idempotency_key: Mapped[str | None]
    input_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    continued_from: Mapped[UUID | None]
    labels: Mapped[dict[str, str]] = mapped_column(JSONB)
    request_id: Mapped[str | None]
    traceparent: Mapped[str | None]
    forked_from: Mapped[UUID | None]
    forked_seq: Mapped[int | None]
    schedule_id: Mapped[UUID | None]
    engagement_id: Mapped[UUID | None]
    personal: Mapped[bool]
    untrusted: Mapped[bool]
    injection: Mapped[bool]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    pruned_at: Mapped[dt.datetime | None]


class JournalRow(Table):
    """One entry of a run's journal; its payload is opaque here."""

    __tablename__ = "journal"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
    kind: Mapped[str]
    key: Mapped[str]
    codec: Mapped[int] = mapped_column(SmallInteger)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[dt.datetime]
    request_id: Mapped[str | None]
    xid: Mapped[int | None] = mapped_column(BigInteger, FetchedValue(), deferred=True)


class IncarnationRow(Table):
    """One life of the database: cursors of live streams belong to it, and a restore begins another."""

    __tablename__ = "incarnations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    began_at: Mapped[dt.datetime]


questions = table("questions", column("tenant_id", Text), column("run_id", Uuid), column("status", Text))
"""The inbox's table, as far as a list of runs asks whether a run waits for a person."""


run_labels = table(
    "run_labels",
    column("tenant_id", Text),
    column("key", Text),
    column("value", Text),
    column("run_id", Uuid),
)
"""Each label of each run, which a trigger on runs keeps; it has the order of ids for every label."""


class WorkerRow(Table):
    """A process that executes runs, of every tenant."""

    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    lock_key: Mapped[int] = mapped_column(BigInteger)
    pins: Mapped[list[str]] = mapped_column(ARRAY(Text))
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[dt.datetime]
    heartbeat_at: Mapped[dt.datetime]
    labels: Mapped[dict[str, str]] = mapped_column(JSONB)
    version: Mapped[str]
    slots: Mapped[int]
    draining: Mapped[bool]
