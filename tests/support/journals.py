"""Journals written by hand, as another process would write them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg

from pilothouse.kit.ids import Ids

RUN = """
insert into runs (id, tenant_id, workflow, version, pin, status, seq)
values (%s, %s, %s, 1, %s || '@1', 'waiting', 0)
"""
ENTRY = """
with run as (update runs set seq = seq + 1 where id = %s returning id, tenant_id, seq),
entry as (
  insert into journal (run_id, seq, tenant_id, kind, key, payload)
  select id, seq, tenant_id, %s, %s, convert_to(%s, 'UTF8') from run returning seq)
select seq from entry
"""
FLOOD = """
with run as (update runs set seq = seq + %s where id = %s returning id, tenant_id, seq),
entry as (
  insert into journal (run_id, seq, tenant_id, kind, key, payload)
  select id, number, tenant_id, 'emitted', '', convert_to('"' || repeat('x', %s) || '"', 'UTF8')
    from run, generate_series(seq - %s + 1, seq) as number returning seq)
select max(seq), pg_notify('pilothouse_journal', %s) from entry
"""
TOLD = "select pg_notify('pilothouse_journal', %s)"

Connection = psycopg.AsyncConnection[Any]


@asynccontextmanager
async def connected(conninfo: str) -> AsyncIterator[Connection]:
    """A connection of another process."""
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        yield connection


async def make_run(connection: Connection, tenant_id: str = "default", workflow: str = "made") -> UUID:
    """A run without entries that nobody executes."""
    run_id = Ids().new()
    await connection.execute(RUN, (run_id, tenant_id, workflow, workflow))
    return run_id


async def write(
    connection: Connection,
    run_id: UUID,
    count: int = 1,
    *,
    kind: str = "emitted",
    key: str = "",
    told: bool = True,
) -> int:
    """Append entries to a run, all in one transaction, and tell of it; the number of the last one."""
    async with connection.transaction():
        for _ in range(count):
            cursor = await connection.execute(ENTRY, (run_id, kind, key, '{"progress":{"message":"x"}}'))
            row = await cursor.fetchone()
        if told:
            await connection.execute(TOLD, (str(run_id),))
    return int(row[0])


async def flood(connection: Connection, run_id: UUID, count: int, size: int) -> int:
    """Append many entries of `size` bytes to a run at once, and tell of it; the number of the last one."""
    cursor = await connection.execute(FLOOD, (count, run_id, size, count, str(run_id)))
    row = await cursor.fetchone()
    return int(row[0])
