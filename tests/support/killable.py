"""A process that executes one long run, to be killed at any moment.

Start it as `python -m support.killable DSN FOLDER RUN`.
Each step notes in FOLDER/computed that it was computed, before its result can be journalled.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

from pilothouse import Context, agent, tool, workflow
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows

STEPS = 12
QUICK = WorkerSettings(lease=1.5, grace=0.2, heartbeat=0.05, poll=0.05)


def note(what: str) -> None:
    """One line, written at once, by whichever process."""
    with Path(os.environ["COMPUTED"]).open("a") as file:
        file.write(f"{what}\n")


@agent
async def count(ctx: Context, number: int) -> int:
    """Count, slowly enough to be killed."""
    note(f"count {number}")
    await asyncio.sleep(0.005)
    return number + 1


@agent
def square(ctx: Context, number: int) -> int:
    """Square in a thread."""
    note(f"square {number}")
    return number * number


@agent
async def inner(ctx: Context, number: int) -> int:
    """An agent with steps inside."""
    first = await ctx.call(count, number)
    return await ctx.call(count, first)


@tool(idempotent=True)
async def tell(ctx: Context, text: str) -> str:
    """A side effect with a key."""
    note(f"tell {ctx.idempotency_key.partition(':')[2]}")
    return text.upper()


@workflow("killable")
async def killable(ctx: Context, start: int) -> list[int]:
    """Every verb, many times."""
    found = [ctx.random().randrange(1000)]
    for number in range(start, start + STEPS):
        found.append(await ctx.call(count, number * 1000))
        pair = await ctx.gather(ctx.call(square, number), ctx.call(inner, number * 1000 + 500))
        found += pair
        await ctx.act(tell, f"step {number}")
        await ctx.sleep(0.01)
        await ctx.save(f"part-{number}.txt", f"{found}\n{ctx.id()}\n")
    ctx.now()
    await ctx.save("all.txt", repr(found))
    return found


def engine_on(conninfo: str, folder: Path) -> Engine:
    """An engine that knows the workflow, with its artifacts in a folder."""
    return Engine(conninfo, Workflows([killable]), ObjectArtifacts.local(folder / "artifacts"))


async def main(conninfo: str, folder: Path, run_id: UUID) -> None:
    """Execute the run to its end."""
    engine = engine_on(conninfo, folder)
    await engine.open()
    worker = engine.worker(QUICK, only=run_id)
    working = asyncio.create_task(worker.run())
    async for _ in engine.follow(run_id):
        continue
    await worker.stop()
    await working
    await engine.close()


async def submit(conninfo: str, folder: Path) -> UUID:
    """Make a run and leave it queued."""
    engine = engine_on(conninfo, folder)
    run_id = await engine.submit(Order("killable", b"1"))
    await engine.close()
    return run_id


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), UUID(sys.argv[3])))
