"""A worker for `budgets.py`: `python budgets_worker.py CONNINFO FOLDER SLOTS free|budgeted`."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from pilothouse import Context, Money, tool, workflow
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.budgets.judging import Budgets
from pilothouse.kit import collecting
from pilothouse.kit.clock import SystemClock
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.governing import Action, AllowAll, Decision, Governor
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows
from pilothouse.telemetry import logs

PRICE = Money(Decimal("0.01"), "EUR")


class Budgeted:
    """Governs by budgets alone: each action costs a cent."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets

    async def decide(self, action: Action) -> Decision:
        """What the budgets say."""
        return await self._budgets.judge(replace(action, cost=PRICE))

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        """The reservation."""
        return await self._budgets.reserve(replace(action, cost=PRICE))

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        """The settlement."""
        return await self._budgets.settle(action, succeeded=succeeded)


@tool
async def nothing(_: Context, number: int) -> int:
    """No work: what is measured is what stands around it."""
    return number


@workflow("acting")
async def acting(ctx: Context, times: int) -> int:
    """Act so many times, one after the other."""
    for number in range(times):
        await ctx.act(nothing, number)
    return times


async def main(conninfo: str, folder: Path, slots: int, mode: str) -> None:
    """Work until told to stop; says so on standard output once it is ready."""
    budgets = Budgets(conninfo, SystemClock())
    governor: Governor = Budgeted(budgets) if mode == "budgeted" else AllowAll()
    engine = Engine(conninfo, Workflows([acting]), ObjectArtifacts.local(folder), governor=governor)
    await engine.open()
    worker = engine.worker(WorkerSettings(slots=slots))
    working = asyncio.create_task(worker.run())
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    collecting.settle()  # as `pilothouse worker` does
    print("ready", flush=True)
    await told.wait()
    await worker.stop()
    await working
    await engine.close()
    await budgets.close()


if __name__ == "__main__":
    logs.configure("error", "json")
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
