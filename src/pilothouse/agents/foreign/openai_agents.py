"""Agents of the OpenAI Agents SDK: requests to models are journalled steps, calls of tools actions.

Not reached from outside: guardrails and hooks, tools that the provider executes itself, and agents that were
made a tool (they are part of that tool's call). Tools that act on this machine by themselves, and MCP servers
that the agent would call on its own, are refused. Its traces are sent nowhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, cast

import orjson
from agents.models.interface import Model, ModelProvider
from agents.models.multi_provider import MultiProvider
from pydantic import JsonValue, TypeAdapter

import agents as sdk
from pilothouse.agents.agent import Agent
from pilothouse.agents.foreign import adapting
from pilothouse.agents.foreign.line import Line, line
from pilothouse.agents.foreign.metering import Row, asking, priced
from pilothouse.runtime.booking import Request
from pilothouse.runtime.context import Context
from pilothouse.runtime.described import Arguments
from pilothouse.runtime.errors import Denied, Expired, Refused, WrongType
from pilothouse.runtime.ports import Actor

FRAMEWORK = "openai-agents"
APPROVE, REJECT = "approve", "reject"
HOSTED = (
    sdk.FileSearchTool,
    sdk.WebSearchTool,
    sdk.CodeInterpreterTool,
    sdk.ImageGenerationTool,
    sdk.HostedMCPTool,
)
"""Tools that the provider executes: nothing of them happens here."""
OF_OPENAI = (sdk.OpenAIChatCompletionsModel, sdk.OpenAIResponsesModel)
ROUTED = ("litellm/", "any-llm/")
"""How names begin of models that are asked through another library: behind it come provider and model."""


def from_openai_agents(
    agent: Any,
    terms: adapting.Terms,
    pure: frozenset[str],
    context: Any,
    provider: ModelProvider | None,
    *,
    max_turns: int,
    stream: bool,
) -> Agent[Any, Any]:
    """`agent` as an agent of Pilothouse: see `Agent.from_openai_agents`."""
    if not isinstance(agent, sdk.Agent):
        raise adapting.AgentUnfit(f"{type(agent).__name__} is no agent of the OpenAI Agents SDK.")
    called = terms.name or agent.name.replace(" ", "_")
    known = _Known(pure)
    known.look_at(agent)
    tools = tuple(terms.tools)
    driving = _Driving(agent, tools, known, context, provider or MultiProvider(), max_turns, stream)
    summary = agent.handoff_description or f"An agent of the OpenAI Agents SDK: {called}."
    brings = (*tools, *known.actions.values())
    found = adapting.Found(FRAMEWORK, called, summary, str, known.output, driving.drive, brings)
    return found.agent(terms)


@dataclass
class _Known:
    """What an agent, and those that it hands over to, bring: tools as actions, and the type of output."""

    pure: frozenset[str]
    actions: dict[str, adapting.Foreign] = field(default_factory=dict)
    outputs: list[Any] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)

    def look_at(self, agent: sdk.Agent[Any]) -> None:
        """Learn of `agent`. Raises `AgentUnfit` where it can do what could not be governed."""
        if id(agent) in self._seen:
            return
        self._seen.add(id(agent))
        if agent.mcp_servers:
            raise adapting.AgentUnfit(
                f"{agent.name} calls MCP servers on its own.",
                hint="Pin them as McpServer of Pilothouse, and offer their tools by tools=.",
            )
        for tool in agent.tools:
            if isinstance(tool, sdk.FunctionTool):
                if tool.name not in self.pure and tool.name not in self.actions:
                    self.actions[tool.name] = _action(tool)
            elif not isinstance(tool, HOSTED):
                raise adapting.AgentUnfit(
                    f"{agent.name} has {type(tool).__name__}, which acts on this machine by itself.",
                    hint="Write it as a tool of Pilothouse, and offer it by tools=.",
                )
        self.outputs.append(agent.output_type or str)
        for other in agent.handoffs:
            if isinstance(other, sdk.Agent):
                self.look_at(other)
            else:
                self.outputs.append(JsonValue)  # which agent it leads to shows when it is used

    @property
    def output(self) -> Any:
        """The type of the output, where all agents have the same."""
        first = self.outputs[0]
        same = all(each is first for each in self.outputs)
        return first if same and not isinstance(first, sdk.AgentOutputSchemaBase) else JsonValue


@dataclass
class _Driving:
    agent: sdk.Agent[Any]
    tools: tuple[Actor[Any, Any], ...]
    known: _Known
    context: Any
    provider: ModelProvider
    max_turns: int
    stream: bool

    async def drive(self, agent_line: Line, arguments: tuple[Any, ...]) -> Any:
        """The final output; calls that the SDK itself wants approved are asked about."""
        governed = _Governed(self, agent_line)
        config = sdk.RunConfig(model_provider=governed, tracing_disabled=True)
        starting = governed.agent_of(self.agent)
        given: Any = adapting.prompt_of(arguments[0])
        while True:
            result = await sdk.Runner.run(
                starting, given, context=self.context, max_turns=self.max_turns, run_config=config
            )
            if not result.interruptions:
                return result.final_output
            state = result.to_state()
            for item in result.interruptions:
                await self._approved(agent_line, state, item)
            given = state

    async def _approved(self, agent_line: Line, state: Any, item: Any) -> None:
        said = getattr(item.raw_item, "arguments", "")
        prompt = f"May {item.agent.name} call {item.tool_name} with {said}?"
        key = f"approval-{agent_line.count('approval')}"
        answer = await agent_line.ask(
            lambda ctx, key: ctx.ask(prompt, choices=(APPROVE, REJECT), key=key), key
        )
        (state.approve if answer == APPROVE else state.reject)(item)


class _Governed(ModelProvider):
    """The models and agents of one run, governed."""

    def __init__(self, driving: _Driving, agent_line: Line) -> None:
        self._driving, self._line = driving, agent_line
        self._agents: dict[int, sdk.Agent[Any]] = {}

    def get_model(self, model_name: str | None) -> Model:
        """The model of that name, journalled."""
        model = self._driving.provider.get_model(model_name)
        return JournalledModel(model, self._line, model_name or "", stream=self._driving.stream)

    def agent_of(self, agent: sdk.Agent[Any]) -> sdk.Agent[Any]:
        """A copy of `agent` with a journalled model and governed tools, as all have that it hands over to."""
        if (known := self._agents.get(id(agent))) is not None:
            return known
        tools = [self._tool_of(tool) for tool in agent.tools]
        if agent is self._driving.agent:
            tools += [_offered(tool) for tool in self._driving.tools]
        made = agent.clone(tools=tools)
        self._agents[id(agent)] = made  # before the handoffs, which may lead back
        if isinstance(agent.model, Model):
            name = str(getattr(agent.model, "model", type(agent.model).__name__))
            made.model = JournalledModel(agent.model, self._line, name, stream=self._driving.stream)
        made.handoffs = [self._handoff_of(other) for other in agent.handoffs]
        return made

    def _handoff_of(self, other: Any) -> Any:
        if isinstance(other, sdk.Agent):
            return self.agent_of(other)
        made, invoke = copy(other), other.on_invoke_handoff

        async def hand_over(context: Any, arguments: str) -> Any:
            found = await invoke(context, arguments)
            self._driving.known.look_at(found)
            return self.agent_of(found)

        made.on_invoke_handoff = hand_over
        return made

    def _tool_of(self, tool: Any) -> Any:
        if not isinstance(tool, sdk.FunctionTool) or tool.name in self._driving.known.pure:
            return tool
        action, invoke, made = self._driving.known.actions[tool.name], tool.on_invoke_tool, copy(tool)

        async def call(context: Any, arguments: str) -> Any:
            async def perform(_: Context, __: Arguments) -> JsonValue:
                return adapting.as_json(await invoke(context, arguments), tool.name)

            bound = action.bound(perform)
            try:
                given = orjson.loads(arguments or "{}")
                return await line().act(bound, given, context.tool_call_id)
            except (ValueError, WrongType, Denied, Refused, Expired) as error:
                return f"The call did not happen. {error}"

        made.on_invoke_tool = call
        return made


class JournalledModel(Model):
    """A model whose requests are journalled steps: what it has answered once, it is not asked again."""

    def __init__(self, wrapped: Model, agent_line: Line, name: str, *, stream: bool) -> None:
        """`wrapped` is asked with `stream` where it can, so that whoever watches sees the answer grow."""
        self._wrapped, self._line, self._name, self._stream = wrapped, agent_line, name, stream

    async def get_response(  # noqa: PLR0917 - as the SDK calls it
        self,
        system_instructions: str | None,
        input: Any,  # noqa: A002 - the SDK's name
        model_settings: Any,
        tools: Any,
        output_schema: Any,
        handoffs: Any,
        tracing: Any,
        **more: Any,
    ) -> sdk.ModelResponse:
        """The response, from the journal where it is there."""
        asked = (system_instructions, input, model_settings, tools, output_schema, handoffs, tracing)
        given: JsonValue = {
            "instructions": system_instructions,
            "input": adapting.as_json(input, "The input of the model"),
            "tools": sorted(tool.name for tool in tools),
        }

        async def work() -> JsonValue:
            with asking(self._line.ctx, self._line.agent, self._request) as row:
                response = await self._ask(asked, more, row)
                row.request = _took(response.usage, row.request)
            found: JsonValue = orjson.loads(TypeAdapter(sdk.ModelResponse).dump_json(response))
            return found

        written = await self._line.step("model", given, work)
        response = TypeAdapter(sdk.ModelResponse).validate_python(written)
        usage = response.usage
        known = priced(self._line.ctx, _took(usage, self._request))
        self._line.meter.add(self._name, usage.input_tokens, usage.output_tokens, priced=known)
        return response

    async def _ask(self, asked: tuple[Any, ...], more: dict[str, Any], row: Row) -> sdk.ModelResponse:
        if self._stream:
            try:
                return await self._streamed(asked, more, row)
            except NotImplementedError:  # how models say that they cannot stream
                pass
        return await self._wrapped.get_response(*asked, **more)

    async def _streamed(self, asked: tuple[Any, ...], more: dict[str, Any], row: Row) -> sdk.ModelResponse:
        async for event in self._wrapped.stream_response(*_counting(asked), **more):
            row.request = replace(row.request, streamed=True)
            if event.type == "response.output_text.delta":
                self._line.delta(event.delta)
            elif event.type in {"response.completed", "response.failed", "response.incomplete"}:
                whole, usage = event.response, _usage_of(event.response)
                row.request = _took(usage, row.request)
                if event.type != "response.completed":
                    raise adapting.AgentUnfit(f"The model {self._name} ended its answer with {event.type}.")
                return sdk.ModelResponse(output=list(whole.output), usage=usage, response_id=whole.id)
            elif event.type == "error":
                raise adapting.AgentUnfit(f"The model {self._name} ended its answer with an error.")
        raise adapting.AgentUnfit(f"The model {self._name} broke off before its answer was complete.")

    @property
    def _request(self) -> Request:
        """A request as far as it is known before it is made: who is asked for which model."""
        wrapped = self._wrapped
        if isinstance(wrapped, OF_OPENAI):
            return Request(str(wrapped.model), "openai", str(getattr(wrapped._client, "base_url", "")))  # noqa: SLF001 - nothing else says where it is
        name = self._name
        for routed in ROUTED:
            name = name.removeprefix(routed)
        provider, parted, model = name.partition("/")
        address = str(getattr(wrapped, "base_url", None) or "")
        return Request(model, provider, address) if parted else Request(name, address=address)

    def stream_response(self, *asked: Any, **more: Any) -> AsyncIterator[Any]:
        """Not used here: agents are run without the SDK's own streaming."""
        raise adapting.AgentUnfit("Pilothouse runs agents by Runner.run, which does not stream.")


