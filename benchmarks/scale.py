"""What one run costs: processor time of worker and database, commits, log and disk; the sizes of `scale.md`.

Runs of three steps, 50 at a time, as in `engine.py`. `--quick` takes fewer runs and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from engine_workflows import WORKFLOWS
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from pilothouse.telemetry import logs
from report import RESULTS, Measure, report
from spine import Load

TICKS = os.sysconf("SC_CLK_TCK")
STATE = """
select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint,
       (select xact_commit from pg_stat_database where datname = current_database())
"""
SIZES = """
select coalesce(sum(pg_relation_size(oid)), 0)::bigint,
       coalesce(sum(pg_indexes_size(oid)), 0)::bigint
  from pg_class where relkind = 'r' and relname ~ %s
"""


@dataclass(frozen=True)
class State:
    """Counters at one moment: seconds of processor time, bytes of log, commits."""

    at: float
    worker: float
    database: float
    log: int
    commits: int


def processor_seconds(postmaster: int) -> float:
    """Processor time of a server's processes that are alive."""
    found = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if postmaster in {int(stat.parent.name), int(fields[1])}:
            found += (int(fields[11]) + int(fields[12])) / TICKS
    return found


def state(connection: psycopg.Connection[tuple[int, int]], postmaster: int) -> State:
    """The counters now."""
    connection.execute("select pg_stat_clear_snapshot()")
    row = connection.execute(STATE).fetchone()
    log, commits = row if row is not None else (0, 0)
    return State(time.perf_counter(), time.process_time(), processor_seconds(postmaster), log, commits)


async def measure(conninfo: str, postmaster: int, folder: Path, runs: int) -> list[Measure]:
    """The cost of a run, as the mean over `runs` of them."""
    engine = Engine(conninfo, Workflows(WORKFLOWS), ObjectArtifacts.local(folder))
    await engine.open()
    worker, load = engine.worker(), Load(engine)
    worker.on_turn_ended = load.ended
    working = asyncio.create_task(worker.run())
    try:
        await load.measure(200, 50)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            before = state(connection, postmaster)
            await load.measure(runs, 50)
            await asyncio.sleep(1.5)  # sessions report their commits after a second
            after = state(connection, postmaster)
            sizes = [
                connection.execute(SIZES, (name,)).fetchone() or (0, 0) for name in ("^runs$", "^journal_")
            ]
            total = connection.execute("select count(*), sum(seq) from runs").fetchone() or (1, 1)
    finally:
        await worker.stop()
        await working
        await engine.close()
    (runs_table, runs_indexes), (journal_table, journal_indexes) = sizes
    made, entries = total
    return [
        Measure(
            "processor time of client and worker, a run", (after.worker - before.worker) / runs * 1e6, "us"
        ),
        Measure("processor time of PostgreSQL, a run", (after.database - before.database) / runs * 1e6, "us"),
        Measure("transactions, a run", (after.commits - before.commits) / runs, "commits"),
        Measure("write-ahead log, a run", (after.log - before.log) / runs, "bytes"),
        Measure("entries, a run", entries / made, "entries"),
        Measure("runs: table, a run", runs_table / made, "bytes"),
        Measure("runs: indexes, a run", runs_indexes / made, "bytes"),
        Measure("journal: table, an entry", journal_table / entries, "bytes"),
        Measure("journal: indexes, an entry", journal_indexes / entries, "bytes"),
    ]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs; nothing is written")
    options = parser.parse_args()
    logs.configure("error", "readable")
    with tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as name:
        folder = Path(name)
        with postgres.attach(folder / "engine") as server:
            upgrade(server.dsn)
            postmaster = postgres.status(folder / "engine").pid
            if postmaster is None:
                raise SystemExit("The embedded server is not running.")
            runs = 500 if options.quick else 20_000
            measures = asyncio.run(measure(server.dsn, postmaster, folder / "artifacts", runs))
        report("scale", measures, folder if options.quick else RESULTS)


if __name__ == "__main__":
    main()
