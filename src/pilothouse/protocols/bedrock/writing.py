"""An answer as Bedrock's Converse tells it: whole, or in the events of ConverseStream."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import orjson
from pydantic import JsonValue

from pilothouse.kit.clock import elapsed
from pilothouse.protocols.bedrock.errors import name_in_stream, refused
from pilothouse.protocols.bedrock.framing import MEDIA_TYPE, event, exception
from pilothouse.protocols.openai.asking import Body
from pilothouse.protocols.openai.blocks import Call, Ending, Whole
from pilothouse.protocols.openai.sending import Header
from pilothouse.usage.schemas import Tokens

STOPS: Mapping[Ending, str] = MappingProxyType(
    {
        Ending.DONE: "end_turn",
        Ending.LENGTH: "max_tokens",
        Ending.REFUSED: "content_filtered",
        Ending.CALLS: "tool_use",
    }
)


class Converse:
    """Says one answer to clients of Bedrock's runtime."""

    stream_head: tuple[Header, ...] = ((b"content-type", MEDIA_TYPE),)

    def __init__(self, request_id: str) -> None:
        """Answers name the request as these clients know it. The time that they take runs from here."""
        self.named: tuple[Header, ...] = ((b"x-amzn-requestid", request_id.encode()),)
        self._since = elapsed()

    def whole(self, said: Whole) -> bytes:
        """A whole answer."""
        content: list[JsonValue] = [_block(block) for block in said.blocks]
        message: Body = {"role": "assistant", "content": content}
        body: Body = {"output": {"message": message}, "stopReason": STOPS[said.ending]}
        return orjson.dumps({**body, **self._measured(said.tokens)})

    def refused(self, status: int, message: str, code: str) -> tuple[bytes, tuple[Header, ...]]:
        """The body and the headers of an answer that tells an error."""
        return refused(status, message, code)

    def begun(self, _head: Body) -> bytes:
        """The answer begins."""
        return event("messageStart", {"role": "assistant"})

    def opened(self, index: int, call: Call | None) -> bytes:
        """A block begins; a text does so with its first piece."""
        if call is None:
            return b""
        start: Body = {"toolUse": {"toolUseId": call.id, "name": call.name}}
        return event("contentBlockStart", {"contentBlockIndex": index, "start": start})

    def text(self, index: int, text: str) -> bytes:
        """A piece of a text."""
        return event("contentBlockDelta", {"contentBlockIndex": index, "delta": {"text": text}})

    def arguments(self, index: int, text: str) -> bytes:
        """A piece of the input of a call."""
        return event("contentBlockDelta", {"contentBlockIndex": index, "delta": {"toolUse": {"input": text}}})

    def closed(self, index: int) -> bytes:
        """A block is over."""
        return event("contentBlockStop", {"contentBlockIndex": index})

    def ended(self, ending: Ending, tokens: Tokens) -> bytes:
        """The answer is over."""
        return event("messageStop", {"stopReason": STOPS[ending]}) + event("metadata", self._measured(tokens))

    def failed(self, status: int, message: str, _code: str) -> bytes:
        """The answer fails."""
        return exception(name_in_stream(status), message)

    def _measured(self, tokens: Tokens) -> Body:
        """The tokens of an answer, those of the input without what a provider keeps, and its time."""
        usage: Body = {
            "inputTokens": tokens.input - tokens.cache_read - tokens.cache_write,
            "outputTokens": tokens.output,
            "totalTokens": tokens.total,
            "cacheReadInputTokens": tokens.cache_read,
            "cacheWriteInputTokens": tokens.cache_write,
        }
        return {"usage": usage, "metrics": {"latencyMs": round((elapsed() - self._since) * 1_000)}}


def _block(block: str | Call) -> Body:
    if isinstance(block, str):
        return {"text": block}
    return {"toolUse": {"toolUseId": block.id, "name": block.name, "input": block.input}}
