from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import obstore
import psycopg
import pytest
from obstore.store import MemoryStore
from psycopg.conninfo import make_conninfo

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.backups import depots, programs
from pilothouse.backups.checking import contents_of
from pilothouse.backups.depots import BucketDepot, FolderDepot
from pilothouse.backups.errors import BackupDamaged, BackupFailed, BackupRunning, PlaceInvalid
from pilothouse.backups.repository.source import ledger
from pilothouse.backups.schemas import Manifest, Outcome
from pilothouse.backups.service import Backups, listed, verify
from pilothouse.errors import NotFound
from pilothouse.kit.clock import SystemClock
from pilothouse.migrations.upgrade import head
from pilothouse.runtime.engine import Engine
from support import parcels
from support.waiting import output, rows, submit

Take = Callable[..., Awaitable[Manifest]]

COUNTS = """
select (select count(*) from runs), count(*), pg_database_size(current_database()) from journal
"""
PLANTED = ("sesame-database", "sesame-bucket", "sesame-dotenv", "sesame-settings", "sesame-key")


@pytest.fixture
async def engine(open_engine: Any, start_worker: Any) -> Engine:
    made = await open_engine(*parcels.app.workflows)
    await start_worker(made)
    return made


async def say(engine: Engine, *texts: str) -> None:
    for text in texts:
        await output(engine, await submit(engine, parcels.echo, {"text": text}))


async def test_a_manifest_says_what_the_backup_is(engine: Engine, take: Take, depot: FolderDepot) -> None:
    await say(engine, "one", "two")
    conninfo = engine.store.conninfo
    manifest = await take(conninfo)
    ((runs, entries, bytes_),) = rows(conninfo, COUNTS)
    assert (manifest.runs, manifest.entries, manifest.artifacts) == (2, entries, 2)
    assert runs == 2
    assert manifest.artifact_bytes == len("ONE") + len("TWO")
    assert manifest.schema_revision == head()
    assert abs(manifest.database_bytes - bytes_) < 1_000_000
    assert manifest.started_at <= manifest.snapshot_at <= manifest.finished_at
    assert listed(depot) == [manifest]
    for file in manifest.files:
        content = (depot.folder / manifest.id / file.path).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)
    assert {path.name for path in (depot.folder / manifest.id).iterdir()} == {
        "manifest.json",
        "artifacts.jsonl.gz",
        "database",
    }


async def test_a_second_backup_shares_the_contents_of_the_first(
    engine: Engine, take: Take, depot: FolderDepot
) -> None:
    await say(engine, "one")
    first = await take(engine.store.conninfo)
    (kept,) = depot.contents()
    before = (depot.folder / "objects" / "default" / kept.split("/")[1][:2] / kept.split("/")[1]).stat()
    await say(engine, "two")
    second = await take(engine.store.conninfo)
    after = (depot.folder / "objects" / "default" / kept.split("/")[1][:2] / kept.split("/")[1]).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert (first.artifacts, second.artifacts, len(depot.contents())) == (1, 2, 2)
    assert verify(depot, first.id) == first
    assert verify(depot, second.id) == second


async def test_no_secret_is_inside_a_backup(
    engine: Engine, artifacts: ObjectArtifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sesame-bucket")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "sesame-key"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PILOTHOUSE_DATABASE_URL=postgresql://me:sesame-dotenv@localhost/x\n")
    (tmp_path / "pilothouse.toml").write_text('data = "sesame-settings"\n')
    (tmp_path / "artifacts" / "signing.key").write_text("sesame-key")
    await say(engine, "nothing to hide")
    conninfo = make_conninfo(engine.store.conninfo, password="sesame-database")
    depot = FolderDepot(tmp_path / "depot")
    backups = Backups(conninfo, artifacts, depot, clock=SystemClock())
    async with backups.alone() as lines:
        await backups.take(lines)
    found = [path for path in depot.folder.rglob("*") if path.is_file()]
    assert len(found) > 5
    everything = b"".join(
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in found
    )

    def found_in_it(word: str) -> bool:
        return word.encode() in everything or word.encode().hex().encode() in everything

    assert found_in_it("NOTHING TO HIDE")  # as a content
    assert found_in_it("nothing to hide")  # in the journal, so that the search would find what is there
    assert [word for word in PLANTED if found_in_it(word)] == []


