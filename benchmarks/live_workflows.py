"""The workflow of the live benchmark: events at a pace, each with the moment at which it is appended."""

from __future__ import annotations

import asyncio
import time

from pydantic import BaseModel

from pilothouse import Context, Progress, agent, workflow

COMMITTED: dict[str, float] = {}
"""When the append of an event returned, by its text; events of all runs that keep account."""


class Pace(BaseModel):
    """How many events there are, and how many seconds lie between two of them (0: none)."""

    events: int
    every: float
    name: str = ""


@agent(timeout=3_600)
async def ticking(ctx: Context, pace: Pace) -> int:
    """Append events at a pace, each as soon as the last one is committed at the earliest."""
    due = time.monotonic()
    for number in range(pace.events):
        text = f"{number} {time.monotonic():.6f}"
        await ctx.emit(Progress(message=text))
        if pace.name:
            COMMITTED[f"{pace.name} {number}"] = time.monotonic()
        due += pace.every
        await asyncio.sleep(max(due - time.monotonic(), 0))
    return pace.events


@workflow("ticks")
async def ticks(ctx: Context, pace: Pace) -> int:
    """Wait for a start signal, then append events."""
    await ctx.ask("start?", choices=("yes",), key="start")
    return await ctx.call(ticking, pace)
