"""The tables of uploads as queries see them; the migrations make them."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified, Table
from pilothouse.kit.sealing import SealedColumn

SEALED = SealedColumn("uploads", "content_key")
"""Where the keys of uploads stand, sealed."""


class UploadRow(Identified):
    """A file that somebody has uploaded; its bytes lie where those of artifacts do, under `sha256`.

    They are sealed: `content_sha256` is the digest of what was sent, and `content_key` the sealed key. An
    upload from before that was done has neither, and lies as it was sent.
    """

    __tablename__ = "uploads"

    tenant_id: Mapped[str]
    engagement_id: Mapped[UUID | None]
    name: Mapped[str]
    media_type: Mapped[str]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    content_sha256: Mapped[str | None]
    content_key: Mapped[bytes | None]
    principal: Mapped[str]
    created_at: Mapped[dt.datetime]


class UploadUseRow(Table):
    """A run that has opened an upload."""

    __tablename__ = "upload_uses"

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[str]
