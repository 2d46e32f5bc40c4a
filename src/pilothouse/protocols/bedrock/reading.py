"""A request for Bedrock's Converse as a request for a chat completion.

Its path names the model; a tilde stands for a slash of the name, as in all paths.
"""

from __future__ import annotations

from types import MappingProxyType

from pydantic import JsonValue

from pilothouse.kit.slashes import of_part
from pilothouse.protocols.bedrock.conversing import blocks_of, messages_of, object_at
from pilothouse.protocols.openai.asking import Asked, Body
from pilothouse.protocols.openai.saying import (
    Same,
    asked_for,
    checked,
    number_of,
    object_of,
    text_of,
    unsaid,
    words_of,
    wrong,
)

PREFIX = "/model/"
_KNOWN = frozenset({"messages", "system", "inferenceConfig", "toolConfig", "requestMetadata"})
_SAME: Same = MappingProxyType(
    {
        "additionalModelRequestFields": ({},),
        "additionalModelResponseFieldPaths": ([],),
        "promptVariables": ({},),
        "performanceConfig": ({"latency": "standard"},),
        "serviceTier": ({"type": "default"},),
        "outputConfig": ({},),
    }
)
_CHOICES = MappingProxyType({"auto": "auto", "any": "required"})


def read(data: bytes, path: str) -> Asked:
    """A request for a whole answer. Raises `WrongRequest` and `Untranslated`."""
    return asked_for(_chat(data, path))


def read_streamed(data: bytes, path: str) -> Asked:
    """As `read`, for an answer in events."""
    return asked_for({**_chat(data, path), "stream": True})


def _chat(data: bytes, path: str) -> Body:
    given = object_of(data)
    checked(given, _KNOWN, "", _SAME)
    model = of_part(path.removeprefix(PREFIX).rpartition("/")[0])
    body: Body = {"model": model, "messages": messages_of(given.get("system"), given.get("messages"))}
    return {**body, **_settings(given.get("inferenceConfig")), **_tools(given.get("toolConfig"))}


def _settings(given: JsonValue) -> Body:
    if given is None:
        return {}
    where = "inferenceConfig"
    if not isinstance(given, dict):
        raise wrong(where, "This is an object.")
    checked(given, {"maxTokens", "temperature", "topP", "stopSequences"}, where)
    body: Body = {}
    for name, said in (("maxTokens", "max_tokens"), ("temperature", "temperature"), ("topP", "top_p")):
        value = number_of(given, name, where)
        if value is not None:
            body[said] = value
    words = words_of(given, "stopSequences", where)
    return {**body, "stop": words} if words else body


def _tools(given: JsonValue) -> Body:
    """The tools that the model may call, and which of them it has to."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise wrong("toolConfig", "This is an object.")
    checked(given, {"tools", "toolChoice"}, "toolConfig")
    tools: list[JsonValue] = [_tool(*block) for block in blocks_of(given.get("tools"), "toolConfig.tools")]
    if not tools:
        return {}
    body: Body = {"tools": tools}
    choice = given.get("toolChoice")
    if choice is None:
        return body
    where = "toolConfig.toolChoice"
    if isinstance(choice, dict) and set(choice) == {"tool"}:
        tool = object_at(where, "tool", choice["tool"])
        named: Body = {"name": text_of(tool, "name", f"{where}.tool")}
        return {**body, "tool_choice": {"type": "function", "function": named}}
    if not isinstance(choice, dict) or len(choice) != 1 or next(iter(choice)) not in _CHOICES:
        raise wrong(where, f"This is an object with one of {', '.join(_CHOICES)} and tool.")
    return {**body, "tool_choice": _CHOICES[next(iter(choice))]}


def _tool(where: str, kind: str, said: JsonValue) -> Body:
    if kind != "toolSpec":
        raise unsaid(f"{where}.{kind[:40]}", "Only tools of the client's own can be offered.")
    spec = object_at(where, kind, said)
    where = f"{where}.{kind}"
    checked(spec, {"name", "description", "inputSchema", "strict"}, where)
    schema = spec.get("inputSchema")
    if not isinstance(schema, dict) or not isinstance(schema.get("json"), dict):
        raise wrong(f"{where}.inputSchema", "The schema of a tool's input is an object with a member json.")
    function: Body = {"name": text_of(spec, "name", where), "parameters": schema["json"]}
    if spec.get("description") is not None:
        function["description"] = text_of(spec, "description", where)
    if spec.get("strict") is not None:
        function["strict"] = spec["strict"]
    return {"type": "function", "function": function}
