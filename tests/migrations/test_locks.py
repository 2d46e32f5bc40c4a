"""Migrations beside working processes: short waits, whole indexes, a clear word on who stands in the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import psycopg
import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from pilothouse.errors import Conflict
from pilothouse.migrations import post, statements
from pilothouse.migrations import upgrade as upgrading
from pilothouse.migrations.locks import Blockers, MigrationBlocked, Patience, patiently
from pilothouse.migrations.upgrade import SchemaTooNew, head, oldest, revision, upgrade
from pilothouse.runtime import partitions
from support.released import RELEASES, load
from support.waiting import rows

HURRIED = Patience(lock_timeout=0.5, attempts=2, pause=0.01)
INDEX = "create index concurrently runs_tried on runs (principal) where principal <> ''"
NewDatabase = Callable[..., str]


@contextmanager
def holding(conninfo: str, statement: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(conninfo, application_name="in-the-way") as connection:
        connection.execute(statement)
        yield connection


def execute(conninfo: str, *wanted: str) -> None:
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"transaction_per_migration": True})
        with Operations.context(context), context.begin_transaction(_per_migration=True):
            statements.execute(wanted)


@pytest.fixture(autouse=True)
def grown(monkeypatch: pytest.MonkeyPatch) -> None:
    """As within a migration of a database that has been used."""

    monkeypatch.setattr(statements, "context", SimpleNamespace(config=SimpleNamespace(attributes={})))


def indexes(conninfo: str, name: str) -> dict[str, bool]:
    found = "select relname, indisvalid from pg_index join pg_class on oid = indexrelid where relname ~ %s"
    return dict(rows(conninfo, found, name))


def test_a_migration_that_gets_no_lock_gives_up_and_says_who_holds_it(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the real thing
    conninfo = new_database(None)
    load(conninfo, RELEASES[0])
    with holding(conninfo, "lock table runs in row exclusive mode"):
        began = time.monotonic()
        with pytest.raises(MigrationBlocked, match=r"Migration 0002 .*in-the-way.*lock table runs"):
            upgrade(conninfo, HURRIED)
        assert time.monotonic() - began < 5
        assert rows(conninfo, "select version_num from alembic_version") == [("0001",)]
    assert upgrade(conninfo, HURRIED) == "0001"
    assert rows(conninfo, "select version_num from alembic_version") == [(head(),)]


def test_who_waits_for_a_migration_waits_no_longer_than_it_tries(new_database: NewDatabase) -> None:
    conninfo = new_database()
    waits: list[float] = []
    over = threading.Event()

    def read() -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            while not over.is_set():
                began = time.monotonic()
                connection.execute("select count(*) from runs")
                waits.append(time.monotonic() - began)

    def attempt(_: Blockers) -> None:
        with psycopg.connect(conninfo) as connection:
            connection.execute("set lock_timeout = '100ms'")
            connection.execute("alter table runs add column tried int")

    with holding(conninfo, "lock table runs in access share mode"):
        reader = threading.Thread(target=read)
        reader.start()
        with pytest.raises(MigrationBlocked):
            patiently("It", attempt, Patience(0.1, 3, 0.05))
        over.set()
        reader.join()
    assert len(waits) > 10
    assert max(waits) < 1


def test_an_index_is_built_beside_writers_and_what_a_broken_attempt_left_is_replaced(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    conninfo = new_database()
    monkeypatch.setattr(statements, "PATIENCE", 0.2)
    with (
        holding(conninfo, "insert into workers values (gen_random_uuid(), 1, '{}', 'h', 1, now(), now())"),
        psycopg.connect(conninfo) as writer,
    ):
        writer.execute("update runs set principal = '' where false")
        with pytest.raises(Exception, match="lock timeout"):
            execute(conninfo, INDEX)
    assert indexes(conninfo, "runs_tried") in ({"runs_tried": False}, {})
    execute(conninfo, INDEX)
    assert indexes(conninfo, "runs_tried") == {"runs_tried": True}
    execute(conninfo, INDEX)


def test_a_partitioned_table_gets_its_index_by_partition_and_new_partitions_have_it(
    new_database: NewDatabase,
) -> None:
    conninfo = new_database()
    wanted = "create index concurrently journal_tried on journal (kind) where kind = 'asked'"
    execute(conninfo, "alter table journal add column if not exists tried int", wanted)
    found = indexes(conninfo, "tried")
    assert all(found.values())
    assert {"journal_tried", "journal_default_tried"} <= set(found)
    assert len(found) == 6
    execute(conninfo, wanted)
    assert indexes(conninfo, "tried") == found


def test_indexes_come_before_all_else_so_that_an_attempt_can_be_made_again(new_database: NewDatabase) -> None:
    conninfo = new_database()
    with pytest.raises(Exception, match="no_such"):
        execute(conninfo, "create table tried (id int)", "select from no_such", INDEX)
    assert rows(conninfo, "select to_regclass('tried')") == [(None,)]
    assert indexes(conninfo, "runs_tried") == {"runs_tried": True}
    execute(conninfo, "create table tried (id int)", INDEX)


def test_partitions_are_left_for_later_while_somebody_keeps_the_journal(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    conninfo = new_database()
    monkeypatch.setattr(partitions, "PATIENCE", "50ms")
    ahead = partitions.dt.datetime(2044, 1, 1, tzinfo=partitions.dt.UTC)
    with holding(conninfo, "select count(*) from journal"):
        assert partitions.ensure_at(conninfo, ahead) == []
    assert len(partitions.ensure_at(conninfo, ahead)) == 4


def add_worker(conninfo: str, version: str) -> None:
    rows(
        conninfo,
        "insert into workers (id, lock_key, pins, host, pid, heartbeat_at, version)"
        " values (gen_random_uuid(), 1, '{}', 'h', 7, now(), %s)",
        version,
    )


def test_post_steps_wait_for_older_workers_and_then_older_code_is_refused(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    conninfo = new_database(None)
    upgrade(conninfo)
    add_worker(conninfo, "99.0.0")
    monkeypatch.setattr(upgrading, "revisions", lambda: {"0001": "engine"})
    assert upgrade(conninfo) > "0001"  # older code that begins now: nothing it needs is gone
    monkeypatch.undo()
    add_worker(conninfo, "")
    with pytest.raises(post.OlderProcesses, match=r"process 7 on h \(release 0\.1\.0\)"):
        post.make(conninfo)
    rows(conninfo, "delete from workers where version = ''")
    told: list[str] = []
    assert [step.name for step in post.make(conninfo, told=told.append)] == ["drop_runs_due"]
    assert told == ["drops the index runs_due, by which release 0.1.0 claims"]
    assert indexes(conninfo, "runs_due") == {}
    assert post.make(conninfo) == []
    with psycopg.connect(conninfo) as connection:
        assert (oldest(connection), post.pending(connection)) == ("0003", [])
    monkeypatch.setattr(upgrading, "revisions", lambda: {"0001": "engine"})
    with pytest.raises(SchemaTooNew, match="the oldest that still works is 0003"):
        upgrade(conninfo)


def test_a_post_step_that_gets_no_lock_is_not_recorded(new_database: NewDatabase) -> None:
    conninfo = new_database()
    drop = "alter table runs drop column if exists losses"
    step = post.PostStep("tried", "drops a column", (drop,), "0008")
    with (
        holding(conninfo, "select count(*) from runs"),
        pytest.raises(MigrationBlocked, match=r"Post step tried .*in-the-way"),
    ):
        post.make(conninfo, steps=[step], patience=HURRIED)
    with psycopg.connect(conninfo) as connection:
        assert step in post.pending(connection, [step])


def test_post_steps_want_the_newest_schema_first(new_database: NewDatabase) -> None:
    conninfo = new_database(None)
    load(conninfo, RELEASES[0])
    with pytest.raises(Conflict, match="newest"):
        post.make(conninfo)
    with psycopg.connect(conninfo) as connection:
        assert revision(connection) == "0001"
