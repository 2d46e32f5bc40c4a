from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import structlog

from pilothouse.app import backup_chores
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.backups import archive, condition
from pilothouse.backups.depots import FolderDepot
from pilothouse.backups.errors import BackupTooNew, RestoreFailed
from pilothouse.backups.rewinding import rewind
from pilothouse.backups.schemas import Kind
from pilothouse.backups.service import Backups
from pilothouse.errors import NotFound
from pilothouse.health.schemas import Condition
from pilothouse.kit import postgres
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.postgres.errors import InUse
from pilothouse.migrations.upgrade import head, upgrade
from pilothouse.settings import Settings
from support.waiting import rows, until

SEGMENT = "select pg_walfile_name(pg_switch_wal())"
RUN = """
insert into runs (id, workflow, version, pin, status, seq)
values ('01900000-0000-7000-8000-000000000001', 'echo', 1, 'echo@1', 'completed', 0)
"""
ARTIFACT = """
insert into artifacts (id, run_id, key, name, media_type, size, sha256)
values (gen_random_uuid(), '01900000-0000-7000-8000-000000000001', %s, %s, 'text/plain', %s, %s)
"""
TABLE = "create table if not exists written (id int)"


@pytest.fixture
def archived(tmp_path: Path) -> Iterator[tuple[postgres.Attachment, postgres.Archive]]:
    """A server that archives, with the schema."""
    to = postgres.Archive(tmp_path / "it's 100% archived", timeout=300)
    with postgres.attach(tmp_path / "data", archive=to) as attachment:
        upgrade(attachment.dsn)
        yield attachment, to
    shutil.rmtree(tmp_path / "data")


