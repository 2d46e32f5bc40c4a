"""A chat's answer as blocks, texts and calls of tools one after the other: so other languages tell it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import orjson
from pydantic import JsonValue

from pilothouse.protocols.openai.accounting import tokens_of
from pilothouse.protocols.openai.asking import Body
from pilothouse.protocols.openai.errors import AnswerUntold
from pilothouse.protocols.openai.events import DONE
from pilothouse.usage.schemas import Tokens

_TEXT = "text"


class Ending(StrEnum):
    """Why an answer ends."""

    DONE = "stop"
    LENGTH = "length"
    REFUSED = "content_filter"
    CALLS = "tool_calls"


@dataclass(frozen=True)
class Call:
    """A call of a tool, with its whole input where that is known."""

    id: str
    name: str
    input: Body


@dataclass(frozen=True)
class Whole:
    """A whole answer: what it says of itself, its texts and calls, why it ends, and its tokens.

    All tokens are 0 where the provider does not say.
    """

    head: Body
    blocks: tuple[str | Call, ...]
    ending: Ending
    tokens: Tokens


def whole(data: bytes) -> Whole:
    """A whole answer. Raises `AnswerUntold` for one that is none of a chat completion."""
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise AnswerUntold("The model's answer is no JSON.") from None
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    said = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(body, dict) or not isinstance(choice, dict) or not isinstance(said, dict):
        raise AnswerUntold("The model's answer has no message.")
    calls = tuple(_calls(said.get("tool_calls")))
    ending = _ending(choice.get("finish_reason"), called=bool(calls), refused=bool(said.get("refusal")))
    return Whole(body, (*_texts(said), *calls), ending, tokens_of(body.get("usage")) or Tokens())


class Tells(Protocol):
    """Tells the events of one answer in another language. Blocks are numbered from 0."""

    def begun(self, head: Body) -> bytes:
        """The answer begins; `head` is what the first chunk says of it."""
        ...

    def opened(self, index: int, call: Call | None) -> bytes:
        """A block begins: a call whose input is still to come, or a text."""
        ...

    def text(self, index: int, text: str) -> bytes:
        """A piece of a text."""
        ...

    def arguments(self, index: int, text: str) -> bytes:
        """A piece of the input of a call, which is JSON as a whole."""
        ...

    def closed(self, index: int) -> bytes:
        """A block is over."""
        ...

    def ended(self, ending: Ending, tokens: Tokens) -> bytes:
        """The answer is over."""
        ...

    def failed(self, status: int, message: str, code: str) -> bytes:
        """The answer fails; nothing comes afterwards."""
        ...


class Blocks:
    """The events of one streamed chat, told as blocks. One of them is open at a time."""

    def __init__(self, tells: Tells) -> None:
        """Have `tells` tell them."""
        self._tells = tells
        self._begun = self._over = self._refused = False
        self._open = ""
        self._called: set[str] = set()
        self._index = -1
        self._finish: JsonValue = None
        self._usage: JsonValue = None

    def of(self, data: bytes) -> bytes:
        """What whole events of a chat say. Raises `AnswerUntold`."""
        return b"".join([told for raw in data.split(b"\n\n") for told in self._read(raw)])

    def _read(self, raw: bytes) -> Iterator[bytes]:
        lines = [line[5:].strip() for line in raw.split(b"\n") if line.startswith(b"data:")]
        if not lines or self._over:
            return
        said = b"\n".join(lines)
        body = None if said == DONE else orjson.loads(said)
        if body is None:
            yield from self._end()
        elif isinstance(body, dict):
            yield from self._chunk(body)

    def _begin(self, head: Body) -> Iterator[bytes]:
        if not self._begun:
            self._begun = True
            yield self._tells.begun(head)

    def _chunk(self, body: Body) -> Iterator[bytes]:
        error = body.get("error")
        if isinstance(error, dict):
            self._over = True
            message, code = (
                error.get("message") or "The provider fails.",
                error.get("code") or "provider_error",
            )
            yield self._tells.failed(500, str(message), str(code))
            return
        self._usage = body.get("usage") or self._usage
        choices = body.get("choices")
        if choices:  # without any, a chunk may have neither a name nor a model
            yield from self._begin(body)
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                delta = choice.get("delta")
                yield from self._delta(delta if isinstance(delta, dict) else {})
                self._finish = choice.get("finish_reason") or self._finish

    def _delta(self, delta: Body) -> Iterator[bytes]:
        for name in ("content", "refusal"):
            text = delta.get(name)
            if isinstance(text, str) and text:
                self._refused = self._refused or name == "refusal"
                if self._open != _TEXT:
                    yield from self._start(_TEXT, None)
                yield self._tells.text(self._index, text)
        calls = delta.get("tool_calls")
        for call in calls if isinstance(calls, list) else ():
            if isinstance(call, dict):
                yield from self._call(call)

    def _call(self, call: Body) -> Iterator[bytes]:
        """A piece of a call. Raises `AnswerUntold` where another one has begun since."""
        which, function = f"call {call.get('index')}", call.get("function")
        given = function if isinstance(function, dict) else {}
        if which not in self._called:
            self._called.add(which)
            yield from self._start(which, Call(_said(call, "id"), _said(given, "name"), {}))
        arguments = given.get("arguments")
        if isinstance(arguments, str) and arguments:
            if self._open != which:
                raise AnswerUntold("The model tells its calls of tools in turns.")
            yield self._tells.arguments(self._index, arguments)

    def _start(self, which: str, call: Call | None) -> Iterator[bytes]:
        yield from self._stop()
        self._open = which
        self._index += 1
        yield self._tells.opened(self._index, call)

    def _stop(self) -> Iterator[bytes]:
        if self._open:
            self._open = ""
            yield self._tells.closed(self._index)

    def _end(self) -> Iterator[bytes]:
        self._over = True
        yield from self._begin({})
        yield from self._stop()
        ending = _ending(self._finish, called=bool(self._called), refused=self._refused)
        yield self._tells.ended(ending, tokens_of(self._usage) or Tokens())


def _ending(finish: JsonValue, *, called: bool, refused: bool) -> Ending:
    if refused or finish == Ending.REFUSED:
        return Ending.REFUSED
    if finish == Ending.LENGTH:
        return Ending.LENGTH
    return Ending.CALLS if called else Ending.DONE


def _texts(said: Body) -> Iterator[str]:
    """The texts; how the model came to them is no part of what is told."""
    for name in ("content", "refusal"):
        value = said.get(name)
        parts = [{"type": "text", "text": value}] if isinstance(value, str) else value
        for part in parts if isinstance(parts, list) else ():
            text = part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None
            if isinstance(text, str) and text:
                yield text


def _calls(calls: JsonValue) -> Iterator[Call]:
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(call, dict) or not isinstance(function, dict):
            raise AnswerUntold("The model calls what is no function.")
        yield Call(_said(call, "id"), _said(function, "name"), _input(function.get("arguments")))


def _input(arguments: JsonValue) -> Body:
    try:
        given = orjson.loads(arguments) if isinstance(arguments, str) and arguments else {}
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise AnswerUntold("The model calls a tool with arguments that are no JSON object.")
    return given


def _said(holder: Body, name: str) -> str:
    return str(holder.get(name) or "")
