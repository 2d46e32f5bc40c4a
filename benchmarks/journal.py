"""The journal as it grows: runs a second and what the disk is asked for, beside an empty one, in turns.

Databases with no entries, a million and five million lie on one server and are measured alternately, so
that what else the machine does meets all of them. `--quick` fills less and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.kit.ids import Ids
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.store import Append, Store, Submission
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows
from pilothouse.telemetry import logs
from report import RESULTS, Measure, report
from spine import Load, spread
from spine_workflows import three

SIZES = (0, 1_000_000, 5_000_000)
FAR = 50_000_000
ENTRIES_OF_A_RUN = 5  # submitted, three steps, completed: as those that are measured
CHUNK = 50_000  # runs that one statement makes
BATCH = 256  # appends of one group commit
FLAT = 0.15
SETTLING = 20  # runs after which the sessions have reported

FILL = """
with made as (
  select (lpad(to_hex(%(since)s::bigint + n * %(step)s), 12, '0')
          || '7' || lpad(to_hex(n & 4095), 3, '0') || 'a' || substr(md5(n::text), 1, 15))::uuid as id
    from generate_series(%(first)s::bigint, %(last)s::bigint) as n),
run as (
  insert into runs (id, workflow, version, pin, status, seq, epoch, input_digest, finished_at)
  select id, 'three', 1, 'three@1', 'completed', %(each)s, 1, decode(md5(id::text), 'hex'), now() from made)
insert into journal (run_id, seq, kind, key, payload, digest)
select id, seq, case seq when 1 then 'submitted' when %(each)s then 'run_completed' else 'completed' end,
       case when seq in (1, %(each)s) then '' else 'step#' || seq - 2 end,
       convert_to('{"rung":"expert","value":' || seq || '}', 'UTF8'), decode(md5(id::text || seq), 'hex')
  from made, generate_series(1, %(each)s) as seq
"""
COUNTERS = """
select coalesce(sum(heap_blks_read), 0)::bigint as heap_read,
       coalesce(sum(idx_blks_read), 0)::bigint as index_read,
       coalesce(sum(heap_blks_hit + idx_blks_hit), 0)::bigint as hit,
       pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint as wal
  from pg_statio_user_tables where relname like 'journal\\_%%'
"""
SPACE = """
select sum(pg_table_size(inhrelid))::bigint as heap, sum(pg_indexes_size(inhrelid))::bigint as indexes
  from pg_inherits where inhparent = 'journal'::regclass
"""


@dataclass
class Site:
    """A database of a size, the load upon it, and what was measured: per run, but for rates."""

    entries: int
    conninfo: str
    load: Load
    rates: list[float] = field(default_factory=list)
    used: dict[str, float] = field(default_factory=dict)

    async def counters(self) -> dict[str, Any]:
        """What the server has counted so far: a session reports once in a second at most."""
        await asyncio.sleep(1.1)
        await self.load.measure(SETTLING, 10)
        return await asyncio.to_thread(query, self.conninfo, COUNTERS)


def query(conninfo: str, sql: str) -> dict[str, Any]:
    """One row by column."""
    with psycopg.connect(conninfo, autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        connection.execute("select pg_stat_force_next_flush()")
        return dict(connection.execute(sql.encode()).fetchone() or {})


def fill(conninfo: str, entries: int) -> float:
    """Make completed runs with so many entries in all, earlier in this month; returns the seconds."""
    started, now = time.perf_counter(), dt.datetime.now(dt.UTC)
    runs = entries // ENTRIES_OF_A_RUN
    since = max(now.replace(day=1, hour=0, minute=0, second=0), now - dt.timedelta(days=20))
    step = max(int((now - since).total_seconds() * 1_000 / max(runs, 1)), 1)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        for first in range(0, runs, CHUNK):
            known = {"since": int(since.timestamp() * 1_000), "step": step, "each": ENTRIES_OF_A_RUN}
            last = min(first + CHUNK, runs) - 1
            connection.execute(FILL, {**known, "first": first, "last": last})
        connection.execute("vacuum analyze runs, journal")
        connection.execute("checkpoint")
    return time.perf_counter() - started


@asynccontextmanager
async def opened(entries: int, conninfo: str, folder: Path) -> AsyncIterator[Site]:
    """An engine and its worker on a database, both in this process."""
    engine = Engine(conninfo, Workflows([three]), ObjectArtifacts.local(folder))
    await engine.open()
    worker, load = engine.worker(WorkerSettings()), Load(engine)
    worker.on_turn_ended = load.ended
    working = asyncio.create_task(worker.run())
    try:
        await load.measure(100, 50)  # connections, prepared statements and plans
        yield Site(entries, conninfo, load)
    finally:
        await worker.stop()
        await working
        await engine.close()


async def measure(databases: dict[int, str], folder: Path, runs: int, rounds: int) -> list[Site]:
    """Runs of three steps, 50 at a time, on each database in turns."""
    async with AsyncExitStack() as stack:
        sites = [
            await stack.enter_async_context(opened(entries, conninfo, folder))
            for entries, conninfo in databases.items()
        ]
        for number in range(rounds):
            for site in sites[number % len(sites) :] + sites[: number % len(sites)]:
                rate, _ = await site.load.measure(runs, 50)
                site.rates.append(rate)
        for site in sites:  # one after the other: the log that is written is the whole server's
            before = await site.counters()
            await site.load.measure(runs, 50)
            after = await site.counters()
            site.used = {name: (after[name] - before[name]) / (runs + SETTLING) for name in after}
        return sites


async def one_bad(conninfo: str, rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds for a batch of appends without and with one that the database refuses, in turns."""
    store, ids = Store(conninfo), Ids()
    runs = [ids.new() for _ in range(BATCH)]
    await asyncio.gather(*(store.submit(Submission(id_, "default", "w", 1, b"1", b"d")) for id_ in runs))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("update runs set status = 'running', epoch = 1 where workflow = 'w'")
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * rounds):
        bad = BATCH // 3 if number % 2 else None
        items = [
            Append(id_, 1, 0, [Entry(Kind.NOTED, "\0" if place == bad else "k", b"1")])
            for place, id_ in enumerate(runs)
        ]
        started = time.perf_counter()
        done = await asyncio.gather(*map(store.append, items), return_exceptions=True)
        taken[number % 2].append((time.perf_counter() - started) * 1e3)
        assert sum(isinstance(one, Exception) for one in done) == number % 2  # noqa: S101 - measured what it says
    await store.close()
    return taken


