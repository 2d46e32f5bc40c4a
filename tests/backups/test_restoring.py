from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from pilothouse import Context, tool, workflow
from pilothouse.artifacts.contents.repository import DatabaseArtifacts
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.backups import restoring
from pilothouse.backups.depots import FolderDepot
from pilothouse.backups.errors import BackupDamaged, BackupTooNew, NotEmpty, RestoreFailed, StillUsed
from pilothouse.backups.repository.target import Target
from pilothouse.backups.restoring import Destination, restore
from pilothouse.backups.schemas import Kind, Manifest
from pilothouse.backups.service import Backups
from pilothouse.errors import InvalidInput, NotFound
from pilothouse.kit import postgres
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.migrations import upgrade as migrations
from pilothouse.migrations.locks import Patience
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.unknown_outcomes import HAPPENED
from pilothouse.runtime.workflows import Workflows
from pilothouse.uploads.service import Receiving, UploadFinder
from pilothouse.vault.service import Vault
from support import parcels
from support.kept import vault_over
from support.waiting import output, rows, submit, until

Take = Callable[..., Awaitable[Manifest]]
To = Callable[[str], Destination]

RUN = """
insert into runs (id, workflow, version, pin, status, epoch, seq)
values ('01900000-0000-7000-8000-000000000001', 'echo', 1, 'echo@1', %s, %s, 1)
"""
RECIPE, HERE = b"a secret recipe\n" * 20_000, Scope("default", "local")
called: list[str] = []
gate = asyncio.Event()


@tool
async def ship(ctx: Context, what: str) -> str:
    """A side effect that must not be repeated."""
    called.append(what)
    if len(called) == 1:
        await gate.wait()
    return what


@workflow("shipping")
async def shipping(ctx: Context, what: str) -> str:
    return await ctx.act(ship, what)


@pytest.fixture
async def engine(open_engine: Any, start_worker: Any) -> Engine:
    made = await open_engine(*parcels.app.workflows, shipping)
    await start_worker(made)
    await output(made, await submit(made, parcels.echo, {"text": "one"}))
    return made


@pytest.fixture
async def backup(engine: Engine, take: Take) -> Manifest:
    return await take(engine.store.conninfo)


async def test_an_action_in_flight_becomes_an_unknown_outcome(
    engine: Engine, take: Take, depot: FolderDepot, destination: To, vacant: Any, start_worker: Any
) -> None:
    called.clear()
    gate.clear()
    run_id = await submit(engine, shipping, "a crate")
    await until(lambda: called)
    manifest = await take(engine.store.conninfo)
    before = rows(engine.store.conninfo, "select epoch from runs where id = %s", run_id)
    where = vacant()
    there = destination(where)
    done = await restore(depot, manifest.id, there)
    gate.set()
    assert done.requeued == 1
    assert rows(where, "select count(*) from workers") == [(0,)]
    assert rows(where, "select status, worker_id from runs where id = %s", run_id) == [("queued", None)]
    assert rows(where, "select epoch from runs where id = %s", run_id)[0][0] > before[0][0] + 100
    again = Engine(where, Workflows([*parcels.app.workflows, shipping]), there.open_store(where))
    await again.open()
    await start_worker(again)
    asked = "select key from questions where run_id = %s and status = 'open'"
    ((key,),) = await until(lambda: rows(where, asked, run_id))
    assert called == ["a crate"]
    await again.answer(run_id, key, HAPPENED)
    ((key,),) = await until(lambda: rows(where, asked, run_id))
    await again.answer(run_id, key, '"by cart"')
    assert await output(again, run_id) == "by cart"
    assert called == ["a crate"]
    await again.close()


@pytest.fixture
async def uploaded(
    conninfo: str, take: Take, vault: Vault, artifacts: ObjectArtifacts, tmp_path: Path
) -> tuple[UUID, Manifest]:
    """An upload, and a backup of it."""

    async def pieces() -> AsyncIterator[bytes]:
        yield RECIPE

    database = Database(conninfo, connections=1)
    given = {"folder": tmp_path / "incoming", "largest": 1 << 30, "scope": HERE}
    receiving = Receiving(database, artifacts, vault, Ids(), SystemClock(), **given)
    upload = await receiving.receive(pieces(), lambda: ("recipe.txt", "text/plain"))
    await database.close()
    return upload.id, await take(conninfo)


async def test_what_was_uploaded_is_opened_again_after_a_restore_with_the_same_master_key(
    uploaded: tuple[UUID, Manifest], depot: FolderDepot, destination: To, vacant: Any, tmp_path: Path
) -> None:
    (upload_id, manifest), where = uploaded, vacant()
    done = await restore(depot, manifest.id, destination(where))
    assert (manifest.artifacts, done.missing) == (1, ())
    restored, keys = Database(where, connections=1), vault_over(where, tmp_path / "secrets")
    finder = UploadFinder(restored, ObjectArtifacts.local(tmp_path / "restored"), keys)
    assert b"".join([piece async for piece in finder.read(HERE, upload_id)]) == RECIPE
    await keys.close()
    await restored.close()


