"""Backups: what one costs running work, how long it and a restore take, and how much a lost machine loses.

A journal of a million entries (`--entries`) is backed up while runs are executed, in turns with times without
a backup; the dump is restored on another server; then the server is killed in mid-load and brought back from
its archive. `--quick` fills less and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import statistics
import tempfile
import time
from pathlib import Path

import psycopg

from journal import FAR, fill, opened
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.backups.depots import FolderDepot
from pilothouse.backups.restoring import Destination, restore
from pilothouse.backups.rewinding import rewind
from pilothouse.backups.schemas import Kind, Manifest
from pilothouse.backups.service import Backups
from pilothouse.kit import postgres
from pilothouse.kit.clock import SystemClock
from pilothouse.migrations.upgrade import head, upgrade
from pilothouse.telemetry import logs
from report import RESULTS, Measure, report
from spine import spread

RPO, RTO = 300.0, 3_600.0  # seconds: the targets
DEFAULT_TIMEOUT = 240  # seconds: the setting wal_archive_timeout
TIMEOUT = 5  # the same here, so that measuring takes no minutes
NEWEST = "select extract(epoch from max(at)) from journal"


def newest(conninfo: str) -> float:
    """When the newest entry was committed, as seconds since 1970."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(NEWEST).fetchone()
    return float(row[0]) if row else 0.0


async def take(conninfo: str, folder: Path, depot: FolderDepot, kind: Kind = Kind.DUMP) -> Manifest:
    """A backup of the database, with the artifacts in `folder`."""
    store = ObjectArtifacts.local(folder / "artifacts")
    backups = Backups(conninfo, store, depot, clock=SystemClock())
    async with backups.alone(kind) as lines:
        return await backups.take(lines, kind)


async def beside_load(
    conninfo: str, folder: Path, depot: FolderDepot, runs: int, rounds: int
) -> tuple[list[float], list[float], list[Manifest]]:
    """Runs a second without and with a backup under way, in turns, and the backups."""
    without, beside, made = list[float](), list[float](), list[Manifest]()
    async with opened(0, conninfo, folder / "artifacts") as site:
        for _ in range(rounds):
            rate, _ = await site.load.measure(runs, 50)
            without.append(rate)
            backup = asyncio.create_task(take(conninfo, folder, depot))
            rates = list[float]()
            while not backup.done():
                rate, _ = await site.load.measure(runs // 4, 50)
                rates.append(rate)
            beside.append(statistics.harmonic_mean(rates))
            made.append(await backup)
    return without, beside, made


async def restored(depot: FolderDepot, backup_id: str, folder: Path) -> float:
    """Seconds for a restore on a server made anew, its start included."""
    started = time.perf_counter()
    with postgres.attach(folder / "data") as server:
        to = Destination(server.dsn, lambda _: ObjectArtifacts.local(folder / "artifacts"), upgrade, head())
        await restore(depot, backup_id, to)
        return time.perf_counter() - started


async def lost(server: postgres.Attachment, folder: Path, runs: int) -> float:
    """Kill the server in mid-load; when that was, as seconds since 1970."""
    deadline = time.monotonic() + 2.5 * TIMEOUT
    async with opened(0, server.dsn, folder / "artifacts") as site:
        while time.monotonic() < deadline:
            await site.load.measure(runs // 4, 50)
    last = newest(server.dsn)
    postmaster = postgres.status(server.place.data).pid
    if postmaster is not None:
        os.kill(postmaster, signal.SIGKILL)
    server.close()
    return last


async def measure(folder: Path, entries: int, runs: int, rounds: int) -> tuple[list[Measure], list[str]]:
    """All of it, and the arithmetic."""
    depot = FolderDepot(folder / "depot")
    archive = postgres.Archive(folder / "archive", TIMEOUT)
    server = postgres.attach(folder / "first" / "data", archive=archive)
    upgrade(server.dsn)
    fill(server.dsn, entries)
    without, beside, made = await beside_load(server.dsn, folder / "first", depot, runs, rounds)
    alone = await take(server.dsn, folder / "first", depot)
    back = await restored(depot, alone.id, folder / "second")
    base = await take(server.dsn, folder / "first", FolderDepot(archive.folder), Kind.BASE)
    last = await lost(server, folder / "first", runs)
    shutil.rmtree(folder / "first" / "data")
    started = time.perf_counter()
    store = ObjectArtifacts.local(folder / "third" / "artifacts")
    await rewind(folder / "third" / "data", archive, None, head=head(), migrate=upgrade, store=store)
    rewound = time.perf_counter() - started
    with postgres.attach(folder / "third" / "data") as third:
        loss = max(last - newest(third.dsn), 0.0)

    ratio = statistics.median(a / b for a, b in zip(beside, without, strict=True))
    million = alone.entries / 1e6
    measures = [
        Measure("runs, no backup", statistics.median(without), "runs/s", spread=spread(without)),
        Measure(
            "runs, beside a backup",
            statistics.median(beside),
            "runs/s",
            peer="no backup",
            peer_value=statistics.median(without),
            ratio=ratio,
            spread=spread(beside),
        ),
        Measure("backup beside runs", statistics.median(one.seconds for one in made), "s"),
        Measure("backup alone", alone.seconds, "s"),
        Measure("backup, size", alone.size / 1e6, "MB"),
        Measure("database, size", alone.database_bytes / 1e6, "MB"),
        Measure("restore of a dump (RTO)", back, "s", RTO, met=back <= RTO),
        Measure("copy of the server's files", base.seconds, "s"),
        Measure("copy of the server's files, size", base.size / 1e6, "MB"),
        Measure("recovery from the archive (RTO)", rewound, "s", RTO, met=rewound <= RTO),
        Measure(f"lost with archive_timeout {TIMEOUT} s", loss, "s"),
        Measure(
            f"lost with archive_timeout {DEFAULT_TIMEOUT} s (RPO)",
            worst := DEFAULT_TIMEOUT + max(loss - TIMEOUT, 0),
            "s",
            RPO,
            met=worst <= RPO,
        ),
    ]
    scale = FAR / 1e6 / million
    far = (
        f"{alone.entries:,} entries in {alone.runs:,} runs. To {FAR:,} entries, all of it in proportion "
        f"(x {scale:.1f}): backup {alone.seconds * scale:,.0f} s and {alone.size * scale / 1e9:,.1f} GB, "
        f"restore {back * scale:,.0f} s, copy of the files {base.seconds * scale:,.0f} s, "
        f"recovery {rewound * scale:,.0f} s."
    )
    lost_by_default = f"Lost with {DEFAULT_TIMEOUT} s: that, and what went beyond {TIMEOUT} s here."
    return measures, [far, lost_by_default]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer entries, for a look; nothing is written")
    parser.add_argument("--entries", type=int, default=1_000_000)
    options = parser.parse_args()
    logs.configure("critical", "readable")
    entries, runs, rounds = (20_000, 200, 1) if options.quick else (options.entries, 1_000, 3)
    with tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as name:
        measures, notes = asyncio.run(measure(Path(name), entries, runs, rounds))
        report("backups", measures, Path(name) if options.quick else RESULTS, notes)


if __name__ == "__main__":
    main()
