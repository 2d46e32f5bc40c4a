"""Anthropic's messages, plain and streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.provider.asked import Asked
from support.provider.replies import Reply
from support.provider.wire import JSON, Event, Refusal, Wire, dumped, given, split, sse, usage

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
STOPS = {"end": "end_turn", "length": "max_tokens", "filter": "refusal"}


def refusal(reply: Reply, asked: Asked) -> Refusal:
    """An error in Anthropic's shape."""
    kind = reply.code or KINDS.get(reply.status, "api_error")
    message = reply.message or f"The simulated provider answers with {reply.status}."
    error = {"type": kind, "message": message}
    body = {"type": "error", "error": error, "request_id": f"req_{asked.number}"}
    return Refusal(reply.status, body, {"request-id": f"req_{asked.number}"})


def _stop(reply: Reply) -> str:
    return "tool_use" if reply.calls and reply.stop == "end" else STOPS[reply.stop]


def _usage(reply: Reply, asked: Asked) -> JSON | None:
    used = usage(reply, asked)
    if used is None:
        return None
    return {
        "input_tokens": used.input,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": used.cached,
        "output_tokens": used.output,
        "service_tier": "standard",
    }


def _arguments(said: str) -> Any:
    """The input of a call as JSON; what is no JSON cannot be told in a plain message but as text."""
    try:
        return json.loads(said)
    except ValueError:
        return said


def _message(reply: Reply, asked: Asked, content: list[JSON], stop: str | None) -> JSON:
    said: JSON = {
        "id": f"msg_{asked.number}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
    }
    used = _usage(reply, asked)
    return said if used is None else said | {"usage": used if stop else used | {"output_tokens": 1}}


def plain(reply: Reply, asked: Asked) -> JSON:
    """A whole message."""
    reply = given(reply, asked)
    content: list[JSON] = []
    if reply.thinking:
        content.append({"type": "thinking", "thinking": reply.thinking, "signature": "c2ltdWxhdGVk"})
    if reply.pieces:
        content.append({"type": "text", "text": reply.text})
    for call in reply.calls:
        used = {"id": call.id, "name": call.name, "input": _arguments(call.said)}
        content.append({"type": "tool_use"} | used)
    return _message(reply, asked, content, _stop(reply))


def _block(at: int, start: JSON, deltas: list[JSON]) -> Iterator[Event]:
    """One block of content: its start, its pieces, its end."""
    yield _event("content_block_start", index=at, content_block=start)
    for delta in deltas:
        piece = delta["type"] != "signature_delta"
        yield _event("content_block_delta", index=at, delta=delta)._replace(piece=piece)
    yield _event("content_block_stop", index=at)


def _blocks(reply: Reply) -> Iterator[tuple[JSON, list[JSON]]]:
    """How each block starts, and its pieces."""
    if reply.thinking:
        deltas: list[JSON] = [{"type": "thinking_delta", "thinking": bit} for bit in split(reply.thinking)]
        signed = {"type": "signature_delta", "signature": "c2ltdWxhdGVk"}
        yield {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signed]
    if reply.pieces:
        words: list[JSON] = [{"type": "text_delta", "text": word} for word in reply.pieces]
        yield {"type": "text", "text": ""}, words
    for call in reply.calls:
        bits: list[JSON] = [{"type": "input_json_delta", "partial_json": bit} for bit in split(call.said)]
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, bits


def _event(kind: str, **data: Any) -> Event:
    return Event({"type": kind} | data, kind)


def events(reply: Reply, asked: Asked) -> Iterator[Event]:
    """The events of a message."""
    reply = given(reply, asked)
    yield _event("message_start", message=_message(reply, asked, [], None))
    yield _event("ping")
    for at, (start, deltas) in enumerate(_blocks(reply)):
        yield from _block(at, start, deltas)
    used = _usage(reply, asked)
    ends: JSON = {"delta": {"stop_reason": _stop(reply), "stop_sequence": None}}
    if used is not None:
        ends["usage"] = {"output_tokens": used["output_tokens"]}
    yield _event("message_delta", **ends)
    yield _event("message_stop")


def broken(reply: Reply, asked: Asked) -> bytes:
    """A stream fails by an event that is an error."""
    body = refusal(reply, asked).body
    return sse(Event(body, "error"), dumped(body))


MESSAGES = Wire("messages", plain, events, sse, b"", refusal, broken)
