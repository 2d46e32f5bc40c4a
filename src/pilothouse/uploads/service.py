"""The rules of uploads: a file is taken in whole, looked at, sealed, and only then kept under its digest."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
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
from pilothouse.kit.sealing import Place, Sealer
from pilothouse.kit.session import Database
from pilothouse.kit.verified import verified
from pilothouse.runtime import sealed_contents
from pilothouse.runtime.entries import PayloadUnreadable
from pilothouse.runtime.guarding import Guard, Inlet, Passage, Unguarded, file_name
from pilothouse.runtime.ports import ArtifactStore, Statement
from pilothouse.runtime.sealed_contents import Stored
from pilothouse.runtime.sealing import Sealing
from pilothouse.runtime.uploaded import Opened, UploadDamaged
from pilothouse.uploads.errors import UploadIncomplete, UploadQuotaReached, UploadsFull, UploadTooLarge
from pilothouse.uploads.inspecting import Verdict, inspected
from pilothouse.uploads.names import LONGEST, display_name
from pilothouse.uploads.repository import UploadRepository
from pilothouse.uploads.room import Bounds, Reservation, Room
from pilothouse.uploads.schemas import Upload, UploadQuery
from pilothouse.uploads.tables import SEALED, UploadRow

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
        sealer: Sealer,
        ids: Ids,
        clock: Clock,
        *,
        folder: Path,
        largest: int,
        scope: Scope,
        bounds: Bounds | None = None,
        guard: Guard | None = None,
    ) -> None:
        """Files of at most `largest` bytes lie in `folder`, nameless, until they were looked at and sealed.

        So many are under way at once, and kept, as `bounds` say. Their names pass the `guard`.
        """
        self._guard = guard or Unguarded()
        self._room = Room(database, ids, scope, bounds or Bounds())
        self._store = store
        self._sealing = Sealing(sealer)
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
            with await asyncio.to_thread(self._spool) as sealed:
                with await asyncio.to_thread(self._spool) as file:
                    size, sha256 = await self._spooled(pieces, file, reservation)
                    name, declared = said()
                    verdict = await asyncio.to_thread(inspected, file, size, declared)
                    upload_id = self._ids.new()
                    name, told = await self._named(upload_id, display_name(name))
                    stored = await self._sealed(upload_id, sha256, file, sealed)
                await self._store.put_file(self._scope.tenant_id, stored.sha256, sealed)
            row = self._row(upload_id, name, size, stored, verdict)
            upload = _shown(row)
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

        with _written():
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
        if size == 0:
            raise UploadIncomplete("The file is empty.")
        return size, digest.hexdigest()

    async def _sealed(self, upload_id: UUID, sha256: str, file: IO[bytes], sealed: IO[bytes]) -> Stored:
        """Write to `sealed` what is to be stored of a file with that digest; where, and with which key."""

        def write(piece: bytes) -> None:
            sealed.write(piece)
            self._check_space(0)

        place = _place(self._scope.tenant_id, upload_id)
        with _written():
            stored = await sealed_contents.seal_file(self._sealing, place, sha256, file, write)
            await asyncio.to_thread(sealed.flush)
        return stored

    def _row(self, upload_id: UUID, name: str, size: int, stored: Stored, verdict: Verdict) -> UploadRow:
        return UploadRow(
            id=upload_id,
            tenant_id=self._scope.tenant_id,
            engagement_id=self._scope.engagement_id,
            name=name,
            media_type=verdict.media_type,
            flags=list(verdict.flags),
            size=size,
            sha256=stored.sha256,
            content_sha256=stored.content_sha256,
            content_key=stored.key,
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
        if shutil.disk_usage(self._folder).free < 2 * announced + SPARE:  # and what is stored of it
            raise UploadsFull(hint="Free some space where the server keeps its data, or try again later.")

    def _too_large(self) -> UploadTooLarge:
        return UploadTooLarge(f"The file is larger than {self._largest:,} bytes, which is the most accepted.")


class Uploads:
    """The uploads that a scope may see."""

    def __init__(
        self, repository: UploadRepository, store: ArtifactStore, sealer: Sealer, scope: Scope
    ) -> None:
        """Read rows through `repository` and bytes from `store`, which `sealer` opens."""
        self._repository = repository
        self._store = store
        self._sealing = Sealing(sealer)
        self._scope = scope

    async def page(self, query: UploadQuery) -> Page[Upload]:
        """The wanted uploads, the newest first."""
        rows = await self._repository.page(query)
        return Page(items=[_shown(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def show(self, upload_id: UUID) -> Upload:
        """An upload without its bytes. Raises `NotFound`."""
        return _shown(await self._row(upload_id))

    async def content(self, upload: Upload) -> AsyncIterator[bytes]:
        """The bytes in pieces, of which the first is read before this returns.

        Raises `NotFound` where they are gone, and `PayloadErased` where their key is destroyed. Their digest
        is checked before the last piece is given; `UploadDamaged` is raised where it is another.
        """
        row = await self._row(upload.id)
        sent = _sent(self._store, self._sealing, row, 0, row.size)
        pieces = verified(sent, upload.sha256, _damage(upload.id))
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

    def __init__(self, database: Database, store: ArtifactStore, sealer: Sealer) -> None:
        """Find rows in `database` and bytes in `store`, which `sealer` opens."""
        self._database = database
        self._store = store
        self._sealing = Sealing(sealer)

    async def find(self, scope: Scope, run_id: UUID, upload_id: UUID) -> Opened:
        """What there is to know of an upload. Raises `NotFound`, also for another tenant's."""
        async with self._database.session(scope) as session:
            found = await UploadRepository(session, scope).open_for(run_id, upload_id)
        if found is None:
            raise _gone(upload_id)
        return Opened.model_validate(found)

    async def read(
        self, scope: Scope, upload_id: UUID, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end` of what was sent, in pieces of about 1 MiB.

        The key is looked up each time: no run reads on once it is destroyed, or the upload is deleted.
        """
        async with self._database.session(scope) as session:
            row = await UploadRepository(session, scope).get(upload_id)
        if row is None:
            raise _gone(upload_id)
        stop = row.size if end is None else min(end, row.size)
        if start < stop:
            async for piece in _sent(self._store, self._sealing, row, start, stop):
                yield piece


async def _sent(
    store: ArtifactStore, sealing: Sealing, row: UploadRow, start: int, end: int
) -> AsyncIterator[bytes]:
    """The bytes from `start` to before `end` of what was sent, in pieces, opened where they lie sealed."""
    place = _place(row.tenant_id, row.id)
    stored = Stored(row.sha256, row.content_sha256 or row.sha256, row.content_key)
    content = await sealed_contents.read(store, sealing, place, stored, row.size)
    try:
        async for piece in content.part(start, end):
            yield piece
    except PayloadUnreadable as error:
        raise _damage(row.id) from error


def _place(tenant_id: str, upload_id: UUID) -> Place:
    return sealed_contents.place_of(tenant_id, upload_id, SEALED.table)


def _shown(row: UploadRow) -> Upload:
    """An upload as it is told of, with the digest of what was sent."""
    shown = Upload.model_validate(row)
    return shown.model_copy(update={"sha256": row.content_sha256}) if row.content_sha256 else shown


@contextmanager
def _written() -> Iterator[None]:
    """The block writes to the disk. Raises `UploadsFull` where that fails."""
    try:
        yield
    except OSError as error:
        raise UploadsFull(
            f"The file cannot be written: {error.strerror}.", hint="Try again later."
        ) from error


def _gone(upload_id: UUID) -> NotFound:
    return NotFound(f"There is no upload {upload_id}.", hint="Upload the file again.")


def _damage(upload_id: UUID) -> UploadDamaged:
    return UploadDamaged(
        f"The stored bytes of upload {upload_id} are not those that were sent.",
        hint="Restore them from a backup, or upload the file again.",
    )
