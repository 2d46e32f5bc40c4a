"""A request for a message as a request for a chat completion."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import JsonValue

from pilothouse.protocols.anthropic.conversing import HINTS, messages_of
from pilothouse.protocols.openai.asking import Asked, Body
from pilothouse.protocols.openai.saying import (
    Same,
    asked_for,
    checked,
    number_of,
    object_of,
    text_of,
    unsaid,
    user_of,
    words_of,
    wrong,
)

_KNOWN = frozenset(
    {"model", "messages", "system", "max_tokens", "temperature", "top_p", "stop_sequences", "stream"}
    | {"metadata", "tools", "tool_choice", "cache_control"}
)
_SAME: Same = MappingProxyType(
    {
        "thinking": ({"type": "disabled"},),
        "service_tier": ("auto",),
        "speed": ("standard",),
        "mcp_servers": ([],),
        "output_config": ({},),
        "context_management": ({},),
    }
)
_OF_TOOLS: Same = MappingProxyType(
    {"defer_loading": (False,), "allowed_callers": (["direct"],), "input_examples": ([],)}
)
_CHOICES: Mapping[str, str] = MappingProxyType({"auto": "auto", "any": "required", "none": "none"})


def read(data: bytes, _path: str) -> Asked:
    """A request. Raises `WrongRequest` and `Untranslated`."""
    given = object_of(data)
    checked(given, _KNOWN, "", _SAME)
    messages = messages_of(given.get("system"), given.get("messages"))
    if given.get("max_tokens") is None:
        raise wrong("max_tokens", "This says how many tokens the answer has at most, and is needed.")
    body: Body = {"model": given.get("model"), "messages": messages, "max_tokens": given["max_tokens"]}
    for name in ("temperature", "top_p"):
        value = number_of(given, name, "")
        if value is not None:
            body[name] = value
    words = words_of(given, "stop_sequences", "")
    if words:
        body["stop"] = words
    if given.get("stream") is not None:
        body["stream"] = given["stream"]
    user = _user(given.get("metadata"))
    if user is not None:
        body["user"] = user
    return asked_for(body | _tools(given))


def _user(metadata: JsonValue) -> str | None:
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise wrong("metadata", "This is an object.")
    checked(metadata, {"user_id"}, "metadata")
    said = metadata.get("user_id")
    return None if said is None else user_of(text_of(metadata, "user_id", "metadata"))


def _tools(given: Body) -> Body:
    """The tools that the model may call, and which of them it has to."""
    tools = given.get("tools")
    if tools is not None and not isinstance(tools, list):
        raise wrong("tools", "This is a list.")
    if not tools:
        return {}
    body: Body = {"tools": [_tool(tool, f"tools.{at}") for at, tool in enumerate(tools)]}
    choice = given.get("tool_choice")
    if choice is None:
        return body
    if not isinstance(choice, dict):
        raise wrong("tool_choice", "This is an object with a type.")
    kind = choice.get("type")
    checked(choice, {"type", "name", "disable_parallel_tool_use"}, "tool_choice")
    if kind == "tool":
        named: Body = {"name": text_of(choice, "name", "tool_choice")}
        body["tool_choice"] = {"type": "function", "function": named}
    elif isinstance(kind, str) and kind in _CHOICES:
        body["tool_choice"] = _CHOICES[kind]
    else:
        raise wrong("tool_choice.type", f"This is one of {', '.join(_CHOICES)} and tool.")
    if choice.get("disable_parallel_tool_use") is True:
        body["parallel_tool_calls"] = False
    return body


def _tool(tool: JsonValue, where: str) -> Body:
    if not isinstance(tool, dict):
        raise wrong(where, "A tool is an object.")
    if tool.get("type") not in {None, "custom"}:
        raise unsaid(f"{where}.type", "Only tools of the client's own can be offered.")
    known = HINTS | {"name", "description", "input_schema", "strict", "eager_input_streaming"}
    checked(tool, known, where, _OF_TOOLS)
    schema = tool.get("input_schema")
    if not isinstance(schema, dict):
        raise wrong(f"{where}.input_schema", "The schema of a tool's input is an object.")
    function: Body = {"name": text_of(tool, "name", where), "parameters": schema}
    if tool.get("description") is not None:
        function["description"] = text_of(tool, "description", where)
    if tool.get("strict") is not None:
        function["strict"] = tool["strict"]
    return {"type": "function", "function": function}
