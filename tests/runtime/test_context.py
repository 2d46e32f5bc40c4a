"""Every verb, live and at replay."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import threading
import uuid
from typing import Any

import pytest
from pydantic import BaseModel

from pilothouse import Context, Progress, ReasonCard, StepFailed, agent, tool, workflow
from pilothouse.errors import InvalidInput
from pilothouse.runtime.entries import Kind
from support.rehearsal import Rehearsal


class Ticket(BaseModel):
    text: str
    urgent: bool = False


class Calls:
    """What was really executed, which a replay must not add to."""

    def __init__(self) -> None:
        self.made: list[str] = []


@pytest.fixture
def calls() -> Calls:
    return Calls()


async def test_call_gives_the_same_answer_at_replay_and_computes_it_once(calls: Calls) -> None:
    @agent
    async def triage(ctx: Context, ticket: Ticket) -> Ticket:
        calls.made.append(ticket.text)
        return Ticket(text=ticket.text.upper(), urgent=True)

    @workflow("w")
    async def flow(ctx: Context, text: str) -> Ticket:
        return await ctx.call(triage, Ticket(text=text))

    run = Rehearsal(flow, "help")
    assert await run.finish() == {"text": "HELP", "urgent": True}
    assert await run.replay() == {"text": "HELP", "urgent": True}
    assert calls.made == ["help"]
    assert run.shown == [("submitted", ""), ("completed", "triage#0"), ("run_completed", "")]


async def test_an_agent_may_take_no_value_and_be_a_plain_function_with_a_context(calls: Calls) -> None:
    @agent
    def count(ctx: Context) -> int:
        calls.made.append("count")
        return 3

    @workflow("w")
    async def flow(ctx: Context) -> int:
        return await ctx.call(count)

    run = Rehearsal(flow)
    assert await run.finish() == 3
    assert await run.replay() == 3
    assert calls.made == ["count"]


@pytest.mark.parametrize("declared", [Any, None])
async def test_a_result_without_a_precise_type_is_the_same_live_and_at_replay(declared: Any) -> None:
    seen: list[Any] = []

    @agent
    async def loose(ctx: Context) -> Any:
        return {"pair": (1, 2), 3: "three", "at": dt.date(2030, 1, 1)}

    if declared is None:
        del loose.signature.function.__annotations__["return"]

    @workflow("w")
    async def flow(ctx: Context) -> None:
        seen.append(await ctx.call(loose))

    run = Rehearsal(flow)
    await run.finish()
    await run.replay()
    assert seen[0] == seen[1] == {"pair": [1, 2], "3": "three", "at": "2030-01-01"}


async def test_an_agent_gets_its_value_as_the_declared_type() -> None:
    @agent
    async def read(ctx: Context, ticket: Ticket) -> str:
        return ticket.text

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.call(read, {"text": "a dict that fits"})

    assert await Rehearsal(flow).finish() == "a dict that fits"


async def test_answer_of_says_which_rung_answered() -> None:
    @agent
    async def one(ctx: Context) -> int:
        return 1

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return (await ctx.answer_of(one, None)).produced_by

    run = Rehearsal(flow)
    assert await run.finish() == await run.replay() == "expert"


async def test_act_gives_the_same_result_at_replay_and_calls_the_tool_once(calls: Calls) -> None:
    @tool
    async def pay(ctx: Context, amount: int) -> str:
        calls.made.append(ctx.idempotency_key)
        return f"paid {amount}"

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.act(pay, 5)

    run = Rehearsal(flow)
    assert await run.finish() == await run.replay() == "paid 5"
    assert calls.made == [f"{run.run_id}:pay#0"]
    assert run.shown[1:3] == [("dispatch", "pay#0"), ("outcome", "pay#0")]


async def test_the_idempotency_key_exists_inside_tools_only() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        return ctx.idempotency_key

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "invalid_input"
    assert "ctx.act" in run.failure.message


async def test_ask_waits_and_gives_the_answer_at_every_replay() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.ask("Which team?", choices=["a", "b"], why="It matters.", key="team")

    run = Rehearsal(flow)
    assert await run.until_waiting() == "waiting"
    assert run.open_questions == ["ask:team"]
    assert run.payloads(Kind.ASKED)[0]["prompt"] == "Which team?"
    assert await run.finish(answer=lambda _: "b") == "b"
    assert await run.replay() == "b"


async def test_save_gives_the_same_artifact_at_replay() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> list[Any]:
        text = await ctx.save("reply.md", "# Hi")
        data = await ctx.save("data.bin", b"\x00", media_type="application/x-own", key="data")
        return [text, data]

    run = Rehearsal(flow)
    first = await run.finish()
    assert [item["media_type"] for item in first] == ["text/markdown", "application/x-own"]
    assert [item["size"] for item in first] == [4, 1]
    assert await run.replay() == first
    assert len(run.statements) == 2


async def test_sleep_ends_the_turn_and_goes_on_when_its_time_has_come() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        await ctx.sleep(dt.timedelta(days=40))
        await ctx.sleep(0.5)
        return "awake"

    run = Rehearsal(flow)
    start = run.clock.now()
    assert await run.until_waiting() == "waiting"
    assert run.wake_at == start + dt.timedelta(days=40)
    assert await run.finish() == "awake"
    assert run.clock.now() == start + dt.timedelta(days=40, seconds=0.5)
    assert await run.replay() == "awake"


async def test_the_time_is_told_once() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        first = ctx.now()
        await ctx.ask("Go on?")
        return [first.isoformat(), ctx.now().isoformat()]

    run = Rehearsal(flow)
    await run.until_waiting()
    first = run.clock.now()
    run.clock.advance(60.123456)
    assert await run.finish() == [first.isoformat(), run.clock.now().isoformat()]
    told = run.output
    run.clock.advance(1)
    assert await run.replay() == told


async def test_random_and_id_are_the_same_at_every_replay_and_differ_by_place_and_run() -> None:
    @agent
    async def inside(ctx: Context) -> list[str]:
        return [str(ctx.id()), str(ctx.random().random())]

    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        own = [str(ctx.id()), str(ctx.id()), str(ctx.random().random()), str(ctx.random().random())]
        return own + await ctx.call(inside)

    run, other = Rehearsal(flow), Rehearsal(flow)
    other.run_id = uuid.uuid4()
    first, second = await run.finish(), await other.finish()
    assert await run.replay() == first
    assert len({*first, *second}) == 12
    assert uuid.UUID(first[0]).version == 8
    assert uuid.UUID(first[0]).variant == uuid.RFC_4122


async def test_emit_is_on_the_record_once_with_its_agent_and_its_rung() -> None:
    @agent
    async def judge(ctx: Context) -> int:
        ctx.emit(ReasonCard(decision="inside"))

        async def arm() -> None:
            ctx.emit(ReasonCard(decision="in an arm"))

        await ctx.gather(arm())
        return 1

    @workflow("w")
    async def flow(ctx: Context) -> None:
        ctx.emit(Progress(message="begin", done=1, total=4))
        await ctx.call(judge, key="by hand")
        ctx.emit(ReasonCard(decision="mine", agent="me", produced_by="hand"))

    run = Rehearsal(flow)
    await run.finish()
    said = run.payloads(Kind.EMITTED)
    assert said[0] == {"progress": {"message": "begin", "done": 1.0, "total": 4.0}}
    cards = [
        (item["card"]["decision"], item["card"]["agent"], item["card"]["produced_by"]) for item in said[1:]
    ]
    assert cards == [("inside", "judge", "expert"), ("in an arm", "judge", "expert"), ("mine", "me", "hand")]
    before = len(run.kinds(Kind.EMITTED))
    await run.replay()
    assert len(run.kinds(Kind.EMITTED)) == before


async def test_emit_takes_subclasses_of_cards() -> None:
    class Scored(ReasonCard):
        score: int = 3

    @workflow("w")
    async def flow(ctx: Context) -> None:
        ctx.emit(Scored(decision="fine"))

    run = Rehearsal(flow)
    await run.finish()
    assert run.payloads(Kind.EMITTED)[0]["card"]["score"] == 3


async def test_awaiting_what_was_emitted_waits_until_it_is_committed() -> None:
    @agent
    async def judge(ctx: Context) -> list[str]:
        await ctx.emit(Progress(message="first"))
        return run.kinds(Kind.EMITTED)

    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        return await ctx.call(judge)

    run = Rehearsal(flow)
    assert await run.finish() == ["judge#0/emit#0"]


async def test_awaiting_what_was_emitted_waits_for_an_append_under_way() -> None:
    seen: list[list[str]] = []

    @agent
    async def judge(ctx: Context) -> None:
        told = ctx.emit(Progress(message="first"))
        while not run.current.appending:  # the flush after a moment has it in hand
            await asyncio.sleep(0.005)
        await told
        seen.append(run.kinds(Kind.EMITTED))

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.call(judge)

    run = Rehearsal(flow)
    append = run.append

    async def slowly(item: Any) -> str:
        await asyncio.sleep(0.05)
        return await append(item)

    run.append = slowly
    await run.finish()
    assert seen == [["judge#0/emit#0"]]


async def test_what_is_emitted_may_differ_at_a_replay_without_harm() -> None:
    numbers = itertools.count()

    @agent
    async def flaky(ctx: Context) -> int:
        attempt = next(numbers)
        for part in range(3 - attempt):
            ctx.emit(Progress(message=f"attempt {attempt}, part {part}"))
        await ctx.call(other)
        return attempt

    @agent
    async def other(ctx: Context) -> None: ...

    @workflow("w")
    async def flow(ctx: Context) -> int:
        return await ctx.call(flaky)

    run = Rehearsal(flow, lose_before={2})  # the child's result and the cards are there, the agent's is not
    assert await run.finish() == 1
    said = [item["progress"]["message"] for item in run.payloads(Kind.EMITTED)]
    assert said == [f"attempt {a}, part {p}" for a, p in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1))]


async def test_emit_works_in_threads_and_is_shown_while_the_step_lasts() -> None:
    shown = threading.Event()

    @agent
    def slow(ctx: Context) -> bool:
        ctx.emit(Progress(message="working"))
        return shown.wait(5)

    @workflow("w")
    async def flow(ctx: Context) -> bool:
        return await ctx.call(slow)

    run = Rehearsal(flow)
    run.while_appending = lambda item: [shown.set() for entry in item.entries if entry.kind is Kind.EMITTED]
    assert await run.finish() is True


async def test_in_thread_runs_a_function_with_the_context_variables_of_the_code() -> None:
    @agent
    async def outer(ctx: Context) -> str:
        def inner(left: str, right: str) -> str:
            ctx.emit(ReasonCard(decision=left + right))
            return left + right

        return await ctx.in_thread(inner, "a", "b")

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.call(outer)

    run = Rehearsal(flow)
    assert await run.finish() == "ab"
    assert run.payloads(Kind.EMITTED)[0]["card"]["agent"] == "outer"


async def test_stop_iteration_in_a_thread_fails_the_step_at_once() -> None:
    @agent
    def empty(ctx: Context) -> int:
        return next(iter([]))

    @workflow("w")
    async def flow(ctx: Context) -> int:
        return await ctx.call(empty)

    run = Rehearsal(flow)
    await asyncio.wait_for(run.finish(), 2)
    assert "StopIteration" in run.failure.message


async def test_the_context_knows_its_run() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        return [str(ctx.run_id), ctx.tenant_id, ctx.principal]

    run = Rehearsal(flow)
    assert await run.finish() == [str(run.run_id), "default", "ada"]


async def test_a_tool_has_no_steps_inside() -> None:
    @agent
    async def other(ctx: Context) -> None: ...

    @tool
    async def greedy(ctx: Context, verb: str) -> None:
        match verb:
            case "call":
                await ctx.call(other)
            case "act":
                await ctx.act(greedy, "call")
            case "ask":
                await ctx.ask("?")
            case "save":
                await ctx.save("a.txt", "a")
            case "sleep":
                await ctx.sleep(1)
            case "emit":
                ctx.emit(Progress())
            case "gather":
                await ctx.gather(ctx.call(other))
            case "now":
                ctx.now()
            case "flag":
                ctx.flag("new")

    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        refused = []
        for verb in ("call", "act", "ask", "save", "sleep", "emit", "gather", "now", "flag"):
            try:
                await ctx.act(greedy, verb)
            except StepFailed as error:
                refused.append(f"{error.failure.code} {verb in error.message}")
        return refused

    assert await Rehearsal(flow).finish() == ["invalid_input True"] * 9


async def test_continue_as_new_ends_the_run_with_an_input_for_the_next() -> None:
    @workflow("w")
    async def flow(ctx: Context, number: int) -> None:
        ctx.continue_as_new(number + 1)

    run = Rehearsal(flow, 1)
    assert await run.finish() == "run_continued"
    assert any(b"2" in values for statement in run.statements for values in statement.parameters if values)


async def test_continue_as_new_with_an_input_of_the_wrong_type_fails_here() -> None:
    @workflow("w")
    async def flow(ctx: Context, number: int) -> None:
        ctx.continue_as_new("three")

    run = Rehearsal(flow, 1)
    await run.finish()
    assert run.failure.code == "wrong_type"


async def test_a_negative_sleep_is_refused() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> None:
        with pytest.raises(InvalidInput, match="negative"):
            await ctx.sleep(-1)

    assert await Rehearsal(flow).finish() is None