def told(sites: list[Site]) -> tuple[list[Measure], list[str]]:
    """The measures, and the arithmetic to fifty million entries."""
    first = sites[0]
    measures, notes = [], list[str]()
    base = statistics.median(first.rates)
    for site in sites:
        rate, size = statistics.median(site.rates), query(site.conninfo, SPACE)
        ratio = statistics.median(a / b for a, b in zip(site.rates, first.rates, strict=True))
        name = f"three steps, {site.entries:,} entries before"
        measures.append(
            Measure(
                name,
                rate,
                "runs/s",
                peer="an empty journal" if site is not first else None,
                peer_value=base if site is not first else None,
                ratio=ratio if site is not first else None,
                met=None if site is first else ratio >= 1 - FLAT,
                spread=spread(site.rates),
            )
        )
        reads = site.used["heap_read"] + site.used["index_read"]
        measures.append(Measure(f"{name}: journal blocks from disk", reads, "a run"))
        measures.append(Measure(f"{name}: journal blocks from cache", site.used["hit"], "a run"))
        measures.append(Measure(f"{name}: WAL written", site.used["wal"] / 1024, "KiB a run"))
        if site.entries:
            table, indexes = (int(value) / site.entries for value in size.values())
            measures.append(Measure(f"{name}: table", table, "bytes an entry"))
            measures.append(Measure(f"{name}: indexes", indexes, "bytes an entry"))
            far = (table + indexes) * FAR / 2**30
            notes.append(
                f"{FAR:,} entries: ({table:.0f} + {indexes:.0f}) bytes each = {far:.1f} GiB, as measured "
                f"with {site.entries:,} entries."
            )
    return measures, notes[-1:]


def main() -> None:
    """Fill, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little, for a look; nothing is written")
    parser.add_argument("--entries", type=int, nargs="+", default=SIZES, help="sizes, the first is the base")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    logs.configure("error", "readable")
    sizes = (0, 50_000) if options.quick else tuple(options.entries)
    with (
        tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as name,
        postgres.attach(Path(name)) as server,
    ):
        databases: dict[int, str] = {}
        measures: list[Measure] = []
        for entries in sizes:
            databases[entries] = server.create_database(f"entries_{entries}")
            upgrade(databases[entries])
            seconds = fill(databases[entries], entries)
            if entries:
                measures.append(Measure(f"filling with {entries:,} entries", seconds, "s"))
        runs, rounds = (100, 3) if options.quick else (1_000, options.rounds)
        sites = asyncio.run(measure(databases, Path(name) / "artifacts", runs, rounds))
        found, notes = told(sites)
        clean, bad = asyncio.run(one_bad(databases[sizes[0]], rounds))
        clean_ms, bad_ms = statistics.median(clean), statistics.median(bad)
        measures += [
            *found,
            Measure(f"a batch of {BATCH} appends", clean_ms, "ms", spread=spread(clean)),
            Measure(
                f"a batch of {BATCH} appends, one refused",
                bad_ms,
                "ms",
                peer="without it",
                peer_value=clean_ms,
                ratio=bad_ms / clean_ms,
                spread=spread(bad),
            ),
        ]
        report("journal", measures, Path(name) if options.quick else RESULTS, notes)


if __name__ == "__main__":
    main()