def _counting(asked: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a model is asked, which then says what a stream took; unless the agent's settings speak of it."""
    settings = asked[2]
    if settings.include_usage is not None:
        return asked
    return *asked[:2], replace(settings, include_usage=True), *asked[3:]


def _usage_of(response: Any) -> sdk.Usage:
    told = response.usage
    if told is None:
        return sdk.Usage(requests=1)
    return sdk.Usage(
        requests=1,
        input_tokens=told.input_tokens,
        input_tokens_details=told.input_tokens_details,
        output_tokens=told.output_tokens,
        total_tokens=told.total_tokens,
    )


def _took(usage: sdk.Usage, request: Request) -> Request:
    """The request, with what its response says that it took."""
    details = usage.input_tokens_details
    return replace(
        request,
        input=usage.input_tokens,
        output=usage.output_tokens,
        cache_read=details.cached_tokens or 0,
        cache_write=getattr(details, "cache_write_tokens", 0) or 0,
    )


def _action(tool: sdk.FunctionTool) -> adapting.Foreign:
    async def unbound(_: Context, __: Arguments) -> JsonValue:
        raise adapting.AgentUnfit(f"{tool.name} was called outside its agent.")

    return adapting.foreign_tool(tool.name, tool.description, tool.params_json_schema, unbound)


def _offered(tool: Actor[Any, Any]) -> sdk.FunctionTool:
    """A tool of Pilothouse as one that the model is offered."""

    async def call(context: Any, arguments: str) -> str:
        try:
            value = adapting.value_of(tool, orjson.loads(arguments or "{}"))
            result = adapting.written(tool, await line().act(tool, value, context.tool_call_id))
        except (ValueError, WrongType, Denied, Refused, Expired) as error:
            return f"The call did not happen. {error}"
        return result if isinstance(result, str) else orjson.dumps(result).decode()

    schema = cast("dict[str, Any]", adapting.schema_of(tool)[0])
    return sdk.FunctionTool(
        tool.name, adapting.summary_of(tool), schema, on_invoke_tool=call, strict_json_schema=False
    )
