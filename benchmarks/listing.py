"""How quick a list of runs is, with each filter and the common ones together, over a million runs.

`--runs N` fills another number; `--quick` fills 20,000 and writes nothing. Every query goes through the
repository that serves the API; a filter that fits hardly a run, or none, is measured like one that fits most.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import statistics
import tempfile
import time
from pathlib import Path

import psycopg

from pilothouse.kit import postgres
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runs.filters import RunFilter, RunQuery, Sort
from pilothouse.runs.repository import RunRepository
from pilothouse.runs.schemas import RunStatus
from pilothouse.telemetry import logs
from report import RESULTS, Measure, report

TARGET = 50.0
"""Milliseconds that the 95th percentile of a list may take."""

FIGURES_TARGET = 1_000.0
"""Milliseconds that the figures of a day with a thirtieth of all runs, or a histogram of all, may take."""

DAYS = 30
START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
END = START + dt.timedelta(days=DAYS)

FILL = """
insert into runs (id, tenant_id, workflow, version, pin, status, priority, principal, seq, labels,
                  schedule_id, created_at, changed_at, finished_at)
select id, case when n %% 100 = 0 then 'other' else 'default' end, workflow, version,
       workflow || '@' || version, status, 0, principal, 5, labels, schedule_id, created_at,
       coalesce(finished_at, created_at), finished_at
  from (
    select n, (lpad(to_hex((extract(epoch from created_at) * 1000)::bigint), 12, '0') || '7'
               || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text || 'x'), 1, 15))::uuid as id,
           'flow-' || floor(12 * power(random(), 3))::int as workflow,
           1 + (n * 3 / %(runs)s) as version,
           status, created_at,
           'user-' || floor(400 * power(random(), 3))::int as principal,
           case when n %% 5 = 0 then jsonb_build_object(
             'env', case when n %% 50 = 0 then 'staging' else 'production' end,
             'customer', 'c' || (n %% 5000),
             'day', to_char(created_at, 'YYYY-MM-DD')) else '{}' end as labels,
           case when n %% 20 = 7
                then ('01900000-0000-7000-8000-' || lpad((n %% 40)::text, 12, '0'))::uuid end as schedule_id,
           case when status in ('completed', 'failed', 'cancelled')
                then created_at + power(random(), 4) * interval '1 hour' end as finished_at
      from (
        select n, %(start)s::timestamptz + n * (%(days)s * interval '1 day') / %(runs)s as created_at,
               case when n %% 1999 = 3 then 'failed' when n %% 4999 = 4 then 'cancelled'
                    when n %% 211 = 5 then 'waiting' when n > %(runs)s - 300 then 'queued'
                    when n > %(runs)s - 350 then 'running' else 'completed' end as status
          from generate_series(1, %(runs)s) as n) as drawn) as made
"""
ASK = """
insert into questions (id, tenant_id, run_id, key, payload)
select gen_random_uuid(), tenant_id, id, 'ask#0', '{}' from runs where status = 'waiting' and version = 3
"""
END_FAILED = """
insert into journal (run_id, seq, tenant_id, kind, key, payload)
select id, 5, tenant_id, 'run_failed', '', '{"code": "step_failed", "message": "it failed"}' from runs
 where status = 'failed'
