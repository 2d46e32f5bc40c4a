"""Three persisted tasks in a Prefect flow, 10 flows at a time. Run in the peer's own environment.

Prints one JSON object: runs per second and latency. The server keeps its states in the same PostgreSQL;
results are persisted, so that a flow that is run again finds them. Flows are called, not scheduled through a
worker, which would add a process for each run.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time

RUNS, AT_ONCE = int(sys.argv[2]), 10

home = tempfile.TemporaryDirectory(prefix="pilothouse-prefect-")  # removed when the process ends
os.environ |= {
    "PREFECT_HOME": home.name,
    "PREFECT_SERVER_DATABASE_CONNECTION_URL": sys.argv[1].replace("postgresql://", "postgresql+asyncpg://"),
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}

from prefect import flow, task  # noqa: E402 - it reads the environment at import


@task(persist_result=True)
async def step(value: int) -> int:
    """A trivial step."""
    return value + 1


@flow(persist_result=True)
async def three(value: int) -> int:
    """Three steps in a row."""
    return await step(await step(await step(value)))


async def main() -> None:
    """Measure."""
    await three(1)  # the server starts
    slots = asyncio.Semaphore(AT_ONCE)
    latencies: list[float] = []

    async def one() -> None:
        async with slots:
            started = time.perf_counter()
            await three(1)
            latencies.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(RUNS)))
    seconds = time.perf_counter() - started
    latencies.sort()
    print(json.dumps({"runs_per_s": RUNS / seconds, "p95_ms": latencies[int(RUNS * 0.95)] * 1e3}))


asyncio.run(main())
