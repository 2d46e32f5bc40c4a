"""The workflows that `./dev bench spine` measures, as an application of their own."""

from __future__ import annotations

from pilothouse import App, Context, agent, workflow


@agent
async def step(_ctx: Context, value: int) -> int:
    """A trivial step."""
    return value + 1


@workflow("three")
async def three(ctx: Context, value: int = 1) -> int:
    """Three steps in a row."""
    return await ctx.call(step, await ctx.call(step, await ctx.call(step, value)))


@workflow("many")
async def many(ctx: Context, count: int) -> int:
    """Many steps in a row, and a question at the end."""
    value = 0
    for _ in range(count):
        value = await ctx.call(step, value)
    await ctx.ask("Go on?", default="yes", key="on")
    return value


app = App("spine", workflows=[three, many], agents=[step])
