"""An application whose runs go through agents, a person and tools; and a worker process of its own for it.

`python -m support.traced` executes its runs until SIGTERM, as `pilothouse worker` does.
"""

from __future__ import annotations

import asyncio

from opentelemetry import trace

from pilothouse import App, Context, agent, tool, workflow


@agent
async def outer(ctx: Context) -> str:
    return await ctx.call(inner)


@agent
def inner(ctx: Context) -> str:
    return "inner"


@tool
async def send(ctx: Context) -> str:
    """Returns the id of the span that libraries would find themselves in."""
    return f"{trace.get_current_span().get_span_context().span_id:016x}"


@tool
async def refuse(ctx: Context) -> str:
    raise ValueError("password=hunter2 was refused")


@workflow("parcel")
async def parcel(ctx: Context) -> str:
    await ctx.call(outer)
    await ctx.ask("Go on?", key="on")
    return await ctx.act(send)


@workflow("plain")
async def plain(ctx: Context) -> str:
    return await ctx.act(send)


@workflow("breaks")
async def breaks(ctx: Context) -> str:
    return await ctx.act(refuse)


@workflow("again")
async def again(ctx: Context, rounds: int) -> int:
    if rounds:
        ctx.continue_as_new(rounds - 1)
    return rounds


app = App("traced", workflows=[parcel, plain, breaks, again], agents=[outer, inner], tools=[send, refuse])

if __name__ == "__main__":
    from pilothouse.cli.workers import _work
    from pilothouse.settings import load
    from pilothouse.telemetry import logs

    logs.configure("info", "json")
    asyncio.run(_work(load(), [app], ()))
