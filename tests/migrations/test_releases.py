"""From every released version: its data is brought forward, its runs go on, its code still works."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit.ids import Ids
from pilothouse.migrations.upgrade import head, oldest, revision, upgrade
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import decode
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows
from support import released
from support.released import RELEASES, load
from support.waiting import rows

EXPECTED = {
    "finishing": b'{"output":42}',
    "asking": b'{"output":"42a"}',
    "sleeping": b'{"output":84}',
    "holding": b'{"output":43}',
    "failing": b'{"output":42}',
    "later": b'{"output":42}',
}
COLUMNS = """
select table_name, column_name, data_type, is_nullable = 'YES' or column_default is not null
  from information_schema.columns where table_schema = 'public' and table_name !~ '^journal_'
"""

pytestmark = pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)


def columns(conninfo: str) -> dict[tuple[str, str], tuple[str, bool]]:
    return {(table, name): (kind, lenient) for table, name, kind, lenient in rows(conninfo, COLUMNS)}


async def test_its_data_is_brought_forward_and_its_runs_go_on(
    new_database: Callable[..., str], release: Path, tmp_path: Path
) -> None:
    conninfo = new_database(None)
    load(conninfo, release)
    before = rows(conninfo, "select run_id, seq, kind, key, payload from journal order by 1, 2")
    assert upgrade(conninfo) == "0001"
    assert rows(conninfo, "select run_id, seq, kind, key, payload from journal order by 1, 2") == before
    runs: dict[str, UUID] = dict(rows(conninfo, "select workflow, id from runs"))
    engine = Engine(conninfo, Workflows(released.ALL), ObjectArtifacts.local(tmp_path))
    await engine.open()
    worker = engine.worker(WorkerSettings(poll=0.1, lease=1.0, grace=0.2))
    task = asyncio.create_task(worker.run())
    try:
        await engine.answer(runs["asking"], "ask:which", "a")
        await engine.retry(runs["failing"])
        async with asyncio.timeout(15):
            while set(rows(conninfo, "select status from runs")) != {("completed",)}:
                await asyncio.sleep(0.02)
        for name, output in EXPECTED.items():
            last = (await engine.journal(runs[name]))[-1]
            assert decode(last.codec, last.payload) == output
    finally:
        await worker.stop(drain=1)
        await task
        await engine.close()


def test_what_it_writes_is_still_taken(new_database: Callable[..., str], release: Path) -> None:
    conninfo = new_database(None)
    load(conninfo, release)
    before = columns(conninfo)
    upgrade(conninfo)
    after = columns(conninfo)
    for name, (kind, _) in before.items():
        assert after[name][0] == kind
    tables = {table for table, _ in before}
    added = {name: after[name][1] for name in after if name[0] in tables and name not in before}
    assert all(added.values()), added


def test_the_schema_says_that_its_code_works_on_it(new_database: Callable[..., str], release: Path) -> None:
    conninfo = new_database(None)
    load(conninfo, release)
    with psycopg.connect(conninfo) as connection:
        was = revision(connection)
    upgrade(conninfo)
    with psycopg.connect(conninfo) as connection:
        assert oldest(connection) <= was < head() == revision(connection)


def test_its_statements_still_do_what_they_did(new_database: Callable[..., str], release: Path) -> None:
    said = json.loads(release.with_suffix(".json").read_text())
    conninfo, ids = new_database(), Ids()
    run_id, worker_id, now = ids.new(), ids.new(), dt.datetime.now(dt.UTC)

    def send(name: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return rows(conninfo, said[name], *parameters)

    def append(epoch: int, kind: str, status: str | None, wake_at: dt.datetime | None = None) -> list[Any]:
        entry = ([run_id], [epoch], [kind], ["step"], [0], [b"1"], [None])
        return send("sql.APPEND", *entry, [run_id], [epoch], [status], [0], [wake_at], [False])

    row = ([run_id], ["default"], ["w"], [1], [0], ["me"], ["once"], [b"d"], [0], [b"21"])
    assert send("sql.SUBMIT", *row) == [(run_id,)]
    assert send("sql.SUBMIT", [ids.new()], *row[1:]) == []
    send("sql.HEARTBEAT", worker_id, 1, ["w@1"], "host", 1)
    send("sql.HEARTBEAT", worker_id, 1, ["w@1"], "host", 1)
    assert send("sql.CLAIM", ["w@1"], None, None, 5, worker_id) == [
        (run_id, "default", "w@1", 1, 0, "me", False)
    ]
    assert append(0, "completed", None) == []
    assert append(1, "completed", None)[0][:4] == (run_id, 1, 1, "running")
    question = (ids.new(), "default", run_id, "ask", 0, b"{}", None)
    send("asking.INSERT_QUESTION", *question)
    send("asking.CLOSE_QUESTION", "withdrawn", run_id, "ask")
    artifact = (ids.new(), "default", run_id, "save", "a.txt", "text/plain", 1, "00")
    send("saving.INSERT_ARTIFACT", *artifact)
    assert append(1, "slept", "waiting", now)[0][3] == "waiting"
    assert send("sql.WAKE_TIMERS", now, 10, now)[0][0] == 1
    assert len(send("sql.CLAIM", ["w@1"], None, None, 5, worker_id)) == 1
    assert send("sql.CANCELS", worker_id) == []
    assert send("sql.RELEASE", worker_id, [])[0][0] == 1
    send("sql.CLAIM", ["w@1"], None, None, 5, worker_id)
    rows(conninfo, "update workers set heartbeat_at = now() - interval '1 hour'")
    rows(conninfo, "select pg_sleep(0.01)")
    taken = send("sql.TAKE_OVER_ALL", 0, 0, 5, ids.new())
    assert [(found, losses) for found, losses, _ in taken] == [(run_id, 1)]
    status, seq, tenant = send("events.LOCK", run_id, "default")[0]
    assert (status, tenant) == ("queued", "default")
    send("events.INSERT", run_id, seq + 1, "default", "run_cancelled", "", 0, b"{}")
    send("events.MOVE", "cancelled", "cancelled", True, *["cancelled"] * 3, run_id)
    send("events.WITHDRAW_ALL", run_id)
    kinds = [found[1] for found in send("sql.READ", [run_id], 0)]
    assert kinds == ["submitted", "completed", "slept", "run_lost", "run_cancelled"]
