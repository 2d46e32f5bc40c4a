"""The restore drill: back up under load with workers being killed, destroy everything, restore, go on."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.backups.depots import FolderDepot
from pilothouse.backups.restoring import Destination, restore
from pilothouse.backups.rewinding import rewind
from pilothouse.backups.schemas import Kind, Manifest
from pilothouse.backups.service import Backups
from pilothouse.kit import postgres
from pilothouse.kit.clock import SystemClock
from pilothouse.migrations.upgrade import head, upgrade
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import decode
from pilothouse.runtime.unknown_outcomes import HAPPENED
from pilothouse.runtime.workflows import Workflows
from support import victim
from support.waiting import rows, submit, until
from support.workers import Workers

OPEN = "select run_id, key, codec, payload from questions where status = 'open' and key like '%%post#%%'"
DOUBLED = """
select run_id, key, kind from journal where kind in ('completed', 'failed', 'outcome')
 group by run_id, key, kind having count(*) > 1
"""
GAPS = """
select runs.id from runs left join journal on journal.run_id = runs.id group by runs.id
having count(journal.seq) <> runs.seq or min(journal.seq) <> 1 or max(journal.seq) <> runs.seq
"""
STATES = "select status, count(*) from runs where workflow <> 'patient' group by 1 order by 1"
IN_FLIGHT = """
select run_id, key from journal as sent where kind = 'dispatch' and key like '%%post#%%' and not exists (
  select from journal as told where told.run_id = sent.run_id and told.key = sent.key and kind = 'outcome')
