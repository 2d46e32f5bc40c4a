"""The table of artifacts as queries see it; the migrations make it."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from pilothouse.kit.repository import Identified


class ArtifactRow(Identified):
    """A file that a run has made; its bytes lie in the object store under the digest `sha256`.

    Where they are stored sealed, `content_sha256` is their own digest and `content_key` their sealed key.
    """

    __tablename__ = "artifacts"

    tenant_id: Mapped[str]
    run_id: Mapped[UUID]
    key: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    content_sha256: Mapped[str | None]
    content_key: Mapped[bytes | None]
    created_at: Mapped[dt.datetime]
