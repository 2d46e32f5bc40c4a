"""The queue at scale: fairness against a backlog, a burst of submits, and one or two worker processes.

What can be held against the claim that knew no tenants is: it runs in turns with the one there is. PostgreSQL
is the embedded one, with fsync on. `--quick` takes fewer runs and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

import psycopg

from engine import AT_ONCE, worker_process
from engine_workflows import WORKFLOWS
from pilothouse import Context, agent, workflow
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import FINAL
from pilothouse.runtime.workflows import Workflows
from pilothouse.telemetry import logs
from queueing_claims import CLAIMS
from report import RESULTS, Measure, report
from spine import spread

SUBMIT = """
insert into runs (id, tenant_id, workflow, version, pin, status)
select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000000)::bigint), 16, '0')
        || lpad(to_hex(i), 16, '0'))::uuid, 'tenant-' || i %% %s, 'burst', 1, 'burst@1', 'queued'
  from generate_series(1, %s) as i
"""
FINISH = "update runs set status = 'completed', worker_id = null where id = any(%s)"
ENDED = """
select id, extract(epoch from finished_at - created_at)::float8 from runs
 where id = any(%s) and status = 'completed'
"""
PAGE, BATCH = 250, 20
"""Runs that one commit submits, and runs that one claim takes, in the burst."""


@agent
async def linger(_ctx: Context, seconds: float) -> float:
    """A step that takes its time."""
    await asyncio.sleep(seconds)
    return seconds


@workflow("lingers")
async def lingers(ctx: Context, seconds: float = 0.02) -> float:
    """One step that takes its time."""
    return await ctx.call(linger, seconds)


async def first_run(conninfo: str, folder: Path, backlog: int, how: str) -> tuple[float, int]:
    """A tenant's first run behind another one's backlog.

    Returns how many seconds it took until it was claimed, and how many of the other's runs were claimed
    meanwhile, from the moment on at which the submission had returned.
    """
    engine = Engine(conninfo, Workflows([lingers]), ObjectArtifacts.local(folder))
    claims = CLAIMS[how](engine.store._claims)  # noqa: SLF001 - the claims are what is measured
    engine.store._claiming = claims  # noqa: SLF001 - as above
    await engine.open()
    for _ in range(0, backlog, 1_000):
        orders = [Order("lingers", b"0.02", tenant_id="many") for _ in range(min(1_000, backlog))]
        await asyncio.gather(*map(engine.submit, orders))
    worker = engine.worker()
    working = asyncio.create_task(worker.run())
    while len(claims.order) < AT_ONCE * 2:  # noqa: ASYNC110 - until every slot is taken
        await asyncio.sleep(0.01)
    run_id = await engine.submit(Order("lingers", b"0.02", tenant_id="few"))
    submitted, before = time.perf_counter(), len(claims.order)
    async for entry in engine.follow(run_id):
        if entry.kind in FINAL:
            break
    place = next(number for number, (tenant, _) in enumerate(claims.order) if tenant == "few")
    await worker.stop(0)
    await working
    await engine.close()
    return max(claims.order[place][1] - submitted, 0.0), max(place - before, 0)


class Burst:
    """Submits to an empty database while a worker claims, as fast as each of them can."""

    def __init__(self, conninfo: str, runs: int, tenants: int) -> None:
        """Nothing is submitted yet."""
        self._conninfo = conninfo
        self._runs = runs
        self._tenants = tenants
        self._submitted = threading.Event()

    def _submit(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            for _ in range(0, self._runs, PAGE):
                connection.execute(SUBMIT, (self._tenants, PAGE))
        self._submitted.set()

    async def measure(self, how: str) -> dict[str, list[float]]:
        """Milliseconds of each claim: before, during and after the burst, and at its very end."""
        lane = Lane(self._conninfo)
        claims, worker = CLAIMS[how](lane), uuid4()
        found: dict[str, list[float]] = {"before": [], "during": [], "after": []}
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            for _ in range(30):
                connection.execute(SUBMIT, (self._tenants, BATCH))
                found["before"].append(await self._one(claims, worker, connection) or 0.0)
            thread = threading.Thread(target=self._submit)
            thread.start()
            while True:
                done = self._submitted.is_set()
                taken = await self._one(claims, worker, connection)
                if taken is not None:
                    found["after" if done else "during"].append(taken)
                elif done:
                    break
        thread.join()
        await lane.close()
        return found

    async def _one(
        self, claims: object, worker: UUID, connection: psycopg.Connection[tuple[object, ...]]
    ) -> float | None:
        started = time.perf_counter()
        rows = await claims.claim(worker, ["burst@1"], BATCH)  # type: ignore[attr-defined]  # any of CLAIMS
        taken = (time.perf_counter() - started) * 1e3
        connection.execute(FINISH, ([row[0] for row in rows],))
        return taken if rows else None


async def closed_loop(conninfo: str, folder: Path, runs: int, at_once: int) -> tuple[float, float]:
    """Runs a second and p95 in ms, `at_once` runs under way, executed by whichever workers there are."""
    engine = Engine(conninfo, Workflows(WORKFLOWS), ObjectArtifacts.local(folder))
    open_runs: set[UUID] = set()
    latencies: list[float] = []
    started = time.perf_counter()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        while len(latencies) < runs:
            missing = min(at_once - len(open_runs), runs - len(latencies) - len(open_runs))
            made = await asyncio.gather(*(engine.submit(Order("three", b"1")) for _ in range(missing)))
            open_runs.update(made)
            for run_id, seconds in connection.execute(ENDED, (list(open_runs),)).fetchall():
                open_runs.discard(run_id)
                latencies.append(seconds * 1e3)
            await asyncio.sleep(0.002)
    rate = runs / (time.perf_counter() - started)
    await engine.close()
    return rate, sorted(latencies)[int(len(latencies) * 0.95)]


async def processes(conninfo: str, folder: Path, runs: int, rounds: int) -> list[Measure]:
    """The same load on one and on two worker processes, in turns."""
    rates: dict[int, list[float]] = {1: [], 2: []}
    p95s: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for count, found in rates.items():
            with ExitStack() as stack:
                for _ in range(count):
                    stack.enter_context(worker_process(conninfo, folder))
                await closed_loop(conninfo, folder, max(runs // 5, 50), AT_ONCE * 2)
                rate, p95 = await closed_loop(conninfo, folder, runs, AT_ONCE * 2)
            found.append(rate)
            p95s[count].append(p95)
    one, two = (statistics.median(rates[count]) for count in (1, 2))
    name = f"three steps, {AT_ONCE * 2} at a time"
    return [
        Measure(f"{name}, one process", one, "runs/s", spread=spread(rates[1])),
        Measure(f"{name}, one process, p95", statistics.median(p95s[1]), "ms", spread=spread(p95s[1])),
        Measure(
            f"{name}, two processes", two, "runs/s", one * 0.85, "one process", one, two / one,
            two >= one * 0.85, spread(rates[2]),
        ),
        Measure(f"{name}, two processes, p95", statistics.median(p95s[2]), "ms", spread=spread(p95s[2])),
    ]  # fmt: skip


def fairness(server: postgres.Attachment, folder: Path, backlog: int, rounds: int) -> list[Measure]:
    """A tenant's first run behind a backlog, with the claim as it is and as it was, in turns."""
    waits: dict[str, list[float]] = {how: [] for how in CLAIMS}
    ahead: dict[str, list[float]] = {how: [] for how in CLAIMS}
    for number in range(rounds):
        for how in CLAIMS:
            conninfo = server.create_database(f"fairness_{how}_{number}")
            upgrade(conninfo)
            wait, others = asyncio.run(first_run(conninfo, folder, backlog, how))
            waits[how].append(wait * 1e3)
            ahead[how].append(others)
    name = f"first run behind {backlog:,} of another tenant"
    wait, before = (statistics.median(waits[how]) for how in ("now", "before"))
    most, most_before = max(ahead["now"]), max(ahead["before"])
    return [
        Measure(f"{name}, until claimed", wait, "ms", None, "before", before, wait / before, None,
                spread(waits["now"])),
        Measure(f"{name}, others claimed first", most, "runs", AT_ONCE, "before", most_before, None,
                most <= AT_ONCE),
    ]  # fmt: skip


