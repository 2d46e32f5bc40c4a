"""What crosses the API about artifacts."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from pilothouse.kit.pagination import PageQuery


class ArtifactQuery(PageQuery):
    """Which artifacts are wanted."""

    run_id: UUID | None = None


class Artifact(BaseModel):
    """A file that a run has made. `size` is in bytes, `sha256` in hexadecimal."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    run_id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    created_at: dt.datetime
