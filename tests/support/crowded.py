"""An application runs of 300 steps and of 5,000 entries, one that waits and one that fails."""

from __future__ import annotations

from pilothouse import App, Context, Progress, ReasonCard, agent, workflow


@agent
async def part(ctx: Context, number: int) -> int:
    """One step."""
    ctx.emit(ReasonCard(decision=f"Part {number} is made.", confidence=0.4 + (number % 7) / 10))
    return number


@agent
async def team(ctx: Context, number: int) -> int:
    """A step with three at once inside it."""
    return sum(await ctx.gather(*(ctx.call(part, number * 3 + arm) for arm in range(3))))


@workflow("broad", version=1)
async def broad(ctx: Context, teams: int = 60) -> int:
    """Five steps for each team: itself, its gather, and three parts."""
    return sum([await ctx.call(team, number) for number in range(teams)])


@workflow("talkative", version=1)
async def talkative(ctx: Context, lines: int = 5000) -> str:
    """One entry for each line."""
    for line in range(lines):
        ctx.emit(Progress(message=f"line {line}", done=line, total=lines))
    return "said"


@agent
async def breaks(_ctx: Context) -> str:
    """Never succeeds."""
    raise ValueError("The bridge is closed.")


@workflow("unlucky", version=1)
async def unlucky(ctx: Context) -> str:
    """Fails."""
    ctx.emit(Progress(message="setting out", done=0, total=1))
    return await ctx.call(breaks)


@workflow("patient", version=1)
async def patient(ctx: Context, table: str) -> str:
    """Asks, and saves a table."""
    await ctx.save("table.csv", table, media_type="text/csv")
    await ctx.save("facts.json", '{"colour": "green", "sizes": [1, 2]}', media_type="application/json")
    await ctx.call(part, 1)
    return await ctx.ask("Which way?", choices=["left", "right"])


app = App("crowded", workflows=[broad, talkative, unlucky, patient], agents=[part, team, breaks])
