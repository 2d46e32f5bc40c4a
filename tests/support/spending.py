"""Runs that spend money under budgets, here or by `python -m support.spending DSN FOLDER SLOTS`."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from pydantic import BaseModel

from pilothouse import Context, Denied, Money, tool, workflow
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.budgets.judging import Budgets
from pilothouse.kit.clock import SystemClock
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.governing import Action, Decision
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflows

PRICE = Money(Decimal(1), "EUR")

Write = Callable[..., Awaitable[dict[int, Any]]]
"""Writes statements beside appends; the errors of those that were declined."""


class Order(BaseModel):
    times: int = 1
    fails: bool = False


class Purse:
    """A governor that knows budgets and nothing else. Everything costs `PRICE`.

    With `blind` nothing is looked at before: only the append decides.
    """

    def __init__(self, budgets: Budgets, *, blind: bool = False) -> None:
        self.budgets, self.blind = budgets, blind

    async def decide(self, action: Action) -> Decision:
        if self.blind:
            return Decision(verdict="allow")
        return await self.budgets.judge(replace(action, cost=PRICE))

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        if not decision.allows:
            return await self.budgets.denied(action, decision)
        return await self.budgets.reserve(replace(action, cost=PRICE))

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        return await self.budgets.settle(action, succeeded=succeeded)


@tool(idempotent=True)
async def buy(ctx: Context, order: Order) -> int:
    if order.fails:
        raise ValueError("sold out")
    return 1


@workflow("shopping")
async def shopping(ctx: Context, order: Order) -> int:
    """Buy as often as is wanted; how often it was allowed."""
    bought = 0
    for _ in range(order.times):
        try:
            bought += await ctx.act(buy, order)
        except Denied:
            continue
        except Exception as error:
            if not hasattr(error, "failure"):
                raise
    return bought


def budget(conninfo: str, **said: Any) -> UUID:
    """Make a budget straight in the database; its id."""
    given = {
        "id": uuid4(), "tenant_id": "default", "name": f"b{uuid4().hex[:8]}", "scope": "tenant",
        "subject": "", "unit": "money", "currency": "EUR", "period": "month", "hard": 100, "made_by": "test",
    } | said  # fmt: skip
    with psycopg.connect(conninfo, autocommit=True) as connection:
        names = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, given))
        marks = psycopg.sql.SQL(", ").join(psycopg.sql.Placeholder() * len(given))
        statement = psycopg.sql.SQL("insert into budgets ({}) values ({})").format(names, marks)
        connection.execute(statement, list(given.values()))
    return given["id"]


def make_action(cost: str | None = "1", step: str = "buy#0", **said: Any) -> Action:
    """An action that costs so many euros."""
    given: dict[str, Any] = {
        "run_id": uuid4(), "tenant_id": "default", "workflow": "shopping", "principal": "local", "step": step,
        "tool": "buy", "arguments": b"{}", "idempotency_key": "k",
        "cost": None if cost is None else Money(Decimal(cost), "EUR"),
    }  # fmt: skip
    return Action(**given | said)


async def main(conninfo: str, folder: Path, slots: int) -> None:
    """Execute runs until SIGTERM."""
    budgets = Budgets(conninfo, SystemClock())
    governor = Purse(budgets, blind=True)
    artifacts = ObjectArtifacts.local(folder / "artifacts")
    engine = Engine(conninfo, Workflows([shopping]), artifacts, governor=governor)
    await engine.open()
    worker = engine.worker(WorkerSettings(slots=slots, poll=0.1))
    working = asyncio.create_task(worker.run())
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await ended.wait()
    await worker.stop()
    await working
    await engine.close()
    await budgets.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
