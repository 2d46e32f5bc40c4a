"""The spine's speed: durable runs a second, latency, replay, start-up, and the whole MLOps design.

`--quick` takes fewer runs and writes nothing. PostgreSQL is the embedded one, with fsync on. The peers are
measured by `engine.py`.
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
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import collecting, postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import FINAL
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows
from pilothouse.telemetry import logs
from report import RESULTS, Measure, report
from spine_workflows import many, three

HERE = Path(__file__).parent


def spread(values: Sequence[float]) -> float:
    """The difference between the greatest and the least value."""
    return max(values) - min(values)


def at_most(name: str, values: Sequence[float], unit: str, target: float) -> Measure:
    """A measure whose median must not exceed its target."""
    value = statistics.median(values)
    return Measure(name, value, unit, target, met=value <= target, spread=spread(values))


class Load:
    """Submits runs of `three` and waits for each to complete, a number of them at once."""

    def __init__(self, engine: Engine) -> None:
        """Hear of completed runs through the worker, as soon as their last commit has returned."""
        self.engine = engine
        self.completed: dict[UUID, float] = {}
        self.waiting: dict[UUID, asyncio.Event] = {}

    def ended(self, run_id: UUID) -> None:
        """A run's turn is over."""
        self.completed[run_id] = time.perf_counter()
        if run_id in self.waiting:
            self.waiting.pop(run_id).set()

    async def one(self, slots: asyncio.Semaphore, latencies: list[float]) -> None:
        """One run, from its submission to its last commit."""
        async with slots:
            started = time.perf_counter()
            run_id = await self.engine.submit(Order("three", b"1"))
            if run_id not in self.completed:
                self.waiting[run_id] = event = asyncio.Event()
                await event.wait()
            latencies.append(self.completed.pop(run_id) - started)

    async def measure(self, runs: int, at_once: int) -> tuple[float, list[float]]:
        """Runs per second, and the sorted latencies in milliseconds."""
        slots, latencies = asyncio.Semaphore(at_once), list[float]()
        started = time.perf_counter()
        await asyncio.gather(*(self.one(slots, latencies) for _ in range(runs)))
        return runs / (time.perf_counter() - started), sorted(each * 1e3 for each in latencies)


async def runs_per_second(conninfo: str, folder: Path, runs: int, rounds: int) -> list[Measure]:
    """Runs of three committed steps, 50 at a time and one at a time, engine and worker in one process."""
    engine = Engine(conninfo, Workflows([three]), ObjectArtifacts.local(folder))
    await engine.open()
    worker, load = engine.worker(WorkerSettings()), Load(engine)
    worker.on_turn_ended = load.ended
    working = asyncio.create_task(worker.run())
    try:
        await load.measure(200, 50)  # connections, prepared statements and plans
        collecting.settle()  # as `pilothouse worker` does
        rates, p95s = list[float](), list[float]()
        for _ in range(rounds):
            rate, latencies = await load.measure(runs, 50)
            rates.append(rate)
            p95s.append(latencies[int(len(latencies) * 0.95)])
        p50s = []
        for _ in range(rounds):
            _, latencies = await load.measure(max(runs // 5, 20), 1)
            p50s.append(statistics.median(latencies))
    finally:
        await worker.stop()
        await working
        await engine.close()
    rate = statistics.median(rates)
    return [
        Measure("three steps, 50 at a time", rate, "runs/s", 1500, met=rate >= 1500, spread=spread(rates)),
        at_most("three steps, 50 at a time, p95", p95s, "ms", 60),
        at_most("three steps, one at a time, p50", p50s, "ms", 6),
    ]


async def replay(conninfo: str, folder: Path, steps: int, rounds: int) -> Measure:
    """From the answer to a run with many journalled steps to its completion: claim, read, replay, commit."""
    engine = Engine(conninfo, Workflows([many]), ObjectArtifacts.local(folder))
    await engine.open()
    worker = engine.worker(WorkerSettings())
    working = asyncio.create_task(worker.run())
    taken = []
    try:
        for _ in range(rounds):
            run_id = await engine.submit(Order("many", str(steps).encode()))
            started = time.perf_counter()
            async for entry in engine.follow(run_id):
                if entry.kind == "asked":
                    started = time.perf_counter()
                    await engine.answer(run_id, entry.key, "yes")
                if entry.kind in FINAL:
                    taken.append(time.perf_counter() - started)
    finally:
        await worker.stop()
        await working
        await engine.close()
    return at_most(f"replay of {steps:,} journalled steps", taken, "s", 1)


def timed(command: Sequence[str], rounds: int, **environment: str) -> list[float]:
    """Seconds that a command takes, several times, after one time that does not count."""
    taken = []
    for number in range(rounds + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **environment})
        if number:
            taken.append(time.perf_counter() - started)
    return taken


def command_line(folder: Path, rounds: int) -> list[Measure]:
    """The command line from process start to its end."""
    pilothouse = str(Path(sys.executable).parent / "pilothouse")
    trivial = [pilothouse, "--data", str(folder), "--app", "spine_workflows:app", "run", "three", "--no-save"]
    return [
        at_most("pilothouse --help", timed([pilothouse, "--help"], rounds), "s", 0.35),
        at_most("pilothouse run, trivial", timed(trivial, rounds, PYTHONPATH=str(HERE)), "s", 1.5),
    ]


def design(rounds: int) -> list[Measure]:
    """The whole design, without and with the validators, and the peak memory of it all."""
    command = [sys.executable, str(HERE / "whole_design.py"), str(rounds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    return [
        at_most("whole design, without the validators", found["plain"], "s", 0.5),
        at_most("whole design, with the validators", found["validated"], "s", 3),
        at_most("peak memory of the whole design", [found["peak_mb"]], "MB", 300),
    ]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs, for a look; nothing is written")
    options = parser.parse_args()
    logs.configure("error", "readable")
    runs, rounds = (200, 1) if options.quick else (1000, 5)
    measures = design(rounds)
    with tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as name:
        folder = Path(name)
        with postgres.attach(folder / "engine") as server:
            upgrade(server.dsn)
            measures += asyncio.run(runs_per_second(server.dsn, folder / "artifacts", runs, rounds))
            steps = 2_000 if options.quick else 10_000
            measures.append(asyncio.run(replay(server.dsn, folder / "artifacts", steps, min(rounds, 3))))
        measures += command_line(folder / "cli", rounds)
        report("spine", measures, folder if options.quick else RESULTS)  # a look is no result


if __name__ == "__main__":
    main()
