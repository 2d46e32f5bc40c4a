"""A chat request as a model of another kind is asked: in Pydantic AI's messages, settings and tools.

What has no counterpart is refused by its name rather than left out: an answer to less than what was asked
looks like an answer to all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from pilothouse.protocols.openai.asking import Body
from pilothouse.protocols.openai.errors import Untranslated, WrongRequest

_ASIDE = frozenset(
    {"model", "messages", "stream", "stream_options", "store", "user", "safety_identifier", "metadata"}
    | {"prompt_cache_key", "tools", "tool_choice"}
)
"""What is told elsewhere, or changes nothing of the answer."""
_SAME: Mapping[str, tuple[JsonValue, ...]] = {
    "n": (1,),
    "response_format": ({"type": "text"},),
    "presence_penalty": (0, 0.0),
    "frequency_penalty": (0, 0.0),
    "logprobs": (False,),
    "service_tier": ("auto", "default"),
    "logit_bias": ({},),
    "modalities": (["text"],),
}
"""Parameters without a counterpart, with the values that say the same as their absence."""
_CHOICES: Mapping[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "required": "required",
}


@dataclass(frozen=True)
class Translated:
    """What a model is asked."""

    messages: list[ModelMessage]
    settings: ModelSettings
    parameters: ModelRequestParameters


def translated(body: Body) -> Translated:
    """A request for a chat completion. Raises `Untranslated` and `WrongRequest`."""
    for name, value in body.items():
        if value is None or name in _ASIDE or name in _READ or value in _SAME.get(name, ()):
            continue
        raise Untranslated(f"{name} cannot be said to a model of this kind.", name)
    settings = ModelSettings()
    for name, read in _READ.items():
        if body.get(name) is not None:
            read(settings, body[name])
    tools = [_tool(tool, f"tools[{at}]") for at, tool in enumerate(_listed(body, "tools"))]
    _choose(settings, body.get("tool_choice"), {tool.name for tool in tools})
    return Translated(_messages(body), settings, ModelRequestParameters(function_tools=tools))


def _tokens(settings: ModelSettings, value: JsonValue) -> None:
    if not isinstance(value, int):
        raise WrongRequest("max_tokens is a whole number.", "max_tokens")
    settings["max_tokens"] = value


def _number(name: str) -> Callable[[ModelSettings, JsonValue], None]:
    def read(settings: ModelSettings, value: JsonValue) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise WrongRequest(f"{name} is a number.", name)
        if name == "temperature":
            settings["temperature"] = value
        else:
            settings["top_p"] = value

    return read


def _stop(settings: ModelSettings, value: JsonValue) -> None:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise WrongRequest("stop is a text or a list of texts.", "stop")
    settings["stop_sequences"] = [str(word) for word in words]


def _parallel(settings: ModelSettings, value: JsonValue) -> None:
    settings["parallel_tool_calls"] = bool(value)


_READ: Mapping[str, Callable[[ModelSettings, JsonValue], None]] = {
    "max_tokens": _tokens,
    "max_completion_tokens": _tokens,
    "temperature": _number("temperature"),
    "top_p": _number("top_p"),
    "stop": _stop,
    "parallel_tool_calls": _parallel,
}


def _choose(settings: ModelSettings, wanted: JsonValue, tools: set[str]) -> None:
    """Which tools the model may or has to call."""
    if wanted is None or not tools:
        return
    if isinstance(wanted, str) and wanted in _CHOICES:
        settings["tool_choice"] = _CHOICES[wanted]
        return
    function = wanted.get("function") if isinstance(wanted, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if name not in tools:
        told = ", ".join(_CHOICES)
        raise Untranslated(
            f"tool_choice is one of {told}, or names a function among the tools.", "tool_choice"
        )
    settings["tool_choice"] = [str(name)]


def _tool(tool: JsonValue, where: str) -> ToolDefinition:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise Untranslated("A tool that is no function cannot be offered to a model of this kind.", where)
    schema, described, strict = (function.get(name) for name in ("parameters", "description", "strict"))
    return ToolDefinition(
        name=str(function["name"]),
        parameters_json_schema=schema if isinstance(schema, dict) else {"type": "object", "properties": {}},
        description=described if isinstance(described, str) else None,
        strict=strict if isinstance(strict, bool) else None,
    )


def _messages(body: Body) -> list[ModelMessage]:
    found: list[ModelMessage] = []
    called: dict[str, str] = {}
    for at, message in enumerate(_listed(body, "messages")):
        where = f"messages[{at}]"
        if not isinstance(message, dict):
            raise WrongRequest("A message is an object.", where)
        if message.get("role") == "assistant":
            response = _said(message, where)
            called |= {
                part.tool_call_id: part.tool_name for part in response.parts if isinstance(part, ToolCallPart)
            }
            found.append(response)
            continue
        part = _part(message, where, called)
        if found and isinstance(found[-1], ModelRequest):  # what is said in a row is one message
            found[-1] = ModelRequest(parts=[*found[-1].parts, part])
        else:
            found.append(ModelRequest(parts=[part]))
    return found


def _part(message: Body, where: str, called: Mapping[str, str]) -> ModelRequestPart:
    role = message["role"]
    if role in {"system", "developer"}:
        return SystemPromptPart(_text(message.get("content"), where))
    if role == "tool":
        id_ = str(message.get("tool_call_id"))
        if id_ not in called:
            raise WrongRequest("There is no earlier tool call of this id.", f"{where}.tool_call_id")
        return ToolReturnPart(called[id_], _text(message.get("content"), where), id_)
    if role != "user":
        raise Untranslated(f"The role {str(role)[:40]} has no counterpart.", f"{where}.role")
    content = message.get("content")
    if isinstance(content, str):
        return UserPromptPart(content)
    return UserPromptPart(list(_contents(content, where)))


def _contents(content: JsonValue, where: str) -> Iterator[UserContent]:
    for at, part in enumerate(content if isinstance(content, list) else ()):
        if isinstance(part, dict) and part.get("type") == "text":
            yield str(part.get("text"))
        elif isinstance(part, dict) and part.get("type") == "image_url":
            yield _image(part.get("image_url"), f"{where}.content[{at}]")
        else:
            raise Untranslated("Only texts and images can be said.", f"{where}.content[{at}]")


def _image(image: JsonValue, where: str) -> BinaryContent:
    """An image that the request holds: one elsewhere would have to be fetched from here."""
    url = image.get("url") if isinstance(image, dict) else None
    if not isinstance(url, str) or not url.startswith("data:image/"):
        raise Untranslated(
            "An image is sent as data.", where, hint="Write it as a data:image/...;base64, address."
        )
    try:
        return BinaryContent.from_data_uri(url)
    except ValueError as error:
        raise WrongRequest("The image is no base64.", where) from error


def _said(message: Body, where: str) -> ModelResponse:
    parts: list[TextPart | ToolCallPart] = []
    text = _text(message.get("content"), where)
    if text:
        parts.append(TextPart(text))
    for at, call in enumerate(_listed(message, "tool_calls")):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(call, dict) or not isinstance(function, dict):
            raise Untranslated("Only functions can have been called.", f"{where}.tool_calls[{at}]")
        given = function.get("arguments")
        arguments = given if isinstance(given, str) and given else "{}"
        parts.append(ToolCallPart(str(function.get("name")), arguments, str(call.get("id"))))
    return ModelResponse(parts=parts)


def _text(content: JsonValue, where: str) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    texts = [part.get("text") for part in _dicts(content) if part.get("type") == "text"]
    if not isinstance(content, list) or len(texts) != len(content):
        raise Untranslated("Only texts can be said here.", f"{where}.content")
    return "".join(str(text) for text in texts)


def _dicts(value: JsonValue) -> list[Body]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _listed(body: Body, name: str) -> list[JsonValue]:
    value = body.get(name)
    if value is not None and not isinstance(value, list):
        raise WrongRequest(f"{name} is a list.", name)
    return value or []
