"""The same agent on each framework: it calls two tools at once, then says that it is done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Annotated, Any

from agents.models.interface import Model
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from typing_extensions import TypedDict

import agents as sdk
from pilothouse import Agent, Context, Tool, workflow

Asked = Callable[[int], Awaitable[None]]
Calls = Sequence[tuple[str, dict[str, Any]]]


def pydantic_desk(tools: Sequence[Tool[Any, Any]], calls: Calls, asked: Asked) -> Agent[Any, Any]:
    async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        before = sum(isinstance(message, ModelResponse) for message in messages)
        await asked(before)
        if before:
            return ModelResponse(parts=[TextPart("done")])
        parts = [ToolCallPart(name, given, tool_call_id=f"c{at}") for at, (name, given) in enumerate(calls)]
        return ModelResponse(parts=parts)

    return Agent.from_pydantic_ai(PydanticAgent(FunctionModel(answer), name="desk"), tools=tools)


class _Model(Model):
    def __init__(self, calls: Calls, asked: Asked) -> None:
        self.calls, self.asked = calls, asked

    async def get_response(self, system: Any, input: Any, *_: Any, **__: Any) -> sdk.ModelResponse:  # noqa: A002 - the SDK's name
        before = int(not isinstance(input, str) and len(input) > 1)
        await self.asked(before)
        made: list[Any] = [
            ResponseFunctionToolCall(
                name=name, call_id=f"c{at}", arguments=_json(given), type="function_call"
            )
            for at, (name, given) in enumerate(self.calls)
        ]
        if before:
            text = ResponseOutputText(text="done", type="output_text", annotations=[])
            made = [
                ResponseOutputMessage(
                    id="m", role="assistant", status="completed", type="message", content=[text]
                )
            ]
        return sdk.ModelResponse(output=made, usage=sdk.Usage(requests=1), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        raise NotImplementedError


def _json(value: dict[str, Any]) -> str:
    import json

    return json.dumps(value)


def openai_desk(tools: Sequence[Tool[Any, Any]], calls: Calls, asked: Asked) -> Agent[Any, Any]:
    return Agent.from_openai_agents(sdk.Agent("desk", model=_Model(calls, asked)), tools=tools)


class _Chat(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]
    said: str


def langgraph_desk(tools: Sequence[Tool[Any, Any]], calls: Calls, asked: Asked) -> Agent[Any, Any]:
    async def model(state: _Chat) -> dict[str, Any]:
        before = int(bool(state["messages"]))
        await asked(before)
        if before:
            return {"said": "done"}
        made = [{"name": name, "args": given, "id": f"c{at}"} for at, (name, given) in enumerate(calls)]
        return {"messages": [AIMessage("", tool_calls=made)]}

    def more(state: _Chat) -> str:
        return END if state.get("said") else "tools"

    offered = Agent.langchain_tools(*tools)
    builder = StateGraph(_Chat)
    builder.add_node("model", model)
    builder.add_node("tools", ToolNode(offered))
    builder.add_edge(START, "model")
    builder.add_conditional_edges("model", more)
    builder.add_edge("tools", "model")
    return Agent.from_langgraph(builder.compile(), name="desk", tools=offered)


DESKS = {"pydantic-ai": pydantic_desk, "openai-agents": openai_desk, "langgraph": langgraph_desk}


def calling(framework: str, agent: Agent[Any, Any], name: str = "w") -> Any:
    """A workflow that calls the agent, and gives what it said."""
    given: Any = {"messages": []} if framework == "langgraph" else "go"

    @workflow(name)
    async def flow(ctx: Context) -> str:
        answer = await ctx.call(agent, given)
        return str(answer["said"] if framework == "langgraph" else answer)

    return flow