def write(conninfo: str, number: int) -> str:
    """Write a row and begin a new segment; the segment that has the row."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(TABLE)
        connection.execute("insert into written values (%s)", (number,))
        row = connection.execute(SEGMENT).fetchone()
    return str(row[0])


async def test_the_archive_is_kept_complete_and_told_of_while_it_is_away(
    archived: tuple[postgres.Attachment, postgres.Archive], artifacts: ObjectArtifacts, tmp_path: Path
) -> None:
    attachment, to = archived
    conninfo, data = attachment.dsn, tmp_path / "data"
    depot = FolderDepot(to.folder)
    assert postgres.status(data).archive == to.folder
    first = write(conninfo, 1)
    kept = await until(lambda: list(to.wal.glob(f"{first}.gz")))
    assert len(gzip.decompress(kept[0].read_bytes())) == 16 << 20
    assert postgres.status(data).archiving.startswith("on, last ")

    # one that is there with other content is not overwritten
    number = f"{first[:16]}{int(first[16:], 16) + 1:08X}"
    other = gzip.compress(b"somebody else's")
    (to.wal / f"{number}.gz").write_bytes(other)
    second = write(conninfo, 2)
    assert second == number
    await until(lambda: "failing since" in postgres.status(data).archiving)
    assert (to.wal / f"{number}.gz").read_bytes() == other
    write(conninfo, 3)  # the server goes on

    settings = Settings(_env_file=None, wal_archive=to.folder, wal_archive_timeout=300)
    (chore,) = backup_chores(settings, conninfo, artifacts)
    now = dt.datetime.now(dt.UTC)
    with structlog.testing.capture_logs() as told:
        due = await chore.tend(now)
    assert due == now + dt.timedelta(seconds=300)
    failing = [line for line in told if line["event"] == "wal_archive_failing"]
    assert [(line["log_level"], line["segment"]) for line in failing] == [("error", number)]
    assert number in (await condition.of_archive(conninfo)).detail
    (to.wal / f"{number}.gz").unlink(missing_ok=True)
    await until(lambda: "on, last" in postgres.status(data).archiving, 90)

    assert (await condition.of_archive(conninfo)).status is Condition.WELL

    # what no copy of the files needs any more goes
    (base,) = archive.bases(depot)
    span = archive.span_of(depot, base.id)
    assert (span.timeline, archive.newest_timeline(depot)) == (1, 1)
    newest = to.wal / f"00000001{int(span.segment, 16) - 1:016X}.gz"  # they are archived in order
    await until(newest.exists)
    old = to.wal / f"00000001{0:016X}.gz"
    old.touch()
    assert archive.prune(depot) >= 1
    assert not old.exists()
    left = {path.name[8:24] for path in to.wal.glob("*.gz") if len(path.name) == 27}
    assert min(left, default=span.segment) >= span.segment

    early = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    with pytest.raises(NotFound, match="from before 2001"):
        await rewind(data, to, early, head="", migrate=upgrade, store=artifacts)


async def saved(conninfo: str, store: ObjectArtifacts, *texts: str) -> list[str]:
    """Artifacts of a run."""
    digests = []
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(RUN)
        for text in texts:
            digests.append(hashlib.sha256(text.encode()).hexdigest())
            await store.put("default", digests[-1], text.encode())
            connection.execute(ARTIFACT, (text, text, len(text), digests[-1]))
    return digests


async def test_moments_are_restored_one_after_the_other(
    archived: tuple[postgres.Attachment, postgres.Archive], artifacts: ObjectArtifacts, tmp_path: Path
) -> None:
    attachment, to = archived
    conninfo, data, depot = attachment.dsn, tmp_path / "data", FolderDepot(to.folder)
    settings = Settings(_env_file=None, wal_archive=to.folder)
    kept, missing = await saved(conninfo, artifacts, "kept", "missing")
    (chore,) = backup_chores(settings, conninfo, artifacts)
    now = dt.datetime.now(dt.UTC)
    await chore.tend(now)
    write(conninfo, 1)
    ((moment,),) = rows(conninfo, "select clock_timestamp()")
    write(conninfo, 2)
    copies = Backups(conninfo, artifacts, depot, clock=SystemClock())
    async with copies.alone(Kind.BASE) as lines:
        await copies.take(lines, Kind.BASE)  # of what will not have been
    last = write(conninfo, 3)
    await until((to.wal / f"{last}.gz").exists)
    with pytest.raises(InUse):
        await rewind(data, to, None, head=head(), migrate=upgrade, store=artifacts)
    attachment.close()
    with pytest.raises(BackupTooNew):
        await rewind(data, to, None, head="0000", migrate=upgrade, store=artifacts)

    def fails(conninfo: str) -> None:
        rows(conninfo, "nonsense")

    with pytest.raises(RestoreFailed, match="nonsense"):  # which leaves a timeline in the archive
        await rewind(data, to, None, head=head(), migrate=fails, store=artifacts)
    depot.remove_content(f"default/{missing}")
    for until_moment in (moment, None):  # the second time there is a copy that leads elsewhere
        store = ObjectArtifacts.local(tmp_path / "restored")
        done = await rewind(data, to, until_moment, head=head(), migrate=upgrade, store=store)
        assert Path(done.aside) in (data / "postgres").iterdir()
        assert (done.artifacts, done.missing) == (2, (f"default/{missing}",))
        assert b"".join([piece async for piece in store.read("default", kept)]) == b"kept"
        with postgres.attach(data) as again:
            assert rows(again.dsn, "select id from written order by 1") == [(1,)]
            assert rows(again.dsn, "select count(*) from incarnations") == [(1,)]
    assert archive.newest_timeline(depot) == 1
    with postgres.attach(data) as again:
        (chore,) = backup_chores(settings, again.dsn, artifacts)
        await chore.tend(now)
    assert archive.newest_timeline(depot) == 4  # without waiting for a day


def test_archiving_begins_with_the_next_start_and_a_folder_that_cannot_be_made_keeps_none_from_starting(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    data, to = tmp_path / "data", postgres.Archive(tmp_path / "file" / "archive", timeout=60)
    with postgres.attach(data), postgres.attach(data, archive=to):
        assert postgres.status(data).archiving == "off until the next start"
    with postgres.attach(data) as attachment:
        assert rows(attachment.dsn, "show archive_timeout") == [("1min",)]
        assert postgres.status(data).archive == to.folder
    shutil.rmtree(data)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


async def test_a_server_that_does_not_archive_is_told_as_an_error(
    conninfo: str, artifacts: ObjectArtifacts, tmp_path: Path
) -> None:
    settings = Settings(_env_file=None, wal_archive=tmp_path / "archive", wal_archive_timeout=60)
    (chore,) = backup_chores(settings, conninfo, artifacts)
    now = dt.datetime.now(dt.UTC)
    due = now + dt.timedelta(seconds=60)
    with structlog.testing.capture_logs() as told:
        assert [await chore.tend(now), await chore.tend(now)] == [due, due]
    assert [(line["event"], line["log_level"]) for line in told] == [("wal_not_archived", "error")]
