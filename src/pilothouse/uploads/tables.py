"""The tables of uploads as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table


class UploadRow(Identified):
    """A file that somebody has uploaded; its bytes lie where those of artifacts do."""

    __tablename__ = "uploads"

    tenant_id: Mapped[str]
    engagement_id: Mapped[UUID | None]
    name: Mapped[str]
    media_type: Mapped[str]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    principal: Mapped[str]
    created_at: Mapped[dt.datetime]


class UploadUseRow(Table):
    """A run that has opened an upload."""

    __tablename__ = "upload_uses"

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
