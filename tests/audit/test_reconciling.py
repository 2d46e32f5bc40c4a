"""Journal and audit log, laid side by side: one entry for each dispatch and each outcome, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg

from pilothouse import Context, tool, workflow
from pilothouse.audit.recording import entry, fingerprint
from pilothouse.audit.schemas import Kind
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.runtime.engine import Order
from pilothouse.runtime.governing import Action, Decision, Verdict
from pilothouse.runtime.ports import Statement

JOURNALLED = """
select run_id, key, kind from journal where kind in ('dispatch', 'outcome') order by run_id, key, kind
"""
RECORDED = "select run_id, step, append from audit_entries order by run_id, step, append"
REFUSED = 3


class Recording:
    """A governor that refuses some actions and records all of them."""

    def __init__(self) -> None:
        self._ids, self._clock = Ids(), SystemClock()

    async def decide(self, action: Action) -> Decision:
        refused = action.arguments == str(REFUSED).encode()
        return Decision(verdict=Verdict.DENY if refused else Verdict.ALLOW)

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        allowed = decision.allows
        return [
            self._entry(
                action, Kind.DISPATCH if allowed else Kind.DECISION, "dispatch" if allowed else "outcome"
            )
        ]

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        return [self._entry(action, Kind.OUTCOME, "outcome", succeeded=succeeded)]

    def _entry(self, action: Action, kind: Kind, append: str, **said: bool) -> Statement:
        return entry(
            self._ids.new(),
            action.tenant_id,
            self._clock.now(),
            kind,
            action.principal,
            action.tool,
            run_id=action.run_id,
            step=action.step,
            append=append,
            details={"arguments": fingerprint(action.arguments), **said},
        )


@tool(idempotent=True)
async def pay(ctx: Context, amount: int) -> int:
    """Pay, or fail."""
    if not amount % 5:
        raise ValueError(amount)
    return amount


@workflow("payer")
async def payer(ctx: Context, first: int) -> int:
    """Pay several times, whatever comes of it."""
    for amount in range(first, first + 4):
        with suppress(Exception):
            await ctx.act(pay, amount)
    return first


async def test_every_dispatch_and_outcome_is_in_the_audit_log_once(
    open_engine: Callable[..., Awaitable[Any]],
    start_worker: Callable[..., Awaitable[Any]],
    desk: Any,
    conninfo: str,
) -> None:
    engine = await open_engine(payer, governor=Recording())
    engine.chores.append(desk.sequencer())
    await start_worker(engine)
    runs = [await engine.submit(Order("payer", str(number).encode())) for number in range(12)]
    async with asyncio.timeout(10):
        while not all([await engine.status(run) == "completed" for run in runs]):
            await asyncio.sleep(0.01)
    await desk.sequencer().sign_now()
    with psycopg.connect(conninfo) as connection:
        journalled = connection.execute(JOURNALLED).fetchall()
        assert connection.execute(RECORDED).fetchall() == journalled
        denied = connection.execute("select count(*) from audit_entries where kind = 'decision'").fetchone()
    assert len(journalled) == 12 * 4 * 2 - REFUSED - 1
    assert denied == (REFUSED + 1,)
