"""The engine against its peers: runs a second of three durable steps, and how soon work begins and goes on.

Each peer runs in an environment of its own (.venv-peers/NAME), on the same embedded PostgreSQL with fsync
on, in turns with us. Prefect needs an extension that this one lacks: it runs on a server beside it
(`--beside`), or is left out where none answers. `--quick` takes fewer runs, leaves the peers out and writes
nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import psycopg

from engine_workflows import WORKFLOWS
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import collecting, postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import Kind, decode
from pilothouse.runtime.workflows import Workflows
from pilothouse.telemetry import logs
from report import RESULTS, Measure, report
from spine import Load, at_most, spread

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".venv-peers"
AT_ONCE = 50
PSYCOPG = "psycopg[binary,pool]==3.3.9"


class Peer(NamedTuple):
    """A peer: its script and packages, how many runs it is given, and by what factor we are to be ahead.

    `differs` says where its guarantees are others than ours; `beside` whether it needs another server.
    """

    name: str
    script: str
    packages: tuple[str, ...]
    runs: int
    factor: float | None
    differs: str
    beside: bool = False


PEERS = (
    Peer(
        "DBOS queue",
        "dbos_queue.py",
        ("dbos==3.4.0", PSYCOPG),
        300,
        35,
        "Steps are committed as here. It has no replay check and no fencing of a frozen process by epoch.",
    ),
    Peer(
        "LangGraph AsyncPostgresSaver",
        "langgraph_saver.py",
        ("langgraph==1.2.22", "langgraph-checkpoint-postgres==3.2.0", PSYCOPG),
        300,
        10,
        "No queue: the caller executes. A process that dies leaves its graph until somebody calls it again.",
    ),
    Peer(
        "Procrastinate, three chained jobs",
        "procrastinate_chain.py",
        ("procrastinate==3.10.0", PSYCOPG),
        300,
        None,
        "No journal: a job passes its result on itself, and may run again after its successor exists.",
    ),
    Peer(
        "Prefect flow with persisted tasks",
        "prefect_flow.py",
        ("prefect==3.8.0", "fastapi==0.139.0", "starlette>=1.0.1"),
        50,
        None,
        "Called, not queued. Results lie in files, states in PostgreSQL (another server: it needs pg_trgm).",
        beside=True,
    ),
)


def environment(peer: Peer) -> Path:
    """The Python of a peer's environment, which is made when it is missing."""
    folder = ENVIRONMENTS / peer.script.removesuffix(".py")
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"Installing {peer.name} into {folder.relative_to(HERE.parent)}.", file=sys.stderr)
        venv.create(folder, with_pip=True)
    install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *peer.packages]
    subprocess.run(install, check=True)
    return python


