"""A tar archive (POSIX.1-2001, pax) that is written piece by piece, and handed on in parts of one size."""

from __future__ import annotations

import datetime as dt
import hashlib
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

PART = 8 << 20
"""Bytes of one part, but for the last."""


@dataclass(frozen=True)
class Member:
    """What an archive has written under a name."""

    name: str
    size: int
    sha256: str


class Archive:
    """Writes members one after the other; `sink` is given the archive in parts of at most `part` bytes."""

    def __init__(
        self, sink: Callable[[bytes], Awaitable[None]], made_at: dt.datetime, part: int = PART
    ) -> None:
        """Every member is dated `made_at`."""
        self._sink = sink
        self._stamp = int(made_at.timestamp())
        self._most = part
        self._buffer = bytearray()

    async def add(self, name: str, content: bytes) -> Member:
        """Write a member that is in memory."""

        async def pieces() -> AsyncIterator[bytes]:
            yield content

        return await self.stream(name, len(content), pieces())

    async def stream(self, name: str, size: int, pieces: AsyncIterator[bytes]) -> Member:
        """Write a member of `size` bytes as they come; the digest is of what came.

        What is too much is left out and what is missing is filled up, so that the archive stays whole: the
        digest then is another than what was expected.
        """
        header = tarfile.TarInfo(name)
        header.size, header.mtime, header.mode = size, self._stamp, 0o600
        await self._write(header.tobuf(tarfile.PAX_FORMAT))
        digest, left = hashlib.sha256(), size
        async for piece in pieces:
            digest.update(piece)
            await self._write(piece[:left])
            left -= min(left, len(piece))
        for _ in range(left // self._most):
            await self._write(bytes(self._most))
        await self._write(bytes(left % self._most) + bytes(-size % tarfile.BLOCKSIZE))
        return Member(name, size, digest.hexdigest())

    async def close(self) -> None:
        """Write the end of the archive."""
        await self._write(bytes(2 * tarfile.BLOCKSIZE))
        if self._buffer:
            await self._sink(bytes(self._buffer))
            self._buffer.clear()

    async def _write(self, content: bytes) -> None:
        self._buffer += content
        while len(self._buffer) >= self._most:
            await self._sink(bytes(self._buffer[: self._most]))
            del self._buffer[: self._most]
