"""Entries that are written together, also where the database is away for a while."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest

from pilothouse.audit.batching import PATIENCE, AuditBatch
from pilothouse.audit.errors import AuditBehind
from pilothouse.audit.service import Kind, entry
from pilothouse.kit.ids import Ids
from pilothouse.kit.session import Database
from pilothouse.runtime.ports import Statement


def entries(count: int, *tenants: str) -> list[Statement]:
    ids, at = Ids(), dt.datetime.now(dt.UTC)
    return [
        entry(ids.new(), tenant, at, Kind.MODEL, "key:1", "one:m") for tenant in tenants for _ in range(count)
    ]


def written(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("select count(*) from audit_inbox").fetchone()
    assert row is not None
    return int(row[0])


async def test_entries_of_all_tenants_are_written_together_and_at_the_end(conninfo: str) -> None:
    database = Database(conninfo, connections=1)
    batch = AuditBatch(database)
    batch.add(entries(3, "default", "acme"))
    batch.add([])
    await batch.close()
    await database.close()
    assert written(conninfo) == 6


async def test_where_nothing_can_be_written_more_is_refused(conninfo: str) -> None:
    now = [0.0]
    database = Database("postgresql://nobody@127.0.0.1:1/none", connections=1, patience=0.1)
    batch = AuditBatch(database, now=lambda: now[0])
    batch.insist()
    batch.add(entries(1, "default"))
    batch.insist()
    now[0] = PATIENCE + 1
    with pytest.raises(AuditBehind):
        batch.insist()
    await batch.close()
    await database.close()
