from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import psycopg

from pilothouse.app import backup_chores, backup_looks
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.backups import condition
from pilothouse.backups.chores import BackupChore
from pilothouse.backups.depots import FolderDepot
from pilothouse.backups.repository.source import ledger
from pilothouse.backups.schemas import Outcome
from pilothouse.backups.service import Backups, listed
from pilothouse.errors import PilothouseError
from pilothouse.health.schemas import Condition
from pilothouse.settings import Settings
from support.clocks import START, ManualClock

DAY = dt.timedelta(days=1)


def chore_of(
    conninfo: str, artifacts: ObjectArtifacts, depot: FolderDepot, clock: ManualClock
) -> BackupChore:
    return BackupChore(Backups(conninfo, artifacts, depot, clock=clock), every=DAY, keep=2)


async def test_a_backup_is_made_when_one_is_due_and_old_ones_go(
    conninfo: str, artifacts: ObjectArtifacts, depot: FolderDepot
) -> None:
    clock = ManualClock()
    chore = chore_of(conninfo, artifacts, depot, clock)
    assert await chore.tend(clock.now()) == START + DAY
    assert await chore.tend(clock.now()) == START + DAY
    (first,) = listed(depot)
    clock.advance(86_399)
    again = chore_of(conninfo, artifacts, depot, clock)  # a worker that was started meanwhile
    assert await again.tend(clock.now()) == START + DAY
    assert listed(depot) == [first]
    for _ in range(2):
        clock.advance(86_400)
        await again.tend(clock.now())
    assert len(listed(depot)) == 2
    assert first.id not in {one.id for one in listed(depot)}


async def test_of_several_workers_one_makes_the_backup(
    conninfo: str, artifacts: ObjectArtifacts, depot: FolderDepot
) -> None:
    clock = ManualClock()
    chores = [chore_of(conninfo, artifacts, depot, clock) for _ in range(4)]
    await asyncio.gather(*(chore.tend(clock.now()) for chore in chores))
    assert len(listed(depot)) == 1
    clock.advance(61)  # those that came second look again
    assert {await chore.tend(clock.now()) for chore in chores} == {START + DAY}
    assert len(listed(depot)) == 1


async def test_a_failed_backup_is_told_and_tried_again_after_an_hour(
    conninfo: str, artifacts: ObjectArtifacts, tmp_path: Path
) -> None:
    clock = ManualClock()
    (tmp_path / "depot").write_text("in the way")
    depot = FolderDepot(tmp_path / "depot")
    chore = chore_of(conninfo, artifacts, depot, clock)
    try:
        await chore.tend(clock.now())
        raise AssertionError("made")
    except (OSError, PilothouseError):
        (tmp_path / "depot").unlink()
    async with ledger(conninfo) as lines:
        (record,) = await lines.records(5)
    assert record.outcome is Outcome.FAILED
    assert record.detail
    hour = dt.timedelta(hours=1)
    assert await chore.tend(clock.now()) == START + hour
    assert await chore_of(conninfo, artifacts, depot, clock).tend(clock.now()) == START + hour
    clock.advance(3_600)
    assert await chore.tend(clock.now()) == START + hour + DAY
    assert len(listed(depot)) == 1


def test_workers_see_to_what_is_set(artifacts: ObjectArtifacts, tmp_path: Path) -> None:
    def names(**said: object) -> list[str]:
        settings = Settings(_env_file=None, **said)
        return [chore.name for chore in backup_chores(settings, "host=nowhere", artifacts)]

    assert names() == []
    assert names(backup_to=str(tmp_path)) == ["backups"]
    assert names(backup_to=str(tmp_path), wal_archive=tmp_path) == ["backups", "wal_archive"]
    assert names(wal_archive=tmp_path, database_url="postgresql://localhost/x") == []


async def test_health_tells_of_the_last_backup_and_of_one_that_failed(
    conninfo: str, artifacts: ObjectArtifacts, depot: FolderDepot
) -> None:
    clock = ManualClock()
    look = condition.of_backups(conninfo, depot.where, DAY, clock)
    assert (await look).model_dump(include={"status", "detail"}) == {
        "status": Condition.DEGRADED,
        "detail": "There is none yet.",
    }
    await chore_of(conninfo, artifacts, depot, clock).tend(clock.now())
    with psycopg.connect(conninfo, autocommit=True) as connection:  # which goes by its own clock
        connection.execute("update backups set finished_at = started_at + interval '3 seconds'")
    clock.advance(7_200)
    part = await condition.of_backups(conninfo, depot.where, DAY, clock)
    assert (part.status, part.figures["age_seconds"], part.figures["seconds"]) == (Condition.WELL, 7_200, 3)
    assert "2.0 h old" in part.detail
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            """
            insert into backups (id, kind, place, outcome, started_at)
            values ('x', 'dump', %s, 'failed', %s)
            """,
            (depot.where, clock.now()),
        )
    part = await condition.of_backups(conninfo, depot.where, DAY, clock)
    assert part.status is Condition.DEGRADED
    assert "The attempt of 2030-01-31 14:00:00 UTC failed." in part.detail


async def test_health_tells_of_an_archive_that_is_off(conninfo: str) -> None:
    part = await condition.of_archive(conninfo)
    assert (part.status, part.detail) == (
        Condition.DEGRADED,
        "WAL is not archived before the server's next start.",
    )


def test_health_looks_at_what_is_set(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, backup_to=str(tmp_path), wal_archive=tmp_path)
    assert [name for name, _ in backup_looks(settings, "host=nowhere")] == ["backups", "wal_archive"]
    assert list(backup_looks(Settings(_env_file=None), "host=nowhere")) == []
