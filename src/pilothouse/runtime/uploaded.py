"""Uploads as the engine knows them: how an input names one, what is journalled, where they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from pilothouse.errors import NotFound, PilothouseError
from pilothouse.kit.scope import Scope
from pilothouse.runtime.replacing import Replaced


class UploadDamaged(PilothouseError):
    """The stored bytes of an upload are not those that were sent."""

    code = "upload_damaged"


class Upload(BaseModel):
    """Names a file that was uploaded; in the input of a workflow it is written as `{"id": "..."}`."""

    model_config = ConfigDict(frozen=True)

    id: UUID


class Opened(Upload):
    """What is known of an upload, as it is journalled. `size` is in bytes.

    `flags` say what to know before opening it, such as `encrypted` or `macros`; `replaced` says what a guard
    has masked in it.
    """

    name: str
    media_type: str
    size: int
    sha256: str
    flags: tuple[str, ...] = ()
    replaced: Replaced | None = None


class UploadSource(Protocol):
    """Where uploads are found."""

    async def find(self, scope: Scope, run_id: UUID, upload_id: UUID) -> Opened:
        """An upload that the run may open; from now on the run uses it. Raises `NotFound`."""
        ...

    def read(
        self, scope: Scope, upload_id: UUID, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end` of what was sent, in pieces.

        Raises `NotFound` where the upload or its bytes are gone, `PayloadErased` where their key is
        destroyed, and `UploadDamaged`.
        """
        ...


class NoUploads:
    """There are none."""

    async def find(self, scope: Scope, run_id: UUID, upload_id: UUID) -> Opened:
        """Raise `NotFound`."""
        raise NotFound(f"There is no upload {upload_id}.")

    def read(
        self, scope: Scope, upload_id: UUID, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """Raise `NotFound`."""
        raise NotFound(f"There is no upload {upload_id}.")
