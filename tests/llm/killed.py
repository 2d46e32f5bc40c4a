"""A worker whose agent asks a model, in a process that dies when the model's wish is about to be fulfilled.

Start it as `python -m llm.killed CONNINFO URL FOLDER`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from pydantic import BaseModel

from llm.asking import Desk, compatible
from pilothouse import Context, agent, tool, workflow
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows

QUICK = WorkerSettings(lease=1.5, grace=0.2, heartbeat=0.05, poll=0.05)


class Order(BaseModel):
    folder: Path
    cents: int = 0


@tool(idempotent=True)
async def pay(ctx: Context, order: Order) -> str:
    """Pay. The first process that is to do so dies before."""
    begun = order.folder / "begun"
    if not begun.exists():
        begun.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    with (order.folder / "paid").open("a") as file:
        file.write(f"{order.cents}\n")
    return "paid"


@agent(prompt="desk", tools=[pay])
async def clerk(ctx: Context, order: Order) -> int:
    """Settle an order."""
    return -1


@workflow("settling")
async def settling(ctx: Context, order: Order) -> list[str | int]:
    found = await ctx.answer_of(clerk, order)
    return [found.value, found.produced_by]


def engine_of(conninfo: str, url: str, folder: Path) -> tuple[Engine, Desk]:
    """An engine whose agents ask the provider at `url`."""
    desk = Desk({"one": compatible(url)})
    artifacts = ObjectArtifacts.local(folder / "artifacts")
    return Engine(conninfo, Workflows([settling]), artifacts, ladders=desk.ladders), desk


async def main(conninfo: str, url: str, folder: str) -> None:
    """Execute runs until this process dies."""
    engine, _ = engine_of(conninfo, url, Path(folder))
    await engine.open()
    await engine.worker(QUICK).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
