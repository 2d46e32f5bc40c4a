"""Live events across processes: from an append in one to the viewers of another, by SSE and WebSocket.

A worker appends here, `pilothouse serve` is a process of its own, and so are the viewers. `--quick` takes
fewer events and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

import live_workflows
from live_workflows import Pace, ticks
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.cli.signing_in import credential_for
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows
from pilothouse.settings import load as load_settings
from pilothouse.telemetry import logs
from report import RESULTS, Measure, report
from spine import Load
from spine_workflows import three

HERE = Path(__file__).parent


TENANT = "/api/v1/events"
"""Where all runs are followed."""


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def resident(pid: int) -> int:
    """The memory that a process holds now, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit(f"process {pid} is gone")


class Viewers:
    """The process of the viewers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Talk to it by lines."""
        self.process = process

    async def ask(self, *what: object) -> dict[str, Any]:
        """Have it do something; what came of it."""
        await self.tell(*what)
        return await self.answer()

    async def tell(self, *what: object) -> None:
        """Have it do something."""
        if self.process.stdin is None:
            raise SystemExit("the viewers take no orders")
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        await self.process.stdin.drain()

    async def answer(self) -> dict[str, Any]:
        """What came of what it was told."""
        if self.process.stdout is None or not (line := await self.process.stdout.readline()):
            raise SystemExit("the viewers ended")
        found: dict[str, Any] = json.loads(line)
        return found


@dataclass
class Stage:
    """The processes of one benchmark."""

    engine: Engine
    load: Load
    viewers: Viewers
    server: int

    async def runs(self, pace: Pace, number: int) -> list[UUID]:
        """Runs that wait to be started."""
        order = Order("ticks", pace.model_dump_json().encode())
        run_ids = [await self.engine.submit(order) for _ in range(number)]
        for run_id in run_ids:
            while await self.engine.status(run_id) != "waiting":  # noqa: ASYNC110 - it is another's
                await asyncio.sleep(0.01)
        return run_ids

    async def start(self, run_ids: list[UUID]) -> None:
        """Start them."""
        for run_id in run_ids:
            await self.engine.answer(run_id, "ask:start", "yes")


@asynccontextmanager
async def staged(conninfo: str, folder: Path) -> AsyncIterator[Stage]:
    """A worker in this process, `pilothouse serve` in another, and the viewers in a third."""
    engine = Engine(conninfo, Workflows([ticks, three]), ObjectArtifacts.local(folder / "artifacts"))
    await engine.open()
    worker, load = engine.worker(WorkerSettings(slots=200)), Load(engine)
    worker.on_turn_ended = load.ended
    working = asyncio.create_task(worker.run())
    port = free_port()
    command = [
        str(Path(sys.executable).parent / "pilothouse"),
        "--data",
        str(folder),
        "serve",
        "--port",
        str(port),
    ]
    environment = {
        **os.environ,
        "PILOTHOUSE_LOG_LEVEL": "warning",
        "PILOTHOUSE_LIVE_CONNECTIONS": "2000",
        "PILOTHOUSE_IDLE_CONNECTIONS_PER_ADDRESS": "2000",  # all viewers come from one
    }
    server = await asyncio.create_subprocess_exec(*command, env=environment)
    url = f"http://127.0.0.1:{port}"
    viewers: asyncio.subprocess.Process | None = None
    try:
        async with httpx.AsyncClient() as client:
            await ready(client, url)
        credential = await credential_for(url, load_settings(data=folder))
        viewers = await asyncio.create_subprocess_exec(
            *(sys.executable, str(HERE / "live_viewers.py"), url, credential or ""),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 26,
        )
        yield Stage(engine, load, Viewers(viewers), server.pid)
    finally:
        for process in (viewers, server):
            if process is not None:
                process.terminate()
                await process.wait()
        await worker.stop(1)
        await working
        await engine.close()


async def ready(client: httpx.AsyncClient, url: str) -> None:
    """Wait for a server."""
    for _ in range(1_000):
        try:
            if (await client.get(f"{url}/health/ready")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.02)
    raise SystemExit("the server does not start")


def events_of(run_id: UUID) -> str:
    """Where a run is followed."""
    return f"/api/v1/runs/{run_id}/events"


async def one_viewer(
    stage: Stage, name: str, events: int, every: float, path: str | None = None
) -> list[float]:
    """Milliseconds from the return of each append to its arrival at a viewer, sorted."""
    run_ids = await stage.runs(Pace(events=events, every=every, name=name), 1)
    await stage.viewers.ask("watch", [path or events_of(run_ids[0])])
    await stage.start(run_ids)
    seen = await stage.viewers.ask("seen", events, events * every + 30)
    await stage.viewers.ask("close")
    if not (seen["complete"] and seen["in_order"]):
        raise SystemExit(f"{name}: events were lost or came out of order")
    committed = live_workflows.COMMITTED
    return sorted(
        (received - committed[f"{name} {number}"]) * 1e3 for number, received in seen["received"].items()
    )


