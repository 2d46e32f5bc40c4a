"""Any function as an agent, and what the adapters share: types, deltas, schemas, what is missing."""

from __future__ import annotations

import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import ModelRetry
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel

from pilothouse import Agent, Context, workflow
from pilothouse.agents.foreign.adapting import AgentUnfit, FrameworkMissing
from pilothouse.app import policies_of
from pilothouse.applications import App
from pilothouse.errors import InvalidInput
from pilothouse.runtime.described import described, inlined
from pilothouse.runtime.entries import Kind
from support.rehearsal import Rehearsal


class Ticket(BaseModel):
    text: str


def calling(agent: Agent[Any, Any]) -> Any:
    @workflow("w")
    async def flow(ctx: Context, given: Any) -> Any:
        answer = await ctx.answer_of(agent, given)
        return [answer.value, answer.produced_by]

    return flow


async def test_a_function_is_an_agent_with_its_types_and_is_called_once() -> None:
    seen: list[str] = []

    def judge(ticket: Ticket) -> int:
        """Judge a ticket."""
        seen.append(threading.current_thread().name)
        return len(ticket.text)

    agent = Agent.from_callable(judge)
    assert (agent.name, agent.summary) == ("judge", "Judge a ticket.")
    assert (agent.signature.input_type, agent.signature.output_type) == (Ticket, int)
    run = Rehearsal(calling(agent), {"text": "four"})
    assert await run.finish() == [4, "callable"]
    assert await run.replay() == [4, "callable"]
    assert [name.startswith("rehearsal") for name in seen] == [True]


async def test_what_an_async_generator_gives_is_shown_while_it_is_made() -> None:
    async def talk(text: str) -> AsyncIterator[str]:
        for word in text.split():
            yield word

    run = Rehearsal(calling(Agent.from_callable(talk)), "a b c")
    said: list[str] = []
    run.services = run.services.__class__(**{**run.services.__dict__, "deltas": Hearing(said)})
    assert await run.finish() == ["abc", "callable"]
    assert said == ["talk#0 a", "talk#0 b", "talk#0 c"]


class Hearing:
    def __init__(self, said: list[str]) -> None:
        self.said = said

    def say(self, delta: Any) -> None:
        self.said.append(f"{delta.step} {delta.text}")


async def test_an_object_that_can_be_called_is_an_agent_where_it_takes_one_value() -> None:
    class Judge:
        async def __call__(self, text: str, loud: bool = False) -> str:
            return text.upper()

    assert await Rehearsal(calling(Agent.from_callable(Judge(), name="judge")), "x").finish() == [
        "X",
        "callable",
    ]
    with pytest.raises(AgentUnfit, match="needs 2 arguments"):
        Agent.from_callable(lambda _a, _b: None, name="two")
    with pytest.raises(AgentUnfit, match="cannot be called"):
        Agent.from_callable("judge")


async def test_the_answer_of_a_model_that_streams_is_shown_while_it_is_made_and_not_again() -> None:
    async def stream(messages: Any, info: AgentInfo) -> AsyncIterator[str]:
        for word in ("one ", "two"):
            yield word

    agent = Agent.from_pydantic_ai(PydanticAgent(FunctionModel(stream_function=stream), name="talks"))
    run, said = Rehearsal(calling(agent), "go"), list[str]()
    run.services = run.services.__class__(**{**run.services.__dict__, "deltas": Hearing(said)})
    assert await run.finish() == ["one two", "pydantic-ai"]
    assert await run.replay() == ["one two", "pydantic-ai"]
    assert said == ["talks#0 one ", "talks#0 two"]


async def test_what_a_tool_wants_tried_again_is_told_to_the_model() -> None:
    framework: PydanticAgent[Any, str] = PydanticAgent(TestModel(call_tools=["look"]), name="looks")
    tried: list[int] = []

    @framework.tool_plain(retries=2)
    async def look(number: int) -> str:
        tried.append(number)
        if len(tried) == 1:
            raise ModelRetry("a larger one")
        return "found"

    run = Rehearsal(calling(Agent.from_pydantic_ai(framework)), "go")
    expected = ['{"look":"found"}', "pydantic-ai"]
    assert await run.finish() == expected
    assert await run.replay() == expected
    assert len(tried) == 2
    assert len(run.kinds(Kind.OUTCOME)) == 2


async def test_an_error_of_the_framework_fails_the_step_with_its_words() -> None:
    async def broken(messages: Any, info: AgentInfo) -> Any:
        raise RuntimeError("the provider is down")

    run = Rehearsal(calling(Agent.from_pydantic_ai(PydanticAgent(FunctionModel(broken), name="b"))), "go")
    await run.finish()
    assert (run.failure.message, run.failure.steps) == ("the provider is down", ("b#0/b:model-0", "b#0"))
    assert set(run.retry()) == {"b#0/b:model-0", "b#0"}


def test_policies_know_the_tools_that_an_agent_brings() -> None:
    framework: PydanticAgent[Any, str] = PydanticAgent(TestModel(), name="looks")

    @framework.tool_plain
    async def look_up(number: int, deep: bool = False) -> str:
        """Look something up."""
        return ""

    app = App("looks", agents=[Agent.from_pydantic_ai(framework)])
    cedar = policies_of([app]).vocabulary.cedar
    assert 'action "look_up" in ["app:looks"]' in cedar
    assert '"number": Long' in cedar.replace("number:", '"number":')


def test_a_framework_that_is_not_installed_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "langgraph.pregel", None)
    with pytest.raises(FrameworkMissing) as found:
        Agent.from_langgraph(object())
    assert "pilothouse[langgraph]" in str(found.value.hint)


def test_a_schema_with_references_is_read_and_one_that_is_none_is_refused() -> None:
    async def call(ctx: Any, arguments: Any) -> None: ...

    schema = {
        "type": "object",
        "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
        "properties": {"first": {"$ref": "#/$defs/Node"}, "count": {"type": "integer"}},
        "required": ["count"],
    }
    signature = described("walk", "Walk.", schema, call)
    assert "$ref" not in str(inlined(schema))
    assert signature.input.validate_python({"count": 1, "first": {"next": {}}})
    with pytest.raises(ValidationError, match="'count' is a required property"):
        signature.input.validate_python({"first": {}})
    with pytest.raises(ValidationError) as wrong:
        signature.input.validate_python({"count": "a secret"})
    assert "a secret" not in wrong.value.errors(include_input=False)[0]["msg"]
    with pytest.raises(InvalidInput, match="no valid JSON schema"):
        described("walk", "", {"type": "object", "properties": {"a": {"type": "nothing"}}}, call)
    with pytest.raises(InvalidInput, match="no object"):
        described("walk", "", {"type": "array"}, call)
