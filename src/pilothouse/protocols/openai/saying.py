"""What readers of other languages make a chat completion with, and how they refuse what it cannot say.

What has no counterpart is refused by its place rather than left out: an answer to less than what was asked
looks like an answer to all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import orjson
from pydantic import JsonValue

from pilothouse.llm.service import Route
from pilothouse.model_settings import ProviderKind
from pilothouse.protocols.openai.asking import Asked, Body, Kind, read
from pilothouse.protocols.openai.errors import Untranslated, WrongRequest

Same = Mapping[str, tuple[JsonValue, ...]]
"""Members without a counterpart, with the values that say the same as their absence."""

LONGEST_USER = 64
"""Characters of a user's id that OpenAI takes."""


@dataclass
class AskedElsewhere(Asked):
    """A chat completion that was asked for in another language."""

    def written(self, route: Route) -> bytes:
        """The request as a provider is asked it.

        OpenAI's newer models know the limit of an answer by another name than most of those that are
        compatible; whoever asks for a chat completion chooses a name, and nobody else can.
        """
        body: Body = {**self.body, "model": route.model}
        if route.terms.kind is ProviderKind.OPENAI and "max_tokens" in body:
            body["max_completion_tokens"] = body.pop("max_tokens")
        return orjson.dumps(body)


def asked_for(body: Body) -> Asked:
    """The request for a chat completion. Raises `WrongRequest`."""
    if body.get("stream") is True:
        body = {**body, "stream_options": {"include_usage": True}}
    return AskedElsewhere(**vars(read(Kind.CHAT, _written(body))))


def object_of(data: bytes) -> Body:
    """The object that a body is. Raises `WrongRequest`."""
    try:
        given = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise WrongRequest(f"The body is no JSON: {error}.") from None
    if not isinstance(given, dict):
        raise WrongRequest("The body is no JSON object.")
    return given


def wrong(where: str, message: str) -> WrongRequest:
    """What is wrong at a place of a request."""
    return WrongRequest(f"{where}: {message}", where)


def unsaid(where: str, message: str = "This cannot be said to a model behind this gateway.") -> Untranslated:
    """What stands at a place of a request, and has no counterpart in a chat completion."""
    return Untranslated(f"{where}: {message}", where, hint="docs/guides/gateway.md says what is translated.")


def checked(holder: Body, known: Collection[str], where: str, same: Same | None = None) -> None:
    """Raise `Untranslated` for a member that is not known, unless it says the `same` as its absence."""
    for name, value in holder.items():
        if value is None or name in known or value in (same or {}).get(name, ()):
            continue
        raise unsaid(f"{where}.{name}" if where else name)


def text_of(holder: Body, name: str, where: str) -> str:
    """A member that is a text. Raises `WrongRequest`."""
    value = holder.get(name)
    if not isinstance(value, str):
        raise wrong(f"{where}.{name}", "This is a text.")
    return value


def number_of(holder: Body, name: str, where: str) -> int | float | None:
    """A member that is a number; None where there is none. Raises `WrongRequest`."""
    value = holder.get(name)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise wrong(f"{where}.{name}" if where else name, "This is a number.")


def words_of(holder: Body, name: str, where: str) -> list[JsonValue]:
    """A member that is a list of texts; empty where there is none. Raises `WrongRequest`."""
    words = holder.get(name)
    if words is not None and (
        not isinstance(words, list) or not all(isinstance(word, str) for word in words)
    ):
        raise wrong(f"{where}.{name}" if where else name, "This is a list of texts.")
    return words or []


def plain(parts: list[JsonValue]) -> JsonValue:
    """The parts of a content; a single text as itself, which every server understands."""
    if not parts:
        return ""
    first = parts[0]
    alone = len(parts) == 1 and isinstance(first, dict) and first["type"] == "text"
    return first["text"] if alone and isinstance(first, dict) else parts


def text_part(text: str) -> Body:
    """A text as a part of a content."""
    return {"type": "text", "text": text}


def image_part(url: str) -> Body:
    """An image as a part of a content."""
    return {"type": "image_url", "image_url": {"url": url}}


def call(id_: str, name: str, given: Body) -> Body:
    """A call of a tool, as the assistant has made it."""
    function: Body = {"name": name, "arguments": _written(given).decode()}
    return {"id": id_, "type": "function", "function": function}


def result(id_: str, texts: list[str], *, failed: bool) -> Body:
    """The result of a tool. That it is an error is said in words: a chat has no other way."""
    text = "\n".join(texts)
    return {"role": "tool", "tool_call_id": id_, "content": f"Error: {text}" if failed else text}


def assistant(texts: list[JsonValue], calls: list[JsonValue]) -> Body:
    """What the model has said."""
    said: Body = {"role": "assistant", "content": plain(texts) if texts or not calls else None}
    return {**said, "tool_calls": calls} if calls else said


def user_of(said: str) -> str:
    """Who asks, as the client says; what is too long for OpenAI goes as its SHA-256."""
    return said if len(said) <= LONGEST_USER else hashlib.sha256(said.encode()).hexdigest()


def _written(value: Body) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise WrongRequest(f"The body cannot be written anew: {error}.") from None
