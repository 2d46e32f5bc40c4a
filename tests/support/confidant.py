"""The shop, with a workflow whose words are personal."""

from __future__ import annotations

from pilothouse import App, Context, ReasonCard, agent, workflow
from support import shop


@agent
def advise(ctx: Context, words: str) -> str:
    """Give advice."""
    ctx.emit(ReasonCard(decision=f"advice about {words}", reasoning=(words,), confidence=0.5))
    return f"as to {words}: wait"


@agent
def despair(_ctx: Context, words: str) -> str:
    """Fail, and say about what."""
    raise RuntimeError(words)


@workflow("confides", personal=True)
async def confides(ctx: Context, words: str) -> str:
    """Tell somebody, keep what was said, and fail."""
    advice = await ctx.call(advise, words)
    await ctx.save("advice.txt", advice)
    try:
        await ctx.call(despair, words)
    except Exception as error:
        await ctx.save("error.txt", str(error))
        raise
    return advice


app = App(
    "confidant",
    workflows=[*shop.app.workflows, confides],
    agents=[*shop.app.agents, advise, despair],
    tools=shop.app.tools,
)
