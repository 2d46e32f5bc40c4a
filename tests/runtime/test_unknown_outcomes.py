"""A worker dies between a dispatch and its outcome: an operator says what became of the call."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from pilothouse import Context, StepFailed, tool, workflow
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.questions import QuestionKind
from pilothouse.runtime.unknown_outcomes import CALL_AGAIN, FAILED, HAPPENED
from support.rehearsal import Rehearsal


class Receipt(BaseModel):
    number: int


class Paying:
    """A tool that is not idempotent, and a workflow that uses it once."""

    def __init__(self) -> None:
        self.calls = 0

        @tool
        async def pay(ctx: Context, amount: int) -> Receipt:
            self.calls += 1
            return Receipt(number=amount)

        @workflow("w")
        async def flow(ctx: Context) -> str:
            try:
                receipt = await ctx.act(pay, 5)
            except StepFailed as error:
                return f"failed: {error.message}"
            return f"receipt {receipt.number}"

        self.flow = flow


@pytest.fixture
def paying() -> Paying:
    return Paying()


async def crashed(paying: Paying) -> Rehearsal:
    """A run whose worker died after the dispatch."""
    run = Rehearsal(paying.flow)
    run.lose_next(Kind.OUTCOME)
    assert await run.until_waiting() == "waiting"
    return run


async def test_a_lost_call_is_asked_about_and_not_made_again(paying: Paying) -> None:
    run = await crashed(paying)
    assert paying.calls == 1
    (asked,) = run.payloads(Kind.ASKED)
    assert asked["kind"] == QuestionKind.UNKNOWN_OUTCOME
    assert asked["choices"] == [CALL_AGAIN, FAILED, HAPPENED]
    assert "Did pay happen?" in asked["prompt"]
    assert run.open_questions == ["pay#0/1/ask#0"]


async def test_call_again_calls_again(paying: Paying) -> None:
    run = await crashed(paying)
    assert await run.finish(answer=lambda _: CALL_AGAIN) == "receipt 5"
    assert paying.calls == 2
    assert await run.replay() == "receipt 5"
    assert paying.calls == 2


async def test_it_failed_is_a_failed_step_with_an_outcome(paying: Paying) -> None:
    run = await crashed(paying)
    said = "failed: pay failed, by an operator's word after its worker stopped."
    assert await run.finish(answer=lambda _: FAILED) == said
    assert run.kinds(Kind.OUTCOME) == ["pay#0"]
    assert paying.calls == 1


async def test_it_happened_asks_for_the_result_until_it_fits(paying: Paying) -> None:
    run = await crashed(paying)
    replies = {0: HAPPENED, 1: "not JSON", 2: '{"number": "five"}', 3: '{"number": 7}'}
    assert await run.finish(answer=lambda key: replies[int(key[-1])]) == "receipt 7"
    assert await run.replay() == "receipt 7"
    prompts = [asked["prompt"] for asked in run.payloads(Kind.ASKED)]
    assert prompts[1] == "What did pay return? Answer as JSON."
    assert "Invalid JSON" in prompts[2]
    assert "number" in prompts[3]
    assert '"number"' in run.payloads(Kind.ASKED)[1]["why"]  # the schema
    assert paying.calls == 1


async def test_it_happened_is_enough_for_a_tool_without_a_result() -> None:
    @tool
    async def ring(ctx: Context) -> None: ...

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return f"rang {await ctx.act(ring)}"

    run = Rehearsal(flow)
    run.lose_next(Kind.OUTCOME)
    assert await run.finish(answer=lambda _: HAPPENED) == "rang None"


async def test_every_lost_call_is_asked_about_anew(paying: Paying) -> None:
    run = await crashed(paying)
    run.lose_next(Kind.OUTCOME)
    run.answer("pay#0/1/ask#0", CALL_AGAIN)
    assert await run.until_waiting() == "waiting"
    assert paying.calls == 2
    assert run.open_questions == ["pay#0/2/ask#0"]
    run.answer("pay#0/2/ask#0", FAILED)
    assert (await run.finish()).startswith("failed")
    assert paying.calls == 2


async def test_a_retry_after_it_failed_dispatches_and_asks_anew() -> None:
    calls: list[str] = []

    @tool
    async def pay(ctx: Context) -> str:
        calls.append(ctx.idempotency_key)
        return "paid"

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.act(pay)

    run = Rehearsal(flow)
    run.lose_next(Kind.OUTCOME)
    assert await run.finish(answer=lambda _: FAILED) == "run_failed"
    run.lose_next(Kind.OUTCOME)
    assert run.retry() == ("pay#0",)
    assert await run.until_waiting() == "waiting"
    assert run.open_questions == ["pay#0/2/ask#0"]
    assert await run.finish(answer=lambda _: CALL_AGAIN) == "paid"
    assert len(calls) == 3


async def test_the_other_branches_go_on_meanwhile(paying: Paying) -> None:
    @workflow("w")
    async def flow(ctx: Context) -> list[Any]:
        return await ctx.gather(paying.flow.function(ctx), ctx.ask("?", key="q"))

    run = Rehearsal(flow)
    run.lose_next(Kind.OUTCOME)
    assert await run.until_waiting() == "waiting"
    assert sorted(run.open_questions) == ["gather#0/0/pay#0/1/ask#0", "gather#0/1/ask:q"]
    run.answer("gather#0/1/ask:q", "meanwhile")
    run.answer("gather#0/0/pay#0/1/ask#0", HAPPENED)
    assert await run.finish(answer=lambda _: '{"number": 1}') == ["receipt 1", "meanwhile"]
