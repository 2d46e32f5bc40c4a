"""Where artifacts' bytes lie: an object store with one key for each tenant and digest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore

from pilothouse.errors import NotFound

CHUNK = 1 << 20


class ObjectArtifacts:
    """Keeps bytes in an object store: a local folder now, a bucket by configuration later.

    The store is called from our threads. Its own asynchronous functions answer from threads of theirs,
    which may meet an interpreter that is already shutting down, and then abort the process.
    """

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        """Use `store`, whose keys are this class's business alone; `folder` is where a local one lies."""
        self._store = store
        self._folder = folder

    @classmethod
    def local(cls, folder: Path) -> ObjectArtifacts:
        """A store in a folder that only its owner can read."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(LocalStore(folder), folder)

    async def put(self, tenant_id: str, sha256: str, content: bytes) -> None:
        """Keep `content` under its digest; once this returns, a power cut does not take it."""
        key = self._key(tenant_id, sha256)
        await asyncio.to_thread(obstore.put, self._store, key, content)
        if self._folder is not None:
            await asyncio.to_thread(_sync, self._folder / key, self._folder)

    async def read(
        self, tenant_id: str, sha256: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`, in pieces. Raises `NotFound` where they are gone."""
        key = self._key(tenant_id, sha256)
        try:
            size = int((await asyncio.to_thread(obstore.head, self._store, key))["size"])
        except FileNotFoundError:
            raise NotFound(f"The bytes of artifact {sha256[:12]} are not in the store.") from None
        stop = size if end is None else min(end, size)
        while start < stop:
            following = min(start + CHUNK, stop)
            yield bytes(
                await asyncio.to_thread(obstore.get_range, self._store, key, start=start, end=following)
            )
            start = following

    @staticmethod
    def _key(tenant_id: str, sha256: str) -> str:
        return f"{tenant_id}/{sha256[:2]}/{sha256}"


def _sync(path: Path, top: Path) -> None:
    """Have the disk write a file and the folders down to it: the local store does not wait for that."""
    for each in (path, *path.parents):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if each == top:
            return
