"""An answer as a message of Anthropic's API: whole, or in events."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import orjson
from pydantic import JsonValue

from pilothouse.protocols.anthropic.errors import shape
from pilothouse.protocols.openai.asking import Body
from pilothouse.protocols.openai.blocks import Call, Ending, Whole
from pilothouse.protocols.openai.sending import EVENTS, Header
from pilothouse.usage.schemas import Tokens

STOPS: Mapping[Ending, str] = MappingProxyType(
    {
        Ending.DONE: "end_turn",
        Ending.LENGTH: "max_tokens",
        Ending.REFUSED: "refusal",
        Ending.CALLS: "tool_use",
    }
)


class Messages:
    """Says one answer to Anthropic's clients."""

    stream_head: tuple[Header, ...] = EVENTS

    def __init__(self, request_id: str) -> None:
        """Answers and errors name the request as these clients know it."""
        self.named: tuple[Header, ...] = ((b"request-id", request_id.encode()),)
        self._request_id = request_id

    def whole(self, said: Whole) -> bytes:
        """A whole answer."""
        content: list[JsonValue] = [_block(block) for block in said.blocks]
        ends: Body = {"stop_reason": STOPS[said.ending], "usage": _usage(said.tokens)}
        return orjson.dumps({**_head(said.head), "content": content, **ends})

    def refused(self, status: int, message: str, code: str) -> tuple[bytes, tuple[Header, ...]]:
        """The body of an answer that tells an error."""
        return orjson.dumps(shape(status, message, code, self._request_id)), ()

    def begun(self, head: Body) -> bytes:
        """The answer begins. How much was asked is told at its end: before, nobody knows."""
        return _event("message_start", message=_head(head))

    def opened(self, index: int, call: Call | None) -> bytes:
        """A block begins."""
        return _event("content_block_start", index=index, content_block=_block(call or ""))

    def text(self, index: int, text: str) -> bytes:
        """A piece of a text."""
        return _event("content_block_delta", index=index, delta={"type": "text_delta", "text": text})

    def arguments(self, index: int, text: str) -> bytes:
        """A piece of the input of a call."""
        delta: Body = {"type": "input_json_delta", "partial_json": text}
        return _event("content_block_delta", index=index, delta=delta)

    def closed(self, index: int) -> bytes:
        """A block is over."""
        return _event("content_block_stop", index=index)

    def ended(self, ending: Ending, tokens: Tokens) -> bytes:
        """The answer is over."""
        delta: Body = {"stop_reason": STOPS[ending], "stop_sequence": None}
        return _event("message_delta", delta=delta, usage=_usage(tokens)) + _event("message_stop")

    def failed(self, status: int, message: str, code: str) -> bytes:
        """The answer fails."""
        return b"event: error\ndata: %s\n\n" % self.refused(status, message, code)[0]


def _head(said: Body) -> Body:
    """What a message says of itself before anything of its content."""
    id_ = str(said.get("id") or "").removeprefix("chatcmpl-").removeprefix("msg_")
    head: Body = {
        "id": f"msg_{id_}",
        "type": "message",
        "role": "assistant",
        "model": said.get("model") or "",
    }
    return {**head, "content": [], "stop_reason": None, "stop_sequence": None, "usage": _usage(Tokens())}


def _block(block: str | Call) -> Body:
    if isinstance(block, str):
        return {"type": "text", "text": block}
    return {"type": "tool_use", "id": block.id, "name": block.name, "input": block.input}


def _usage(tokens: Tokens) -> Body:
    """The tokens of an answer: those of the input without those that a provider has kept, or keeps."""
    return {
        "input_tokens": tokens.input - tokens.cache_read - tokens.cache_write,
        "cache_creation_input_tokens": tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
        "output_tokens": tokens.output,
    }


def _event(kind: str, **said: JsonValue) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps({"type": kind, **said}))
