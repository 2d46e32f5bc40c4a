"""What is said to a model and by it, in order: in our own words for digests, in Pydantic AI's for sending."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from pilothouse.kit import canonical


class Said(BaseModel):
    """A message of a prompt."""

    model_config = ConfigDict(frozen=True)

    role: Literal["system", "user", "assistant"]
    text: str


class Told(NamedTuple):
    """What a model is told about one of its calls of a tool."""

    call: ToolCallPart
    text: str


class Exchange(NamedTuple):
    """A response, what was told about its calls, and what else was said to it."""

    response: ModelResponse
    told: tuple[Told, ...] = ()
    remark: str = ""


class Conversation:
    """A prompt, and what followed it."""

    def __init__(self, opening: Sequence[Said]) -> None:
        """Begin with the messages of a prompt."""
        self._opening = tuple(opening)
        self._exchanged: list[Exchange] = []

    def add(self, exchange: Exchange) -> None:
        """The model has answered, and was told what comes of it."""
        self._exchanged.append(exchange)

    @property
    def characters(self) -> int:
        """How long it is, for an estimate of its tokens: with 16 for what surrounds each message."""
        return sum(len(text) + 16 for text in self._texts())

    @property
    def digest(self) -> str:
        """What names it: SHA-256 in hexadecimal over our own form, which no library changes."""
        form: list[JsonValue] = [[said.role, said.text] for said in self._opening]
        for each in self._exchanged:
            form.append(["response", [*_parts(each.response)]])
            form.append(["told", [[told.call.tool_name, told.text] for told in each.told], each.remark])
        return hashlib.sha256(canonical.to_json(form)).hexdigest()

    def messages(self) -> list[ModelMessage]:
        """As Pydantic AI sends it."""
        found: list[ModelMessage] = []
        for said in self._opening:
            if said.role == "assistant":
                found.append(ModelResponse(parts=[TextPart(said.text)]))
            else:
                part = SystemPromptPart(said.text) if said.role == "system" else UserPromptPart(said.text)
                _join(found, part)
        for each in self._exchanged:
            found.append(each.response)
            for told in each.told:
                _join(found, ToolReturnPart(told.call.tool_name, told.text, told.call.tool_call_id))
            if each.remark:
                _join(found, UserPromptPart(each.remark))
        return found

    def _texts(self) -> Iterator[str]:
        yield from (said.text for said in self._opening)
        for each in self._exchanged:
            yield from (str(part) for part in _parts(each.response))
            yield from (told.text for told in each.told)
            yield each.remark


def _parts(response: ModelResponse) -> Iterator[JsonValue]:
    for part in response.parts:
        if isinstance(part, TextPart):
            yield part.content
        elif isinstance(part, ToolCallPart):
            yield [part.tool_name, part.args_as_json_str()]


def _join(messages: list[ModelMessage], part: SystemPromptPart | UserPromptPart | ToolReturnPart) -> None:
    """What is said to the model in a row is one message."""
    if messages and isinstance(messages[-1], ModelRequest):
        messages[-1] = ModelRequest(parts=[*messages[-1].parts, part])
    else:
        messages.append(ModelRequest(parts=[part]))
