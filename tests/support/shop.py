"""An application for the command line's tests."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, Field

from pilothouse import App, Context, Progress, ReasonCard, agent, tool, workflow


class Order(BaseModel):
    customer: str = "Ada"
    amount: float = Field(default=20, gt=0)


@agent
def judge(ctx: Context, order: Order) -> str:
    """Judge how risky an order is."""
    ctx.emit(ReasonCard(decision=f"{order.customer} may buy.", reasoning=("It is Tuesday.",), confidence=0.7))
    return "fine"


@tool(idempotent=True)
async def ship(ctx: Context, order: Order) -> str:
    """Tell the warehouse."""
    return f"shipped to {order.customer}"


@workflow("orders")
async def orders(ctx: Context, order: Order = Order()) -> str:  # noqa: B008 - frozen enough for a test
    """Ship an order after a person's word."""
    ctx.emit(Progress(done=1, total=2, message="judging"))
    await ctx.call(judge, order)
    colour = await ctx.ask("Which colour?", choices=("red", "blue"), default="red", key="colour")
    done = await ctx.act(ship, order)
    await ctx.save("receipt.txt", f"{done} in {colour}\n")
    return f"{done} in {colour}"


@agent
def fragile(_ctx: Context, path: str) -> str:
    """Fail while a file is missing."""
    return Path(path).read_text()


@workflow("fails")
async def fails(ctx: Context, path: str) -> str:
    """Read a file."""
    return await ctx.call(fragile, path)


@agent(timeout=30)
def dawdle(_ctx: Context, seconds: float) -> float:
    """Take a while."""
    time.sleep(seconds)
    return seconds


@workflow("slow")
async def slow(ctx: Context, seconds: float = 0.3) -> float:
    """Take a while, three times."""
    return sum([await ctx.call(dawdle, seconds) for _ in range(3)])


@workflow("naps")
async def naps(ctx: Context) -> str:
    """Sleep for a moment."""
    await ctx.sleep(timedelta(milliseconds=300))
    return "rested"


app = App("shop", workflows=[orders, fails, slow, naps], agents=[judge, fragile, dawdle], tools=[ship])