def measured(peer: Peer, python: Path, url: str) -> float:
    """The runs per second that a peer measures of itself."""
    command = [str(python), str(HERE / "peers" / peer.script), url, str(peer.runs)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise SystemExit(f"{peer.name} failed:\n{done.stderr[-2000:]}")
    return float(json.loads(done.stdout.strip().splitlines()[-1])["runs_per_s"])


def url_of(conninfo: str) -> str:
    """A connection string as the URL that every peer takes."""
    info = psycopg.conninfo.conninfo_to_dict(conninfo)
    return f"postgresql://{info['user']}@/{info['dbname']}?host={info['host']}&port={info.get('port', 5432)}"


def answers(url: str) -> bool:
    """Whether a server answers."""
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def database_of(peer: Peer, server: postgres.Attachment, beside: str, name: str) -> Iterator[str]:
    """The URL of a new database for a peer."""
    if not peer.beside:
        yield url_of(server.create_database(name))
        return
    name = f"pilothouse_bench_{name}"
    with psycopg.connect(beside, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
        try:
            yield urlsplit(beside)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"drop database {name} with (force)".encode())


def warm(conninfo: str) -> None:
    """Bring a new server's write-ahead log to its steady state.

    Its segments of 16 MB are used again after a checkpoint. A new server has none to use again, and making
    one stops every commit for 50 ms here.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for _ in range(8):
            connection.execute("select pg_logical_emit_message(true, 'bench', 'warm')")
            connection.execute("select pg_switch_wal()")
        connection.execute("checkpoint")


class Throughput:
    """Rates and p95 latencies of our own, one pair for each round."""

    def __init__(self) -> None:
        """Nothing is measured yet."""
        self.rates: list[float] = []
        self.p95s: list[float] = []

    async def round(self, conninfo: str, folder: Path, runs: int) -> None:
        """Runs of three committed steps, 50 at a time, submit to done; engine and worker in one process."""
        engine = Engine(conninfo, Workflows(WORKFLOWS), ObjectArtifacts.local(folder))
        await engine.open()
        worker, load = engine.worker(), Load(engine)
        worker.on_turn_ended = load.ended
        working = asyncio.create_task(worker.run())
        try:
            await load.measure(min(200, runs), AT_ONCE)  # connections, prepared statements and plans
            collecting.settle()  # as `pilothouse worker` does
            rate, latencies = await load.measure(runs, AT_ONCE)
        finally:
            await worker.stop()
            await working
            await engine.close()
        self.rates.append(rate)
        self.p95s.append(latencies[int(len(latencies) * 0.95)])


@contextmanager
def worker_process(conninfo: str, folder: Path) -> Iterator[None]:
    """A worker in a process of its own."""
    command = [sys.executable, str(HERE / "engine_worker.py"), conninfo, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdout.readline().strip() != "ready":
            raise SystemExit("The worker process did not start.")
        try:
            yield
        finally:
            process.terminate()


async def asked(engine: Engine, run_id: UUID) -> str:
    """The key of the run's question, once the run waits for its answer."""
    key = ""
    async for entry in engine.follow(run_id):
        if entry.kind is Kind.ASKED:
            key = entry.key
            break
    while await engine.status(run_id) != "waiting":  # noqa: ASYNC110 - another process brings it there
        await asyncio.sleep(0.005)
    return key


async def began(engine: Engine, run_id: UUID) -> float:
    """When the run's step began, by the machine's monotonic clock."""
    async for entry in engine.follow(run_id):
        if entry.kind is Kind.RUN_COMPLETED:
            return float(orjson.loads(decode(entry.codec, entry.payload))["output"])
    raise SystemExit(f"Run {run_id} did not complete.")


async def latencies(conninfo: str, folder: Path, runs: int) -> list[Measure]:
    """How soon a step begins after submit and after an answer, with the worker in another process, idle."""
    engine = Engine(conninfo, Workflows(WORKFLOWS), ObjectArtifacts.local(folder))
    await engine.open()
    begin, resume = list[float](), list[float]()
    try:
        for _ in range(runs):
            started = time.monotonic()
            begin.append(await began(engine, await engine.submit(Order("begins", b"null"))) - started)
            run_id = await engine.submit(Order("goes_on", b"null"))
            key = await asked(engine, run_id)
            started = time.monotonic()
            await engine.answer(run_id, key, "yes")
            resume.append(await began(engine, run_id) - started)
    finally:
        await engine.close()
    return [
        *percentiles("submit to the first step, idle", begin[1:], 30),
        *percentiles("answer to the next step, idle", resume[1:], 100),
    ]


def percentiles(name: str, seconds: list[float], target_ms: float) -> list[Measure]:
    """The median and the 95th percentile of latencies, which is what is asked for."""
    ordered = sorted(each * 1e3 for each in seconds)
    p95 = ordered[int(len(ordered) * 0.95)]
    return [
        Measure(f"{name}, p50", statistics.median(ordered), "ms"),
        Measure(f"{name}, p95", p95, "ms", target_ms, met=p95 <= target_ms),
    ]


def compared(ours: Throughput, theirs: dict[Peer, list[float]]) -> list[Measure]:
    """Our figures, and our runs per second over each peer's."""
    rate = statistics.median(ours.rates)
    found = [
        Measure(
            "three steps, 50 at a time", rate, "runs/s", 2000, met=rate >= 2000, spread=spread(ours.rates)
        ),
        at_most("three steps, 50 at a time, p95", ours.p95s, "ms", 60),
    ]
    for peer, rates in theirs.items():
        other = statistics.median(rates)
        ratio = rate / other
        target = peer.factor and peer.factor * other
        met = None if peer.factor is None else ratio >= peer.factor
        name = f"runs/s over {peer.name}"
        found.append(Measure(name, rate, "runs/s", target, peer.name, other, ratio, met, spread(rates)))
    return found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs, no peers; nothing is written")
    parser.add_argument("--only", help="only peers whose name contains this")
    beside = "postgresql://postgres@127.0.0.1:5432/postgres"
    parser.add_argument("--beside", default=beside, help="a server for peers that need an extension")
    options = parser.parse_args()
    logs.configure("error", "readable")
    peers = () if options.quick else tuple(peer for peer in PEERS if (options.only or "") in peer.name)
    if any(peer.beside for peer in peers) and not answers(options.beside):
        print(f"Left out, for {options.beside} does not answer: Prefect.", file=sys.stderr)
        peers = tuple(peer for peer in peers if not peer.beside)
    pythons = {peer: environment(peer) for peer in peers}
    runs, rounds = (200, 1) if options.quick else (1000, 3)
    ours, theirs = Throughput(), {peer: list[float]() for peer in peers}
    with tempfile.TemporaryDirectory(prefix="pilothouse-bench-") as name:
        folder = Path(name)
        with postgres.attach(folder / "engine") as server:
            upgrade(server.dsn)
            warm(server.dsn)
            for number in range(rounds):
                asyncio.run(ours.round(server.dsn, folder / "artifacts", runs))
                for peer in peers:
                    database = f"{peer.script.removesuffix('.py')}_{number}"
                    with database_of(peer, server, options.beside, database) as url:
                        theirs[peer].append(measured(peer, pythons[peer], url))
            measures = compared(ours, theirs)
            with worker_process(server.dsn, folder / "artifacts"):
                measures += asyncio.run(
                    latencies(server.dsn, folder / "artifacts", 20 if options.quick else 100)
                )
    notes = [f"{peer.name}: {peer.differs}" for peer in peers]
    report("engine", measures, folder if options.quick or options.only else RESULTS, notes)


if __name__ == "__main__":
    main()
