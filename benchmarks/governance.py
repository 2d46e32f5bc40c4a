"""Everything that governs an action, in one table: policies, whole `ctx.act`, two processes, audit heads.

Whole `ctx.act` runs in real workers, wired as production wires them, on the embedded PostgreSQL with fsync
on, around a tool without work. Free is the same engine with nothing that governs; what governing adds is the
difference. `--quick` takes fewer actions and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg

import policies
from governance_worker import acting
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.workflows import Workflows
from pilothouse.telemetry import logs
from report import RESULTS, Measure, report

HERE = Path(__file__).parent
ADDED_MS, RATE, TAIL_MS, TWICE, BEHIND_S = 4.0, 900.0, 80.0, 1.2, 1.0
"""Targets: milliseconds added to one action; actions a second and their p95 at 32 at once; what two processes
are of one; seconds that a signed head may be behind."""

BUDGET = """
insert into budgets (id, tenant_id, name, scope, unit, currency, period, hard, made_by)
values (%s, 'default', 'all', 'tenant', 'money', 'EUR', 'month', 1000000, 'bench')
"""
KEPT = "select count(*) filter (where reserved <> 0), sum(spent) from budget_periods"
WAITS = """
select coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 from audit_inbox where at > %s
"""
NOW = "select clock_timestamp()"
AUDITED = """
select (select count(*) from audit_inbox where run_id is not null)
       + (select count(*) from audit_entries where run_id is not null)
"""
CLEAR = "".join(
    f"delete from {table};"  # noqa: S608 - names of our own
    for table in ("journal", "runs", "budget_periods", "reservations", "decisions")
)


class Setting(NamedTuple):
    """How many runs act at once, in how many processes, and whether anything governs."""

    at_once: int
    processes: int
    mode: str

    def __str__(self) -> str:
        """As a table names it."""
        processes = f"{self.processes} process{'es' if self.processes > 1 else ''}"
        return f"{self.mode}, {self.at_once} at once, {processes}"


ALONE, CROWD = Setting(1, 1, "governed"), Setting(32, 1, "governed")
ONE, TWO = Setting(64, 1, "governed"), Setting(64, 2, "governed")
SETTINGS = (Setting(1, 1, "free"), ALONE, Setting(32, 1, "free"), CROWD, ONE, TWO)


@dataclass(frozen=True)
class Round:
    """What one round has shown: actions a second, milliseconds of each, seconds that heads were behind.

    `cpu` is what the workers took, in milliseconds for each action; `load` that of the whole machine.
    """

    rate: float
    took: list[float]
    behind: float
    cpu: float
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    @property
    def p50(self) -> float:
        """Milliseconds."""
        return statistics.median(self.took)

    @property
    def p95(self) -> float:
        """Milliseconds."""
        return statistics.quantiles(self.took, n=20)[-1]


@contextmanager
def workers(conninfo: str, folder: Path, setting: Setting, told: Sequence[Path]) -> Iterator[None]:
    """Worker processes that are ready and share the slots; they have ended and told by the end."""
    slots = str(setting.at_once // setting.processes)
    command = [sys.executable, str(HERE / "governance_worker.py"), conninfo, str(folder), slots, setting.mode]
    started = [
        subprocess.Popen([*command, str(path)], stdout=subprocess.PIPE, text=True, cwd=HERE) for path in told
    ]
    try:
        for process in started:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise SystemExit("A worker did not start.")
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)
            if process.stdout is not None:
                process.stdout.close()


def prepare(conninfo: str) -> None:
    """Make the budget from which all actions reserve."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(BUDGET, (uuid4(),))