def bursts(server: postgres.Attachment, runs: int) -> list[Measure]:
    """Claims of 20 runs before, during and after a burst, of one tenant and of fifty."""
    found = []
    for how, tenants in (("now", 1), ("before", 1), ("now", 50)):
        conninfo = server.create_database(f"burst_{how}_{tenants}")
        upgrade(conninfo)
        taken = asyncio.run(Burst(conninfo, runs, tenants).measure(how))
        quiet = statistics.median(taken["before"])
        name = f"claim of {BATCH}, {tenants} tenant{'s' * (tenants > 1)}{', as it was' * (how == 'before')}"
        found.append(Measure(f"{name}, quiet", quiet, "ms"))
        for phase in ("during", "after"):
            value = statistics.median(taken[phase]) if taken[phase] else 0.0
            met = value <= 3 * quiet if how == "now" else None
            target = 3 * quiet if how == "now" else None
            found.append(
                Measure(
                    f"{name}, {phase} {runs:,} submits",
                    value,
                    "ms",
                    target,
                    "quiet",
                    quiet,
                    value / quiet,
                    met,
                )
            )
    return found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs; nothing is written")
    options = parser.parse_args()
    logs.configure("error", "readable")
    backlog, burst, runs, rounds = (1_000, 5_000, 300, 1) if options.quick else (10_000, 100_000, 2_000, 3)
    with tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as name:
        folder = Path(name)
        with postgres.attach(folder / "queue") as server:
            measures = fairness(server, folder / "artifacts", backlog, rounds)
            measures += bursts(server, burst)
            upgrade(server.dsn)
            measures += asyncio.run(processes(server.dsn, folder / "artifacts", runs, rounds))
        report("queueing", measures, folder if options.quick else RESULTS)


if __name__ == "__main__":
    main()
