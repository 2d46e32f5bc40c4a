"""Tools that models wish for: they run through `ctx.act`, with its approvals, and once."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel

from llm.asking import compatible, desk
from llm.speaking import Say, answer, speaking
from pilothouse import Context, agent, tool, workflow
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.governing import Action, AllowAll, Decision, Requirement, Verdict
from pilothouse.runtime.questions import ApprovalVerdict, Given, Reply

paid: list[int] = []


class Refund(BaseModel):
    order: str
    cents: int


class Done(BaseModel):
    text: str


@tool
async def pay_refund(ctx: Context, refund: Refund) -> str:
    """Pay a refund."""
    paid.append(refund.cents)
    return f"paid {refund.cents} for {refund.order}"


@tool
async def fragile(ctx: Context, number: int) -> str:
    """Fail."""
    raise OSError("out of order")


@agent(prompt="desk", tools=[pay_refund, fragile])
async def clerk(ctx: Context, text: str) -> Done:
    """Settle a message."""
    try:
        await ctx.act(pay_refund, Refund(order="expert", cents=1))
    except Exception as error:
        return Done(text=f"by rule: {getattr(error, 'code', '')}")
    return Done(text="by rule")


@workflow("w")
async def flow(ctx: Context, text: str) -> list[str]:
    found = await ctx.answer_of(clerk, text)
    return [found.value.text, found.produced_by]


def wish(name: str, given: Any) -> Say:
    return Say(calls=((name, given),))


class Careful(AllowAll):
    """Everything that pays takes an approval, or is denied."""

    def __init__(self, verdict: Verdict = Verdict.APPROVAL) -> None:
        self.verdict = verdict

    async def decide(self, action: Action) -> Decision:
        if action.tool == "model":
            return Decision(verdict=Verdict.ALLOW)
        needed = (Requirement(role="finance"),) if self.verdict is Verdict.APPROVAL else ()
        return Decision(verdict=self.verdict, reasons=("Money is at stake.",), requirements=needed)


def approve(run: Any) -> None:
    (key,) = run.open_questions
    asked = run.payloads(Kind.ASKED)[-1]["approval"]
    given = Given(verdict=ApprovalVerdict.APPROVE, digest=asked["digest"], question=key, role="finance")
    reply = Reply(answer="approve", by="person:fay", approval=given)
    run.event(Entry(Kind.ANSWERED, key, reply.model_dump_json().encode()))


async def test_a_tool_runs_through_act_and_its_result_is_told() -> None:
    paid.clear()
    script = [wish("pay_refund", {"order": "o1", "cents": 500}), answer(text="done")]
    async with speaking(script) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(flow, "refund me")
        assert await run.finish() == ["done", "model:one:m"]
        assert await run.replay() == ["done", "model:one:m"]
        assert (paid, len(one.asked)) == ([500], 2)
    assert one.asked[1]["messages"][-1]["content"] == '"paid 500 for o1"'
    names = [each["function"]["name"] for each in one.asked[0]["tools"]]
    assert names == ["pay_refund", "fragile", "final_result"]


async def test_what_is_denied_failed_wrong_or_unknown_is_told_and_nothing_is_done() -> None:
    paid.clear()
    script = [
        wish("pay_refund", {"order": "o1", "cents": 500}),
        wish("pay_refund", {"order": "o1", "cents": "many"}),
        wish("fragile", {"value": 3}),
        wish("launch", {}),
        answer(text="cannot"),
    ]
    async with speaking(script) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(flow, "refund me", governor=Careful(Verdict.DENY))
        assert await run.finish() == ["cannot", "model:one:m"]
        assert await run.replay() == ["cannot", "model:one:m"]
    told = [each["messages"][-1]["content"] for each in one.asked[1:]]
    assert "denied" in told[0]
    assert "cents" in told[1]
    assert "Money is at stake" in told[2]
    assert "no tool launch" in told[3]
    assert paid == []


async def test_an_approval_suspends_the_run_and_nothing_is_asked_or_done_twice() -> None:
    paid.clear()
    script = [wish("pay_refund", {"order": "o1", "cents": 500}), answer(text="done")]
    async with speaking(script) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(flow, "refund me", governor=Careful())
        assert await run.until_waiting() == "waiting"
        assert (len(one.asked), paid) == (1, [])
        approve(run)
        assert await run.until_waiting() == "completed"
        assert run.output == ["done", "model:one:m"]
        assert (len(one.asked), paid) == (2, [500])
        await run.replay()
        assert (len(one.asked), paid) == (2, [500])


async def test_a_response_that_was_changed_in_the_journal_is_not_executed_under_the_old_approval() -> None:
    paid.clear()
    script = [wish("pay_refund", {"order": "o1", "cents": 500}), answer(text="done")]
    async with speaking(script) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(flow, "refund me", governor=Careful())
        await run.until_waiting()
        at = next(at for at, entry in enumerate(run.entries) if entry.kind is Kind.OUTCOME)
        entry = run.entries[at]
        said = decode(entry.codec, entry.payload)
        assert b'"cents":500' in said
        run.entries[at] = entry._replace(payload=said.replace(b'"cents":500', b'"cents":999'), codec=0)
        approve(run)
        assert await run.until_waiting() in {"waiting", "failed"}
        assert paid == []
        if run.status == "waiting":  # it is asked anew about what would be done now
            assert orjson.loads(run.payloads(Kind.ASKED)[-1]["approval"]["arguments"])["cents"] == 999


async def test_once_a_model_has_acted_no_lower_rung_acts_again() -> None:
    paid.clear()
    script = [wish("pay_refund", {"order": "o1", "cents": 500}), Say(status=500)]
    async with speaking(script) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(flow, "refund me")
        expected = ["by rule: already_acted", "expert"]
        assert await run.finish() == expected
        assert await run.replay() == expected
    assert paid == [500]


async def test_a_model_that_never_stops_wishing_fails_after_some_requests() -> None:
    async with speaking([wish("launch", {})]) as one, desk({"one": compatible(one.url)}) as process:
        assert (await process.run(flow, "refund me").finish())[1] == "expert"
        assert len(one.asked) == 10


async def test_a_turn_that_is_lost_between_response_and_tool_asks_no_second_time() -> None:
    paid.clear()
    script = [wish("pay_refund", {"order": "o1", "cents": 500}), answer(text="done")]
    async with speaking(script) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(flow, "refund me")

        def lose(item: Any) -> None:
            if any(entry.kind is Kind.DISPATCH and "pay_refund" in entry.key for entry in item.entries):
                run.while_appending = None
                run.lose_before = {run.appends + 1}

        run.while_appending = lose
        assert await run.finish() == ["done", "model:one:m"]
        assert (run.turns, len(one.asked), paid) == (2, 2, [500])