"""

FILTERS: dict[str, dict[str, object]] = {
    "no filter": {},
    "oldest first": {"sort": Sort.OLDEST},
    "last changed first": {"sort": Sort.CHANGED},
    "failed (1 in 2,000)": {"status": [RunStatus.FAILED]},
    "cancelled (1 in 5,000)": {"status": [RunStatus.CANCELLED]},
    "waiting (1 in 200)": {"status": [RunStatus.WAITING]},
    "completed": {"status": [RunStatus.COMPLETED]},
    "failed or waiting": {"status": [RunStatus.FAILED, RunStatus.WAITING]},
    "running": {"status": [RunStatus.RUNNING]},
    "frequent workflow": {"workflow": "flow-0"},
    "no such workflow": {"workflow": "flow-99"},
    "old version": {"workflow": "flow-3", "version": 1},
    "no such version": {"workflow": "flow-0", "version": 9},
    "rare principal": {"principal": "user-399"},
    "frequent principal": {"principal": "user-0"},
    "no such principal": {"principal": "nobody"},
    "schedule": {"schedule_id": "01900000-0000-7000-8000-000000000007"},
    "frequent label": {"label": ["env:production"]},
    "rare label": {"label": ["customer:c35"]},
    "label of old runs": {"label": ["day:2026-06-03"]},
    "two labels": {"label": ["env:staging", "customer:c50"]},
    "no such label": {"label": ["env:nowhere"]},
    "created in an old hour": {
        "created_after": START + dt.timedelta(days=3),
        "created_before": START + dt.timedelta(days=3, hours=1),
    },
    "created in the first half": {"created_before": START + dt.timedelta(days=DAYS / 2)},
    "created in the second half, oldest first": {
        "created_after": START + dt.timedelta(days=DAYS / 2),
        "sort": Sort.OLDEST,
    },
    "created in the future": {"created_after": END + dt.timedelta(days=1)},
    "finished in an old hour": {
        "finished_after": START + dt.timedelta(days=3),
        "finished_before": START + dt.timedelta(days=3, hours=1),
    },
    "with open questions": {"has_open_questions": True},
    "without open questions": {"has_open_questions": False},
    "beginning of an id": {"id_prefix": "019e"},
    "end of an id": {"id_suffix": "0c7b1f2a"},
    "failed, of a workflow": {"status": [RunStatus.FAILED], "workflow": "flow-2"},
    "failed, of an old day": {
        "status": [RunStatus.FAILED],
        "created_after": START + dt.timedelta(days=2),
        "created_before": START + dt.timedelta(days=3),
    },
    "of a workflow, of an old week": {
        "workflow": "flow-11",
        "created_after": START,
        "created_before": START + dt.timedelta(days=7),
    },
    "waiting, with open questions": {"status": [RunStatus.WAITING], "has_open_questions": True},
    "failed, with a label": {"status": [RunStatus.FAILED], "label": ["env:production"]},
    "of a workflow, with a frequent label": {"workflow": "flow-1", "label": ["env:production"]},
    "of a principal, failed": {"principal": "user-3", "status": [RunStatus.FAILED]},
}


def fill(conninfo: str, runs: int) -> float:
    """Make runs of thirty days; returns the seconds that it took, with the statistics of the planner."""
    started = time.perf_counter()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute(FILL, {"runs": runs, "start": START, "days": DAYS})
        connection.execute(ASK)
        connection.execute(END_FAILED)
        connection.execute("vacuum analyze runs, run_labels, questions, journal")
    return time.perf_counter() - started


async def measure(conninfo: str, rounds: int) -> list[Measure]:
    """The 95th percentile of each filter, the filters in turns, the first and the second page of each."""
    database = Database(conninfo, connections=1)
    taken: dict[str, list[float]] = {name: [] for name in FILTERS}
    try:
        for number in range(rounds + 1):
            for name, wanted in FILTERS.items():
                elapsed = await _pages(database, wanted)
                if number:  # the first round fills the caches
                    taken[name] += elapsed
        figures = [await _figures(database) for _ in range(max(rounds // 5, 2))]
        buckets = [await _buckets(database) for _ in range(max(rounds // 5, 2))]
    finally:
        await database.close()
    measures = []
    for name, times in taken.items():
        p50, p95 = statistics.median(times), sorted(times)[int(len(times) * 0.95)]
        measures.append(Measure(f"{name}, p50", p50, "ms"))
        measures.append(Measure(f"{name}, p95", p95, "ms", TARGET, met=p95 <= TARGET))
    every = sorted(time for times in taken.values() for time in times)
    p95 = every[int(len(every) * 0.95)]
    measures.append(Measure("all filters, p95", p95, "ms", TARGET, met=p95 <= TARGET))
    day = statistics.median(figures)
    measures.append(Measure("figures of a day", day, "ms", FIGURES_TARGET, met=day <= FIGURES_TARGET))
    every_run = statistics.median(buckets)
    met = every_run <= FIGURES_TARGET
    measures.append(Measure("histogram of all runs", every_run, "ms", FIGURES_TARGET, met=met))
    return measures


async def _pages(database: Database, wanted: dict[str, object]) -> list[float]:
    """Milliseconds of the first page and, where there is one, of the second."""
    taken, cursor = list[float](), None
    for _ in range(2):
        async with database.session(Scope("default", "bench")) as session:
            runs = RunRepository(session, Scope("default", "bench"))
            started = time.perf_counter()
            page = await runs.page(RunQuery(cursor=cursor, **wanted))
            taken.append((time.perf_counter() - started) * 1e3)
        cursor = page.next_cursor
        if cursor is None:
            break
    return taken


async def _figures(database: Database) -> float:
    async with database.session(Scope("default", "bench")) as session:
        runs = RunRepository(session, Scope("default", "bench"))
        started = time.perf_counter()
        since = END - dt.timedelta(days=2)
        await runs.figures(since, since + dt.timedelta(days=1))
        await runs.failures(since, since + dt.timedelta(days=1), 500)
        return (time.perf_counter() - started) * 1e3


async def _buckets(database: Database) -> float:
    """Milliseconds of the histogram that counts every run of the tenant."""
    async with database.session(Scope("default", "bench")) as session:
        runs = RunRepository(session, Scope("default", "bench"))
        started = time.perf_counter()
        await runs.histogram(RunFilter(), START, END, (END - START) / 120)
        return (time.perf_counter() - started) * 1e3


def main() -> None:
    """Fill, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000, help="how many runs there are")
    parser.add_argument("--quick", action="store_true", help="20,000 runs, for a look; nothing is written")
    options = parser.parse_args()
    logs.configure("error", "readable")
    with (
        tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as name,
        postgres.attach(Path(name)) as server,
    ):
        upgrade(server.dsn)
        filled = fill(server.dsn, 20_000 if options.quick else options.runs)
        measures = [Measure("filling", filled, "s", 60, met=filled <= 60)]
        measures += asyncio.run(measure(server.dsn, 3 if options.quick else 20))
        report("listing", measures, Path(name) if options.quick else RESULTS)


if __name__ == "__main__":
    main()
