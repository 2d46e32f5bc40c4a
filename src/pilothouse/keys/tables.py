"""The table of API keys as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import ARRAY, Text
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified


class KeyRow(Identified):
    """A key. Of its secret there is only a MAC, made with the named version of the pepper.

    `previous_...` is the secret before the last rotation, while that is valid, too.
    """

    __tablename__ = "api_keys"

    tenant_id: Mapped[str]
    engagement_id: Mapped[UUID | None]
    name: Mapped[str]
    environment: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    permissions: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    models: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    rate: Mapped[int | None]
    mac: Mapped[bytes]
    pepper: Mapped[str]
    previous_mac: Mapped[bytes | None]
    previous_pepper: Mapped[str | None]
    previous_until: Mapped[dt.datetime | None]
    made_by: Mapped[str]
    created_at: Mapped[dt.datetime]
    rotated_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]
