"""Agents of Pydantic AI: each request to their model is a journalled step, each call of a tool an action.

Not reached from outside: what instructions, validators and history processors do on their own, tools that
the provider executes itself, and agents that a tool runs (they are part of that tool's call).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import JsonValue, TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.exceptions import ModelRetry, ToolFailed, UserError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelResponse,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models import CompletedStreamedResponse, Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import RunContext
from pydantic_ai.tools import Tool as PydanticTool
from pydantic_ai.toolsets import AbstractToolset, FunctionToolset, WrapperToolset
from pydantic_ai.toolsets.abstract import ToolsetTool

from pilothouse.agents.agent import Agent
from pilothouse.agents.foreign import adapting
from pilothouse.agents.foreign.line import Line, line
from pilothouse.agents.foreign.metering import Row, asking, priced
from pilothouse.runtime.booking import Request
from pilothouse.runtime.context import Context
from pilothouse.runtime.described import Arguments
from pilothouse.runtime.errors import Denied, Expired, Refused, StepFailed, WrongType
from pilothouse.runtime.ports import Actor

FRAMEWORK = "pydantic-ai"
_VOLATILE = frozenset({"timestamp", "run_id", "conversation_id", "metadata"})
"""Members of messages that are others at each run: they are no part of what a replay is checked by."""
_SEVERAL = "fallback:"
"""How the name of a model begins that is several: the response names the one that has answered."""


def from_pydantic_ai(
    agent: PydanticAgent[Any, Any],
    terms: adapting.Terms,
    pure: frozenset[str],
    deps: Any,
    *,
    stream: bool,
) -> Agent[Any, Any]:
    """`agent` as an agent of Pilothouse: see `Agent.from_pydantic_ai`."""
    if not isinstance(agent, PydanticAgent):
        raise adapting.AgentUnfit(f"{type(agent).__name__} is no agent of Pydantic AI.")
    called = terms.name or agent.name
    if not called:
        raise adapting.AgentUnfit(
            "The agent has no name.", hint="Give it one: from_pydantic_ai(agent, name=...)."
        )
    own = _own_tools(agent, pure)
    drive = _Driving(agent, tuple(terms.tools), own, pure, deps, stream).drive
    summary = agent.description or f"An agent of Pydantic AI: {called}."
    tools = (*terms.tools, *own.values())
    found = adapting.Found(FRAMEWORK, called, summary, str, _output_of(agent), drive, tools)
    return found.agent(terms)


def _output_of(agent: PydanticAgent[Any, Any]) -> Any:
    """The type of an agent's output, where it is one type; any JSON otherwise."""
    kind = agent.output_type
    try:
        TypeAdapter[Any](cast("Any", kind))
    except (PydanticSchemaGenerationError, PydanticUserError, NameError, TypeError):
        return JsonValue  # an output function or a marker, of which Pydantic knows nothing
    return kind if isinstance(kind, type) or getattr(kind, "__origin__", None) is not None else JsonValue


def _own_tools(agent: PydanticAgent[Any, Any], pure: frozenset[str]) -> dict[str, adapting.Foreign]:
    """The tools that are registered with an agent, as actions; those of toolsets made in a run come later."""
    found: dict[str, adapting.Foreign] = {}
    for toolset in agent.toolsets:
        if isinstance(toolset, FunctionToolset):
            for name, tool in toolset.tools.items():
                if name not in pure:
                    schema = tool.function_schema.json_schema
                    found[name] = _action(name, tool.description or "", schema)
    return found


@dataclass
class _Driving:
    """How an agent is run: with its model and its tools replaced, for this run alone."""

    agent: PydanticAgent[Any, Any]
    tools: tuple[Actor[Any, Any], ...]
    own: dict[str, adapting.Foreign]
    pure: frozenset[str]
    deps: Any
    stream: bool

    async def drive(self, agent_line: Line, arguments: tuple[Any, ...]) -> Any:
        """The output for a value: text is the prompt, anything else is put into it as JSON."""
        if self.agent.model is None:
            raise adapting.AgentUnfit(f"{agent_line.agent} has no model.")
        model = JournalledModel(self.agent.model, agent_line, stream=self.stream)
        toolsets: list[AbstractToolset[Any]] = [
            GovernedToolset(toolset, own=self.own, pure=self.pure) for toolset in self.agent.toolsets
        ]
        if self.tools:
            toolsets.append(FunctionToolset([_offered(tool) for tool in self.tools]))
        prompt = adapting.prompt_of(arguments[0])
        with self.agent.override(toolsets=toolsets, tools=[]):
            try:
                result = await self.agent.run(prompt, model=model, deps=self.deps)
            except UserError as error:
                raise adapting.AgentUnfit(f"{agent_line.agent} cannot be run: {error}") from error
        return result.output