async def test_cursors_of_live_streams_belong_to_another_incarnation(
    engine: Engine, take: Take, depot: FolderDepot, destination: To, vacant: Any
) -> None:
    where = vacant()
    (before,) = rows(engine.store.conninfo, "insert into incarnations default values returning id")
    manifest = await take(engine.store.conninfo)
    await restore(depot, manifest.id, destination(where))
    (after,) = rows(where, "select id from incarnations")
    assert after != before
    assert rows(where, "select count(*) from journal where xid is not null") == [(0,)]
    default = "select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'journal'::regclass"
    assert sorted(rows(where, default)) == sorted(rows(engine.store.conninfo, default))
    indexes = "select indexdef from pg_indexes where schemaname = 'public' order by 1"
    assert rows(where, indexes) == rows(engine.store.conninfo, indexes)


async def test_a_database_with_runs_is_replaced_only_by_force_and_a_failed_restore_loses_nothing(
    backup: Manifest, depot: FolderDepot, destination: To, new_database: Callable[..., str], vacant: Any
) -> None:
    where = new_database()
    assert await Target(where).assert_free("public", force=False)  # tables without runs are no obstacle
    with psycopg.connect(where, autocommit=True) as connection:
        connection.execute(RUN, ("queued", 0))
    with pytest.raises(NotEmpty, match="--force"):
        await restore(depot, backup.id, destination(where))

    def fails(_conninfo: str) -> None:
        raise RestoreFailed("no")

    names = rows(where, "select datname from pg_database order by 1")
    broken = Destination(where, destination(where).open_store, fails, migrations.head())
    with pytest.raises(RestoreFailed):
        await restore(depot, backup.id, broken, force=True)
    assert rows(where, "select status, epoch from runs") == [("queued", 0)]
    assert rows(where, "select datname from pg_database order by 1") == names

    done = await restore(depot, backup.id, destination(where), force=True)
    assert rows(where, "select status from runs") == [("completed",)]
    kept = psycopg.conninfo.make_conninfo(where, dbname=done.aside)
    assert rows(kept, "select status from runs") == [("queued",)]


async def test_nothing_is_restored_under_processes_that_are_connected(
    engine: Engine, backup: Manifest, depot: FolderDepot, destination: To
) -> None:
    with pytest.raises(StillUsed, match="Stop the servers"):
        await restore(depot, backup.id, destination(engine.store.conninfo), force=True)


async def test_a_backup_that_is_not_whole_is_refused_and_the_file_named(
    backup: Manifest, depot: FolderDepot, destination: To, vacant: Any
) -> None:
    content = next(path for path in (depot.folder / "objects").rglob("*") if path.is_file())
    where = vacant()
    folder = depot.folder / backup.id
    for path in (folder / "database" / "toc.dat", folder / "artifacts.jsonl.gz", content):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(BackupDamaged, match=rf"{path.name}.*damaged"):
            await restore(depot, backup.id, destination(where))
        path.unlink()
        with pytest.raises(BackupDamaged, match=rf"{path.name}.*missing"):
            await restore(depot, backup.id, destination(where))
        path.write_bytes(whole)
    with pytest.raises(psycopg.OperationalError):
        rows(where, "select 1")


async def test_a_newer_schema_and_a_newer_format_are_refused(
    backup: Manifest, depot: FolderDepot, destination: To, vacant: Any
) -> None:
    path = depot.folder / backup.id / "manifest.json"
    path.write_text(backup.model_copy(update={"schema_revision": "9999"}).model_dump_json())
    with pytest.raises(BackupTooNew, match="schema 9999"):
        await restore(depot, backup.id, destination(vacant()))
    path.write_text(backup.model_copy(update={"format": 99}).model_dump_json())
    with pytest.raises(BackupTooNew, match="format 99"):
        await restore(depot, backup.id, destination(vacant()))


async def test_a_copy_of_a_server_is_not_restored_as_a_dump(
    backup: Manifest, depot: FolderDepot, destination: To, vacant: Any
) -> None:
    path = depot.folder / backup.id / "manifest.json"
    path.write_text(backup.model_copy(update={"kind": Kind.BASE}).model_dump_json())
    with pytest.raises(InvalidInput, match="--at") as raised:
        await restore(depot, backup.id, destination(vacant()))
    assert raised.value.hint
    with pytest.raises(NotFound):
        await restore(depot, "20300101T000000Z-000000", destination(vacant()))


