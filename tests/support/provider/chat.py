"""OpenAI's chat completions, plain and streamed; and errors as OpenAI has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from support.provider.asked import Asked
from support.provider.replies import Reply
from support.provider.wire import JSON, Event, Refusal, Wire, dumped, given, split, sse, usage

KINDS: dict[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
}
"""Type and code of an error by status; others are the server's."""
STOPS = {"end": "stop", "length": "length", "filter": "content_filter"}


def refusal(reply: Reply, asked: Asked) -> Refusal:
    """An error in OpenAI's shape."""
    kind, code = KINDS.get(reply.status, ("server_error", None))
    said = {
        "message": reply.message or f"The simulated provider answers with {reply.status}.",
        "type": kind,
        "param": None,
        "code": reply.code or code,
    }
    return Refusal(reply.status, {"error": said}, {"x-request-id": f"req_{asked.number}"})


def _head(reply: Reply, asked: Asked, kind: str) -> JSON:
    return {
        "id": f"chatcmpl-{asked.number}",
        "object": kind,
        "created": 1_760_000_000 + asked.number,
        "model": asked.model,
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    }


def _stop(reply: Reply) -> str:
    return "tool_calls" if reply.calls and reply.stop == "end" else STOPS[reply.stop]


def _usage(reply: Reply, asked: Asked) -> JSON | None:
    used = usage(reply, asked)
    if used is None:
        return None
    return {
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input + used.output,
        "prompt_tokens_details": {"cached_tokens": used.cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


def _called(name: str, arguments: str, of: str) -> JSON:
    return {"id": of, "type": "function", "function": {"name": name, "arguments": arguments}}


def plain(reply: Reply, asked: Asked) -> JSON:
    """A whole completion."""
    reply = given(reply, asked)
    message: JSON = {"role": "assistant", "content": reply.text or None, "refusal": None, "annotations": []}
    if reply.calls:
        message["tool_calls"] = [_called(call.name, call.said, call.id) for call in reply.calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _stop(reply)}
    said = _head(reply, asked, "chat.completion") | {"choices": [] if reply.fault == "empty" else [choice]}
    used = _usage(reply, asked)
    return said if used is None else said | {"usage": used}


def events(reply: Reply, asked: Asked) -> Iterator[Event]:
    """The chunks of a completion; the usage comes last, where the request wants it."""
    reply = given(reply, asked)
    head = _head(reply, asked, "chat.completion.chunk")
    counted = (asked.json.get("stream_options") or {}).get("include_usage") is True

    def chunk(delta: JSON, stop: str | None = None, *, piece: bool = False) -> Event:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": stop}
        return Event(head | {"choices": [choice]} | ({"usage": None} if counted else {}), piece=piece)

    if reply.fault != "empty":
        yield chunk({"role": "assistant", "content": None if reply.calls else "", "refusal": None})
        for word in reply.pieces:
            yield chunk({"content": word}, piece=True)
        for at, call in enumerate(reply.calls):
            yield chunk({"tool_calls": [{"index": at} | _called(call.name, "", call.id)]})
            for part in split(call.said):
                bit: dict[str, Any] = {"index": at, "function": {"arguments": part}}
                yield chunk({"tool_calls": [bit]}, piece=True)
        yield chunk({}, _stop(reply))
    else:
        yield Event(head | {"choices": []})
    used = _usage(reply, asked)
    if counted and used is not None:
        yield Event(head | {"choices": [], "usage": used})


def broken(reply: Reply, asked: Asked) -> bytes:
    """A stream fails by a chunk that is an error."""
    return sse(Event({}), dumped(refusal(reply, asked).body))


CHAT = Wire("chat", plain, events, sse, b"data: [DONE]\n\n", refusal, broken)
