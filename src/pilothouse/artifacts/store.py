"""Where artifacts' bytes lie: an object store with one key for each tenant and digest."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from pilothouse.errors import NotFound, SettingsInvalid, Unavailable

P = ParamSpec("P")
T = TypeVar("T")

CHUNK = 1 << 20
FILE_PART = 8 << 20
"""Bytes that are read at once, and that one part of a large file has in a bucket."""
RETRIES = 3
RETRY_FOR = dt.timedelta(seconds=20)
"""How often and how long a request to a bucket is made again, before whoever asked is told."""


class ArtifactsUnavailable(Unavailable):
    """The place where artifacts are kept does not answer."""

    code = "artifacts_unavailable"


class ObjectArtifacts:
    """Keeps bytes in an object store: a local folder, or a bucket.

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

    @classmethod
    def at(cls, url: str) -> ObjectArtifacts:
        """The store that a URL names: `s3://bucket/prefix`, `gs://...`, `az://...` or `file:///folder`.

        Credentials, region and endpoint come from the usual variables (`AWS_...`, `GOOGLE_...`, `AZURE_...`)
        or from the machine's own role. Raises `SettingsInvalid` where they cannot be used.
        """
        if url.startswith("file://"):
            return cls.local(Path(url.removeprefix("file://")))
        try:
            store = from_url(
                url,
                client_options={
                    "timeout": "60s",
                    "connect_timeout": "5s",
                    "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"},
                },
                retry_config={"max_retries": RETRIES, "retry_timeout": RETRY_FOR},
            )
        except (BaseError, ValueError) as error:
            raise SettingsInvalid(
                f"artifacts_url cannot be used: {error}", hint="See docs/guides/artifacts.md."
            ) from None
        return cls(store)

    async def put(self, tenant_id: str, sha256: str, content: bytes) -> None:
        """Keep `content` under its digest; once this returns, a power cut does not take it."""
        key = self._key(tenant_id, sha256)
        await _ask(obstore.put, self._store, key, content)
        if self._folder is not None:
            await asyncio.to_thread(_sync, self._folder / key, self._folder)

    async def put_file(self, tenant_id: str, sha256: str, file: IO[bytes]) -> None:
        """As `put`, for a file of any size: a few MiB of it are in memory at a time."""
        key = self._key(tenant_id, sha256)
        file.seek(0)
        await _ask(obstore.put, self._store, key, file, chunk_size=FILE_PART, max_concurrency=2)
        if self._folder is not None:
            await asyncio.to_thread(_sync, self._folder / key, self._folder)

    async def read(
        self, tenant_id: str, sha256: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`, in pieces. Raises `NotFound` where they are gone."""
        key = self._key(tenant_id, sha256)
        try:
            size = int((await _ask(obstore.head, self._store, key))["size"])
        except FileNotFoundError:
            raise NotFound(f"The bytes of artifact {sha256[:12]} are not in the store.") from None
        stop = size if end is None else min(end, size)
        while start < stop:
            following = min(start + CHUNK, stop)
            yield bytes(await _ask(obstore.get_range, self._store, key, start=start, end=following))
            start = following

    async def remove(self, tenant_id: str, sha256: str, put_before: dt.datetime) -> bool:
        """Remove a content, unless it was put again since `put_before`; whether it is gone."""
        key = self._key(tenant_id, sha256)
        try:
            found = await _ask(obstore.head, self._store, key)
        except FileNotFoundError:
            return True
        if found["last_modified"] >= put_before:
            return False
        await _ask(obstore.delete, self._store, key)
        return True

    async def close(self) -> None:
        """Nothing is kept open."""

    @staticmethod
    def _key(tenant_id: str, sha256: str) -> str:
        return f"{tenant_id}/{sha256[:2]}/{sha256}"


async def _ask(call: Callable[P, T], *args: P.args, **said: P.kwargs) -> T:
    """What `call` returns, from a thread. Raises `FileNotFoundError` or `ArtifactsUnavailable`."""
    try:
        return await asyncio.to_thread(call, *args, **said)
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise ArtifactsUnavailable(
            f"The artifact store does not answer: {str(error).splitlines()[0]}",
            hint="`pilothouse doctor` tries it; runs go on by themselves once it is back.",
        ) from error


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