async def test_rows_that_did_not_arrive_are_noticed(
    backup: Manifest, depot: FolderDepot, destination: To, vacant: Any
) -> None:
    path = depot.folder / backup.id / "manifest.json"
    path.write_text(backup.model_copy(update={"entries": backup.entries + 1}).model_dump_json())
    with pytest.raises(RestoreFailed, match="entries arrived"):
        await restore(depot, backup.id, destination(vacant()))


async def test_a_server_that_is_too_old_is_refused(
    backup: Manifest, depot: FolderDepot, destination: To, vacant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "OLDEST_SERVER", 99)
    with pytest.raises(RestoreFailed, match="99 is needed"):
        await restore(depot, backup.id, destination(vacant()))


async def test_a_backup_of_the_first_schema_is_migrated(
    new_database: Callable[..., str],
    artifacts: ObjectArtifacts,
    depot: FolderDepot,
    destination: To,
    vacant: Any,
    open_engine: Any,
) -> None:
    old = new_database(None)
    migrations._step(old, "0001", Patience(), fresh=True)
    with psycopg.connect(old, autocommit=True) as connection:
        connection.execute(RUN, ("running", 3))
        connection.execute(
            """
            insert into journal (run_id, seq, kind, key, payload)
            values ('01900000-0000-7000-8000-000000000001', 1, 'submitted', '', '{"text": "old"}')
            """
        )
    backups = Backups(old, artifacts, depot, clock=SystemClock())
    manifest = await backups._made("20300101T000000Z-000000", Kind.DUMP)
    assert manifest.schema_revision == "0001"
    where = vacant()
    done = await restore(depot, manifest.id, destination(where))
    assert (done.runs, done.requeued) == (1, 1)
    assert rows(where, "select version_num from alembic_version") == [(migrations.head(),)]
    assert rows(where, "select status, epoch > 100, labels from runs") == [("queued", True, {})]


async def test_an_external_server_of_the_oldest_version_is_backed_up_and_restored(
    oldest: str, artifacts: ObjectArtifacts, take: Take, depot: FolderDepot, destination: To
) -> None:
    await asyncio.to_thread(migrations.upgrade, oldest)
    engine = Engine(oldest, Workflows(parcels.app.workflows), artifacts)
    await submit(engine, parcels.echo, {"text": "one"})
    await engine.close()
    manifest = await take(oldest)
    assert manifest.server_version // 10_000 >= 15
    done = await restore(depot, manifest.id, destination(oldest), force=True)
    assert rows(oldest, "select status from runs") == [("queued",)]
    assert done.aside is not None


async def test_an_embedded_database_moves_to_a_server_of_the_oldest_version(
    oldest: str, backup: Manifest, depot: FolderDepot, destination: To
) -> None:
    await restore(depot, backup.id, destination(oldest), force=True)
    assert rows(oldest, "select status, workflow from runs") == [("completed", "echo")]


async def test_contents_move_into_the_database_and_out_of_it_again(
    backup: Manifest, depot: FolderDepot, destination: To, take: Take, vacant: Any, tmp_path: Path
) -> None:
    of_server, of_machine = vacant(), vacant()
    inside = Destination(of_server, DatabaseArtifacts, migrations.upgrade, migrations.head())
    await restore(depot, backup.id, inside)
    assert rows(of_server, "select bytes from artifact_contents") == [(b"ONE",)]
    second = await take(of_server)
    assert second.artifacts == 0  # it is in the dump
    done = await restore(depot, second.id, destination(of_machine))
    assert done.artifacts == 1
    (kept,) = [path for path in (tmp_path / "restored").rglob("*") if path.is_file()]
    assert kept.read_bytes() == b"ONE"


async def test_a_backup_is_restored_on_a_server_that_has_not_the_databases_roles(
    conninfo: str, engine: Engine, take: Take, depot: FolderDepot, destination: To, tmp_path: Path
) -> None:
    manifest = await take(conninfo)
    with postgres.attach(tmp_path / "another") as server:
        where = server.dsn_for("restored")
        roles = "select rolname from pg_roles where rolname ~ '^pilothouse_' order by 1"
        assert rows(server.dsn_for("postgres"), roles) == []
        await restore(depot, manifest.id, destination(where))
        assert rows(where, roles) == [("pilothouse_app",), ("pilothouse_engine",)]
        secured = "select relrowsecurity from pg_class where relname = 'runs'"
        assert rows(where, secured) == [(True,)]
        with psycopg.connect(where) as connection:
            connection.execute("set local role pilothouse_app")
            assert connection.execute("select from runs").rowcount == 0
            connection.execute("set local pilothouse.tenant_id = 'default'")
            assert connection.execute("select from runs").rowcount == 1
