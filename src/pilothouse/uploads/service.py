"""The rules of uploads: a file is taken in whole, looked at, and only then kept under its digest."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import IO
from uuid import UUID

import orjson
import structlog

from pilothouse.errors import Conflict, NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.pagination import Page
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.kit.verified import verified
from pilothouse.runtime.guarding import Guard, Inlet, Passage, Unguarded, file_name
from pilothouse.runtime.ports import ArtifactStore, Statement
from pilothouse.runtime.uploaded import Opened, UploadDamaged
from pilothouse.uploads.errors import UploadIncomplete, UploadQuotaReached, UploadsFull, UploadTooLarge
from pilothouse.uploads.inspecting import Verdict, inspected
from pilothouse.uploads.names import LONGEST, display_name
from pilothouse.uploads.repository import UploadRepository
from pilothouse.uploads.room import Bounds, Reservation, Room
from pilothouse.uploads.schemas import Upload, UploadQuery
from pilothouse.uploads.tables import UploadRow

log = structlog.get_logger(__name__)

PIECE = 1 << 20
"""Bytes that are written at once, which is all of a file that is ever held in memory."""

SPARE = 256 << 20
"""Bytes of the disk that uploads leave free."""


class Receiving:
    """Takes files in. No connection of the database is held while one is on its way."""

    def __init__(
        self,
        database: Database,
        store: ArtifactStore,
        ids: Ids,
        clock: Clock,
        *,
        folder: Path,
        largest: int,
        scope: Scope,
        bounds: Bounds | None = None,
        guard: Guard | None = None,
    ) -> None:
        """Files of at most `largest` bytes lie in `folder`, nameless, until they were looked at.

        So many are under way at once, and kept, as `bounds` say. Their names pass the `guard`.
        """
        self._guard = guard or Unguarded()
        self._room = Room(database, ids, scope, bounds or Bounds())
        self._store = store
        self._ids = ids
        self._clock = clock
        self._folder = folder
        self._largest = largest
        self._scope = scope

    async def receive(
        self,
        pieces: AsyncIterator[bytes],
        said: Callable[[], tuple[str, str]],
        announced: int | None = None,
    ) -> Upload:
        """Keep a file. `said` gives its name and media type, once its first piece was read.

        Raises `UploadTooLarge`, `UploadIncomplete`, `ContentMismatch`, `UnsafeArchive`, `UploadsFull`,
        `TooManyUploads` or `UploadQuotaReached`.
        """
        await asyncio.to_thread(self._check_space, announced or 0)
        async with self._room.reserved(announced, self._largest) as reservation:
            with await asyncio.to_thread(self._spool) as file:
                size, sha256 = await self._spooled(pieces, file, reservation)
                name, declared = said()
                verdict = await asyncio.to_thread(inspected, file, size, declared)
                upload_id = self._ids.new()
                name, told = await self._named(upload_id, display_name(name))
                await self._store.put_file(self._scope.tenant_id, sha256, file)
            row = self._row(upload_id, name, size, sha256, verdict)
            upload = Upload.model_validate(row)
            await self._room.keep(row, reservation, told)
            log.info("upload_kept", upload_id=str(upload.id), size=size, media_type=upload.media_type)
            return upload

    async def _named(self, upload_id: UUID, name: str) -> tuple[str, Sequence[Statement]]:
        """A name as everybody who lists uploads may read it, and what records why. Raises `Blocked`."""
        scope = self._scope
        passage = Passage(
            Inlet.NAME, scope.tenant_id, upload_id, self._clock.now(), by=scope.principal, of_run=False
        )
        found = await self._guard.check(passage, orjson.dumps(name))
        return file_name(orjson.loads(found.data))[:LONGEST], found.told

    async def _spooled(
        self, pieces: AsyncIterator[bytes], file: IO[bytes], reservation: Reservation
    ) -> tuple[int, str]:
        digest, waiting, size = hashlib.sha256(), bytearray(), 0

        def write(block: bytes) -> None:
            digest.update(block)
            file.write(block)
            self._check_space(0)  # others write to the same disk meanwhile

        try:
            async for piece in pieces:
                size += len(piece)
                if size > self._largest:
                    raise self._too_large()
                if size > reservation.bytes:
                    raise UploadQuotaReached(
                        f"There is room for {reservation.bytes:,} bytes, and the file has more."
                    )
                waiting += piece
                if len(waiting) >= PIECE:
                    block, waiting = bytes(waiting), bytearray()
                    await asyncio.to_thread(write, block)
            await asyncio.to_thread(write, bytes(waiting))
            await asyncio.to_thread(file.flush)
        except OSError as error:
            raise UploadsFull(
                f"The file cannot be written: {error.strerror}.", hint="Try again later."
            ) from error
        if size == 0:
            raise UploadIncomplete("The file is empty.")
        return size, digest.hexdigest()

    def _row(self, upload_id: UUID, name: str, size: int, sha256: str, verdict: Verdict) -> UploadRow:
        return UploadRow(
            id=upload_id,
            tenant_id=self._scope.tenant_id,
            engagement_id=self._scope.engagement_id,
            name=name,
            media_type=verdict.media_type,
            flags=list(verdict.flags),
            size=size,
            sha256=sha256,
            principal=self._scope.principal,
            created_at=self._clock.now(),
        )

    def _spool(self) -> IO[bytes]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=self._folder)

    def _check_space(self, announced: int) -> None:
        """Raise `UploadTooLarge`, or `UploadsFull` where a file of so many bytes would fill the disk."""
        if announced > self._largest + PIECE:  # the form around it
            raise self._too_large()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < announced + SPARE:
            raise UploadsFull(hint="Free some space where the server keeps its data, or try again later.")

    def _too_large(self) -> UploadTooLarge:
        return UploadTooLarge(f"The file is larger than {self._largest:,} bytes, which is the most accepted.")


class Uploads:
    """The uploads that a scope may see."""

    def __init__(self, repository: UploadRepository, store: ArtifactStore, scope: Scope) -> None:
        """Read rows through `repository` and bytes from `store`."""
        self._repository = repository
        self._store = store
        self._scope = scope

    async def page(self, query: UploadQuery) -> Page[Upload]:
        """The wanted uploads, the newest first."""
        rows = await self._repository.page(query)
        return Page(items=[Upload.model_validate(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def show(self, upload_id: UUID) -> Upload:
        """An upload without its bytes. Raises `NotFound`."""
        return Upload.model_validate(await self._row(upload_id))

    async def content(self, upload: Upload) -> AsyncIterator[bytes]:
        """The bytes in pieces, of which the first is read before this returns.

        Their digest is checked before the last piece is given; `UploadDamaged` is raised where it is another.
        """
        stored = self._store.read(self._scope.tenant_id, upload.sha256)
        pieces = verified(stored, upload.sha256, _damage(upload))
        first = await anext(pieces, b"")

        async def following() -> AsyncIterator[bytes]:
            yield first
            async for piece in pieces:
                yield piece

        return following()

    async def remove(self, upload_id: UUID) -> None:
        """Delete an upload. Raises `NotFound`, and `Conflict` while a run that has not ended uses it."""
        row = await self._row(upload_id, locked=True)
        if await self._repository.is_used(upload_id):
            raise Conflict(
                f"A run that has not ended has opened upload {upload_id}.",
                hint="Wait for the run, or cancel it; then delete the upload.",
            )
        await self._repository.remove(row)
        log.info("upload_deleted", upload_id=str(upload_id))

    async def _row(self, upload_id: UUID, *, locked: bool = False) -> UploadRow:
        row = await self._repository.get(upload_id, locked=locked)
        if row is None:
            raise NotFound(f"There is no upload {upload_id}.")
        return row


class UploadFinder:
    """What the engine asks for runs: an upload of the run's own tenant and engagement, and its bytes."""

    def __init__(self, database: Database, store: ArtifactStore) -> None:
        """Find rows in `database` and bytes in `store`."""
        self._database = database
        self._store = store

    async def find(self, scope: Scope, run_id: UUID, upload_id: UUID) -> Opened:
        """What there is to know of an upload. Raises `NotFound`, also for another tenant's."""
        async with self._database.session(scope) as session:
            found = await UploadRepository(session, scope).open_for(run_id, upload_id)
        if found is None:
            raise NotFound(f"There is no upload {upload_id}.", hint="Upload the file again.")
        return Opened.model_validate(found)

    def read(
        self, tenant_id: str, sha256: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`, in pieces."""
        return self._store.read(tenant_id, sha256, start, end)


def _damage(upload: Upload) -> UploadDamaged:
    return UploadDamaged(
        f"The stored bytes of upload {upload.id} are not those that were sent.",
        hint="Restore them from a backup, or upload the file again.",
    )
