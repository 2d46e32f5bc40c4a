"""Agents of Pydantic AI as ours: journalled requests, governed tools, control flow that nothing swallows."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RequestUsage

from pilothouse import Agent, Context, tool, workflow
from pilothouse.agents.foreign.line import line
from pilothouse.runtime.entries import Kind
from support.rehearsal import Rehearsal


class Refund(BaseModel):
    order: str
    cents: int


class Verdict(BaseModel):
    topic: str
    urgent: bool


class Till:
    """A tool, and what it has really paid."""

    def __init__(self) -> None:
        self.paid: list[str] = []

        @tool
        async def pay_refund(ctx: Context, refund: Refund) -> str:
            """Pay a refund."""
            self.paid.append(refund.order)
            return f"paid {refund.order}"

        self.tool = pay_refund


class Script:
    """A model that answers by a script, by how many answers it has been shown."""

    def __init__(self, *answers: list[Any]) -> None:
        self.answers = answers
        self.asked = 0
        self.seen: list[list[ModelMessage]] = []
        self.model = FunctionModel(self._answer, model_name="script")

    async def _answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.asked += 1
        self.seen.append(messages)
        before = sum(isinstance(message, ModelResponse) for message in messages)
        usage = RequestUsage(input_tokens=10, output_tokens=2)
        return ModelResponse(parts=self.answers[before], usage=usage, model_name="script")


def refund(order: str, call: str) -> ToolCallPart:
    return ToolCallPart("pay_refund", {"order": order, "cents": 100}, tool_call_id=call)


def calling(agent: Agent[Any, Any]) -> Any:
    @workflow("w")
    async def flow(ctx: Context, text: str) -> Any:
        answer = await ctx.answer_of(agent, text)
        return [answer.value, answer.produced_by]

    return flow


async def test_it_is_an_agent_whose_output_is_typed_and_whose_model_is_asked_once() -> None:
    model = TestModel(custom_output_args={"topic": "money", "urgent": True})
    agent = Agent.from_pydantic_ai(PydanticAgent(model, output_type=Verdict, name="triage"))
    assert (agent.name, agent.signature.output_type, agent.signature.input_type) == ("triage", Verdict, str)
    run = Rehearsal(calling(agent), "where is my money?")
    expected = [{"topic": "money", "urgent": True}, "pydantic-ai"]
    assert await run.finish() == expected
    assert await run.replay() == expected
    assert run.kinds(Kind.COMPLETED) == ["triage#0/triage:model-0", "triage#0"]


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("lost", range(1, 10))
async def test_tools_of_pilothouse_are_actions_and_a_crash_repeats_neither_request_nor_call(
    lost: int,
) -> None:
    till = Till()
    script = Script([refund("a", "c1"), refund("b", "c2")], [TextPart("done")])
    agent = Agent.from_pydantic_ai(PydanticAgent(script.model, name="desk"), tools=[till.tool])
    run = Rehearsal(calling(agent), "refund both", lose_after={lost})
    happened = {0: "it happened", 1: '"paid"'}
    assert await run.finish(lambda key: happened[int(key[-1])]) == ["done", "pydantic-ai"]
    assert script.asked == 2
    assert len(till.paid) == len(set(till.paid))
    assert await run.replay() == ["done", "pydantic-ai"]
    assert script.asked == 2


async def test_what_an_agent_used_is_told_by_model_and_the_same_at_each_replay() -> None:
    till, script = Till(), Script([refund("a", "c1")], [TextPart("done")])
    agent = Agent.from_pydantic_ai(PydanticAgent(script.model, name="desk"), tools=[till.tool])
    run = Rehearsal(calling(agent), "refund")
    await run.finish()
    card = run.payloads(Kind.EMITTED)[-1]["card"]
    assert card["decision"] == "2 model requests, 24 tokens"
    assert card["outputs"] == {"script": {"requests": 2, "input_tokens": 20, "output_tokens": 4}}
    assert await run.replay() == ["done", "pydantic-ai"]


async def test_a_question_in_a_tool_of_the_framework_waits_and_goes_on_without_asking_the_model_again() -> (
    None
):
    script = Script([ToolCallPart("sure", {}, tool_call_id="c1")], [TextPart("done")])
    framework = PydanticAgent(script.model, name="desk")
    seen: list[str] = []

    @framework.tool_plain
    async def sure() -> str:
        """Ask somebody."""
        seen.append(await line().ctx.ask("Are you sure?"))
        return seen[-1]

    run = Rehearsal(calling(Agent.from_pydantic_ai(framework, pure=["sure"])), "go")
    assert await run.until_waiting() == "waiting"
    assert await run.finish() == ["done", "pydantic-ai"]
    assert (script.asked, seen) == (2, ["yes"])
