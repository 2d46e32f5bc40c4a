"""The response of a model of another kind as OpenAI would have told it: whole, or in chunks."""

from __future__ import annotations

import orjson
from pydantic_ai.messages import (
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)

from pilothouse.protocols.openai.asking import Body, Json
from pilothouse.protocols.openai.replaying import event

_ENDS = {"length": "length", "content_filter": "content_filter", "tool_call": "tool_calls"}
"""Why an answer ends, where that is not `stop`."""


def told(response: ModelResponse, model: str) -> bytes:
    """A whole answer."""
    calls = [
        _call(part.tool_call_id, part.tool_name, part.args_as_json_str())
        for part in response.parts
        if isinstance(part, ToolCallPart)
    ]
    message: Body = {"role": "assistant", "content": response.text or (None if calls else "")}
    if calls:
        message["tool_calls"] = list(calls)
    choice: Body = {"index": 0, "message": message, "finish_reason": _end(response, called=bool(calls))}
    head = _head(response, model, "chat.completion")
    return orjson.dumps({**head, "choices": [choice], "usage": _usage(response)})


class Chunks:
    """One answer, told in chunks as its events come."""

    def __init__(self, model: str) -> None:
        """Tell it as an answer of `model`."""
        self._model = model
        self._begun = False
        self._calls: dict[int, int] = {}
        self._given: set[int] = set()

    def of(self, happened: object, so_far: ModelResponse) -> bytes:
        """What an event adds; nothing where it adds nothing that OpenAI tells."""
        delta = self._delta(happened)
        if delta is None:
            return b""
        if not self._begun:
            delta, self._begun = {"role": "assistant", **delta}, True
        return self._chunk(so_far, delta)

    def end(self, response: ModelResponse) -> bytes:
        """The last chunks."""
        said = b"".join(
            self._chunk(response, _arguments(number, "{}"))
            for part, number in self._calls.items()
            if part not in self._given
        )
        end: Body = {"index": 0, "delta": {}, "finish_reason": _end(response, called=bool(self._calls))}
        head = _head(response, self._model, "chat.completion.chunk")
        last = event({**head, "choices": [end]})
        return said + last + event({**head, "choices": [], "usage": _usage(response)}) + b"data: [DONE]\n\n"

    def _delta(self, happened: object) -> Body | None:
        if isinstance(happened, PartStartEvent):
            part = happened.part
            if isinstance(part, TextPart):
                return {"content": part.content} if part.content else None
            if isinstance(part, ToolCallPart):
                number = self._calls[happened.index] = len(self._calls)
                arguments = _written(part.args)
                if arguments:
                    self._given.add(happened.index)
                call = {"index": number, **_call(part.tool_call_id, part.tool_name, arguments)}
                return {"tool_calls": [call]}
        if isinstance(happened, PartDeltaEvent):
            delta = happened.delta
            if isinstance(delta, TextPartDelta):
                return {"content": delta.content_delta} if delta.content_delta else None
            if isinstance(delta, ToolCallPartDelta) and (arguments := _written(delta.args_delta)):
                self._given.add(happened.index)
                return _arguments(self._calls[happened.index], arguments)
        return None

    def _chunk(self, so_far: ModelResponse, delta: Body) -> bytes:
        choice: Body = {"index": 0, "delta": delta, "finish_reason": None}
        return event({**_head(so_far, self._model, "chat.completion.chunk"), "choices": [choice]})


def _head(response: ModelResponse, model: str, kind: str) -> Body:
    id_ = response.provider_response_id or f"{response.timestamp.timestamp():.6f}"
    created = int(response.timestamp.timestamp())
    return {"id": f"chatcmpl-{id_}", "object": kind, "created": created, "model": model}


def _call(id_: str, name: str, arguments: str) -> Body:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def _arguments(number: int, text: str) -> Body:
    call: Body = {"index": number, "function": {"arguments": text}}
    return {"tool_calls": [call]}


def _written(arguments: object) -> str:
    if isinstance(arguments, str):
        return arguments
    return orjson.dumps(arguments).decode() if arguments else ""


def _end(response: ModelResponse, *, called: bool) -> str:
    return _ENDS.get(response.finish_reason or "", "tool_calls" if called else "stop")


def _usage(response: ModelResponse) -> Json:
    used = response.usage
    given, made = used.input_tokens or 0, used.output_tokens or 0
    if not given and not made:  # it was not said, which is not the same as none
        return None
    details: Body = {
        "cached_tokens": used.cache_read_tokens or 0,
        "cache_creation_tokens": used.cache_write_tokens or 0,
    }
    return {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": details,
    }
