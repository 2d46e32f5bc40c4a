"""Pages of a list, newest first: an opaque cursor names the last item of the page before."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

T = TypeVar("T")

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
"""Items on a page: by default, and at most."""


def cursor_of(last: UUID) -> str:
    """The cursor of the page that follows the item `last`."""
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def read_cursor(text: object) -> UUID | None:
    """The item that a cursor names; raises `ValueError` for anything that `cursor_of` has not made."""
    if text is None:
        return None
    message = "is no cursor: pass `next_cursor` of the page before"
    try:
        found = UUID(bytes=base64.b64decode(f"{text}==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise ValueError(message) from None
    if cursor_of(found) != text:
        raise ValueError(message)
    return found


Cursor = Annotated[
    UUID | None,
    BeforeValidator(read_cursor),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9_-]{21}[AQgw]$"}),
]


class PageQuery(BaseModel):
    """Which page of a list is wanted. Unknown parameters are refused: a misspelt filter would do nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Items on the page.")
    cursor: Cursor = Field(default=None, description="`next_cursor` of the page before.")


class Page(BaseModel, Generic[T]):
    """One page. Without `next_cursor` it is the last one."""

    model_config = ConfigDict(frozen=True)

    items: list[T]
    next_cursor: str | None = None
