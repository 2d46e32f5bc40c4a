"""Agents as steps and scopes: failures are results, children are journalled, time is limited."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import pytest
from pydantic import BaseModel

from pilothouse import Context, Denied, Expired, Refused, StepFailed, agent, workflow
from pilothouse.errors import Conflict, PilothouseError
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.errors import WrongType
from support.rehearsal import Rehearsal


class Wanted(BaseModel):
    numbers: set[int]


def shown(error: PilothouseError) -> dict[str, Any]:
    failure = getattr(error, "failure", None)
    return {
        "type": type(error).__name__,
        "code": failure.code if failure else error.code,
        "message": error.message,
        "hint": error.hint,
        "steps": list(error.steps),
    }


ERRORS = [
    ValueError("plain"),
    ValueError(),
    KeyError("key"),
    Conflict("Taken.", hint="Take another."),
    WrongType("No."),
    Denied("Not you."),
    Refused("No, said Ada."),
    Expired("Too late.", hint="Ask again."),
    ValueError("bytes that are no text: \udcff"),
    ExceptionGroup("two", [ValueError("a"), ValueError("b")]),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_failure_is_the_same_live_and_at_replay(error: Exception, in_thread: bool) -> None:
    seen: list[dict[str, Any]] = []

    def body(ctx: Context) -> None:
        raise error

    async def async_body(ctx: Context) -> None:
        raise error

    failing = agent(name="failing")(body if in_thread else async_body)

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            await ctx.call(failing)
        except PilothouseError as raised:
            seen.append(shown(raised))
        return "caught"

    run = Rehearsal(flow)
    await run.finish()
    await run.replay()
    assert seen[0] == seen[1]
    assert seen[0]["steps"] == ["failing#0"]
    expected = type(error).__name__ if isinstance(error, (Denied, Refused, Expired)) else "StepFailed"
    assert seen[0]["type"] == expected
    assert seen[0]["code"] == (error.code if isinstance(error, PilothouseError) else "step_failed")
    (failed,) = run.payloads(Kind.FAILED)
    assert failed["error_type"] == type(error).__name__


async def test_a_failure_passes_through_the_agents_around_it_with_every_step_on_its_way() -> None:
    @agent
    async def inner(ctx: Context) -> None:
        raise Conflict("deep")

    @agent
    async def outer(ctx: Context) -> None:
        await ctx.call(inner)

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.call(outer)

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.steps == ("outer#0/inner#0", "outer#0")
    assert (run.failure.code, run.failure.step) == ("conflict", "outer#0/inner#0")


async def test_children_of_an_agent_that_was_interrupted_are_not_computed_again() -> None:
    made: list[str] = []

    @agent
    async def child(ctx: Context, name: str) -> str:
        made.append(name)
        return name

    @agent
    async def parent(ctx: Context) -> str:
        made.append("parent")
        return await ctx.call(child, "a") + await ctx.call(child, "b")

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.call(parent)

    run = Rehearsal(flow, lose_before={2})
    assert await run.finish() == "ab"
    assert made == ["parent", "a", "b", "parent", "b"]
    assert run.kinds(Kind.ENTERED) == ["parent#0"]


async def test_an_agent_without_children_has_one_entry() -> None:
    @agent
    async def leaf(ctx: Context) -> None: ...

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.call(leaf)

    run = Rehearsal(flow)
    await run.finish()
    assert run.shown[1:-1] == [("completed", "leaf#0")]


@pytest.mark.parametrize("value", [object(), math.nan, math.inf, "text"])
async def test_a_value_that_the_journal_cannot_keep_is_a_failed_step(value: Any) -> None:
    @agent
    async def number(ctx: Context) -> float:
        return value

    @workflow("w")
    async def flow(ctx: Context) -> float:
        return await ctx.call(number)

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "wrong_type"
    assert run.failure.step == "number#0"
    assert "number returned" in run.failure.message


async def test_a_value_that_does_not_fit_an_agents_input_is_an_error_of_the_caller() -> None:
    @agent
    async def number(ctx: Context, value: int) -> int:
        return value

    @workflow("w")
    async def flow(ctx: Context) -> int:
        return await ctx.call(number, "text")

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "wrong_type"
    assert "the input of number" in run.failure.message


async def test_sets_are_the_same_argument_in_whatever_order_they_come() -> None:
    orders = iter([[0, 8], [8, 0]])  # CPython keeps these sets in the order in which they were filled

    @agent
    async def count(ctx: Context, wanted: Wanted) -> int:
        return len(wanted.numbers)

    @workflow("w")
    async def flow(ctx: Context) -> int:
        return await ctx.call(count, Wanted(numbers=set(next(orders))))

    run = Rehearsal(flow)
    assert await run.finish() == 2
    assert await run.replay() == 2


@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_step_that_takes_too_long_fails_and_the_run_goes_on(in_thread: bool) -> None:
    async def slow(ctx: Context) -> None:
        await asyncio.sleep(5)

    def slow_thread(ctx: Context) -> None:
        time.sleep(0.2)

    late = agent(name="late", timeout=0.02)(slow_thread if in_thread else slow)

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            await ctx.call(late)
        except StepFailed as error:
            return f"{error.failure.code}, retryable: {error.failure.retryable}: {error.message}"
        return "in time"

    run = Rehearsal(flow)
    said = "step_timed_out, retryable: True: Step late#0 did not finish within 0.02 s."
    assert await run.finish() == await run.replay() == said


async def test_the_callers_limit_goes_before_the_agents_and_that_before_the_engines() -> None:
    @agent(timeout=5)
    async def slow(ctx: Context) -> None:
        await asyncio.sleep(1)

    @agent
    async def unlimited(ctx: Context) -> None:
        await asyncio.sleep(1)

    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        said = []
        for step in (ctx.call(slow, timeout=0.01), ctx.call(unlimited)):
            try:
                await step
            except StepFailed as error:
                said.append(error.message)
        return said

    run = Rehearsal(flow, step_timeout=0.02)
    assert await run.finish() == [
        "Step slow#0 did not finish within 0.01 s.",
        "Step unlimited#0 did not finish within 0.02 s.",
    ]


async def test_a_timeout_error_of_the_steps_own_is_not_taken_for_the_limit() -> None:
    @agent
    async def own(ctx: Context) -> None:
        message = "of its own"
        raise TimeoutError(message)

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.call(own)

    run = Rehearsal(flow)
    await run.finish()
    assert (run.failure.code, run.failure.message) == ("step_failed", "of its own")


async def test_the_time_of_a_question_does_not_count_for_the_agent_that_asks() -> None:
    @agent(timeout=0.05)
    async def asks(ctx: Context) -> str:
        return await ctx.ask("?")

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.call(asks)

    run = Rehearsal(flow)
    await run.until_waiting()
    await asyncio.sleep(0.06)
    assert await run.finish() == "yes"


async def test_a_step_that_takes_a_while_is_shown_as_started() -> None:
    @agent
    async def slow(ctx: Context) -> None:
        while not run.kinds(Kind.STARTED):
            await asyncio.sleep(0.005)

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.call(slow)

    run = Rehearsal(flow)
    await run.finish()
    assert run.kinds(Kind.STARTED) == ["slow#0"]