"""
POSTED = "select run_id, key from journal where kind = 'outcome' and key like 'post#%%'"
ASKED = "select run_id, key from questions where key like '%%post#%%'"
MADE = "select count(*) from artifacts"
ARTIFACTS = "select tenant_id, sha256 from artifacts"
NEWEST = "select extract(epoch from max(at)) from journal where kind <> 'run_lost'"
WORKFLOWS = (victim.errand, victim.journey)


class Site:
    """A machine with a database of its own, artifacts, and workers in processes that may be killed."""

    def __init__(self, folder: Path, archive: postgres.Archive | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.attachment = postgres.attach(folder / "data", archive=archive)
        self.conninfo = self.attachment.dsn
        self.store = ObjectArtifacts.local(folder / "artifacts")
        self.engine = Engine(self.conninfo, Workflows(victim.FLOWS), self.store)
        self.workers = Workers(self.conninfo, folder)
        self.notes = folder.parent  # what was really done is noted outside of what is lost
        self.enough = asyncio.Event()
        self.names: dict[UUID, str] = {}

    def open_store(self, _: str) -> ObjectArtifacts:
        return ObjectArtifacts.local(self.folder / "artifacts")

    async def load(self, randomly: random.Random, workers: int = 2) -> None:
        """Submit runs all the time, and kill a worker now and then, until somebody stops it."""
        pids = [self.workers.start() for _ in range(workers)]
        while not self.enough.is_set():
            number = len(self.names)
            flow = WORKFLOWS[number % len(WORKFLOWS)]
            given = {"folder": str(self.notes), "name": f"run{number}"}
            self.names[await submit(self.engine, flow, given)] = f"run{number}"
            if number % 12 == 11:
                place = randomly.randrange(len(pids))
                self.workers.signal(pids[place], signal.SIGKILL)
                pids[place] = self.workers.start()
            await asyncio.sleep(0.025)

    async def busy(self, artifacts: int) -> None:
        """Wait until runs have made so many artifacts."""
        await until(lambda: rows(self.conninfo, MADE)[0][0] >= artifacts, 60, pause=0.05)

    async def finish(self, seconds: float) -> None:
        """Execute what is there to its end; an operator says of unknown outcomes that they happened."""

        async def ended() -> bool:
            for run_id, key, codec, payload in rows(self.conninfo, OPEN):
                choices = orjson.loads(decode(codec, payload))["choices"]
                await self.engine.answer(run_id, key, HAPPENED if choices else "0")
            return [status for status, _ in rows(self.conninfo, STATES)] == ["completed"]

        await until(ended, seconds, pause=0.1)

    async def destroy(self) -> None:
        """Kill everything at once, and lose the disk."""
        self.workers.stop()
        postmaster = postgres.status(self.folder / "data").pid
        os.kill(postmaster, signal.SIGKILL)
        await self.close()
        shutil.rmtree(self.folder)

    async def close(self) -> None:
        await self.engine.close()
        self.attachment.close()

    def lacking(self) -> list[str]:
        """The contents that the database names and the folder of artifacts does not have whole."""
        found = []
        for tenant, sha256 in rows(self.conninfo, ARTIFACTS):
            path = self.folder / "artifacts" / tenant / sha256[:2] / sha256
            if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                found.append(sha256)
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(name: str, **options: Any) -> Site:
        made.append(Site(tmp_path / name, **options))
        return made[-1]

    yield make
    for one in made:
        if one.workers.process.returncode is None:
            one.workers.stop()
        one.attachment.close()
        if one.folder.exists():
            postgres.stop(one.folder / "data", force=True)


def notes(site: Site) -> list[tuple[int, int, str]]:
    lines = (site.notes / "log").read_text().splitlines()
    return [(int(at), int(pid), what) for at, pid, what in (line.split(" ", 2) for line in lines)]


async def backed_up(site: Site, depot: FolderDepot, kind: Kind = Kind.DUMP) -> Manifest:
    backups = Backups(site.conninfo, site.store, depot, clock=SystemClock())
    async with backups.alone(kind) as lines:
        return await backups.take(lines, kind)


async def all_is_well(lost: Site, again: Site, runs: int, seconds: float) -> None:
    """That what was restored is whole, goes on to its end, and does nothing twice unsaid."""
    restored_at = time.time_ns()
    done_before = {(lost.names[run], key) for run, key in rows(again.conninfo, POSTED)}
    assert rows(again.conninfo, "select count(*) from runs") == [(runs,)]
    assert rows(again.conninfo, GAPS) == []
    assert again.lacking() == []
    in_flight = set(rows(again.conninfo, IN_FLIGHT))
    again.workers.start()
    await again.finish(seconds)
    assert rows(again.conninfo, DOUBLED) == []
    assert rows(again.conninfo, GAPS) == []
    assert again.lacking() == []
    since = [what for at, _, what in notes(lost) if at > restored_at]
    done_again = [what.split(" posted ") for what in since if " posted " in what]
    assert done_again
    assert not {(name, f"post#{number}") for name, number in done_again} & done_before
    asked = rows(again.conninfo, ASKED)
    assert all(any(run == each and key.startswith(step) for each, key in asked) for run, step in in_flight)


@pytest.mark.parametrize("artifacts", [4, pytest.param(400, marks=pytest.mark.long)])
async def test_a_backup_made_under_load_is_restored_after_everything_is_lost(
    site: Callable[..., Site], depot: FolderDepot, artifacts: int
) -> None:
    first = site("first")
    await asyncio.to_thread(upgrade, first.conninfo)
    for _ in range(3):
        await submit(first.engine, victim.patient)
    loading = asyncio.create_task(first.load(random.Random(5)))
    await first.busy(artifacts)
    manifest = await backed_up(first, depot)
    await first.busy(artifacts + manifest.artifacts)
    first.enough.set()
    await loading
    await first.destroy()

    second = site("second")
    there = Destination(second.conninfo, second.open_store, upgrade, head())
    began = time.monotonic()
    done = await restore(depot, manifest.id, there)
    assert time.monotonic() - began < 3_600
    assert (done.runs, done.entries, done.missing) == (manifest.runs, manifest.entries, ())
    assert manifest.artifacts > 0
    await all_is_well(first, second, manifest.runs, 60)
    assert rows(second.conninfo, "select status from runs where workflow = 'patient'") == [("waiting",)] * 3
    await second.close()


async def test_the_archive_brings_back_what_was_committed_until_shortly_before_everything_was_lost(
    site: Callable[..., Site], tmp_path: Path
) -> None:
    archive = postgres.Archive(tmp_path / "archive", timeout=1)
    first = site("first", archive=archive)
    await asyncio.to_thread(upgrade, first.conninfo)
    depot = FolderDepot(archive.folder)
    loading = asyncio.create_task(first.load(random.Random(7)))
    await first.busy(1)
    await backed_up(first, depot, Kind.BASE)
    await first.busy(4)
    first.enough.set()
    await loading
    for pid in list(first.workers.pids):  # what they would save from here on is not kept
        first.workers.signal(pid, signal.SIGKILL)
    lost_at = time.time()
    backups = Backups(first.conninfo, first.store, depot, clock=SystemClock())
    await backups.keep_contents()
    await first.destroy()

    folder = tmp_path / "second"
    store = ObjectArtifacts.local(folder / "artifacts")
    done = await rewind(folder / "data", archive, None, head=head(), migrate=upgrade, store=store)
    second = site("second")
    ((newest,),) = rows(second.conninfo, NEWEST)
    assert lost_at - float(newest) < 1 + 4  # the archive's timeout, and the load on this machine
    assert done.missing == ()
    await all_is_well(first, second, done.runs, 60)
    await second.close()
