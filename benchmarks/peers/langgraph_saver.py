"""Three nodes of a LangGraph graph with its PostgreSQL saver, 50 at a time, in the peers' environment.

Prints one JSON object: runs per second and latency. With `durability="sync"` every step is committed before
the next.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TypedDict

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

RUNS, AT_ONCE = int(sys.argv[2]), 50


class State(TypedDict):
    """The graph's state."""

    value: int


async def step(state: State) -> State:
    """A trivial step."""
    return {"value": state["value"] + 1}


async def main() -> None:
    """Measure."""
    graph = StateGraph(State)
    names = ["one", "two", "three"]
    for name in names:
        graph.add_node(name, step)
    for before, after in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(before, after)
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(sys.argv[1], kwargs=options, min_size=10, max_size=20) as pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        compiled = graph.compile(checkpointer=saver)
        slots = asyncio.Semaphore(AT_ONCE)
        latencies: list[float] = []

        async def one(number: int) -> None:
            async with slots:
                started = time.perf_counter()
                config = {"configurable": {"thread_id": f"{time.time_ns()}-{number}"}}
                await compiled.ainvoke({"value": 1}, config, durability="sync")
                latencies.append(time.perf_counter() - started)

        started = time.perf_counter()
        await asyncio.gather(*(one(number) for number in range(RUNS)))
        seconds = time.perf_counter() - started
        latencies.sort()
        print(json.dumps({"runs_per_s": RUNS / seconds, "p95_ms": latencies[int(RUNS * 0.95)] * 1e3}))


asyncio.run(main())
