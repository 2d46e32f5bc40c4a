"""Actions: decided, dispatched, called, concluded; and what happens when the worker dies in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from pilothouse import Context, Denied, StepFailed, tool, workflow
from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.errors import RunCancelled
from pilothouse.runtime.ports import Action, Decision, Statement
from support.rehearsal import Rehearsal


class Book:
    """A governor that writes down what it was asked."""

    def __init__(self, *, allow: bool = True, reasons: tuple[str, ...] = ("Too dear.",)) -> None:
        self.allow, self.reasons = allow, reasons
        self.decided: list[Action] = []
        self.settled: list[tuple[str, bool]] = []
        self.error: Exception | None = None

    async def decide(self, action: Action) -> tuple[Decision, Sequence[Statement]]:
        if self.error is not None:
            raise self.error
        self.decided.append(action)
        beside = [Statement("insert into book values (%s)", ("decided",))]
        return Decision(allow=self.allow, reasons=self.reasons, policies=("p1",)), beside

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        if self.error is not None:
            raise self.error
        self.settled.append((action.step, succeeded))
        return [Statement("insert into book values (%s)", ("settled",))]


class Receipt(BaseModel):
    number: int


class Till:
    """What the tools did to the world."""

    def __init__(self) -> None:
        self.paid: list[str] = []


@pytest.fixture
def till() -> Till:
    return Till()


def paying(till: Till, *, idempotent: bool) -> Any:
    @tool(idempotent=idempotent)
    async def pay(ctx: Context, amount: int) -> Receipt:
        till.paid.append(ctx.idempotency_key)
        return Receipt(number=amount)

    @workflow("support")
    async def flow(ctx: Context, amount: int) -> Receipt:
        return await ctx.act(pay, amount)

    return flow


async def test_an_allowed_action_costs_two_appends_with_the_governors_statements_in_them(till: Till) -> None:
    governor, appended = Book(), list[Any]()
    run = Rehearsal(paying(till, idempotent=False), 5, governor=governor)
    run.while_appending = appended.append
    assert await run.finish() == {"number": 5}
    dispatch, outcome, end = appended
    assert [entry.kind for entry in dispatch.entries] == [Kind.DISPATCH]
    assert [entry.kind for entry in outcome.entries] == [Kind.OUTCOME]
    assert [entry.kind for entry in end.entries] == [Kind.RUN_COMPLETED]
    assert [statement.parameters for statement in dispatch.beside] == [("decided",)]
    assert [statement.parameters for statement in outcome.beside] == [("settled",)]
    assert governor.settled == [("pay#0", True)]


async def test_the_governor_sees_the_whole_action(till: Till) -> None:
    governor = Book()
    run = Rehearsal(paying(till, idempotent=False), 5, governor=governor)
    await run.finish()
    (action,) = governor.decided
    assert action == Action(
        run_id=run.run_id,
        tenant_id="default",
        workflow="support",
        principal="ada",
        step="pay#0",
        tool="pay",
        arguments=b"5",
        idempotency_key=f"{run.run_id}:pay#0",
    )
    assert run.payloads(Kind.DISPATCH)[0]["decision"] == {
        "allow": True,
        "reasons": ["Too dear."],
        "policies": ["p1"],
    }


async def test_a_denied_action_is_not_called_and_raises_denied_at_every_replay() -> None:
    called: list[int] = []

    @tool
    async def pay(ctx: Context, amount: int) -> None:
        called.append(amount)

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            await ctx.act(pay, 5)
        except Denied as error:
            return error.message
        return "allowed"

    run = Rehearsal(flow, governor=Book(allow=False))
    assert await run.finish() == await run.replay() == "pay was denied: Too dear."
    assert called == []
    assert run.shown[1:-1] == [("outcome", "pay#0")]


async def test_a_denial_without_reasons_says_so() -> None:
    @tool
    async def pay(ctx: Context) -> None: ...

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.act(pay)

    run = Rehearsal(flow, governor=Book(allow=False, reasons=()))
    await run.finish()
    assert (run.failure.code, run.failure.message) == ("denied", "pay was denied: no reason was given.")


async def test_an_error_of_the_governor_is_a_denial(till: Till) -> None:
    governor = Book()
    governor.error = ZeroDivisionError("in a policy")
    run = Rehearsal(paying(till, idempotent=True), 5, governor=governor)
    await run.finish()
    assert run.failure.code == "denied"
    assert "ZeroDivisionError: in a policy" in run.failure.message
    assert till.paid == []


async def test_a_governor_without_its_database_loses_the_turn_and_decides_nothing(till: Till) -> None:
    governor = Book()
    governor.error = DatabaseUnavailable()
    run = Rehearsal(paying(till, idempotent=True), 5, governor=governor)
    assert await run.turn() == "queued"
    assert till.paid == []
    governor.error = None
    assert await run.finish() == {"number": 5}


async def test_an_outcome_that_cannot_be_settled_stays_unknown(till: Till) -> None:
    governor = Book()

    @tool
    async def pay(ctx: Context) -> None:
        till.paid.append("paid")
        governor.error = till.error

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.act(pay)

    for error, status in ((DatabaseUnavailable(), "queued"), (ZeroDivisionError("no such budget"), "failed")):
        till.error, governor.error = error, None
        run = Rehearsal(flow, governor=governor)
        assert await run.turn() == status
        assert run.kinds(Kind.OUTCOME) == []
        if status == "failed":
            run.retry()
        assert await run.until_waiting() == "waiting"
        assert run.open_questions == ["pay#0/1/ask#0"]


async def test_a_failed_tool_is_a_failed_step_that_settles_the_action() -> None:
    governor = Book()

    @tool
    async def pay(ctx: Context) -> None:
        raise ConnectionError("no route")

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            await ctx.act(pay)
        except StepFailed as error:
            return f"{error.failure.error_type}: {error.message} in {error.failure.step}"
        return "paid"

    run = Rehearsal(flow, governor=governor)
    assert await run.finish() == await run.replay() == "ConnectionError: no route in pay#0"
    assert governor.settled == [("pay#0", False)]


@pytest.mark.parametrize(
    ("result", "declared"),
    [(object(), Any), (float("nan"), float), ("no number", float)],
    ids=["object", "nan", "text"],
)
async def test_a_tools_result_that_cannot_be_kept_is_a_failed_step_and_not_an_unknown_outcome(
    result: Any, declared: Any
) -> None:
    @tool
    async def pay(ctx: Context) -> Any:
        return result

    pay.signature.function.__annotations__["return"] = declared

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.act(pay)

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "wrong_type"
    assert run.shown[1:3] == [("dispatch", "pay#0"), ("outcome", "pay#0")]


async def test_a_tool_that_takes_too_long_is_a_failed_step_also_in_a_thread() -> None:
    @tool(timeout=0.02)
    def slow(ctx: Context) -> None:
        time.sleep(0.2)

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.act(slow)

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "step_timed_out"
    assert "slow#0 did not finish within 0.02 s" in run.failure.message


async def test_a_retry_decides_and_dispatches_a_failed_action_anew() -> None:
    governor, broken = Book(), [True]

    @tool
    async def pay(ctx: Context) -> str:
        if broken[0]:
            raise ConnectionError
        return ctx.idempotency_key

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.act(pay)

    run = Rehearsal(flow, governor=governor)
    await run.finish()
    broken[0] = False
    run.retry()
    assert await run.finish() == f"{run.run_id}:pay#0"
    assert len(governor.decided) == 2
    assert governor.settled == [("pay#0", False), ("pay#0", True)]


async def test_a_crash_before_the_dispatch_calls_the_tool_once(till: Till) -> None:
    run = Rehearsal(paying(till, idempotent=False), 5, lose_before={1})
    assert await run.finish() == {"number": 5}
    assert len(till.paid) == 1


async def test_an_idempotent_tool_is_called_again_after_a_crash_with_the_same_key(till: Till) -> None:
    run = Rehearsal(paying(till, idempotent=True), 5, lose_before={2})
    assert await run.finish() == {"number": 5}
    assert till.paid == [f"{run.run_id}:pay#0"] * 2
    assert run.kinds(Kind.DISPATCH) == ["pay#0"]


async def test_a_worker_without_its_lease_calls_no_tool(till: Till) -> None:
    run = Rehearsal(paying(till, idempotent=True), 5)
    run.lease.held = False
    assert await run.turn() == "queued"
    assert (till.paid, run.kinds(Kind.DISPATCH)) == ([], [])


async def test_a_lease_that_ends_with_the_dispatch_calls_no_tool(till: Till) -> None:
    run = Rehearsal(paying(till, idempotent=True), 5)

    def expire(_: Any) -> None:
        run.lease.held = False

    run.while_appending = expire
    assert await run.turn() == "queued"
    assert (till.paid, run.kinds(Kind.DISPATCH)) == ([], ["pay#0"])
    run.lease.held, run.while_appending = True, None
    assert await run.finish() == {"number": 5}


async def test_a_tool_that_is_cancelled_with_its_run_leaves_its_outcome_unknown() -> None:
    @tool
    async def pay(ctx: Context) -> None:
        await asyncio.sleep(10)

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.act(pay)

    run = Rehearsal(flow)
    turn = asyncio.create_task(run.turn())
    await asyncio.sleep(0.02)
    run.current.interrupt(RunCancelled())
    assert await turn == "cancelled"
    assert run.shown[1:] == [("dispatch", "pay#0"), ("run_cancelled", "")]
