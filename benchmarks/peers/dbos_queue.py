"""Three durable steps through DBOS's queue, 50 at a time. Run in the peers' own environment.

Prints one JSON object: runs per second and the latency from enqueueing to the result. The queue polls every
10 ms and results are polled every 5 ms, both far quicker than its defaults of one second.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from dbos import DBOS

RUNS, AT_ONCE = int(sys.argv[2]), 50

DBOS(
    config={
        "name": "bench",
        "system_database_url": sys.argv[1],
        "run_admin_server": False,
        "log_level": "ERROR",
    }
)


@DBOS.step()
async def step(value: int) -> int:
    """A trivial step."""
    return value + 1


@DBOS.workflow()
async def three(value: int) -> int:
    """Three steps in a row."""
    return await step(await step(await step(value)))


async def main() -> None:
    """Measure."""
    DBOS.launch()
    await DBOS.register_queue_async("bench", worker_concurrency=AT_ONCE, polling_interval_sec=0.01)
    slots = asyncio.Semaphore(AT_ONCE)
    latencies: list[float] = []

    async def one() -> None:
        async with slots:
            started = time.perf_counter()
            handle = await DBOS.enqueue_workflow_async("bench", three, 1)
            await handle.get_result(polling_interval_sec=0.005)
            latencies.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(RUNS)))
    seconds = time.perf_counter() - started
    latencies.sort()
    print(json.dumps({"runs_per_s": RUNS / seconds, "p95_ms": latencies[int(RUNS * 0.95)] * 1e3}))
    DBOS.destroy()


asyncio.run(main())
