"""How a turn ends: results, failures, and control flow that no code can swallow."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
from pydantic import BaseModel

from pilothouse import Context, StepFailed, agent, tool, workflow
from pilothouse.errors import Conflict
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.errors import LoopBlocked, RunCancelled, TurnLost
from pilothouse.runtime.execution import WITHDRAW_ALL
from support.rehearsal import Rehearsal


class Report(BaseModel):
    lines: list[str]


@agent
async def fetch(ctx: Context, what: str) -> str:
    return what


async def interrupted(run: Rehearsal, error: BaseException) -> str:
    """Execute a turn and interrupt it once its code has come to a stop."""
    turn = asyncio.create_task(run.turn())
    await asyncio.sleep(0.02)
    run.current.interrupt(error)
    return await asyncio.wait_for(turn, 2)


async def test_the_result_is_written_as_the_declared_type() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> Report:
        return {"lines": ["a"]}

    assert await Rehearsal(flow).finish() == {"lines": ["a"]}


async def test_a_workflow_that_returns_the_wrong_type_fails_and_says_so() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> Report:
        return 5

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "wrong_type"
    assert "flow returned int, declared is Report" in run.failure.message


async def test_a_result_that_json_cannot_hold_fails_the_run() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> Any:
        return object()

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "wrong_type"
    assert "cannot be written as JSON" in run.failure.message


async def test_an_input_of_the_wrong_type_fails_the_run() -> None:
    @workflow("w")
    async def flow(ctx: Context, report: Report) -> None: ...

    run = Rehearsal(flow, {"lines": 3})
    await run.finish()
    assert run.failure.code == "wrong_type"
    assert "lines" in run.failure.message


async def test_a_workflow_that_raises_names_the_error_the_place_and_the_step_before() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.call(fetch, "a")
        message = "no such ticket"
        raise LookupError(message)

    run = Rehearsal(flow)
    await run.finish()
    assert (run.failure.code, run.failure.message) == ("step_failed", "no such ticket")
    assert (run.failure.error_type, run.failure.step) == ("LookupError", "fetch#0")
    assert "test_execution.py" in run.failure.where
    assert "in flow" in run.failure.where


async def test_an_error_of_pilothouse_keeps_its_code_and_its_hint() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> None:
        raise Conflict("Taken.", hint="Take another.")

    run = Rehearsal(flow)
    await run.finish()
    assert (run.failure.code, run.failure.message, run.failure.hint) == (
        "conflict",
        "Taken.",
        "Take another.",
    )


@pytest.mark.parametrize(
    "code", [SystemExit(2), asyncio.CancelledError(), type("Own", (BaseException,), {})()]
)
async def test_code_that_would_end_the_process_or_its_task_fails_the_run(code: BaseException) -> None:
    @workflow("w")
    async def flow(ctx: Context) -> None:
        raise code

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "code_exited"


@pytest.mark.parametrize(
    "code", [SystemExit(2), asyncio.CancelledError(), type("Own", (BaseException,), {})()]
)
@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_step_that_would_end_the_process_or_its_task_is_a_failed_step(
    code: BaseException, in_thread: bool
) -> None:
    @agent
    async def exits(ctx: Context) -> None:
        raise code

    @agent(name="exits")
    def exits_in_thread(ctx: Context) -> None:
        raise code

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            await ctx.call(exits_in_thread if in_thread else exits)
        except StepFailed as error:
            return error.failure.code
        return "no failure"

    run = Rehearsal(flow)
    assert await run.finish() == "code_exited"
    assert await run.replay() == "code_exited"


async def test_finally_blocks_run_on_every_turn() -> None:
    ran: list[str] = []

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            return await ctx.ask("?")
        finally:
            ran.append("finally")

    await Rehearsal(flow).finish()
    assert ran == ["finally", "finally"]


@pytest.mark.parametrize("where", ["workflow", "agent", "gather"])
@pytest.mark.parametrize(
    "then", ["call", "act", "save", "sleep", "now", "return", "raise", "continue", "gather"]
)
async def test_a_suspension_that_is_swallowed_is_raised_again(where: str, then: str) -> None:
    acted: list[str] = []

    @tool
    async def send(ctx: Context) -> None:
        acted.append("sent")

    async def stubborn(ctx: Context) -> str:
        try:
            return await ctx.ask("?")
        except BaseException as error:
            match then:
                case "call":
                    await ctx.call(fetch, "a")
                case "act":
                    await ctx.act(send)
                case "save":
                    await ctx.save("a.txt", "a")
                case "sleep":
                    await ctx.sleep(1)
                case "now":
                    ctx.now()
                case "continue":
                    ctx.continue_as_new()
                case "gather":
                    await ctx.gather(ctx.call(fetch, "a"))
                case "raise":
                    raise ValueError from error
            return "swallowed"

    @agent
    async def inside(ctx: Context) -> str:
        return await stubborn(ctx)

    @workflow("w")
    async def flow(ctx: Context) -> str:
        match where:
            case "agent":
                return await ctx.call(inside)
            case "gather":
                return (await ctx.gather(stubborn(ctx), ctx.call(fetch, "b")))[0]
        return await stubborn(ctx)

    run = Rehearsal(flow)
    assert await run.until_waiting() == "waiting"
    assert await run.finish(answer=lambda _: "an answer") == "an answer"
    assert acted == []


async def test_a_suspension_inside_an_agent_cannot_be_swallowed_around_it() -> None:
    @agent
    async def asks(ctx: Context) -> str:
        return await ctx.ask("?")

    @workflow("w")
    async def flow(ctx: Context) -> str:
        with contextlib.suppress(BaseException):
            return await ctx.call(asks)
        return await ctx.call(fetch, "swallowed")

    run = Rehearsal(flow)
    assert await run.until_waiting() == "waiting"
    assert await run.finish() == "yes"


@pytest.mark.parametrize("where", ["step", "thread", "gather", "plain", "except", "bare", "finally"])
async def test_a_cancelled_run_stops_wherever_it_stands(where: str) -> None:
    after: list[str] = []

    @agent
    async def slow(ctx: Context) -> None:
        await asyncio.sleep(10)

    @agent
    def slow_thread(ctx: Context) -> None:
        import time

        time.sleep(0.3)

    @workflow("w")
    async def flow(ctx: Context) -> None:
        try:
            match where:
                case "thread":
                    await ctx.call(slow_thread)
                case "gather":
                    await ctx.gather(ctx.call(slow), ctx.ask("?"), ctx.call(slow))
                case "plain":
                    await asyncio.sleep(10)
                case _:
                    await ctx.call(slow)
        except Exception:
            after.append("swallowed as an Exception")
        except BaseException:
            if where != "bare":
                raise
        finally:
            if where == "finally":
                await ctx.call(fetch, "a verb in finally")
        after.append("went on")
        await ctx.call(fetch, "after")

    run = Rehearsal(flow)
    assert await interrupted(run, RunCancelled()) == "cancelled"
    assert run.kinds(Kind.COMPLETED, Kind.FAILED) == []
    assert after == (["went on"] if where == "bare" else [])


async def test_finally_blocks_may_await_while_a_run_is_cancelled_more_than_once() -> None:
    cleaned: list[str] = []

    @workflow("w")
    async def flow(ctx: Context) -> None:
        try:
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.05)
            cleaned.append("cleaned up")

    run = Rehearsal(flow)
    turn = asyncio.create_task(run.turn())
    await asyncio.sleep(0.02)
    for _ in range(3):
        run.current.interrupt(RunCancelled())
        await asyncio.sleep(0.01)
    assert await turn == "cancelled"
    assert cleaned == ["cleaned up"]


async def test_a_run_that_was_cancelled_while_it_was_queued_does_nothing() -> None:
    ran: list[str] = []

    @workflow("w")
    async def flow(ctx: Context) -> None:
        ran.append("ran")

    run = Rehearsal(flow)
    run.cancel_requested = True
    assert await run.until_waiting() == "cancelled"
    assert ran == []


async def test_a_cancellation_whose_end_cannot_be_written_is_a_lost_turn() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> None:
        await asyncio.sleep(10)

    run = Rehearsal(flow, lose_before={1})
    assert await interrupted(run, RunCancelled()) == "queued"
    run.cancel_requested = True
    assert await run.turn() == "cancelled"


async def test_a_lost_turn_writes_nothing_more_whatever_the_code_does() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        with contextlib.suppress(BaseException):
            await ctx.call(fetch, "lost")
        with contextlib.suppress(BaseException):
            await ctx.call(fetch, "after")
        return "swallowed"

    run = Rehearsal(flow, lose_before={1})
    assert await run.turn() == "queued"
    assert run.shown == [("submitted", "")]


async def test_a_worker_that_stops_leaves_the_run_as_it_is() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.call(fetch, "a")
        await asyncio.sleep(10)

    run = Rehearsal(flow)
    assert await interrupted(run, TurnLost("The worker stops.")) == "queued"
    assert run.shown == [("submitted", ""), ("completed", "fetch#0")]


async def test_an_event_loop_that_ends_leaves_the_run_as_it_is() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> None:
        await asyncio.sleep(10)

    run = Rehearsal(flow)
    turn = asyncio.create_task(run.turn())
    await asyncio.sleep(0.02)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert run.shown == [("submitted", "")]


async def test_a_blocked_loop_fails_the_run_and_names_the_step() -> None:
    @agent
    async def blocks(ctx: Context) -> None:
        raise LoopBlocked  # as the heartbeat's thread raises it inside of code that blocks

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.call(blocks)

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "run_stalled"
    assert "blocked" in run.failure.message
    assert "blocks#0" in run.failure.message


async def test_a_stalled_workflow_fails_and_names_the_step_before() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.call(fetch, "a")
        await asyncio.Event().wait()

    run = Rehearsal(flow)
    turn = asyncio.create_task(run.turn())
    while not run.current or not run.current.last_step or run.current.active or run.current.appending:
        await asyncio.sleep(0.001)
    run.current.interrupt_if_stalled(60)
    assert run.current.broken is None
    await asyncio.sleep(0.02)
    run.current.interrupt_if_stalled(0.01)
    assert await turn == "failed"
    assert run.failure.code == "run_stalled"
    assert "fetch#0" in run.failure.message


async def test_a_step_under_way_and_a_slow_artifact_store_are_no_stall() -> None:
    going = asyncio.Event()

    @agent
    async def slow(ctx: Context) -> None:
        going.set()
        await asyncio.sleep(0.05)

    @workflow("w")
    async def flow(ctx: Context) -> str:
        await ctx.call(slow)
        await ctx.save("a.txt", "a")
        return "done"

    class Slow:
        async def put(self, *_: object) -> None:
            await asyncio.sleep(0.05)

    run = Rehearsal(flow)
    object.__setattr__(run.services, "artifacts", Slow())
    turn = asyncio.create_task(run.turn())
    await going.wait()
    while not turn.done():
        run.current.interrupt_if_stalled(0.02)
        await asyncio.sleep(0.005)
    assert await turn == "completed"


async def test_open_questions_are_withdrawn_when_a_run_ends_in_any_way() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.gather(ctx.ask("a"), ctx.ask("b"))
        raise ValueError

    run = Rehearsal(flow)
    await run.until_waiting()
    run.cancel_requested = True
    assert await run.turn() == "cancelled"
    assert WITHDRAW_ALL in {statement.sql for statement in run.statements}


async def test_a_question_that_was_withdrawn_with_its_failed_run_is_asked_again_after_a_retry() -> None:
    codes = ["good", "bad", "good"]

    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        if codes[0] == "bad":
            await ctx.sleep(1)
        return await ctx.gather(ctx.ask("a", key="a"), ctx.ask("b", key="b"))

    run = Rehearsal(flow)
    await run.until_waiting()
    codes.pop(0)
    run.answer("gather#0/0/ask:a", "first")
    await run.turn()
    assert run.failure.code == "non_determinism"
    codes.pop(0)
    run.retry()
    asked = len(run.kinds(Kind.ASKED))
    assert await run.until_waiting() == "waiting"
    assert run.kinds(Kind.ASKED)[asked:] == ["gather#0/1/ask:b"]
    assert await run.finish() == ["first", "yes"]


async def test_entries_that_cannot_be_journalled_fail_the_run_and_name_the_step() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        with contextlib.suppress(Exception):
            await ctx.call(fetch, "too much")
        await ctx.call(fetch, "after")
        return "swallowed"

    def refuse(item: Any) -> None:
        if item.end is None:
            raise ValueError("index row too large")

    run = Rehearsal(flow)
    run.while_appending = refuse
    await run.until_waiting()
    assert run.failure.code == "not_journalled"
    assert "fetch#0" in run.failure.message
    assert "index row too large" in run.failure.message


async def test_a_result_that_cannot_be_journalled_fails_the_run() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        return "too much"

    def refuse(item: Any) -> None:
        if item.end and item.end.status == "completed":
            raise ValueError("too large")

    run = Rehearsal(flow)
    run.while_appending = refuse
    await run.until_waiting()
    assert run.failure.code == "not_journalled"
