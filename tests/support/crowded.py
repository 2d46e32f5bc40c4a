"""An application of runs of 300 steps and of 5,000 entries, one that waits and one that fails."""

from __future__ import annotations

import asyncio

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


@workflow("decisive", version=1)
async def decisive(ctx: Context, cards: int = 5000) -> str:
    """One reason card for each."""
    for number in range(cards):
        ctx.emit(_card(number))
        await asyncio.sleep(0)
    return "decided"


@workflow("gushing", version=1)
async def gushing(ctx: Context, lines: int) -> str:
    """Once it may, a thousand entries a second: progress and reason cards in turns."""
    await ctx.ask("Shall it begin?", choices=["yes"])
    loop = asyncio.get_running_loop()
    began, said = loop.time(), 0
    while said < lines:
        while said < min(lines, (loop.time() - began) * 1000):
            ctx.emit(_card(said) if said % 2 else Progress(message=f"line {said}", done=said, total=said + 1))
            said += 1
        await asyncio.sleep(0.01)
    return "said"


@workflow("growing", version=1)
async def growing(ctx: Context, teams: int = 60) -> int:
    """Once it may, five steps for each team, a few teams at a time."""
    await ctx.ask("Shall it begin?", choices=["yes"])
    total = 0
    for number in range(teams):
        total += await ctx.call(team, number)
        await asyncio.sleep(0.02)
    return total


def _card(number: int) -> ReasonCard:
    why = ["It lay on top.", "Nobody had taken it."]
    return ReasonCard(decision=f"Card {number} is drawn.", reasoning=why, confidence=(number % 10) / 10)


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


WORKFLOWS = [broad, talkative, decisive, gushing, growing, unlucky, patient]
app = App("crowded", workflows=WORKFLOWS, agents=[part, team, breaks])
