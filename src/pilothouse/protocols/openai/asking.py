"""A request as the gateway reads it: the model, whether it streams, and where its texts stand.

Nothing else is looked at: what else it says is the provider's to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import orjson
from pydantic import JsonValue

from pilothouse.llm.service import Route
from pilothouse.protocols.openai.errors import WrongRequest

Json: TypeAlias = "JsonValue"
Body = dict[str, JsonValue]
Place = tuple[dict[str, JsonValue] | list[JsonValue], str | int]
"""A text: the object or list that holds it, and under which name."""

LONGEST_MODEL = 300
MOST_ANSWERS = 128
_TEXT_PARTS = frozenset({"text", "input_text", "output_text", "summary_text", "refusal"})
_ELSEWHERE = ("previous_response_id", "conversation", "background", "prompt")
"""Members of a request for a response that reach what the provider keeps, whoever made it."""
_QUOTED = frozenset({"arguments"})
"""Members whose texts are JSON themselves."""


class Kind(StrEnum):
    """What is asked for."""

    CHAT = "chat/completions"
    RESPONSES = "responses"
    EMBEDDINGS = "embeddings"


@dataclass
class Asked:
    """One request: its body, which is changed in place, and what of it is needed.

    A stream is to tell its usage where the client `wants_usage`; `masked` is whether a text was changed.
    """

    kind: Kind
    body: Body
    size: int
    model: str
    stream: bool
    wants_usage: bool = False
    places: list[Place] = field(default_factory=list)
    outside: set[int] = field(default_factory=set)
    masked: bool = False

    @property
    def texts(self) -> list[str]:
        """The texts at the places, as they are now."""
        return [_at(place) for place in self.places]

    def put(self, changed: Mapping[int, str]) -> None:
        """Put other texts in their places."""
        self.masked = self.masked or bool(changed)
        for place, text in changed.items():
            holder, name = self.places[place]
            holder[name] = text  # type: ignore[index]  # a name for an object, a number for a list

    def written(self, route: Route) -> bytes:
        """The request as a provider is asked it."""
        self.body["model"] = route.model
        return orjson.dumps(self.body)

    def answer_tokens(self, otherwise: int) -> int:
        """Tokens that the answer has at most."""
        if self.kind is Kind.EMBEDDINGS:
            return 0
        count = _count(self.body, "n", MOST_ANSWERS) or 1
        for name in ("max_completion_tokens", "max_tokens", "max_output_tokens"):
            most = _count(self.body, name, 100_000_000)
            if most is not None:
                return most * count
        return otherwise * count


def read(kind: Kind, data: bytes) -> Asked:
    """A request. Raises `WrongRequest`."""
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise WrongRequest(f"The body is no JSON: {error}.") from None
    if not isinstance(body, dict):
        raise WrongRequest("The body is no JSON object.")
    model, stream = body.get("model"), body.get("stream")
    if not isinstance(model, str) or not model or len(model) > LONGEST_MODEL:
        raise WrongRequest("model names the model to ask.", "model", hint="GET /v1/models lists them.")
    if stream is not None and not isinstance(stream, bool):
        raise WrongRequest("stream is true or false.", "stream")
    asked = Asked(kind, body, len(data), model, bool(stream) and kind is not Kind.EMBEDDINGS)
    _READERS[kind](asked)
    for name in ("user", "safety_identifier"):
        if isinstance(body.get(name), str):
            asked.places.append((body, name))
    asked.answer_tokens(1)
    return asked


def answer_places(kind: Kind, body: JsonValue) -> list[Place]:
    """The texts of an answer."""
    if not isinstance(body, dict) or kind is Kind.EMBEDDINGS:
        return []
    if kind is Kind.CHAT:
        return [place for choice in _objects(body.get("choices")) for place in _choice(choice)]
    return [place for item in _objects(body.get("output")) for place in _item(item)]


def is_quoted(place: Place) -> bool:
    """Whether the text at a place is JSON itself."""
    return place[1] in _QUOTED


def text_at(place: Place) -> str:
    """The text at a place."""
    return _at(place)


def _chat(asked: Asked) -> None:
    messages = asked.body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise WrongRequest("messages has at least one message.", "messages")
    for at, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise WrongRequest(f"messages[{at}] is no object with a role.", f"messages[{at}]")
        content = message.get("content")
        if content is not None and not isinstance(content, str | list):
            raise WrongRequest("content is a text or a list of parts.", f"messages[{at}].content")
        first = len(asked.places)
        asked.places += _message(message)
        if message["role"] in {"tool", "function"}:
            asked.outside.update(range(first, len(asked.places)))
    options = asked.body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise WrongRequest("stream_options is an object.", "stream_options")
    asked.wants_usage = isinstance(options, dict) and options.get("include_usage") is True
    _not_kept(asked)
    asked.places += _described(asked.body)


def _responses(asked: Asked) -> None:
    for name in _ELSEWHERE:
        if asked.body.get(name):
            raise WrongRequest(
                f"{name} refers to what a provider keeps, which other tenants share.",
                name,
                hint="Send the whole conversation as input.",
            )
    given = asked.body.get("input")
    if not given or not isinstance(given, str | list):
        raise WrongRequest("input is a text or a list of items.", "input")
    if isinstance(given, str):
        asked.places.append((asked.body, "input"))
    else:
        for at, item in enumerate(given):
            if not isinstance(item, dict):
                raise WrongRequest(f"input[{at}] is no object.", f"input[{at}]")
            first = len(asked.places)
            asked.places += _item(item)
            if str(item.get("type", "")).endswith("_output"):
                asked.outside.update(range(first, len(asked.places)))
    if isinstance(asked.body.get("instructions"), str):
        asked.places.append((asked.body, "instructions"))
    _not_kept(asked, always=True)
    asked.places += _described(asked.body)


def _embeddings(asked: Asked) -> None:
    given = asked.body.get("input")
    if not given or not isinstance(given, str | list):
        raise WrongRequest("input is a text, or a list of texts or of tokens.", "input")
    if isinstance(given, str):
        asked.places.append((asked.body, "input"))
        return
    asked.places += [(given, at) for at, one in enumerate(given) if isinstance(one, str)]


_READERS: Mapping[Kind, Callable[[Asked], None]] = {
    Kind.CHAT: _chat,
    Kind.RESPONSES: _responses,
    Kind.EMBEDDINGS: _embeddings,
}


def _not_kept(asked: Asked, *, always: bool = False) -> None:
    """The provider is to keep nothing: whoever has its key would see it."""
    if always or asked.body.get("store"):
        asked.body["store"] = False


def _message(message: Body) -> Iterator[Place]:
    content = message.get("content")
    if isinstance(content, str):
        yield message, "content"
    else:
        yield from _parts(content)
    if isinstance(message.get("refusal"), str):
        yield message, "refusal"
    for called in (*_objects(message.get("tool_calls")), message):
        function = called.get("function") or called.get("function_call")
        if isinstance(function, dict) and isinstance(function.get("arguments"), str):
            yield function, "arguments"


def _choice(choice: Body) -> Iterator[Place]:
    message = choice.get("message")
    if isinstance(message, dict):
        yield from _message(message)
        for name in ("reasoning_content", "reasoning"):
            if isinstance(message.get(name), str):
                yield message, name
    if isinstance(choice.get("text"), str):
        yield choice, "text"


def _item(item: Body) -> Iterator[Place]:
    """The texts of an item of a request for a response, or of its answer."""
    for name in ("content", "output", "arguments", "text", "input"):
        if isinstance(item.get(name), str):
            yield item, name
        else:
            yield from _parts(item.get(name))
    yield from _parts(item.get("summary"))


def _parts(parts: JsonValue) -> Iterator[Place]:
    """The texts among the parts of a content; what is no text (images, sound) is passed by."""
    for part in _objects(parts):
        if part.get("type") in _TEXT_PARTS:
            for name in ("text", "refusal"):
                if isinstance(part.get(name), str):
                    yield part, name


def _described(body: Body) -> Iterator[Place]:
    """What is said of the tools that a model may call."""
    for tool in _objects(body.get("tools")):
        for holder in (tool, tool.get("function")):
            if isinstance(holder, dict) and isinstance(holder.get("description"), str):
                yield holder, "description"


def _objects(value: JsonValue) -> list[Body]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _at(place: Place) -> str:
    holder, name = place
    return str(holder[name])  # type: ignore[index]  # a name for an object, a number for a list


def _count(body: Body, name: str, most: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise WrongRequest(f"{name} is a whole number from 1 to {most}.", name)
    return value
