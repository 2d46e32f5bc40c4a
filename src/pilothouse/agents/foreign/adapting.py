"""What the adapters of all frameworks share: an agent made of a function, and tools of theirs as actions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from types import ModuleType
from typing import Any

import orjson
from pydantic import JsonValue, TypeAdapter, ValidationError

from pilothouse.agents.agent import Agent
from pilothouse.agents.foreign.line import Line, driven
from pilothouse.agents.foreign.metering import report
from pilothouse.errors import Category, PilothouseError
from pilothouse.kit.money import Money
from pilothouse.runtime.context import Context
from pilothouse.runtime.described import Arguments, Described, described
from pilothouse.runtime.guarding import Inlet
from pilothouse.runtime.journalling import turn_of
from pilothouse.runtime.ports import Actor
from pilothouse.runtime.signature import Signature, checked_name

Drive = Callable[[Line, tuple[Any, ...]], Awaitable[Any]]


class FrameworkMissing(PilothouseError):
    """A framework is not installed."""

    code = "framework_missing"
    category = Category.SYSTEM


class AgentUnfit(PilothouseError):
    """What was given as an agent of another framework is none, or cannot be run here."""

    code = "agent_unfit"
    status = 400
    category = Category.USER


def imported(module: str, extra: str) -> ModuleType:
    """A module of a framework; raises `FrameworkMissing`, which names the extra that brings it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise FrameworkMissing(
            f"{module} cannot be imported ({error}).",
            hint=f"Install it with Pilothouse: pip install 'pilothouse[{extra}]'.",
        ) from error


def typed(name: str, summary: str, given: Any, gives: Any) -> Signature:
    """The signature of an agent that takes a value of one type and gives one of another."""

    async def perform(_ctx: Context, _value: Any) -> Any:
        raise AgentUnfit(f"{name} was called past its rungs.")

    perform.__name__ = perform.__qualname__ = checked_name(name, "agent")
    perform.__doc__ = summary
    perform.__annotations__ = {"_ctx": Context, "_value": given, "return": gives}
    return Signature(perform)


@dataclass(frozen=True)
class Terms:
    """What is said of an agent, whatever its framework is: see `Agent.from_callable` and its like."""

    name: str | None = None
    given: Any = None
    gives: Any = None
    tools: Sequence[Any] = ()
    timeout: float | None = None


@dataclass(frozen=True)
class Found:
    """What a framework says of its agent, and how it is run; `brings` are its own tools."""

    framework: str
    name: str
    summary: str
    given: Any
    gives: Any
    drive: Drive
    brings: Sequence[Actor[Any, Any]] = ()

    def agent(self, terms: Terms) -> Agent[Any, Any]:
        """It as an agent of Pilothouse; raises `AgentUnfit` where two of its tools have one name."""
        given = self.given if terms.given is None else terms.given
        gives = self.gives if terms.gives is None else terms.gives
        return Agent(
            self.name,
            typed(self.name, self.summary, given, gives),
            (ForeignRung(self.framework, self.name, self.drive),),
            timeout=terms.timeout,
            tools=distinct(self.name, self.brings),
        )


class ForeignRung:
    """The way to an answer that leads through another framework."""

    def __init__(self, framework: str, agent: str, drive: Drive) -> None:
        """`drive` runs `agent` on its framework."""
        self.name, self._agent, self._drive = framework, agent, drive

    async def attempt(self, ctx: Context, arguments: tuple[Any, ...]) -> Any:
        """Run it, and put on the record what it has used."""
        line = Line(ctx, self._agent)
        try:
            return await driven(line, lambda: self._drive(line, arguments))
        finally:
            if turn_of(ctx).broken is None:
                _report(ctx, line)


def _report(ctx: Context, line: Line) -> None:
    """What was used up to where the agent waits is told with what it uses after that."""
    if not line.waits:
        report(ctx, line.meter.used)


@dataclass(frozen=True)
class Foreign:
    """A tool of a framework as an action: decided on, budgeted and on the record as any other.

    Nothing is known of its cost. After a crash in the middle of a call, an operator is asked what became of
    it, unless it is `idempotent`.
    """

    name: str
    signature: Signature = field(repr=False)
    function: Described = field(repr=False)
    idempotent: bool = False
    timeout: float | None = None
    from_outside: bool = False
    cost: Callable[[Any], Money] | None = None
    tokens: Callable[[Any], int] | None = None
    inlet: Inlet = Inlet.TOOL_RESULT
    facts: Callable[[Any, Any], Any] | None = None
    facts_type: TypeAdapter[Any] | None = None

    async def perform(self, ctx: Context, value: Arguments) -> JsonValue:
        """Call it."""
        return await self.function(ctx, value)

    def bound(self, function: Described) -> Foreign:
        """The same action, which calls `function`: that of one call within one run."""
        return replace(self, function=function)


def foreign_tool(
    name: str,
    summary: str,
    schema: Mapping[str, JsonValue],
    function: Described,
) -> Foreign:
    """A tool of a framework, known by its JSON schema, as an action."""
    return Foreign(checked_name(name, "tool"), described(name, summary, schema, function), function)


def schema_of(tool: Actor[Any, Any]) -> tuple[dict[str, JsonValue], bool]:
    """The JSON schema of a tool's arguments as an object, and whether its value was wrapped as `value`."""
    signature = tool.signature
    if not signature.takes_value:
        return {"type": "object", "properties": {}, "additionalProperties": False}, False
    schema: dict[str, JsonValue] = signature.input.json_schema()
    if schema.get("type") == "object":
        return schema, False
    defs = {"$defs": schema.pop("$defs")} if "$defs" in schema else {}
    return {"type": "object", "properties": {"value": schema}, "required": ["value"], **defs}, True


def value_of(tool: Actor[Any, Any], arguments: Mapping[str, Any]) -> Any:
    """The value that a tool is called with, from arguments by its `schema_of`. Raises `WrongType`."""
    if not tool.signature.takes_value:
        return None
    wrapped = schema_of(tool)[1]
    return tool.signature.parse_input(orjson.dumps(arguments.get("value") if wrapped else dict(arguments)))


def written(tool: Actor[Any, Any], result: Any) -> JsonValue:
    """A tool's result as JSON, for a model."""
    found: JsonValue = orjson.loads(tool.signature.dump_output(result))
    return found


def as_json(value: Any, what: str) -> JsonValue:
    """`value` as JSON; raises `AgentUnfit` where it is nothing that JSON holds."""
    try:
        found: JsonValue = orjson.loads(TypeAdapter(Any).dump_json(value))
    except (ValueError, TypeError) as error:
        raise AgentUnfit(
            f"{what} gave {type(value).__name__}, which cannot be written as JSON ({error}).",
            hint="Have it return text, numbers, lists, dictionaries or Pydantic models.",
        ) from error
    return found


def summary_of(tool: Actor[Any, Any]) -> str:
    """What a tool does, for a model."""
    return (tool.signature.function.__doc__ or "").strip()


def distinct(agent: str, tools: Sequence[Actor[Any, Any]]) -> tuple[Actor[Any, Any], ...]:
    """The tools of an agent; raises `AgentUnfit` where two have one name."""
    names = [tool.name for tool in tools]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AgentUnfit(f"{agent} has more than one tool called {', '.join(twice)}.")
    return tuple(tools)


def prompt_of(value: Any) -> str:
    """What an agent is given, as the text of a prompt: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return TypeAdapter(Any).dump_json(value).decode()
    except (ValueError, ValidationError) as error:
        raise AgentUnfit(f"{type(value).__name__} cannot be written into a prompt ({error}).") from error
