"""Tools offered to a model: it only wishes; `ctx.act` decides, asks people, calls, and records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from pydantic_ai.messages import ToolCallPart
from pydantic_ai.tools import ToolDefinition

from pilothouse.agents.output import ANSWER, WRAPPED, as_object
from pilothouse.errors import InvalidInput
from pilothouse.runtime.context import Context
from pilothouse.runtime.errors import AlreadyActed, Denied, Expired, Refused, StepFailed, WrongType
from pilothouse.runtime.ports import Actor

LONGEST = 20_000
"""Characters of a tool's result that a model is shown."""


class ToolSource(Protocol):
    """Something that brings tools by itself, such as an MCP server."""

    async def offered(self, ctx: Context) -> Sequence[Actor[Any, Any]]:
        """Its tools, the same at every replay of a run."""
        ...


class Offer:
    """The tools that a model may wish for."""

    def __init__(self, tools: Sequence[Actor[Any, Any]]) -> None:
        """Offer `tools`, each under its own name. Raises `InvalidInput` where two have the same."""
        self._tools = {tool.name: tool for tool in tools}
        if len(self._tools) != len(tools) or ANSWER in self._tools:
            raise InvalidInput(f"Two tools that are offered to a model have one name, or one is {ANSWER}.")
        self.definitions = [_definition(tool) for tool in tools]
        self.characters = sum(len(json.dumps(each.parameters_json_schema)) for each in self.definitions)

    async def acted(self, ctx: Context, call: ToolCallPart) -> str:
        """What the model is told of its call: the tool's result, or why there is none."""
        tool = self._tools.get(call.tool_name)
        if tool is None:
            return f"There is no tool {call.tool_name}. There are: {', '.join(self._tools) or 'none'}."
        try:
            value = _value(tool, call)
        except WrongType as error:
            return f"The tool was not called, for its arguments are not valid. {error.message}"
        try:
            result = await (ctx.act(tool, value) if tool.signature.takes_value else ctx.act(tool))
        except (Denied, Refused, Expired, AlreadyActed) as error:
            return f"The tool was not called: {error.message}"
        except StepFailed as error:
            return f"The tool failed: {error.message}"
        written = tool.signature.dump_output(result).decode()
        if len(written) > LONGEST:
            return f"{written[:LONGEST]} … ({len(written) - LONGEST:,} more characters are left out)"
        return written


def _definition(tool: Actor[Any, Any]) -> ToolDefinition:
    signature = tool.signature
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    if signature.takes_value:
        schema = as_object(signature.input.json_schema())[0]
    about = (signature.function.__doc__ or "").strip()
    return ToolDefinition(name=tool.name, parameters_json_schema=schema, description=about or None)


def _value(tool: Actor[Any, Any], call: ToolCallPart) -> Any:
    """The value that a tool is called with; raises `WrongType`."""
    signature = tool.signature
    if not signature.takes_value:
        return None
    given = call.args
    if isinstance(given, str):  # it is no JSON object: what was one came as a value
        raise WrongType("They are no JSON object.")
    found: Any = given or {}
    if as_object(signature.input.json_schema())[1] and set(found) == {WRAPPED}:
        found = found[WRAPPED]
    return signature.parse_input(json.dumps(found).encode())
