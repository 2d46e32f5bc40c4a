"""An application whose workflow asks for a worker with a label."""

from __future__ import annotations

from pilothouse import App, Context, workflow


@workflow("heavy", requires={"gpu": "a100"})
async def heavy(ctx: Context, value: int = 1) -> int:
    """Need a GPU."""
    return value


app = App("heavy", workflows=[heavy])
