"""Actions under one tenant's one budget: how many a second are reserved and settled through appends.

Whole `ctx.act` around a tool without work, in real workers, on the embedded PostgreSQL with fsync on: once
with nothing that governs and once with a monthly budget of the tenant, whose one row all reserve from. Rates
are the journal's: outcomes between the first and the last. `--quick` takes fewer and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from budgets_worker import acting
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.workflows import Workflows
from pilothouse.telemetry import logs
from report import Measure, report

HERE = Path(__file__).parent
BUDGET = """
insert into budgets (id, tenant_id, name, scope, unit, currency, period, hard, made_by)
values (%s, 'default', 'all', 'tenant', 'money', 'EUR', 'month', 1000000, 'bench')
"""
RATE = """
select count(*) / greatest(extract(epoch from max(at) - min(at)), 0.001)::float8 from journal
 where kind = 'outcome'
"""
KEPT = "select count(*) filter (where reserved <> 0), sum(spent) from budget_periods"
CLEAR = "delete from journal; delete from runs; delete from budget_periods; delete from reservations"


@contextmanager
def workers(conninfo: str, folder: str, processes: int, slots: int, mode: str) -> Iterator[None]:
    """Worker processes that are ready, with so many slots each."""
    command = [sys.executable, str(HERE / "budgets_worker.py"), conninfo, folder, str(slots), mode]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE) for _ in range(processes)
    ]
    for process in started:
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise SystemExit("A worker did not start.")
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(20)


async def rate(conninfo: str, folder: str, *, at_once: int, processes: int, mode: str, actions: int) -> float:
    """Actions a second, with `at_once` runs under way in all."""
    engine = Engine(conninfo, Workflows([acting]), ObjectArtifacts.local(Path(folder)))
    await engine.open()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(CLEAR)
        connection.execute("analyze")
        with workers(conninfo, folder, processes, at_once // processes, mode):
            payload = str(actions // at_once).encode()
            runs = await asyncio.gather(*(engine.submit(Order("acting", payload)) for _ in range(at_once)))
            for run in runs:
                async for _ in engine.follow(run):
                    continue
        await engine.close()
        if mode == "budgeted":
            found = connection.execute(KEPT).fetchone()
            if found is None or found[0] or round(found[1] * 100) != actions // at_once * at_once:
                raise SystemExit(f"The budget does not hold what was spent: {found}.")
        row = connection.execute(RATE).fetchone()
        return float(row[0]) if row else 0.0


async def measure(conninfo: str, folder: str, *, quick: bool) -> list[Measure]:
    """Each setting some times, in turns; the medians."""
    settings = [(1, 1, "free"), (1, 1, "budgeted"), (32, 1, "free"), (32, 1, "budgeted")]
    settings += [(64, 1, "budgeted"), (64, 2, "budgeted")]
    found: dict[tuple[int, int, str], list[float]] = {setting: [] for setting in settings}
    for _ in range(1 if quick else 3):
        for at_once, processes, mode in settings:
            actions = (200 if quick else 600) if at_once == 1 else (1_920 if quick else 9_600)
            found[at_once, processes, mode].append(
                await rate(conninfo, folder, at_once=at_once, processes=processes, mode=mode, actions=actions)
            )
    median = {setting: statistics.median(rates) for setting, rates in found.items()}
    spread = {setting: max(rates) - min(rates) for setting, rates in found.items()}
    one, two = median[64, 1, "budgeted"], median[64, 2, "budgeted"]
    added = 1_000 / median[1, 1, "budgeted"] - 1_000 / median[1, 1, "free"]
    measures = [
        Measure("added to one action at a time, mean", added, "ms", target=4.0, met=added < 4),
        Measure("two processes, of one's rate", two / one, "times", target=1.2, met=two / one >= 1.2),
    ]
    for setting, value in median.items():
        at_once, processes, mode = setting
        name = f"{mode}: {at_once} at once, {processes} process{'es' if processes > 1 else ''}"
        target = 900.0 if setting == (32, 1, "budgeted") else None
        met = None if target is None else value >= target
        measures.append(Measure(name, value, "actions/s", target, met=met, spread=spread[setting]))
    return measures


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer actions; nothing is written")
    quick = parser.parse_args().quick
    logs.configure("error", "json")
    with tempfile.TemporaryDirectory() as folder, postgres.attach(Path(folder) / "pg") as server:
        conninfo = server.create_database("budgets")
        upgrade(conninfo)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(BUDGET, (uuid4(),))
        measures = asyncio.run(measure(conninfo, folder, quick=quick))
    if quick:
        for one in measures:
            print(f"{one.measure}: {one.value:,.2f} {one.unit}")
        return
    report("budgets", measures, notes=["free: nothing governs. budgeted: one budget of the tenant, one row."])


if __name__ == "__main__":
    main()
