"""Questions: answered, expired, withdrawn."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from pilothouse import Context, Expired, agent, workflow
from pilothouse.runtime.asking import CLOSE_QUESTION, INSERT_QUESTION
from pilothouse.runtime.entries import Kind
from support.rehearsal import Rehearsal

HOUR = dt.timedelta(hours=1)


@workflow("with_default")
async def with_default(ctx: Context) -> str:
    return await ctx.ask("?", default="no", expires_after=HOUR, key="q")


@workflow("without_default")
async def without_default(ctx: Context) -> str:
    try:
        return await ctx.ask("Still there?", expires_after=HOUR, key="q")
    except Expired as error:
        return f"{error.code}: {error.message}"


async def test_a_question_is_put_before_people_with_what_it_needs() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.ask(
            "Which?",
            choices=["a", "b"],
            free=True,
            default="a",
            why="Cost.",
            default_assumes="Cheap.",
            key="q",
        )

    run = Rehearsal(flow)
    await run.until_waiting()
    asked = run.payloads(Kind.ASKED)[0]
    assert asked == {
        "kind": "question", "prompt": "Which?", "why": "Cost.", "choices": ["a", "b"], "free": True,
        "default": "a", "default_assumes": "Cheap.", "expires_at": None,
    }  # fmt: skip
    (insert,) = run.statements
    assert insert.sql == INSERT_QUESTION
    assert insert.parameters[1:4] == ("default", run.run_id, "ask:q")


async def test_a_question_with_a_default_takes_it_when_its_time_is_over() -> None:
    run = Rehearsal(with_default)
    await run.until_waiting()
    assert run.wake_at == run.clock.now() + HOUR
    run.clock.advance(3600)
    run.status = "queued"
    assert await run.until_waiting() == "completed"
    assert run.output == "no"
    assert run.payloads(Kind.ANSWERED) == [{"answer": "no", "by": "expiry"}]
    assert CLOSE_QUESTION in [statement.sql for statement in run.statements]
    assert await run.replay() == "no"


async def test_a_question_without_a_default_raises_when_its_time_is_over() -> None:
    run = Rehearsal(without_default)
    await run.until_waiting()
    run.clock.advance(3600)
    run.status = "queued"
    await run.until_waiting()
    assert run.output == "expired: Nobody answered in time: Still there?"
    assert await run.replay() == "expired: Nobody answered in time: Still there?"


async def test_a_question_waits_again_where_it_was_woken_before_its_time() -> None:
    run = Rehearsal(with_default)
    await run.until_waiting()
    run.clock.advance(60)
    run.status = "queued"
    assert await run.until_waiting() == "waiting"
    assert run.wake_at == run.clock.now() + dt.timedelta(minutes=59)


@pytest.mark.parametrize("flow", [with_default, without_default])
async def test_an_answer_at_the_moment_of_expiry_counts_and_nothing_else(flow: Any) -> None:
    run = Rehearsal(flow)
    await run.until_waiting()
    run.clock.advance(3600)
    run.status = "queued"

    def answer_first(item: Any) -> None:
        if any(entry.kind in {Kind.ANSWERED, Kind.EXPIRED} for entry in item.entries):
            run.while_appending = None
            run.answer("ask:q", "just in time")

    run.while_appending = answer_first
    assert await run.until_waiting() == "completed"
    assert run.output == "just in time"
    assert run.kinds(Kind.EXPIRED) == []
    assert run.payloads(Kind.ANSWERED) == [{"answer": "just in time", "by": ""}]


async def test_a_question_that_failed_the_run_by_expiring_is_asked_anew_by_a_retry() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.ask("?", expires_after=HOUR, key="q")

    run = Rehearsal(flow)
    await run.until_waiting()
    run.clock.advance(3600)
    run.status = "queued"
    await run.until_waiting()
    assert run.failure.code == "expired"
    assert run.retry() == ("ask:q",)
    assert await run.until_waiting() == "waiting"
    assert run.wake_at == run.clock.now() + HOUR
    assert await run.finish() == "yes"


async def test_an_agent_may_ask_and_is_not_computed_twice_once_it_has_ended() -> None:
    made: list[str] = []

    @agent
    async def before(ctx: Context) -> None:
        made.append("before")

    @agent
    async def judge(ctx: Context) -> str:
        await ctx.call(before)
        return await ctx.ask("?")

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.call(judge)

    run = Rehearsal(flow)
    assert await run.finish() == await run.replay() == "yes"
    assert made == ["before"]
    assert run.shown[1:4] == [
        ("entered", "judge#0"),
        ("completed", "judge#0/before#0"),
        ("asked", "judge#0/ask#0"),
    ]
