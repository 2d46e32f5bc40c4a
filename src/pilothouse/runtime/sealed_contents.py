"""The bytes of a personal run's artifacts: stored under a key of their own, which is sealed in their row."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID

from pilothouse.kit.sealing import Place, SealedColumn
from pilothouse.runtime.entries import Codec, PayloadUnreadable
from pilothouse.runtime.payloads import Payloads
from pilothouse.runtime.ports import ArtifactSink, ArtifactStore

COLUMN = SealedColumn("artifacts", "content_key")
"""Where the keys of contents stand, sealed."""


class Stored(NamedTuple):
    """Where an artifact's bytes are: the digest under which they are stored, their own one, and their key.

    `key` is sealed, and None where the bytes are stored as they are; both digests are the same then.
    """

    sha256: str
    content_sha256: str
    key: bytes | None = None


async def put(
    store: ArtifactSink, payloads: Payloads, tenant_id: str, artifact_id: UUID, sha256: str, content: bytes
) -> Stored:
    """Store the content of a personal run's artifact, whose digest is `sha256`.

    Raises what the store and the sealer raise.
    """
    from pilothouse.kit import chunked, cipher

    key = cipher.new_key()
    sealed = await asyncio.to_thread(chunked.seal_content, key, content)
    stored = await asyncio.to_thread(lambda: hashlib.sha256(sealed).hexdigest())
    _, kept = await payloads.sealing.seal(_place(tenant_id, artifact_id), Codec.PLAIN, key)
    await store.put(tenant_id, stored, sealed)
    return Stored(stored, sha256, kept)


class SealedContent:
    """The bytes of one artifact."""

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
                f"The stored bytes {self._place[1][:12]} of an artifact are damaged.",
                hint="Restore them from a backup, or retry the run.",
            ) from None


async def read(
    store: ArtifactStore, payloads: Payloads, tenant_id: str, artifact_id: UUID, stored: Stored, size: int
) -> SealedContent:
    """What is stored of an artifact of `size` bytes, to be read in parts.

    Raises `PayloadErased` where its key is destroyed, `PayloadUnreadable` where that is damaged.
    """
    if stored.key is None:
        return SealedContent(store, tenant_id, stored.sha256, size, None)
    _, key = await payloads.sealing.open(_place(tenant_id, artifact_id), stored.key)
    return SealedContent(store, tenant_id, stored.sha256, size, key)


def _place(tenant_id: str, artifact_id: UUID) -> Place:
    return Place(tenant_id, COLUMN.table, str(artifact_id), COLUMN.column)