async def once(conninfo: str, folder: Path, setting: Setting, actions: int) -> Round:
    """`actions` in all. What the budget and the audit log hold afterwards has to be all of it."""
    engine = Engine(conninfo, Workflows([acting]), ObjectArtifacts.local(folder / "artifacts"))
    await engine.open()
    told = [folder / f"told-{number}.json" for number in range(setting.processes)]
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        await connection.execute(CLEAR.encode())
        await connection.execute("analyze")
        before, since = await _one(connection, AUDITED), await _one(connection, NOW)
        behind = [0.0]

        async def watch() -> None:
            while True:
                behind.append(await _one(connection, WAITS, since))
                await asyncio.sleep(0.1)

        with workers(conninfo, folder, setting, told):
            watching = asyncio.create_task(watch())
            each = actions // setting.at_once
            orders = [Order("acting", str(each).encode()) for _ in range(setting.at_once)]
            for run in await asyncio.gather(*(engine.submit(order) for order in orders)):
                async for _ in engine.follow(run):
                    continue
            watching.cancel()
            await asyncio.wait([watching])
        await engine.close()
        done = each * setting.at_once
        if setting.mode == "governed":
            await _insist(connection, done, await _one(connection, AUDITED) - before)
    said = [json.loads(path.read_text()) for path in told]
    took = sorted(tuple(action) for one in said for action in one["took"])
    cpu = sum(one["cpu"] for one in said) / done * 1_000
    warm = [seconds * 1_000 for _, seconds in took[len(took) // 20 :]]
    return Round(done / (took[-1][0] - took[0][0] + took[0][1]), warm, max(behind), cpu)


async def _one(connection: psycopg.AsyncConnection[tuple[object, ...]], sql: str, *said: object) -> Any:
    row = await (await connection.execute(sql.encode(), said)).fetchone()
    return row[0] if row else 0


async def _insist(
    connection: psycopg.AsyncConnection[tuple[object, ...]], actions: int, audited: float
) -> None:
    """Each action has cost a cent and has two entries; nothing is reserved any more."""
    row = await (await connection.execute(KEPT)).fetchone()
    if row is None or row[0] or round(float(str(row[1])) * 100) != actions or audited != 2 * actions:
        raise SystemExit(f"Of {actions:,} actions the budget holds {row}, the audit log {audited:,}.")


async def rounds(conninfo: str, folder: Path, *, quick: bool) -> dict[Setting, list[Round]]:
    """Each setting some times, in turns."""
    found: dict[Setting, list[Round]] = {setting: [] for setting in SETTINGS}
    for _ in range(1 if quick else 3):
        for setting in SETTINGS:
            actions = (100 if quick else 600) if setting.at_once == 1 else (1_920 if quick else 12_800)
            found[setting].append(await once(conninfo, folder, setting, actions))
    return found


def told(found: dict[Setting, list[Round]]) -> list[Measure]:
    """The medians, beside what was asked."""

    def middle(setting: Setting, what: str) -> float:
        return float(statistics.median(getattr(one, what) for one in found[setting]))

    free = middle(SETTINGS[0], "p50")
    added = middle(ALONE, "p50") - free
    rate, tail = middle(CROWD, "rate"), middle(CROWD, "p95")
    twice = middle(TWO, "rate") / middle(ONE, "rate")
    behind = max(one.behind for one in found[CROWD])
    measures = [
        Measure("added to one action at a time, p50", added, "ms", ADDED_MS, met=added < ADDED_MS),
        Measure("actions at 32 at once", rate, "1/s", RATE, met=rate >= RATE),
        Measure("one action at 32 at once, p95", tail, "ms", TAIL_MS, met=tail < TAIL_MS),
        Measure("two processes on one tenant, of one's rate", twice, "times", TWICE, met=twice >= TWICE),
        Measure(
            "oldest audit entry without a place at 32 at once", behind, "s", BEHIND_S, met=behind <= BEHIND_S
        ),
    ]
    for setting, some in found.items():
        rates = [one.rate for one in some]
        spread = max(rates) - min(rates)
        measures += [
            Measure(f"{setting}: actions", statistics.median(rates), "1/s", spread=spread),
            Measure(f"{setting}: one action, p50", middle(setting, "p50"), "ms"),
            Measure(f"{setting}: processor time of the workers for each", middle(setting, "cpu"), "ms"),
        ]
    return measures


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer actions; nothing is written")
    parser.add_argument("--data", help="not needed, and taken as every benchmark does")
    quick = parser.parse_args().quick
    logs.configure("error", "json")
    decided, size = policies.measures()
    with tempfile.TemporaryDirectory() as folder, postgres.attach(Path(folder)) as server:
        upgrade(server.dsn)
        prepare(server.dsn)
        found = asyncio.run(rounds(server.dsn, Path(folder), quick=quick))
        loads = [one.load for some in found.values() for one in some]
        notes = [
            f"{policies.POLICIES} policies over {policies.TOOLS} tools, {size} in a slice; in one process.",
            "Governed: switches, a policy, a budget of the tenant in one row, the audit log and its leader.",
            f"The machine's load was {min(loads):.1f} to {max(loads):.1f}, the benchmark's own included.",
            "Proofs and verification at 1,000,000 entries: `./dev bench audit`.",
        ]
        report("governance", [*decided, *told(found)], Path(folder) if quick else RESULTS, notes)


if __name__ == "__main__":
    main()
