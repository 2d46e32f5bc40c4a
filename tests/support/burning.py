"""An application that overloads its own process: one agent that waits, and one that blocks the event loop."""

from __future__ import annotations

import asyncio
import time

from pydantic import BaseModel

from pilothouse import App, Context, agent, workflow


class Load(BaseModel):
    """How long to wait first, and then to keep the loop busy, `at_once` seconds without a pause."""

    wait: float = 0.0
    burn: float = 0.0
    at_once: float = 0.33


@agent
async def wait(ctx: Context, load: Load) -> float:
    """Wait, as an agent does for a model."""
    await asyncio.sleep(load.wait)
    return load.wait


@agent
async def burn(ctx: Context, load: Load) -> float:
    """Compute in the event loop, which is what `def` agents are for."""
    ends = time.monotonic() + load.burn
    while time.monotonic() < ends:
        until = time.monotonic() + load.at_once
        while time.monotonic() < until:
            sum(range(1_000))
        await asyncio.sleep(0)
    return load.burn


@workflow("load")
async def load(ctx: Context, wanted: Load) -> float:
    """Wait, and burn."""
    waited = await ctx.call(wait, wanted)
    return waited + await ctx.call(burn, wanted)


app = App("burning", workflows=[load], agents=[wait, burn])