async def under_load(stage: Stage, events: int, every: float) -> tuple[list[float], float]:
    """As `one_viewer`, while the worker executes runs of three steps as fast as it can; with their rate."""
    stopping, rates = asyncio.Event(), list[float]()

    async def load() -> None:
        while not stopping.is_set():
            rates.append((await stage.load.measure(500, 50))[0])

    loading = asyncio.create_task(load())
    try:
        return await one_viewer(stage, "load", events, every), rates[len(rates) // 2]
    finally:
        stopping.set()
        await loading


async def held_up(stage: Stage, conninfo: str, seconds: float) -> float:
    """Milliseconds from the end of a long transaction to the arrival of the first entry that it delayed."""
    run_ids = await stage.runs(Pace(events=200, every=0.02, name="held"), 1)
    await stage.viewers.ask("watch", [TENANT])
    async with await psycopg.AsyncConnection.connect(conninfo) as elsewhere:
        await elsewhere.execute("select pg_current_xact_id()")
        await stage.start(run_ids)
        await asyncio.sleep(seconds)
        await elsewhere.commit()
        ended = time.monotonic()
    seen = await stage.viewers.ask("seen", 200, 30)
    await stage.viewers.ask("close")
    if not (seen["complete"] and seen["in_order"]):
        raise SystemExit("held up: events were lost or came out of order")
    first: float = min(seen["received"].values())
    if first < ended:
        raise SystemExit("held up: an entry was told before its turn")
    return (first - ended) * 1e3


async def many_viewers(stage: Stage, viewers: int, runs: int, events: int) -> list[Measure]:
    """Many viewers on many live runs, five events a second each."""
    run_ids = await stage.runs(Pace(events=events, every=0.2), runs)
    before = resident(stage.server)
    opened = await stage.viewers.ask("watch", [events_of(run_ids[at % runs]) for at in range(viewers)])
    await stage.start(run_ids)
    since = time.monotonic()
    await stage.viewers.tell("seen", events, events * 0.2 + 30)
    await asyncio.sleep(events * 0.1)
    memory = (resident(stage.server) - before) / viewers
    seen = await stage.viewers.answer()
    seconds = time.monotonic() - since
    await stage.viewers.ask("close")
    what = f"{viewers:,} viewers, {runs} runs, 5 events/s each"
    whole = seen["complete"] and seen["in_order"]
    told = seen["events"]
    return [
        Measure(f"{what}: opened", opened["seconds"], "s"),
        Measure(f"{what}: p50", seen["p50"], "ms"),
        Measure(f"{what}: p99", seen["p99"], "ms", 500, met=seen["p99"] < 500),
        Measure(f"{what}: all in order ({told:,})", float(whole), "of 1", 1, met=whole),
        Measure(f"{what}: events told", told / seconds, "per s"),
        Measure(f"{what}: server's memory per viewer", memory, "KiB", 64, met=memory < 64),
    ]


async def sockets(stage: Stage, number: int, events: int) -> list[Measure]:
    """WebSocket subscribers to one run: set up, then events to all."""
    run_ids = await stage.runs(Pace(events=events, every=0), 1)
    opened = await stage.viewers.ask("subscribe", str(run_ids[0]), number)
    await stage.viewers.tell("broadcast", events, 30)
    await stage.start(run_ids)
    seen = await stage.viewers.answer()
    await stage.viewers.ask("close")
    seconds = seen["ended"] - seen["began"]
    met = seconds < 0.5 and seen["complete"]
    return [
        Measure(
            f"{number} WebSocket subscribers set up", opened["seconds"], "s", 1, met=opened["seconds"] < 1
        ),
        Measure(f"{events} broadcasts to {number} WebSocket subscribers", seconds, "s", 0.5, met=met),
    ]


def percentiles(name: str, found: list[float], p50: float | None, p95: float) -> list[Measure]:
    """Median and 95th percentile."""
    middle, high = found[len(found) // 2], found[int(len(found) * 0.95)]
    return [
        Measure(f"{name}, p50", middle, "ms", p50, met=None if p50 is None else middle < p50),
        Measure(f"{name}, p95", high, "ms", p95, met=high < p95),
    ]


async def measure(conninfo: str, folder: Path, *, quick: bool) -> list[Measure]:
    """All of it."""
    events = 50 if quick else 400
    async with staged(conninfo, folder) as stage:
        await stage.load.measure(100, 50)  # connections and plans
        idle = await one_viewer(stage, "idle", events, 0.02)
        loaded, rate = await under_load(stage, events, 0.02)
        tenant = await one_viewer(stage, "tenant", events, 0.02, TENANT)
        late = await held_up(stage, conninfo, 1.0)
        measures = [
            *percentiles("append to SSE client, idle", idle, 4, 20),
            *percentiles("append to SSE client of all runs, idle", tenant, None, 20),
            Measure("end of a transaction elsewhere to the first entry it held up", late, "ms"),
            *percentiles("append to SSE client, full load", loaded, None, 80),
            Measure("runs of three steps meanwhile", rate, "runs/s"),
        ]
        measures += await sockets(stage, 20 if quick else 200, 50)
        viewers, runs = (100, 10) if quick else (1_000, 100)
        return measures + await many_viewers(stage, viewers, runs, 25 if quick else 100)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events and viewers; nothing is written")
    options = parser.parse_args()
    logs.configure("error", "readable")
    with tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as name:
        folder = Path(name)
        with postgres.attach(folder) as server:
            upgrade(server.dsn)
            measures = asyncio.run(measure(server.dsn, folder, quick=options.quick))
        report("live", measures, folder if options.quick else RESULTS)


if __name__ == "__main__":
    main()
