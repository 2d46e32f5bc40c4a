"""Contents that are stored sealed: under a key of their own, which is sealed in the row that names them.

They are the artifacts of personal runs, and all uploads.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import IO, NamedTuple
from uuid import UUID

from pilothouse.kit.sealing import Place, SealedColumn
from pilothouse.runtime.entries import Codec, PayloadUnreadable
from pilothouse.runtime.ports import ArtifactSink, ArtifactStore
from pilothouse.runtime.sealing import Sealing

COLUMN = SealedColumn("artifacts", "content_key")
"""Where the keys of artifacts stand, sealed; in other tables the column is called so, too."""


class Stored(NamedTuple):
    """Where the bytes of a content are: the digest under which they are stored, their own one, and their key.

    `key` is sealed, and None where the bytes are stored as they are; both digests are the same then.
    """

    sha256: str
    content_sha256: str
    key: bytes | None = None


def place_of(tenant_id: str, row_id: UUID, table: str = COLUMN.table) -> Place:
    """The place of the key of a content that a row of `table` names."""
    return Place(tenant_id, table, str(row_id), COLUMN.column)


async def put(store: ArtifactSink, sealing: Sealing, place: Place, sha256: str, content: bytes) -> Stored:
    """Store a content, whose digest is `sha256`, sealed with a new key, which is sealed for `place`.

    Raises what the store and the sealer raise.
    """
    from pilothouse.kit import chunked, cipher

    key = cipher.new_key()
    sealed = await asyncio.to_thread(chunked.seal_content, key, content)
    stored = await asyncio.to_thread(lambda: hashlib.sha256(sealed).hexdigest())
    _, kept = await sealing.seal(place, Codec.PLAIN, key)
    await store.put(place.tenant_id, stored, sealed)
    return Stored(stored, sha256, kept)


async def seal_file(
    sealing: Sealing, place: Place, sha256: str, file: IO[bytes], write: Callable[[bytes], object]
) -> Stored:
    """Seal the content of a file, whose digest is `sha256`, likewise: `write` is given what is to be stored.

    It is called in a thread, with one piece after the other. Raises what it, the file and the sealer raise.
    """
    from pilothouse.kit import chunked, cipher

    key, digest = cipher.new_key(), hashlib.sha256()
    _, kept = await sealing.seal(place, Codec.PLAIN, key)

    def work() -> None:
        for piece in chunked.seal_file(key, file):
            digest.update(piece)
            write(piece)

    await asyncio.to_thread(work)
    return Stored(digest.hexdigest(), sha256, kept)


class SealedContent:
    """The bytes of one content."""

    def __init__(
        self, store: ArtifactStore, tenant_id: str, sha256: str, size: int, key: bytes | None
    ) -> None:
        """Read them from `store`; they are opened with `key` where there is one."""
        self._store = store
        self._place = tenant_id, sha256
        self._size = size
        self._key = key

    async def part(self, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`, in pieces.

        Raises `NotFound` where they are gone, `PayloadUnreadable` where they are not those that were sealed.
        """
        if self._key is None:
            async for piece in self._store.read(*self._place, start, end):
                yield piece
            return
        from pilothouse.kit import chunked, cipher

        stored = self._store.read(*self._place, *chunked.stored_span(self._size, start, end))
        try:
            async for piece in chunked.open_span(self._key, stored, self._size, start, end):
                yield piece
        except cipher.Tampered:
            raise PayloadUnreadable(
                f"The stored bytes {self._place[1][:12]} of a content are damaged.",
                hint="Restore them from a backup, or make them again.",
            ) from None


async def read(
    store: ArtifactStore, sealing: Sealing, place: Place, stored: Stored, size: int
) -> SealedContent:
    """What is stored of a content of `size` bytes, whose key is sealed for `place`, to be read in parts.

    Raises `PayloadErased` where its key is destroyed, `PayloadUnreadable` where that is damaged.
    """
    if stored.key is None:
        return SealedContent(store, place.tenant_id, stored.sha256, size, None)
    _, key = await sealing.open(place, stored.key)
    return SealedContent(store, place.tenant_id, stored.sha256, size, key)
