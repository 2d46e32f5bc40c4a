"""Three durable steps as three chained Procrastinate jobs, 50 at a time. Run in the peer's own environment.

Prints one JSON object: runs per second and the latency from deferring the first job to the end of the third.
Each job defers the next one, so that every step is committed; a worker that dies between the commit of the
next job and the end of its own repeats that step, which a journal does not.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from procrastinate import App, PsycopgConnector

RUNS, AT_ONCE = int(sys.argv[2]), 50
app = App(connector=PsycopgConnector(conninfo=sys.argv[1], min_size=4, max_size=20))
ended: dict[int, asyncio.Event] = {}


@app.task(name="step")
async def step(number: int, value: int, left: int) -> None:
    """A trivial step, and the next one."""
    if left:
        await step.defer_async(number=number, value=value + 1, left=left - 1)
    else:
        ended[number].set()


async def main() -> None:
    """Measure."""
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        options = {"concurrency": AT_ONCE, "fetch_job_polling_interval": 0.05, "delete_jobs": "successful"}
        worker = asyncio.create_task(app.run_worker_async(install_signal_handlers=False, **options))
        slots = asyncio.Semaphore(AT_ONCE)
        latencies: list[float] = []

        async def one(number: int) -> None:
            async with slots:
                ended[number] = asyncio.Event()
                started = time.perf_counter()
                await step.defer_async(number=number, value=1, left=2)
                await ended[number].wait()
                del ended[number]
                latencies.append(time.perf_counter() - started)

        started = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(RUNS)))
        seconds = time.perf_counter() - started
        latencies.sort()
        print(json.dumps({"runs_per_s": RUNS / seconds, "p95_ms": latencies[int(RUNS * 0.95)] * 1e3}))
        worker.cancel()
        await asyncio.wait([worker])


asyncio.run(main())
