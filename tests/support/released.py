"""Workflows in every state that a release may leave behind; they run unchanged on old and new code."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from pathlib import Path

from pilothouse import Context, agent, tool, workflow


@agent
async def double(_ctx: Context, value: int) -> int:
    """A step."""
    return value * 2


@agent
async def hold(_ctx: Context, value: int) -> int:
    """A step that outlives its process where RELEASED_HOLDS is set."""
    if "RELEASED_HOLDS" in os.environ:
        await asyncio.sleep(3_600)
    return value + 1


@tool(idempotent=True)
async def send(_ctx: Context, text: str) -> str:
    """A side effect."""
    return f"sent {text}"


@workflow("finishing")
async def finishing(ctx: Context, value: int) -> int:
    """Complete, with an artifact, an action and a large result between."""
    await ctx.save("note.txt", f"value {value}")
    await ctx.act(send, "hello")
    return await ctx.call(double, value)


@workflow("asking")
async def asking(ctx: Context, value: int) -> str:
    """Wait for an answer behind a step."""
    doubled = await ctx.call(double, value)
    answer = await ctx.ask("Which?", choices=["a", "b"], key="which")
    return f"{doubled}{answer}"


@workflow("sleeping")
async def sleeping(ctx: Context, value: int) -> int:
    """Wait for a timer between two steps."""
    doubled = await ctx.call(double, value)
    await ctx.sleep(dt.timedelta(seconds=2))
    return await ctx.call(double, doubled)


@workflow("holding")
async def holding(ctx: Context, value: int) -> int:
    """Be under way when the process ends."""
    return await ctx.call(hold, await ctx.call(double, value))


@workflow("failing")
async def failing(ctx: Context, value: int) -> int:
    """Fail in a step where RELEASED_HOLDS is set."""

    @agent
    async def fragile(_ctx: Context, number: int) -> int:
        """Break, or not."""
        if "RELEASED_HOLDS" in os.environ:
            raise ValueError("no")
        return number

    return await ctx.call(fragile, await ctx.call(double, value))


@workflow("later")
async def later(ctx: Context, value: int) -> int:
    """Be queued: no worker had it."""
    return await ctx.call(double, value)


ALL = (finishing, asking, sleeping, holding, failing, later)

RELEASES = sorted((Path(__file__).parents[1] / "migrations" / "releases").glob("*.sql"))
"""What each release left in a database; `record.py` beside them makes such a file."""


def load(conninfo: str, release: Path) -> None:
    """Bring an empty database to where a release left it."""
    import psycopg

    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(release.read_bytes())
