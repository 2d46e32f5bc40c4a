"""Agents of the OpenAI Agents SDK as ours: journalled requests, governed tools, handoffs, approvals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from agents.models.interface import Model
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from pydantic import BaseModel

import agents as sdk
from pilothouse import Agent, Context, tool, workflow
from pilothouse.agents.foreign.adapting import AgentUnfit
from pilothouse.runtime.entries import Kind
from support.rehearsal import Rehearsal


class Refund(BaseModel):
    order: str


class Verdict(BaseModel):
    topic: str


def said(text: str) -> ResponseOutputMessage:
    content = ResponseOutputText(text=text, type="output_text", annotations=[])
    return ResponseOutputMessage(
        id="m", role="assistant", status="completed", type="message", content=[content]
    )


def call(name: str, call_id: str, arguments: str = "{}") -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall(name=name, call_id=call_id, arguments=arguments, type="function_call")


class Script(Model):
    """Answers one after the other."""

    def __init__(self, *answers: list[Any]) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.inputs: list[Any] = []

    async def get_response(self, system: Any, input: Any, *_: Any, **__: Any) -> sdk.ModelResponse:  # noqa: A002 - the SDK's name
        self.asked += 1
        self.inputs.append(input)
        usage = sdk.Usage(requests=1, input_tokens=7, output_tokens=3, total_tokens=10)
        return sdk.ModelResponse(output=self.answers[self.asked - 1], usage=usage, response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        raise NotImplementedError


def calling(agent: Agent[Any, Any]) -> Any:
    @workflow("w")
    async def flow(ctx: Context, text: str) -> Any:
        answer = await ctx.answer_of(agent, text)
        return [answer.value, answer.produced_by]

    return flow


async def test_its_output_is_typed_its_model_is_asked_once_and_its_use_told() -> None:
    model = Script([said('{"topic": "money"}')])
    agent = Agent.from_openai_agents(sdk.Agent("triage", model=model, output_type=Verdict))
    assert (agent.name, agent.signature.output_type) == ("triage", Verdict)
    run = Rehearsal(calling(agent), "where is it?")
    expected = [{"topic": "money"}, "openai-agents"]
    assert await run.finish() == expected
    assert await run.replay() == expected
    assert model.asked == 1
    assert run.payloads(Kind.EMITTED)[0]["card"]["decision"] == "1 model request, 10 tokens"


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("lost", range(1, 10))
async def test_tools_are_actions_and_a_crash_repeats_neither_request_nor_call(lost: int) -> None:
    paid: list[str] = []

    @tool
    async def pay(ctx: Context, refund: Refund) -> str:
        """Pay."""
        paid.append(refund.order)
        return "paid"

    @sdk.function_tool
    async def look_up(order: str) -> str:
        """Look an order up."""
        paid.append(f"look {order}")
        return "found"

    calls = [call("pay", "c1", '{"order": "a"}'), call("look_up", "c2", '{"order": "b"}')]
    model = Script(calls, [said("done")])
    agent = Agent.from_openai_agents(sdk.Agent("desk", model=model, tools=[look_up]), tools=[pay])
    assert sorted(each.name for each in agent.tools) == ["look_up", "pay"]
    run = Rehearsal(calling(agent), "go", lose_after={lost})
    happened = {0: "it happened", 1: '"paid"'}
    assert await run.finish(lambda key: happened[int(key[-1])]) == ["done", "openai-agents"]
    assert await run.replay() == ["done", "openai-agents"]
    assert (model.asked, len(paid) <= 2, len(set(paid)) == len(paid)) == (2, True, True)


async def test_an_agent_that_it_hands_over_to_is_governed_alike() -> None:
    inner = Script([call("look_up", "c1", '{"order": "b"}')], [said("handled")])
    seen: list[str] = []

    @sdk.function_tool
    def look_up(order: str) -> str:
        """Look an order up."""
        seen.append(order)
        return "found"

    second = sdk.Agent("second", model=inner, tools=[look_up])
    first = sdk.Agent("first", model=Script([call("transfer_to_second", "h1")]), handoffs=[second])
    run = Rehearsal(calling(Agent.from_openai_agents(first)), "go")
    assert await run.finish() == ["handled", "openai-agents"]
    assert await run.replay() == ["handled", "openai-agents"]
    assert (seen, inner.asked) == (["b"], 2)
    assert run.kinds(Kind.DISPATCH) == ["first#0/look_up:c1"]


@pytest.mark.parametrize(("answer", "called"), [("approve", ["b"]), ("reject", [])])
async def test_a_call_that_the_sdk_wants_approved_is_a_question(answer: str, called: list[str]) -> None:
    seen: list[str] = []

    @sdk.function_tool(needs_approval=True)
    async def pay(order: str) -> str:
        """Pay."""
        seen.append(order)
        return "paid"

    model = Script([call("pay", "c1", '{"order": "b"}')], [said("done")])
    run = Rehearsal(calling(Agent.from_openai_agents(sdk.Agent("desk", model=model, tools=[pay]))), "go")
    assert await run.finish(lambda _: answer) == ["done", "openai-agents"]
    assert await run.replay() == ["done", "openai-agents"]
    assert (seen, model.asked) == (called, 2)


def test_what_could_not_be_governed_is_refused() -> None:
    with pytest.raises(AgentUnfit, match="acts on this machine"):
        Agent.from_openai_agents(sdk.Agent("shell", tools=[sdk.LocalShellTool(executor=lambda _: "")]))
    with pytest.raises(AgentUnfit, match="no agent of the OpenAI"):
        Agent.from_openai_agents("triage")