async def test_a_backup_that_is_interrupted_leaves_nothing_that_looks_like_one(
    engine: Engine, artifacts: ObjectArtifacts, depot: FolderDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(engine, "one")
    copying = asyncio.Event()

    async def endless(*_: object) -> None:
        copying.set()
        await asyncio.sleep(60)

    backups = Backups(engine.store.conninfo, artifacts, depot, clock=SystemClock())
    monkeypatch.setattr(backups, "_copy_contents", endless)
    async with backups.alone() as lines:
        task = asyncio.create_task(backups.take(lines))
        await copying.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (record,) = await lines.records(5)
    assert record.outcome is Outcome.INTERRUPTED
    assert list(depot.folder.iterdir()) == []


async def test_a_failed_dump_is_told_and_keeps_nothing(
    engine: Engine, artifacts: ObjectArtifacts, depot: FolderDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> tuple[int, str]:
        return 1, "pg_dump: error: no"

    monkeypatch.setattr(programs, "_run", refused)
    backups = Backups(engine.store.conninfo, artifacts, depot, clock=SystemClock())
    async with backups.alone() as lines:
        with pytest.raises(BackupFailed, match="pg_dump: error: no"):
            await backups.take(lines)
        (record,) = await lines.records(5)
    assert record.outcome is Outcome.FAILED
    assert "pg_dump: error: no" in record.detail
    assert list(depot.folder.iterdir()) == []


async def test_a_content_that_no_store_has_is_named(
    engine: Engine, take: Take, tmp_path: Path, depot: FolderDepot
) -> None:
    await say(engine, "one", "two")
    digest = hashlib.sha256(b"ONE").hexdigest()
    (tmp_path / "artifacts" / "default" / digest[:2] / digest).unlink()
    manifest = await take(engine.store.conninfo)
    assert manifest.missing == (f"default/{digest}",)
    assert manifest.artifacts == 1
    assert {name for _, name, _ in contents_of(depot.folder / manifest.id)} >= {digest}


async def test_a_content_that_is_damaged_in_the_store_is_not_backed_up(
    engine: Engine, take: Take, tmp_path: Path, depot: FolderDepot
) -> None:
    await say(engine, "one")
    digest = hashlib.sha256(b"ONE").hexdigest()
    (tmp_path / "artifacts" / "default" / digest[:2] / digest).write_bytes(b"ON!")
    with pytest.raises(BackupFailed, match=f"{digest} is damaged"):
        await take(engine.store.conninfo)
    assert listed(depot) == []


async def test_only_one_process_backs_a_database_up(
    conninfo: str, artifacts: ObjectArtifacts, depot: FolderDepot
) -> None:
    backups = Backups(conninfo, artifacts, depot, clock=SystemClock())
    async with backups.alone():
        with pytest.raises(BackupRunning):
            async with backups.alone():
                pass


@pytest.mark.parametrize("bucket", [False, True])
async def test_pruning_keeps_the_newest_and_the_contents_that_they_name(
    engine: Engine, artifacts: ObjectArtifacts, depot: FolderDepot, take: Take, bucket: bool
) -> None:
    where = BucketDepot(MemoryStore(), "memory://") if bucket else depot
    made = []
    for text in ("one", "two", "three"):
        with psycopg.connect(engine.store.conninfo, autocommit=True) as connection:
            connection.execute("delete from artifacts")  # as retention does
        await say(engine, text)
        made.append(await take(engine.store.conninfo, where))
    if not bucket:
        for path in (depot.folder / "objects").rglob("*"):
            os.utime(path, (time.time() - 90_000,) * 2)
    backups = Backups(engine.store.conninfo, artifacts, where, clock=SystemClock())
    assert await backups.prune(2) == [made[0].id]
    assert [one.id for one in listed(where)] == [made[2].id, made[1].id]
    assert len(where.contents()) == (3 if bucket else 2)  # young ones stay: another backup may be under way
    assert await backups.prune(0) == [made[1].id]
    where.clean()
    assert verify(where, made[2].id) == made[2]


async def test_a_damaged_manifest_is_listed_as_nothing_and_told(
    engine: Engine, take: Take, depot: FolderDepot
) -> None:
    manifest = await take(engine.store.conninfo)
    (depot.folder / manifest.id / "manifest.json").write_text("{")
    assert listed(depot) == []
    with pytest.raises(BackupDamaged, match="is no manifest"):
        verify(depot, manifest.id)


async def test_what_still_runs_when_the_next_begins_was_interrupted(conninfo: str, take: Take) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            """
            insert into backups (id, kind, place, outcome, started_at)
            values ('x', 'dump', '', 'running', now())
            """
        )
    manifest = await take(conninfo)
    async with ledger(conninfo) as lines:
        found = {one.id: one.outcome for one in await lines.records(5)}
    assert found == {"x": Outcome.INTERRUPTED, manifest.id: Outcome.COMPLETE}


async def test_the_dump_of_a_bucket_is_downloaded_whole(engine: Engine, take: Take) -> None:
    await say(engine, "one")
    store = MemoryStore()
    depot = BucketDepot(store, "memory://")
    manifest = await take(engine.store.conninfo, depot)
    assert verify(depot, manifest.id) == manifest
    name = f"{manifest.id}/{manifest.files[-1].path}"
    obstore.put(store, name, b"other")
    with pytest.raises(BackupDamaged, match=manifest.files[-1].path):
        verify(depot, manifest.id)


def test_drafts_of_processes_that_died_go_after_a_day(tmp_path: Path) -> None:
    depot = FolderDepot(tmp_path)
    young, old = tmp_path / ".draft-young", tmp_path / ".draft-old"
    for folder in (young, old):
        folder.mkdir()
        (folder / "file").touch()
    for path in (old / "file", old):
        os.utime(path, (time.time() - 90_000,) * 2)
    depot.clean()
    assert (young.exists(), old.exists()) == (True, False)


async def test_in_a_bucket_only_what_is_ours_and_old_is_cleaned_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = MemoryStore()
    depot = BucketDepot(store, "memory://")
    half, whole = "20300101T000000Z-000000", "20300101T000000Z-000001"
    for name in (f"{half}/database/toc.dat", f"{whole}/manifest.json", "somebody/else", "objects/t/aa/aa"):
        obstore.put(store, name, b"x")
    depot.clean()
    assert depot.ids() == [whole]
    assert obstore.head(store, f"{half}/database/toc.dat")
    monkeypatch.setattr(depots, "ABANDONED", -1.0)
    depot.clean()
    left = {item["path"] for page in obstore.list(store) for item in page}
    assert left == {f"{whole}/manifest.json", "somebody/else", "objects/t/aa/aa"}
    depot.remove_content("t/aa")
    assert depot.contents() == {}
    with pytest.raises(NotFound):
        depot.content("t/aa", tmp_path)
    with pytest.raises(NotFound), depot.fetched(half):
        pass
    with pytest.raises(NotFound):
        depot.read("nothing")


def test_a_place_is_a_folder_or_a_bucket_without_credentials(tmp_path: Path) -> None:
    assert depots.depot_at(str(tmp_path)).where == str(tmp_path)
    assert depots.depot_at(f"file://{tmp_path}").where == str(tmp_path)
    assert depots.depot_at("gs://bucket/prefix").where == "gs://bucket/prefix"
    for wrong in ("ftp://x", "s3://", "s3://key:secret@bucket", "s3://bucket?key=1"):
        with pytest.raises(PlaceInvalid):
            depots.depot_at(wrong)
