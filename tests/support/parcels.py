"""An application for the tests of the API: its workflows echo, ask, fail, run until told, and sleep."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field

from pilothouse import App, Context, Progress, ReasonCard, agent, workflow


class Parcel(BaseModel):
    """The input of the sample workflows."""

    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    budget: Annotated[float, Field(ge=0)] = 0
    path: str = ""


@agent
async def judge(ctx: Context, parcel: Parcel) -> str:
    """Judge a text."""
    ctx.emit(Progress(message="judging", done=1, total=2))
    await ctx.emit(ReasonCard(decision=f"{parcel.text[:20]} is fine", confidence=0.75))
    return parcel.text.upper()


@agent
def look(ctx: Context, path: str) -> str:
    """Read a file, which may not be there."""
    return Path(path).read_text()


@agent
async def linger(ctx: Context, path: str) -> str:
    """Wait until a file is there."""
    while not Path(path).exists():  # noqa: ASYNC240 - another process makes the file
        await asyncio.sleep(0.01)
    return "done"


@workflow("echo")
async def echo(ctx: Context, parcel: Parcel) -> str:
    """Say it louder."""
    loud = await ctx.call(judge, parcel)
    await ctx.save("loud.txt", loud)
    return loud


@workflow("ask")
async def ask(ctx: Context, parcel: Parcel) -> str:
    """Ask a person."""
    return await ctx.ask(parcel.text, choices=("Yes", "No"), default="No", why="It matters.", key="sure")


@workflow("fragile")
async def fragile(ctx: Context, parcel: Parcel) -> str:
    """Fail unless a file is there."""
    await ctx.call(judge, parcel)
    return await ctx.call(look, parcel.path)


@workflow("patient")
async def patient(ctx: Context, parcel: Parcel) -> str:
    """Run until a file is there."""
    return await ctx.call(linger, parcel.path)


@workflow("sleepy")
async def sleepy(ctx: Context, parcel: Parcel) -> str:
    """Sleep for an hour."""
    await ctx.sleep(3600)
    return parcel.text


app = App("parcels", workflows=[echo, ask, fragile, patient, sleepy], agents=[judge, look, linger])
