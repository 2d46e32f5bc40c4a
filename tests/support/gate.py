"""Steps that wait until a test lets them go on."""

from __future__ import annotations

import asyncio
from typing import Any

from pilothouse import Context, agent, workflow


class Gate:
    """Steps that wait to be let through, and how many wait."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.entered: list[Any] = []

    def flow(self, name: str = "gated", version: int = 1) -> Any:
        @agent
        async def wait(ctx: Context, value: Any) -> Any:
            self.entered.append(value)
            await self.open.wait()
            return value

        @workflow(name, version=version)
        async def gated(ctx: Context, value: Any = None) -> Any:
            return await ctx.call(wait, value)

        return gated