class JournalledModel(WrapperModel):
    """A model whose requests are journalled steps: what it has answered once, it is not asked again."""

    def __init__(self, wrapped: Model | str, agent_line: Line, *, stream: bool) -> None:
        """`wrapped` is asked with `stream` where it can: whoever watches the run sees the answer grow."""
        super().__init__(wrapped)
        self._line, self._stream = agent_line, stream

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The response, from the journal where it is there."""
        tools = sorted(tool.name for tool in model_request_parameters.function_tools)
        asked = ModelMessagesTypeAdapter.dump_python(messages, mode="json")
        given: JsonValue = {"messages": _steady(asked), "tools": cast("JsonValue", tools)}

        async def work() -> JsonValue:
            with asking(self._line.ctx, self._line.agent, self._request) as row:
                response = await self._ask(messages, model_settings, model_request_parameters, row)
                row.request = self._took(response, row.request)
            found: JsonValue = ModelMessagesTypeAdapter.dump_python([response], mode="json")[0]
            return found

        written = await self._line.step("model", given, work)
        response = cast("ModelResponse", ModelMessagesTypeAdapter.validate_python([written])[0])
        usage, known = response.usage, priced(self._line.ctx, self._took(response, self._request))
        named = response.model_name or self.model_name
        self._line.meter.add(named, usage.input_tokens, usage.output_tokens, priced=known)
        return response

    @property
    def _request(self) -> Request:
        """A request as far as it is known before it is made. Of several models none has answered yet."""
        if self.model_name.startswith(_SEVERAL):
            return Request(self.model_name)
        return Request(self.model_name, self.system, self.base_url or "")

    def _took(self, response: ModelResponse, request: Request) -> Request:
        """The request, with what the response to it says."""
        several, usage = request.model.startswith(_SEVERAL), response.usage
        return replace(
            request,
            model=(response.model_name if several else None) or request.model,
            provider=response.provider_name or request.provider,
            address=response.provider_url or request.address,
            input=usage.input_tokens,
            output=usage.output_tokens,
            cache_read=usage.cache_read_tokens,
            cache_write=usage.cache_write_tokens,
        )

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """The whole response as a stream, for agents that have a handler of events."""
        response = await self.request(messages, model_settings, model_request_parameters)
        yield CompletedStreamedResponse(
            response, model_request_parameters=model_request_parameters, replay_events=True
        )

    async def _ask(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
        row: Row,
    ) -> ModelResponse:
        if not self._stream:
            return await self.wrapped.request(messages, settings, parameters)
        begun = False
        try:
            async with self.wrapped.request_stream(messages, settings, parameters) as streamed:
                begun, row.request = True, replace(row.request, streamed=True)
                try:
                    async for event in streamed:
                        self._show(event)
                except BaseException:
                    row.request = self._took(streamed.get(), row.request)  # as far as it is known
                    raise
                return streamed.get()
        except (NotImplementedError, AssertionError):  # how models say that they cannot stream
            if begun:
                raise
        return await self.wrapped.request(messages, settings, parameters)

    def _show(self, event: ModelResponseStreamEvent) -> None:
        if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
            self._line.delta(event.part.content)
        elif isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
            self._line.delta(event.delta.content_delta)


@dataclass
class GovernedToolset(WrapperToolset[Any]):
    """A toolset each call of which is an action, unless the tool is declared pure."""

    own: dict[str, adapting.Foreign]
    pure: frozenset[str]

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> Any:
        """The result, by `ctx.act`."""
        if name in self.pure:
            return await self.wrapped.call_tool(name, tool_args, ctx, tool)
        known = self.own.get(name)
        if known is None:
            definition = tool.tool_def
            known = _action(name, definition.description or "", definition.parameters_json_schema)

        async def call(_: Context, __: Arguments) -> JsonValue:
            return adapting.as_json(await self.wrapped.call_tool(name, tool_args, ctx, tool), name)

        action = known.bound(call)
        given = adapting.as_json(tool_args, f"The arguments of {name}")
        return await _acted(action, given, ctx.tool_call_id)


def _action(name: str, summary: str, schema: dict[str, Any]) -> adapting.Foreign:
    async def unbound(_: Context, __: Arguments) -> JsonValue:
        message = f"{name} was called outside its agent."
        raise adapting.AgentUnfit(message)

    return adapting.foreign_tool(name, summary, schema, unbound)


def _offered(tool: Actor[Any, Any]) -> PydanticTool[Any]:
    """A tool of Pilothouse as one that the framework's model is offered."""

    async def call(ctx: RunContext[Any], **arguments: Any) -> JsonValue:
        try:
            value = adapting.value_of(tool, arguments)
        except WrongType as error:
            raise ModelRetry(error.message) from error
        return adapting.written(tool, await _acted(tool, value, ctx.tool_call_id))

    schema = adapting.schema_of(tool)[0]
    return PydanticTool.from_schema(call, tool.name, adapting.summary_of(tool), schema, takes_ctx=True)


async def _acted(tool: Actor[Any, Any], value: Any, call: str | None) -> Any:
    """The result; what the model is to know of a failure is told as the framework tells it."""
    try:
        return await line().act(tool, value, call or "")
    except (Denied, Refused, Expired) as error:
        raise ToolFailed(error.message) from error
    except StepFailed as error:
        if error.failure.error_type == ModelRetry.__name__:
            raise ModelRetry(error.message) from error
        if error.failure.error_type == ToolFailed.__name__:
            raise ToolFailed(error.message) from error
        raise


def _steady(value: JsonValue) -> JsonValue:
    """Messages without what is another at each run."""
    if isinstance(value, list):
        return [_steady(item) for item in value]
    if isinstance(value, dict):
        return {key: _steady(item) for key, item in value.items() if key not in _VOLATILE}
    return value
