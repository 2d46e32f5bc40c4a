"""Actions: decided, dispatched, called, concluded; and what happens when the worker dies in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from pilothouse import Context, Denied, StepFailed, tool, workflow
from pilothouse.errors import DatabaseUnavailable, InvalidInput
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.errors import RunCancelled
from pilothouse.runtime.governing import Action, Decision, Verdict
from pilothouse.runtime.ports import Statement
from support.rehearsal import Rehearsal


class Book:
    """A governor that writes down what it was asked."""

    def __init__(self, *, allow: bool = True, reasons: tuple[str, ...] = ("Too dear.",)) -> None:
        self.allow, self.reasons = allow, reasons
        self.decided: list[Action] = []
        self.settled: list[tuple[str, bool]] = []
        self.error: Exception | None = None

    async def decide(self, action: Action) -> Decision:
        if self.error is not None:
            raise self.error
        self.decided.append(action)
        verdict = Verdict.ALLOW if self.allow else Verdict.DENY
        return Decision(verdict=verdict, reasons=self.reasons, policies=("p1",))

    async def record(self, action: Action, decision: Decision) -> Sequence[Statement]:
        return [Statement("insert into book values (%s)", ("decided",))]

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
        "verdict": "allow",
        "reasons": ["Too dear."],
        "policies": ["p1"],
        "version": None,
        "requirements": [],
        "warnings": [],
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


class State(BaseModel):
    """What is known of an order."""

    status: str


def asked(facts: Any) -> tuple[Any, list[str]]:
    """A workflow that pays an order by a tool with such facts, and what was paid."""
    paid: list[str] = []

    @tool(name="pay", facts=facts)
    def pay(ctx: Context, order: str) -> str:
        paid.append(order)
        return order

    @workflow("orders")
    async def flow(ctx: Context, order: str) -> str:
        return await ctx.act(pay, order)

    return flow, paid


def plain(action: Action, order: str) -> State:
    return State(status=f"{order} of {action.tenant_id} is open")


async def later(action: Action, order: str) -> State:
    await asyncio.sleep(0)
    return plain(action, order)


@pytest.mark.parametrize("facts", [plain, later])
async def test_the_governor_is_told_the_facts_of_the_moment(facts: Any) -> None:
    flow, paid = asked(facts)
    governor = Book()
    run = Rehearsal(flow, "A1", governor=governor)
    assert await run.finish() == "A1"
    (action,) = governor.decided
    assert action.facts == b'{"status":"A1 of default is open"}'
    assert paid == ["A1"]


def broken(action: Action, order: str) -> State:
    raise OSError("the shop is closed")


def wrong(action: Action, order: str) -> State:
    return {"state": "open"}  # type: ignore[return-value]  # no such model


@pytest.mark.parametrize(
    ("facts", "told"), [(broken, "the shop is closed"), (wrong, "not of their type: status")]
)
async def test_an_action_whose_facts_cannot_be_told_is_denied(facts: Any, told: str) -> None:
    flow, paid = asked(facts)
    governor = Book()
    run = Rehearsal(flow, "A1", governor=governor)
    await run.finish()
    (failure,) = run.payloads(Kind.RUN_FAILED)
    assert told in failure["message"]
    assert (governor.decided, paid) == ([], [])


def test_facts_say_what_they_return() -> None:
    with pytest.raises(InvalidInput, match="does not say what it returns"):
        tool(name="pay", facts=lambda *_: None)
