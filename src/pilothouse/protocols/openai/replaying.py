"""A whole answer as the events in which OpenAI would have streamed it."""

from __future__ import annotations

import orjson

from pilothouse.protocols.openai.asking import Asked, Body, Kind


def replayed(asked: Asked, body: Body) -> bytes:
    """The events of an answer."""
    return _chat(asked, body) if asked.kind is Kind.CHAT else _response(body)


def _chat(asked: Asked, body: Body) -> bytes:
    head: Body = {name: body.get(name) for name in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    events: list[Body] = []
    choices = body.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if not isinstance(choice, dict):
            continue
        message = choice.get("message")
        delta = dict(message) if isinstance(message, dict) else {}
        called = delta.get("tool_calls")
        if isinstance(called, list):
            delta["tool_calls"] = [
                {"index": at, **call} for at, call in enumerate(called) if isinstance(call, dict)
            ]
        index = choice.get("index")
        events.append({**head, "choices": [{"index": index, "delta": delta, "finish_reason": None}]})
        end: Body = {"index": index, "delta": {}, "finish_reason": choice.get("finish_reason")}
        events.append({**head, "choices": [end]})
    if asked.wants_usage:
        events.append({**head, "choices": [], "usage": body.get("usage")})
    return b"".join(map(event, events)) + b"data: [DONE]\n\n"


def event(body: Body) -> bytes:
    """An event of a chat completion."""
    return b"data: " + orjson.dumps(body) + b"\n\n"


def _response(body: Body) -> bytes:
    """The few events that a client needs: that it began, each text, and that it is complete."""
    events: list[Body] = [
        {"type": "response.created", "response": {**body, "status": "in_progress", "output": []}}
    ]
    output = body.get("output")
    for at, item in enumerate(output if isinstance(output, list) else ()):
        if not isinstance(item, dict):
            continue
        parts = item.get("content")
        place: Body = {"item_id": item.get("id"), "output_index": at}
        opened: Body = {**item, "status": "in_progress"}
        if isinstance(parts, list):
            opened["content"] = []
        events.append({"type": "response.output_item.added", "output_index": at, "item": opened})
        for number, part in enumerate(parts if isinstance(parts, list) else ()):
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                events += _part({**place, "content_index": number}, part)
        events.append({"type": "response.output_item.done", "output_index": at, "item": item})
    events.append({"type": "response.completed", "response": body})
    return b"".join(
        [
            b"event: %s\ndata: %s\n\n"
            % (str(one["type"]).encode(), orjson.dumps({**one, "sequence_number": at}))
            for at, one in enumerate(events)
        ]
    )


def _part(place: Body, part: Body) -> list[Body]:
    empty: Body = {**part, "text": ""}
    return [
        {"type": "response.content_part.added", **place, "part": empty},
        {"type": "response.output_text.delta", **place, "delta": part["text"], "logprobs": []},
        {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **place, "part": part},
    ]
