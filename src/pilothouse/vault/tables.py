"""The vault's tables as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Table


class VaultKeyRow(Table):
    """A tenant's key, wrapped by the master key `wrapping`; version 0 is the one for blind indexes."""

    __tablename__ = "vault_keys"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    status: Mapped[str]
    wrapping: Mapped[str]
    wrapped: Mapped[bytes | None]
    created_at: Mapped[dt.datetime]
    destroyed_at: Mapped[dt.datetime | None]


class VaultProgressRow(Table):
    """How far the values of one sealed column of one tenant are sealed with the key `version`."""

    __tablename__ = "vault_progress"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    after: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    total: Mapped[int | None]
    seen: Mapped[int]
    resealed: Mapped[int]
    unreadable: Mapped[int]
    passed_over: Mapped[int]
    begun_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
