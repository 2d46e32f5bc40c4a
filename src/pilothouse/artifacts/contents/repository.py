"""The artifact store over PostgreSQL: a content is a number of rows of at most 1 MiB, all of them or none."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import IO

from pilothouse.errors import NotFound
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.ports import ArtifactStore

PART = 1 << 20
"""Bytes of one row, but for the last."""

TOUCH = """
update artifact_contents set put_at = now() where tenant_id = %s and sha256 = %s and part = 0 returning 1
"""
INSERT = """
insert into artifact_contents (tenant_id, sha256, part, bytes) values (%s, %s, %s, %s) on conflict do nothing
"""
HELD = "select 1 from artifact_contents where tenant_id = %s and sha256 = %s and part = 0"
READ = "select bytes from artifact_contents where tenant_id = %s and sha256 = %s and part = %s"
REMOVE = """
with first as (
  delete from artifact_contents
   where tenant_id = %s and sha256 = %s and part = 0 and put_at < %s returning 1),
others as (
  delete from artifact_contents
   where tenant_id = %s and sha256 = %s and part > 0 and exists (select from first) returning 1)
select exists (select from first)
    or not exists (select from artifact_contents where tenant_id = %s and sha256 = %s and part = 0),
       (select count(*) from others)
"""
"""The first row decides, under its lock: a content that was put again meanwhile stays whole."""


class DatabaseArtifacts:
    """Keeps contents in the table `artifact_contents`. `former` is asked for what was put before that.

    Puts and reads have a connection each, which holds nothing between two rows: behind a transaction pooler
    it works as well, and a content that is read slowly keeps no transaction open.
    """

    def __init__(self, conninfo: str, former: ArtifactStore | None = None, *, prepare: bool = True) -> None:
        """Nothing is opened before the first use, within the running event loop."""
        self._puts = Lane(conninfo, purpose="artifact-puts", prepare=prepare)
        self._files = Lane(conninfo, purpose="artifact-files", prepare=prepare)
        self._reads = Lane(conninfo, purpose="artifact-reads", prepare=prepare)
        self._former = former

    async def put(self, tenant_id: str, sha256: str, content: bytes) -> None:
        """Keep `content` under its digest. What is there already is marked as put now."""
        if await self._puts.rows(TOUCH, (tenant_id, sha256)):
            return
        async with self._puts.held() as connection, connection.transaction():
            for part, start in enumerate(range(0, len(content) or 1, PART)):
                row = (tenant_id, sha256, part, content[start : start + PART])
                await connection.execute(INSERT.encode(), row)

    async def put_file(self, tenant_id: str, sha256: str, file: IO[bytes]) -> None:
        """As `put`, one row after the other; on a connection of its own, as it may take minutes."""
        if await self._puts.rows(TOUCH, (tenant_id, sha256)):
            return
        file.seek(0)
        async with self._files.held() as connection, connection.transaction():
            part = 0
            while (piece := await asyncio.to_thread(file.read, PART)) or part == 0:
                await connection.execute(INSERT.encode(), (tenant_id, sha256, part, piece))
                part += 1

    async def read(
        self, tenant_id: str, sha256: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`, in pieces. Raises `NotFound` where they are gone."""
        if not await self._reads.rows(HELD, (tenant_id, sha256)):
            async for piece in self._read_former(tenant_id, sha256, start, end):
                yield piece
            return
        part, skipped = divmod(start, PART)
        while end is None or part * PART < end:
            async with self._reads.held() as connection:
                cursor = await connection.execute(READ.encode(), (tenant_id, sha256, part), binary=True)
                row = await cursor.fetchone()
            if row is None:
                return
            if piece := row[0][skipped : None if end is None else end - part * PART]:
                yield piece
            part, skipped = part + 1, 0

    async def remove(self, tenant_id: str, sha256: str, put_before: dt.datetime) -> bool:
        """Remove a content, unless it was put again since `put_before`; whether it is gone."""
        named = (tenant_id, sha256)
        ((gone, _),) = await self._puts.rows(REMOVE, (*named, put_before, *named, *named))
        removed = bool(gone)
        if self._former is not None:
            removed = await self._former.remove(tenant_id, sha256, put_before) and removed
        return removed

    async def close(self) -> None:
        """Close the connections."""
        await self._puts.close()
        await self._reads.close()
        await self._files.close()

    async def _read_former(
        self, tenant_id: str, sha256: str, start: int, end: int | None
    ) -> AsyncIterator[bytes]:
        if self._former is None:
            raise NotFound(f"The bytes of artifact {sha256[:12]} are not in the database.")
        async for piece in self._former.read(tenant_id, sha256, start, end):
            yield piece
