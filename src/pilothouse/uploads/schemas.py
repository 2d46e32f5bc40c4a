"""What crosses the API about uploads."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from pilothouse.kit.pagination import PageQuery


class UploadQuery(PageQuery):
    """Which uploads are wanted."""

    sha256: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{64}$", description="Those with this content only."
    )


class Upload(BaseModel):
    """A file that was uploaded. `size` is in bytes, `sha256` in hexadecimal.

    `media_type` is what the content was found to be. `flags` say what to know before opening it: `encrypted`,
    `macros`, `archives` (others inside), `executable`, `active` (HTML or SVG, which can hold scripts).
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    flags: list[str]
    principal: str
    created_at: dt.datetime
