"""OpenAI's responses, plain and streamed."""

from __future__ import annotations

from collections.abc import Iterator

from support.provider import chat
from support.provider.asked import Asked
from support.provider.replies import Call, Reply
from support.provider.wire import JSON, Event, Wire, dumped, given, split, sse, usage


def _usage(reply: Reply, asked: Asked) -> JSON | None:
    used = usage(reply, asked)
    if used is None:
        return None
    return {
        "input_tokens": used.input,
        "input_tokens_details": {"cached_tokens": used.cached, "cache_write_tokens": 0},
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": used.input + used.output,
    }


def _part(said: str) -> JSON:
    return {"type": "output_text", "text": said, "annotations": [], "logprobs": []}


def _message(reply: Reply, asked: Asked, status: str, content: list[JSON]) -> JSON:
    return {
        "id": f"msg_{asked.number}",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def _reasoning(reply: Reply, asked: Asked, said: str | None) -> JSON:
    summary = [] if said is None else [{"type": "summary_text", "text": said}]
    return {"id": f"rs_{asked.number}", "type": "reasoning", "summary": summary}


def _called(call: Call, asked: Asked, at: int, status: str, arguments: str) -> JSON:
    return {
        "id": f"fc_{asked.number}_{at}",
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": arguments,
        "status": status,
    }


def _ends(reply: Reply) -> tuple[str, JSON | None]:
    """The status of a whole response, and why it is incomplete."""
    if reply.stop == "end":
        return "completed", None
    return "incomplete", {"reason": "content_filter" if reply.stop == "filter" else "max_output_tokens"}


def _output(reply: Reply, asked: Asked, status: str) -> list[JSON]:
    found = [_reasoning(reply, asked, reply.thinking)] if reply.thinking else []
    if reply.pieces:
        found.append(_message(reply, asked, status, [_part(reply.text)]))
    return [*found, *(_called(call, asked, at, status, call.said) for at, call in enumerate(reply.calls))]


def _response(reply: Reply, asked: Asked, status: str, output: list[JSON]) -> JSON:
    said = asked.json
    return {
        "id": f"resp_{asked.number}",
        "object": "response",
        "created_at": 1_760_000_000 + asked.number,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": said.get("instructions"),
        "metadata": {},
        "model": asked.model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "text": said.get("text") or {"format": {"type": "text"}},
        "tool_choice": said.get("tool_choice") or "auto",
        "tools": said.get("tools") or [],
        "top_p": 1.0,
        "usage": None,
    }


def plain(reply: Reply, asked: Asked) -> JSON:
    """A whole response."""
    reply = given(reply, asked)
    status, why = _ends(reply)
    ended = {"incomplete_details": why, "usage": _usage(reply, asked)}
    return _response(reply, asked, status, _output(reply, asked, status)) | ended


def events(reply: Reply, asked: Asked) -> Iterator[Event]:
    """The events of a response, numbered from 0."""
    for number, event in enumerate(_unnumbered(given(reply, asked), asked)):
        yield event._replace(data={"type": event.name, "sequence_number": number} | event.data)


def _unnumbered(reply: Reply, asked: Asked) -> Iterator[Event]:
    begun = {"response": _response(reply, asked, "in_progress", [])}
    yield Event(begun, "response.created")
    yield Event(begun, "response.in_progress")
    at = 0
    if reply.thinking:
        yield from _thought(reply, asked)
        at = 1
    if reply.pieces:
        yield from _spoken(reply, asked, at)
        at += 1
    for position, call in enumerate(reply.calls):
        yield from _calling(call, asked, position, at + position)
    name = "response.completed" if reply.stop == "end" else "response.incomplete"
    yield Event({"response": plain(reply, asked)}, name)


def _thought(reply: Reply, asked: Asked) -> Iterator[Event]:
    where = {"item_id": f"rs_{asked.number}", "output_index": 0, "summary_index": 0}
    yield Event({"output_index": 0, "item": _reasoning(reply, asked, None)}, "response.output_item.added")
    part = {"type": "summary_text", "text": ""}
    yield Event(where | {"part": part}, "response.reasoning_summary_part.added")
    for bit in split(reply.thinking):
        yield Event(where | {"delta": bit}, "response.reasoning_summary_text.delta", piece=True)
    yield Event(where | {"text": reply.thinking}, "response.reasoning_summary_text.done")
    whole = part | {"text": reply.thinking}
    yield Event(where | {"part": whole}, "response.reasoning_summary_part.done")
    done = _reasoning(reply, asked, reply.thinking)
    yield Event({"output_index": 0, "item": done}, "response.output_item.done")


def _spoken(reply: Reply, asked: Asked, at: int) -> Iterator[Event]:
    status, _ = _ends(reply)
    where = {"item_id": f"msg_{asked.number}", "output_index": at, "content_index": 0}
    item = _message(reply, asked, "in_progress", [])
    yield Event({"output_index": at, "item": item}, "response.output_item.added")
    yield Event(where | {"part": _part("")}, "response.content_part.added")
    for word in reply.pieces:
        yield Event(where | {"delta": word, "logprobs": []}, "response.output_text.delta", piece=True)
    yield Event(where | {"text": reply.text, "logprobs": []}, "response.output_text.done")
    yield Event(where | {"part": _part(reply.text)}, "response.content_part.done")
    done = _message(reply, asked, status, [_part(reply.text)])
    yield Event({"output_index": at, "item": done}, "response.output_item.done")


def _calling(call: Call, asked: Asked, position: int, at: int) -> Iterator[Event]:
    item = _called(call, asked, position, "in_progress", "")
    where = {"item_id": item["id"], "output_index": at}
    yield Event({"output_index": at, "item": item}, "response.output_item.added")
    for bit in split(call.said):
        yield Event(where | {"delta": bit}, "response.function_call_arguments.delta", piece=True)
    said = where | {"name": call.name, "arguments": call.said}
    yield Event(said, "response.function_call_arguments.done")
    done = _called(call, asked, position, "completed", call.said)
    yield Event({"output_index": at, "item": done}, "response.output_item.done")


def broken(reply: Reply, asked: Asked) -> bytes:
    """A stream fails by a response that failed."""
    said = chat.refusal(reply, asked).body["error"]
    error = {"code": said["code"] or said["type"], "message": said["message"]}
    failed = _response(reply, asked, "failed", []) | {"error": error}
    data = {"type": "response.failed", "sequence_number": 99, "response": failed}
    return sse(Event(data, "response.failed"), dumped(data))


RESPONSES = Wire("responses", plain, events, sse, b"", chat.refusal, broken)
