"""The workflows that `./dev bench engine` measures."""

from __future__ import annotations

import time

from pilothouse import Context, agent, workflow
from spine_workflows import three


@agent
async def clock(_ctx: Context) -> float:
    """When this step began, by the machine's monotonic clock, which all its processes share."""
    return time.monotonic()


@workflow("begins")
async def begins(ctx: Context) -> float:
    """When the first step began."""
    return await ctx.call(clock)


@workflow("goes_on")
async def goes_on(ctx: Context) -> float:
    """When the step after an answer began."""
    await ctx.ask("Go on?", default="yes", key="on")
    return await ctx.call(clock)


WORKFLOWS = [three, begins, goes_on]
