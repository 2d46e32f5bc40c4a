"""The tables of notifications as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified
from pilothouse.kit.sealing import SealedColumn

TARGETS = "notification_targets"
ADDRESS, SIGNING, PREVIOUS = "address_secret", "signing_secret", "previous_secret"

COLUMNS = tuple(
    SealedColumn(TARGETS, name, where=f"{TARGETS}.{name} is not null")
    for name in (ADDRESS, SIGNING, PREVIOUS)
)
"""The columns whose values are sealed anew when a tenant's key was turned over."""


class TargetRow(Identified):
    """Where messages of a tenant go. Its address and what it is signed with are sealed."""

    __tablename__ = TARGETS

    tenant_id: Mapped[str]
    name: Mapped[str]
    channel: Mapped[str]
    shown: Mapped[str]
    address_secret: Mapped[bytes] = mapped_column(LargeBinary)
    signing_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_until: Mapped[dt.datetime | None]
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    addressee: Mapped[str | None]
    links: Mapped[bool]
    made_by: Mapped[str]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    disabled_at: Mapped[dt.datetime | None]
    disabled_because: Mapped[str]


class DeliveryRow(Identified):
    """One message to one target, and what became of it. Without a notice it was a test."""

    __tablename__ = "deliveries"

    tenant_id: Mapped[str]
    notice_id: Mapped[int | None] = mapped_column(BigInteger)
    target_id: Mapped[UUID]
    event: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int]
    next_at: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    answered: Mapped[int | None]
    reason: Mapped[str]
